"""Pages of a report: an executed notebook and the index of all runs, each one file that opens offline and prints.

A page fetches nothing: styles, pictures and the few lines of script are part of it.
"""

import io
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from swatlib.report.mouse_pages import attack_links
from swatlib.report.run_facts import key_table, run_facts
from swatlib.report.run_record import UNDER_WAY, ReportRun, Step, trouble
from swatlib.wording import number

TEMPLATES = Path(__file__).parent / "templates"
THUMBNAIL = (480, 320)  # pixels at most, twice what is shown, for sharp screens
QUIET = 60  # seconds after which an index that shows a running run, and was not written again, is no longer believed
PAPERMILL_MARK = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Damaged:
    """A run whose record can't be read: the name of its folder, and why."""

    name: str
    reason: str


def load_templates() -> None:
    """Load and compile what the first `notebook_body` of a process would wait for."""
    notebook_body(new_notebook(cells=[new_markdown_cell("`code`"), new_code_cell("code = 1")]))


def notebook_body(notebook: NotebookNode) -> str:
    """HTML of the cells of an executed notebook; code is folded away, a cell that failed is open."""
    return _exporter().from_notebook_node(_with_alternative_texts(notebook))[0]


@cache
def _exporter() -> HTMLExporter:
    """One for all pages of a process, since it compiles its templates."""
    return HTMLExporter(
        template_name="basic",
        template_file=str(TEMPLATES / "cells.html.j2"),
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )


def notebook_page(body: str, run: ReportRun, step: Step) -> str:
    """The page around a `notebook_body`; it leads to the other pages that its run has."""
    return render("notebook.html.j2", run=run, current=step, cells=body, values=cell_values([vars(step)]))


def index_page(runs: list[dict[str, Any]], damaged: list[Damaged], folder: Path) -> str:
    """HTML of the index: a row for each run in the order given, then for each damaged one; `folder` holds them all."""

    def thumbnails(run: dict[str, Any], step: dict[str, Any]) -> list[str]:
        paths = [folder / run["name"] / picture for picture in step["thumbnails"]]
        return [_data_uri(path) for path in paths if path.is_file()]

    runs_now = any(run["status"] == UNDER_WAY for run in runs)
    refresh = {"written": round(time.time(), 1), "quiet": QUIET} if runs_now else {}
    return render(
        "index.html.j2",
        runs=runs,
        damaged=damaged,
        cell_values=cell_values,
        key_table=key_table,
        facts=[run_facts(run, cell_values(run["notebooks"])) for run in runs],
        thumbnails=thumbnails,
        attack_links={run["name"]: attack_links(folder / run["name"]) for run in runs},
        **refresh,
    )


def cell_values(steps: list[dict[str, Any]]) -> dict[str, str]:
    """The parameters that were not given, with the values of the parameters cells; where these differ, by notebook."""
    found: dict[str, dict[str, list[str]]] = {}
    for step in steps:
        for name, value in step["parameters"].items():
            if name not in step["given"]:
                found.setdefault(name, {}).setdefault(_brief(value), []).append(step["name"])
    return {name: _by_notebook(values) for name, values in found.items()}


def _by_notebook(values: dict[str, list[str]]) -> str:
    """A value that all notebooks share, or each with the notebooks that have it."""
    if len(values) == 1:
        return next(iter(values))
    return " · ".join(f"{value} ({', '.join(notebooks)})" for value, notebooks in values.items())


def save_thumbnails(notebook: NotebookNode, folder: Path, name: str) -> list[str]:
    """Small pictures of the cells tagged `thumbnail`, else of the last picture; the names of the files written.

    What a notebook calls a picture and can't be read as one is passed over.
    """
    tagged = [cell for cell in notebook.cells if "thumbnail" in cell.metadata.get("tags", [])]
    images = [*_images(tagged)] or [*islice(_images(notebook.cells, last_first=True), 1)]
    files = [f"{name}-{number}.webp" for number, _ in enumerate(images, start=1)]
    for file, image in zip(files, images, strict=True):
        image.thumbnail(THUMBNAIL)
        image.save(folder / file, quality=85)
    return files


def notebook_title(notebook: NotebookNode, otherwise: str) -> str:
    """The first heading of a notebook."""
    return next(_headings(notebook.cells), otherwise)


def _images(cells: Iterable[NotebookNode], last_first: bool = False) -> Iterator[Image.Image]:
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    for data in reversed(outputs) if last_first else outputs:
        if "image/png" in data:
            with suppress(Exception):  # whatever is wrong with it, the page shows it
                yield Image.open(io.BytesIO(b64decode(data["image/png"]))).convert("RGB")


def _headings(cells: Iterable[NotebookNode]) -> Iterator[str]:
    for cell in cells:
        if cell.cell_type == "markdown" and PAPERMILL_MARK not in cell.metadata.get("tags", []):
            yield from (line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#"))


def _with_alternative_texts(notebook: NotebookNode) -> NotebookNode:
    """A copy without papermill's own error cells, each picture described by the heading it stands under."""
    cells = [cell for cell in notebook.cells if PAPERMILL_MARK not in cell.metadata.get("tags", [])]
    heading = "picture"
    described = []
    for cell in cells:
        heading = next(_headings([cell]), heading)
        described.append(NotebookNode(cell | {"metadata": NotebookNode({"alt": heading} | cell.metadata)}))
    return NotebookNode(notebook | {"cells": described})


def _data_uri(path: Path) -> str:
    return f"data:image/webp;base64,{b64encode(path.read_bytes()).decode()}"


def render(template: str, **values: Any) -> str:
    """A template of the package filled in; text is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    environment.filters |= {"number": number, "day": _day, "took": _took, "brief": _brief, "trouble": trouble}
    return environment


def _day(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _brief(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value) or '""'
