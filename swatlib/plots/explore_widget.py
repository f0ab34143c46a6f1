"""The widgets of `explore`: buttons of the tags by stage, the list of attacks, and plotly's figure."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from swatlib.plant import STAGES, TAGS, stage_tags
from swatlib.plots.annotations import detector_title, unit_label
from swatlib.plots.attack_words import attack_words
from swatlib.plots.explore_panels import drawing
from swatlib.plots.figure_sent import SentFigure
from swatlib.plots.style import GREY

if TYPE_CHECKING:
    from swatlib.plots.explore import Exploration

BUTTON = {"width": "auto", "height": "22px", "margin": "1px", "padding": "0 6px"}
ATTACK_LIST = "swat-attacks"
WRAPPED = f"<style>.{ATTACK_LIST} option {{white-space: normal; padding: 1px 4px 1px 18px; text-indent: -14px}}</style>"
WRAPPING = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


class ExplorationWidget:
    """Shows an exploration, and tells it what was clicked."""

    def __init__(self, shown: "Exploration"):
        self.shown, self._quiet = shown, False
        self._button, self._wrapping = widgets.Layout(**BUTTON), widgets.Layout(**WRAPPING)
        self.plot = SentFigure(drawing(shown.stretch), self._zoomed)
        self.line = widgets.HTML(shown.detail)
        self.tags = {tag: self._tag_button(tag) for tag in TAGS if tag in shown.recording.frame}
        self.scores = {name: self._score_button(name) for name in shown.stretch.detectors}
        self.attacks = self._attack_list()
        self.box = widgets.VBox([*self._choices(), self._moves(), self.plot], layout={"width": "100%"})

    def refresh(self) -> None:
        """Draw what is shown now."""
        with self._quietly():
            self.plot.send_figure(drawing(self.shown.stretch))
            self._mark()

    def grow(self) -> None:
        """Draw the rows that have come, list the attacks that have begun."""
        with self._quietly():
            self.plot.append_rows(drawing(self.shown.stretch))
            if (options := self._attack_options()) != self.attacks.options:
                self.attacks.options, self.listed.layout.display = options, self._listing
            self._mark()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """What is set here was not clicked."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _mark(self) -> None:
        """Buttons and list as what is shown."""
        self.line.value = self.shown.detail
        for tag, button in self.tags.items():
            button.value = tag in self.shown.tags
        for name, button in self.scores.items():
            button.value = name in self.shown.scored
        if self.attacks.value != self.shown.attack:
            self.attacks.value = self.shown.attack

    def _zoomed(self, start: str, end: str) -> None:
        self.shown.show(pd.Timestamp(start), pd.Timestamp(end))

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

    @property
    def _listing(self) -> str:
        return "flex" if len(self.shown.events) else "none"

    def _attack_options(self) -> tuple[tuple[str, Any], ...]:
        return tuple((_breakable(attack_line(row)), row.attack) for row in self.shown.events.itertuples())

    def _attack_list(self) -> widgets.Select:
        options = self._attack_options()
        chooser = widgets.Select(
            options=options, value=None, rows=9, layout={"width": "calc(100% - 4px)", "height": "170px"}
        )
        chooser.add_class(ATTACK_LIST)
        chooser.observe(self._clicked(lambda: self.shown.show_attack(chooser.value)), "value")
        return chooser

    def _choices(self) -> list[widgets.Widget]:
        stages = [
            self._row(f"{stage} {STAGES[stage]}", [self.tags[tag] for tag in stage_tags(stage) if tag in self.tags])
            for stage in STAGES
        ]
        chosen = widgets.VBox(stages, layout={"flex": "3 1 480px"})
        heading = _small(f"Attacks: click to go there{WRAPPED}")
        self.listed = widgets.VBox([heading, self.attacks], layout={"flex": "2 1 300px", "display": self._listing})
        return [widgets.HBox([chosen, self.listed], layout={"flex_flow": "row wrap", "width": "100%"})]

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
        heading.layout.flex = "0 0 130px"
        beside = widgets.HBox(buttons, layout=widgets.Layout(**WRAPPING | {"flex": "1 1 220px", "width": "auto"}))
        return widgets.HBox([heading, beside], layout=self._wrapping)


def attack_line(row) -> str:
    """An attack in the list: its name, its start and what was done."""
    return f"{row.attack} · {row.start:%d %b %H:%M} · {attack_words(getattr(row, 'action', ''), row.points)}"


def _breakable(text: str) -> str:
    """ipywidgets makes each space of a list one that no line breaks at; the invisible ones beside them are left."""
    return text.replace(" ", " \u200b")


def _small(text: str) -> widgets.HTML:
    return widgets.HTML(f'<span style="font-size:11px;color:{GREY}">{text}</span>')
