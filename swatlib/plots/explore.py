"""Any tag, any minute, any attack, with the mouse: an interactive figure over a whole recording, in a notebook.

What is drawn are the smallest and the largest value of each of some 1500 bins of the shown time, as in the fixed
figures, fetched again at each zoom: no peak is lost, and from about an hour on each row is drawn.
"""

from base64 import b64encode
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pandas as pd

from swatlib.data import Recording, attacks
from swatlib.data.recording import on_clock
from swatlib.plant import TAGS
from swatlib.plots.annotations import chosen
from swatlib.plots.excerpt import excerpt
from swatlib.plots.explore_panels import Stretch
from swatlib.plots.series import RESOLUTION, period, recorded
from swatlib.plots.style import Figure
from swatlib.settings import attended
from swatlib.wording import count, duration

FIRST_TAGS = ("FIT101", "LIT101", "MV101", "P101", "LIT301", "LIT401")
AROUND_ATTACK = pd.Timedelta("10min")
FOLLOWED = pd.Timedelta("20min")  # of a recording that grows
SHORTEST = pd.Timedelta("5s")


def explore(recording: Recording, scores: pd.DataFrame | None = None, tags=None) -> "Exploration":
    """An interactive figure over a whole recording; the last expression of a cell shows it.

    scores: as `Pipeline.score` gives them, for lanes of alarms and scores on demand. tags: to begin with; None: the
    inflow and the levels. Raises ValueError for a tag that the recording lacks.
    """
    return Exploration(recording, scores, tags)


class Exploration:
    """What `explore` shows: `tags`, `start`, `end` and `scored` can be read at any time; `figure()` is the fixed one.

    Without somebody to click, in a report, its picture is the fixed figure.
    """

    def __init__(self, recording: Recording, scores: pd.DataFrame | None = None, tags=None):
        frame = recorded(recording, "explore").frame
        if frame.empty:
            raise ValueError("this recording has no row to show; give one that has")
        wanted = [tag for tag in FIRST_TAGS if tag in frame] if tags is None else tags
        self.recording, self.scores = recording, scores if scores is not None and len(scores) else None
        if self.scores is not None:
            chosen(self.scores)
        self.events = attacks(recording).sort_values("start").reset_index(drop=True)
        self.scored: tuple[str, ...] = ()
        self.attack: Any = None  # name of the one that was jumped to, until the time is changed
        self._chosen: tuple[str, ...] = self._known(wanted)
        self._attacked: tuple[str, ...] = ()
        self.listeners: list[Callable[[], None]] = []  # called after each change
        self.growing: list[Callable[[], None]] = []  # called after rows have come
        self.start, self.end = self.whole

    @property
    def whole(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """From the first row to the end of the last."""
        index = self.recording.frame.index
        return index[0], index[-1] + period(index)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags that are shown, in the order of the plant: those chosen, and those of the attack that was jumped to."""
        shown = {*self._chosen, *self._attacked}
        return tuple(tag for tag in TAGS if tag in shown)

    def grow(self, recording: Recording, scores: pd.DataFrame | None) -> None:
        """Take the same recording with more rows; where its end is shown, go along with it."""
        (first, last), whole = self.whole, (self.start, self.end) == self.whole
        follows, width = self.end >= last, self.end - self.start
        self.recording, self.scores = recording, scores
        self.events = attacks(recording).sort_values("start").reset_index(drop=True)
        self.attack = self.attack if self.attack in {*self.events["attack"]} else None
        self.scored = tuple(name for name in self.scored if scores is not None and name in scores)
        first, last = self.whole
        if follows or self.start >= last:
            keeps_all = whole and (width > FOLLOWED or last - first <= FOLLOWED)
            self.start, self.end = first if keeps_all else max(first, last - min(width, FOLLOWED)), last
        for listen in self.growing:
            listen()

    def figure(self) -> Figure:
        """The fixed figure of what is shown now, for reports and slides."""
        return excerpt(self.recording, self.start, self.end, self.tags, self.scores, self.scored)

    def show(self, start=None, end=None, tags=None) -> "Exploration":
        """Go to a time, and to other tags; what isn't given stays. Raises ValueError for a tag that isn't there."""
        if tags is not None:
            self._chosen, self._attacked = self._known(tags), ()
        self.attack = self.attack if start is None and end is None else None
        self._go(self.start if start is None else start, self.end if end is None else end)
        return self

    def move(self, by: float) -> "Exploration":
        """Go earlier (below 0) or later by a part of the shown time."""
        step = (self.end - self.start) * by
        return self.show(self.start + step, self.end + step)

    def widen(self, by: float = 2.0) -> "Exploration":
        """Show `by` times as much time, around the same middle."""
        half = (self.end - self.start) * by / 2
        middle = self.start + (self.end - self.start) / 2
        return self.show(middle - half, middle + half)

    def show_attack(self, attack) -> "Exploration":
        """Go to an attack by its name, with ten minutes around it and its tags. ValueError where there is none."""
        names = self.events["attack"].astype(str).tolist()
        if str(attack) not in names:
            raise ValueError(f"no attack {attack!s} in this recording; its attacks are {', '.join(names) or 'none'}")
        event = self.events.iloc[names.index(str(attack))]
        frame = self.recording.frame
        self.attack, self._attacked = event["attack"], tuple(tag for tag in event["points"].split(";") if tag in frame)
        self._go(event["start"] - AROUND_ATTACK, event["end"] + AROUND_ATTACK)
        return self

    def show_scores(self, detectors) -> "Exploration":
        """Draw the scores of these detectors over their thresholds. Raises ValueError for one that has none."""
        if self.scores is None and list(detectors):
            raise ValueError("there are no scores to show; give them to explore(recording, scores)")
        self.scored = () if self.scores is None else tuple(chosen(self.scores, detectors))
        self._changed()
        return self

    @property
    def detail(self) -> str:
        """The shown time, and whether each of its rows is drawn."""
        index = self.recording.frame.index
        rows = int(index.searchsorted(self.end) - index.searchsorted(self.start))
        each = -(-rows // RESOLUTION)
        drawn = "each is drawn" if each <= 2 else f"of each {each:,} the smallest and the largest are drawn"
        lasting = duration((self.end - self.start).total_seconds())
        return f"{self.start:%d %b %Y %H:%M:%S} to {self.end:%d %b %H:%M:%S}, {lasting}: {count(rows, 'row')}, {drawn}"

    @property
    def stretch(self) -> Stretch:
        return Stretch(self.recording, self.events, self.scores, self.tags, self.scored, self.start, self.end)

    @cached_property
    def widget(self) -> Any:
        """The figure with its buttons and lists, to be put among other widgets."""
        from swatlib.plots.explore_widget import ExplorationWidget

        made = ExplorationWidget(self)
        self.listeners.append(made.refresh)
        self.growing.append(made.grow)
        return made.box

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if attended():
            return self.widget._repr_mimebundle_()
        png, size = self.figure()._repr_png_()
        return {"image/png": b64encode(png).decode(), "text/plain": repr(self)}, {"image/png": size}

    def __repr__(self) -> str:
        return f"{', '.join(self.tags)}: {self.start} to {self.end}"

    def _known(self, tags) -> tuple[str, ...]:
        tags = (tags,) if isinstance(tags, str) else tags
        if unknown := [tag for tag in tags if tag not in self.recording.frame or tag not in TAGS]:
            there = ", ".join(tag for tag in self.recording.frame if tag in TAGS)
            raise ValueError(f"{', '.join(unknown)}: no tag of this recording; choose from {there}")
        return tuple(tags)

    def _go(self, start, end) -> None:
        """Within the recording, at least some seconds."""
        first, last = self.whole
        start, end = sorted(on_clock(self.recording.frame.index, each) for each in (start, end))
        width = min(max(end - start, SHORTEST), last - first)
        self.start = min(max(start, first), last - width)
        self.end = self.start + width
        self._changed()

    def _changed(self) -> None:
        for listen in self.listeners:
            listen()
