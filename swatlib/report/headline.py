"""What a notebook publishes for the index of reports: the recordings it used and its headline numbers.

A notebook ends with one call, `headline(normal, attacked, f1=0.81, attacks_found="29 of 36")`. The reader sees a small
table; `read_headline` finds the same figures, unrounded, in the metadata of that output. papermill keeps them there,
JupyterLab shows no raw JSON, and nbval, which passes over metadata, compares only what a reader sees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from IPython.display import display

from swatlib.data import Recording
from swatlib.wording import Estimate, in_brackets

if TYPE_CHECKING:
    from nbformat import NotebookNode  # its import takes a second, which no notebook needs

KEY = "swatlib"


def headline(*recordings: Recording, key: Mapping[str, Mapping[str, Any]] | None = None, **numbers: Any) -> None:
    """Show and publish: the recordings a notebook used (order kept), and its numbers under a few plain words each.

    key: figures by the name of a detector or baseline, which the index shows first and the notebook does not. An
    underscore in a name is shown as a space. A number is a figure, an `Estimate` with its interval, a sentence of a few
    words, or None where there is none. Raises TypeError for anything else.
    """
    plain = {name: each.value if isinstance(each, Estimate) else each for name, each in numbers.items()}
    figures = {name.replace("_", " "): _plain(name, figure) for name, figure in plain.items()}
    ends = {name.replace("_", " "): each.interval for name, each in numbers.items() if isinstance(each, Estimate)}
    spans = {name: interval for name, interval in ends.items() if all(map(math.isfinite, interval))}
    data = [_describe(recording) for recording in recordings]
    seen = [f"{each['name']}: {each['rows']:,} rows, {each['start']} to {each['end']}" for each in data]
    rows = [(name, in_brackets(value, spans.get(name))) for name, value in figures.items()]
    first = [[who, [(name, _plain(name, each)) for name, each in of.items()]] for who, of in (key or {}).items()]
    published = {"numbers": list(figures.items()), "intervals": spans, "data": data, "key": first}
    display(_Table(seen, rows), metadata={KEY: published})


def read_headline(notebook: NotebookNode) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Numbers by name, and recordings, of all headlines in an executed notebook; of one name the last number counts."""
    found = _published(notebook)
    numbers = {name: figure for each in found for name, figure in each["numbers"]}
    return numbers, [recording for each in found for recording in each["data"]]


def read_intervals(notebook: NotebookNode) -> dict[str, tuple[float, float]]:
    """Confidence intervals of those numbers that have one."""
    return {name: tuple(ends) for each in _published(notebook) for name, ends in each.get("intervals", {}).items()}


def read_key_figures(notebook: NotebookNode) -> dict[str, dict[str, Any]]:
    """Key figures, by detector or baseline."""
    return {who: dict(figures) for each in _published(notebook) for who, figures in each.get("key", [])}


def _published(notebook: NotebookNode) -> list[dict[str, Any]]:
    return [
        output["metadata"][KEY]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if KEY in output.get("metadata", {})
    ]


def _plain(name: str, figure: Any) -> str | int | float | None:
    """JSON has no NaN and no numpy type."""
    if figure is None or isinstance(figure, str):
        return figure
    if isinstance(figure, Integral):
        return int(figure)
    if isinstance(figure, Real):
        return float(figure) if math.isfinite(figure) else None
    raise TypeError(f"headline {name}: a number or a few words are wanted, met {type(figure).__name__}.")


def _describe(recording: Recording) -> dict[str, Any]:
    first, last = recording.frame.index[[0, -1]]
    return {
        "name": ", ".join(source.name for source in recording.source),
        "sha256": recording.checksum,
        "rows": len(recording.frame),
        "start": f"{first:%Y-%m-%d %H:%M:%S}",
        "end": f"{last:%Y-%m-%d %H:%M:%S}",
    }


@dataclass(frozen=True)
class _Table:
    seen: list[str]
    rows: list[tuple[str, str]]

    def __repr__(self) -> str:
        width = max((len(name) for name, _ in self.rows), default=0)
        return "\n".join(self.seen + [f"{name:<{width}}  {value}" for name, value in self.rows])

    def _repr_html_(self) -> str:
        cells = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self.rows)
        return f"<p>{'<br>'.join(map(escape, self.seen))}</p><table class='headline'>{''.join(cells)}</table>"
