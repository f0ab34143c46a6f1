"""The widgets of `explore`: buttons of the tags by stage, the list of attacks, and plotly's figure."""

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go

from swatlib.plant import STAGES, TAGS, stage_tags
from swatlib.plots.annotations import detector_title, unit_label
from swatlib.plots.attack_words import attack_words
from swatlib.plots.explore_panels import drawing
from swatlib.plots.style import GREY

if TYPE_CHECKING:
    from swatlib.plots.explore import Exploration

CONFIG = {"displaylogo": False, "responsive": True, "doubleClick": False, "showTips": False}
HIDDEN = {"visible": False}
EMPTY: dict[str, Any] = {"type": "scatter", "x": [None], "y": [None], "hoverinfo": "skip"}
BUTTON = {"width": "auto", "height": "22px", "margin": "1px", "padding": "0 6px"}
WRAPPING = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


class ExplorationWidget:
    """Shows an exploration, and tells it what was clicked."""

    def __init__(self, shown: "Exploration"):
        self.shown, self._quiet = shown, False
        self._button, self._wrapping = widgets.Layout(**BUTTON), widgets.Layout(**WRAPPING)
        spec = drawing(shown.stretch)
        keepers = [EMPTY | {"yaxis": axis} for axis in dict.fromkeys(trace["yaxis"] for trace in spec["data"])]
        self.plot = go.FigureWidget({"data": [*spec["data"], *keepers], "layout": spec["layout"]})
        self._used = list(self.plot.data[: len(spec["data"])])  # the traces that are drawn; the rest keep axes
        self.plot._config = {**self.plot._config, **CONFIG}
        self.plot.layout.on_change(self._zoomed, "xaxis.range")
        self.plot.observe(lambda _: self._fit(), "_view_count")
        self.line = widgets.Label(shown.detail)
        self.tags = {tag: self._tag_button(tag) for tag in TAGS if tag in shown.recording.frame}
        self.scores = {name: self._score_button(name) for name in shown.stretch.detectors}
        self.attacks = self._attack_list()
        self.box = widgets.VBox([*self._choices(), self._moves(), self.plot], layout={"width": "100%"})

    def refresh(self) -> None:
        """Draw what is shown now; what is the same is not sent again, the rest goes in one message."""
        spec = drawing(self.shown.stretch)
        self._quiet = True
        try:
            self._make_room(spec)
            # plotly.js forgets the type of an axis whose x change, and with it the range: sent each time, as if new
            self.plot._layout["xaxis"].clear()
            with self.plot.batch_update():
                for trace, new in zip_longest(self._used, spec["data"], fillvalue=HIDDEN):
                    trace.update(new)
                for name in (name for name in self.plot.layout if name.startswith("yaxis")):
                    self.plot.layout[name].update(spec["layout"].get(name, HIDDEN))
                lists = {name: spec["layout"].pop(name) for name in ("shapes", "annotations")}
                self.plot.layout.update(spec["layout"])
                for name, wanted in lists.items():  # whole: an update would keep the end of a longer list
                    self.plot.layout[name] = wanted
            self._mark()
        finally:
            self._quiet = False

    def _fit(self) -> None:
        """A figure is drawn before its cell has a width; told again, it takes all of it."""
        self.plot.update_layout(autosize=False)
        self.plot.update_layout(autosize=True)

    def _make_room(self, spec: dict[str, Any]) -> None:
        """Traces are used again for other tags, and each axis keeps an empty one, without which plotly drops it."""
        known = {trace.yaxis for trace in self.plot.data}
        axes = dict.fromkeys(trace["yaxis"] for trace in spec["data"])
        keepers = [EMPTY | {"yaxis": axis} for axis in axes if axis not in known]
        lacking = len(spec["data"]) - len(self._used)
        if keepers or lacking > 0:
            self.plot.add_traces([*keepers, *[EMPTY] * lacking])
            self._used += self.plot.data[len(self.plot.data) - max(lacking, 0) :]

    def _mark(self) -> None:
        """Buttons and list as what is shown."""
        self.line.value = self.shown.detail
        for tag, button in self.tags.items():
            button.value = tag in self.shown.tags
        for name, button in self.scores.items():
            button.value = name in self.shown.scored
        if self.attacks.value != self.shown.attack:
            self.attacks.value = self.shown.attack

    def _zoomed(self, _, span) -> None:
        if not self._quiet and span is not None:
            self.shown.show(*(pd.Timestamp(each) for each in span))

    def _clicked(self, act):
        """For a button or a list: does `act` unless the value was set from here."""

        def changed(change) -> None:
            if not self._quiet and change["new"] is not None:
                act()

        return changed

    def _tag_button(self, tag: str) -> widgets.ToggleButton:
        about = f"{TAGS[tag].description}, {unit_label(tag)}".replace("\n", " ")
        button = widgets.ToggleButton(tag in self.shown.tags, description=tag, tooltip=about, layout=self._button)
        button.observe(self._clicked(self._choose_tags), "value")
        return button

    def _choose_tags(self) -> None:
        self.shown.show(tags=[tag for tag, button in self.tags.items() if button.value])

    def _score_button(self, name: str) -> widgets.ToggleButton:
        title = detector_title(name)
        button = widgets.ToggleButton(
            description=title, tooltip=f"score of {title} and its threshold", layout=self._button
        )
        button.observe(self._clicked(self._choose_scores), "value")
        return button

    def _choose_scores(self) -> None:
        self.shown.show_scores([name for name, button in self.scores.items() if button.value])

    def _attack_list(self) -> widgets.Select:
        options = [
            (
                f"{row.attack} · {row.start:%d %b %H:%M} · {attack_words(getattr(row, 'action', ''), row.points)}",
                row.attack,
            )
            for row in self.shown.events.itertuples()
        ]
        chooser = widgets.Select(
            options=options, value=None, rows=9, layout={"width": "calc(100% - 4px)", "height": "auto"}
        )
        chooser.observe(self._clicked(lambda: self.shown.show_attack(chooser.value)), "value")
        return chooser

    def _choices(self) -> list[widgets.Widget]:
        stages = [
            self._row(f"{stage} {STAGES[stage]}", [self.tags[tag] for tag in stage_tags(stage) if tag in self.tags])
            for stage in STAGES
        ]
        chosen = widgets.VBox(stages, layout={"flex": "3 1 480px"})
        if not len(self.shown.events):
            return [chosen]
        listed = widgets.VBox([_small("Attacks: click to go there"), self.attacks], layout={"flex": "2 1 300px"})
        return [widgets.HBox([chosen, listed], layout={"flex_flow": "row wrap", "width": "100%"})]

    def _moves(self) -> widgets.Widget:
        whole = self._do("Whole recording", lambda: self.shown.show(*self.shown.whole))
        wider = self._do("Zoom out", self.shown.widen)
        earlier, later = (self._do(name, lambda by=by: self.shown.move(by)) for name, by in (("◀", -0.5), ("▶", 0.5)))
        rows = [widgets.HBox([whole, wider, earlier, later, self.line], layout=self._wrapping)]
        if self.scores:
            rows.append(self._row("Scores", list(self.scores.values())))
        return widgets.VBox(rows)

    def _do(self, name: str, act) -> widgets.Button:
        button = widgets.Button(description=name, layout=self._button)
        button.on_click(lambda _: act())
        return button

    def _row(self, name: str, buttons: list[widgets.Widget]) -> widgets.Widget:
        heading = _small(name)
        heading.layout.width = "130px"
        return widgets.HBox([heading, *buttons], layout=self._wrapping)


def _small(text: str) -> widgets.HTML:
    return widgets.HTML(f'<span style="font-size:11px;color:{GREY}">{text}</span>')
