"""plotly.js in a notebook: figures are sent whole, as plain data, and what the mouse zooms to comes back.

plotly's own widget checks each value in Python, which takes longer than to draw, and its events don't say which figure
they were made on.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from swatlib.plots.plotly_data import packed, plotly_js


class SentFigure(anywidget.AnyWidget):
    """Shows the figure that was sent last; `on_zoom(start, end)` is called for what the mouse chose.

    A zoom on a figure that was replaced before the kernel heard of it, other than by the answer to a zoom, is dropped.
    """

    sent = traitlets.Dict().tag(sync=True)  # data, layout, number; answers: the number of a zoom, or None
    asked = traitlets.Dict().tag(sync=True)  # span, number; seen: the number of the figure it was made on

    def __init__(self, drawing: dict[str, Any], on_zoom: Callable[[str, str], None]):
        self._on_zoom, self._number, self._replaced = on_zoom, 0, 0
        self._answers: int | None = None
        super().__init__(sent=self._numbered(drawing))
        self.observe(self._zoomed, "asked")

    @property
    def _esm(self) -> str:
        return _browser_side()

    def send_figure(self, drawing: dict[str, Any]) -> None:
        """Show another figure."""
        self.sent = self._numbered(drawing)

    def _numbered(self, drawing: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        if self._answers is None:
            self._replaced = self._number
        return packed(drawing) | {"number": self._number, "answers": self._answers}

    def _zoomed(self, change: Any) -> None:
        asked = change["new"]
        if asked["seen"] < self._replaced:
            return
        self._answers = asked["number"]
        try:
            self._on_zoom(*asked["span"])
        finally:
            self._answers = None


@cache
def _browser_side() -> str:
    own = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return f"const module = {{exports: {{}}}};\n{plotly_js()};\nconst Plotly = module.exports;\n{own}"
