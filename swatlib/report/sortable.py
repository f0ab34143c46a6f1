"""Tables that are sorted and filtered with the mouse, in JupyterLab; a report's pages do the same to every table."""

from pathlib import Path
from typing import Any

import pandas as pd

from swatlib.settings import attended

SCRIPT = Path(__file__).parent / "templates" / "tables.js"
SHOW = """
export default { render({ model, el }) {
  el.innerHTML = model.get("table");
  sortable(el.querySelector("table"));
} };
"""


def sortable(frame: pd.DataFrame) -> Any:
    """The table for the last expression of a cell. Where nobody can click it is the frame itself."""
    return _widget(frame) if attended() else frame


def _widget(frame: pd.DataFrame) -> Any:
    import anywidget
    import traitlets

    class SortableTable(anywidget.AnyWidget):
        _esm = SCRIPT.read_text(encoding="utf-8") + SHOW
        table = traitlets.Unicode().tag(sync=True)

    return SortableTable(table=frame.to_html()).add_class("jp-RenderedHTMLCommon")
