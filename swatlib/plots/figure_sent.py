"""plotly.js in a notebook: figures are sent whole, as plain data, and what the mouse zooms to comes back.

plotly's own widget checks each value in Python, which takes longer than to draw, and its events don't say which figure
they were made on.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import numpy as np
import traitlets

from swatlib.plots.plotly_data import packed, plotly_js


class SentFigure(anywidget.AnyWidget):
    """Shows the figure that was sent last; `on_zoom(start, end)` is called for what the mouse chose.

    A zoom on a figure that was replaced before the kernel heard of it, other than by the answer to a zoom, is dropped.
    """

    _esm = Path(__file__).with_suffix(".js")
    key = traitlets.Unicode().tag(sync=True)  # of this widget in the page
    plotly = traitlets.Unicode().tag(sync=True)  # plotly.js as a module
    sent = traitlets.Dict().tag(sync=True)  # data, layout, number; answers: the number of a zoom, or None
    asked = traitlets.Dict().tag(sync=True)  # span, number; seen: the number of the figure it was made on

    def __init__(self, drawing: dict[str, Any], on_zoom: Callable[[str, str], None]):
        self._on_zoom, self._number, self._replaced, self._answered = on_zoom, 0, 0, 0
        self._answers: int | None = None
        self._drawn = drawing
        super().__init__(sent=self._numbered(drawing), key=uuid4().hex, plotly=_plotly())
        self.observe(self._zoomed, "asked")
        self.on_msg(lambda _, asked, __: self._told(asked))

    def send_figure(self, drawing: dict[str, Any]) -> None:
        """Show another figure."""
        self.sent = self._numbered(drawing)

    def append_rows(self, drawing: dict[str, Any]) -> None:
        """Show the same figure with more rows, of which those that are new are sent."""
        more = growth(self._drawn["data"], drawing["data"])
        if more is None:
            self.send_figure(drawing)
            return
        self._drawn, self._number = drawing, self._number + 1
        told = {"number": self._number, "after": self._number - 1, "answers": self._answered}
        self.send(packed({"data": more, "layout": drawing["layout"]}) | told)

    def _told(self, asked: dict[str, Any]) -> None:
        """Send the figure whole to a page that asks for it, or that has one without the rows that came since."""
        if asked.get("whole") or asked.get("has", self._number) < self._number:
            self.send_figure(self._drawn)

    def _numbered(self, drawing: dict[str, Any]) -> dict[str, Any]:
        self._drawn, self._number = drawing, self._number + 1
        if self._answers is None:
            self._replaced = self._number
        return packed(drawing) | {"number": self._number, "answers": self._answers}

    def _zoomed(self, change: Any) -> None:
        asked = change["new"]
        self._answered = asked["number"]
        if asked["seen"] < self._replaced:
            return
        self._answers = asked["number"]
        try:
            self._on_zoom(*asked["span"])
        finally:
            self._answers = None


def growth(old: list[dict], new: list[dict]) -> list[dict] | None:
    """What is new in each trace: parts that changed, and of arrays how many values leave and which come.

    None where the traces are other ones.
    """
    if [each.get("name") for each in old] != [each.get("name") for each in new]:
        return None
    return [_growth(before, after) for before, after in zip(old, new, strict=True)]


def _growth(old: dict, new: dict) -> dict[str, dict]:
    changed = {name: value for name, value in new.items() if not _same(old.get(name), value)}
    drop = _left(old["x"], new["x"])
    tails = {name: _tail(old.get(name), changed[name], drop) for name in ("x", "y", "text") if name in changed}
    grown = {name: {"drop": drop, "add": tail} for name, tail in tails.items() if tail is not None}
    return {"changed": {name: value for name, value in changed.items() if name not in grown}, "grown": grown}


def _left(old: Sequence, new: Sequence) -> int:
    """How many of the old times came before the first new one."""
    return int(np.searchsorted(old, new[0])) if len(new) else 0


def _tail(old: Any, new: Any, drop: int) -> Any:
    """What the new values have beyond the old ones, of which the first are dropped; None if they differ otherwise."""
    kept = None if old is None else len(old) - drop
    return new[kept:] if kept and kept > 0 and _same(old[drop:], new[:kept]) else None


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and one == other


@cache
def _plotly() -> str:
    return f"const module = {{exports: {{}}}};\n{plotly_js()};\nexport default module.exports;"
