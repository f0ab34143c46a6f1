"""The page of a sweep: its points as a sortable table and a figure, what repeats averaged over, each row a link."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from swatlib.atomic import replacing
from swatlib.plots import against_parameters
from swatlib.report.page import THUMBNAIL, render
from swatlib.report.run_record import DONE, ReportRun
from swatlib.report.sweep_grid import value_in_words
from swatlib.report.sweep_points import FigureRow
from swatlib.wording import in_brackets

PAGE, PICTURE = "index.html", "sweep.webp"
COUNT = r"(\d+) of \d+"
CHANCE = ("seed", "run")  # parameters whose values stand for chance


@dataclass
class SweptPoint:
    """A point of a sweep, and what came of it.

    depends: digest of all that it depends on. page: in the sweep's folder.
    """

    parameters: dict[str, Any]
    folder: str
    status: str
    depends: str = ""
    rows: list[FigureRow] = field(default_factory=list)
    page: str | None = None
    error: str | None = None
    seconds: float = 0.0


def figure_table(points: Sequence[SweptPoint]) -> pd.DataFrame:
    """One row a point and what its figures are of: parameters, figures with `low` and `high`, status and error."""
    return pd.DataFrame([row for point in points for row in _rows(point)])


def save_picture(table: pd.DataFrame, axes: Mapping[str, Sequence[Any]], folder: Path) -> str | None:
    """Write the figure and its thumbnail; the latter's name. None as long as there are no figures."""
    figures, by = _figures(table, axes), _by(table, axes)
    if not figures:
        return None
    png, _ = against_parameters(_done(table), list(axes), by, figures, CHANCE)._repr_png_()
    with replacing(folder / "sweep.png") as temporary:
        temporary.write_bytes(png)
    image = Image.open(BytesIO(png)).convert("RGB")
    image.thumbnail(THUMBNAIL)
    with replacing(folder / PICTURE) as temporary:
        image.save(temporary, quality=85)
    return PICTURE


def sweep_page(
    run: ReportRun, what: str, axes: Mapping[str, Sequence[Any]], points: Sequence[SweptPoint], table: pd.DataFrame,
    folder: Path,
) -> str:  # fmt: skip
    """HTML of the page."""
    by = [name for name in _by(table, axes) if any(name in row.of for point in points for row in point.rows)]
    given = dict.fromkeys(name for point in points for row in point.rows for name in row.numbers)
    shown = [name for name in given if name not in axes]
    rows = [(point, row) for point in points for row in (point.rows or [FigureRow({})])]
    picture = folder / "sweep.png"
    uri = f"data:image/png;base64,{b64encode(picture.read_bytes()).decode()}" if picture.is_file() else None
    return render(
        "sweep.html.j2", run=run, what=what, axes=axes, by=by, figures=shown, rows=rows, picture=uri, words=in_brackets,
        value=value_in_words, repeats=_over_repeats(table, axes), step=run.notebooks[0], sorts=_sorts,
    )  # fmt: skip


def _rows(point: SweptPoint) -> list[dict[str, Any]]:
    plain = {
        name: value if isinstance(value, (int, float)) else value_in_words(value)
        for name, value in point.parameters.items()
    }
    ended = {"status": point.status, "seconds": point.seconds, "error": point.error, "page": point.page}
    found = []
    for row in point.rows or [FigureRow({})]:
        ends = {
            f"{name} {end}": each
            for name, span in row.intervals.items()
            for end, each in zip(("low", "high"), span, strict=True)
        }
        found.append(plain | row.of | row.numbers | ends | ended)
    return found


def _done(table: pd.DataFrame) -> pd.DataFrame:
    """The points that came to their end; a count of a whole, as in "7 of 9", is the number that was counted."""
    done = table[table["status"] == DONE]
    texts = done.select_dtypes(["object", "string"])
    counts = [name for name in texts if texts[name].dropna().astype(str).str.fullmatch(COUNT).all()]
    return done.assign(**{name: done[name].str.extract(COUNT)[0].astype(float) for name in counts})


def _by(table: pd.DataFrame, axes: Mapping[str, Sequence[Any]]) -> list[str]:
    """What else tells rows apart: the detectors of a benchmark, unless they are swept."""
    return [name for name in ("detector",) if name in table and name not in axes and table["status"].eq(DONE).any()]


def _figures(table: pd.DataFrame, axes: Mapping[str, Sequence[Any]]) -> list[str]:
    """Figures that are numbers; first those that differ."""
    done = _done(table)
    others = {*axes, *_by(table, axes), "status", "seconds", "error", "page"}
    names = [name for name in done if name not in others and not name.endswith((" low", " high"))]
    numbers = [
        name for name in names if pd.api.types.is_numeric_dtype(done[name].infer_objects()) and done[name].notna().any()
    ]
    return sorted(numbers, key=lambda name: done[name].nunique() < 2)


def _over_repeats(table: pd.DataFrame, axes: Mapping[str, Sequence[Any]]) -> dict[str, Any] | None:
    """Mean, least and greatest of each figure over seeds or runs, for each combination of the other parameters."""
    repeated = [name for name in axes if name in CHANCE and len(axes[name]) > 1]
    keys = [name for name in [*axes, *_by(table, axes)] if name not in repeated]
    figures, done = _figures(table, axes), _done(table)
    if not (repeated and figures):
        return None
    groups = done.groupby(keys, sort=False, dropna=False) if keys else [((), done)]
    rows = [(key, len(group), [_spread(group[name].astype(float)) for name in figures]) for key, group in groups]
    return {"over": " and ".join(repeated), "keys": keys, "figures": figures, "rows": rows}


def _spread(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return in_brackets(values.mean(), (low, high) if low < high else None)


def _sorts(value: Any) -> str:
    """What a cell is sorted by: numbers by value, all else as text."""
    return "" if value is None else repr(float(value)) if isinstance(value, (int, float)) else value_in_words(value)
