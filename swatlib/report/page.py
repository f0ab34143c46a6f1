"""Pages of a report: an executed notebook and the index of all runs, each one file that opens offline and prints.

Nothing is fetched by a page: styles, pictures and the few lines of script stand in it.
"""

import io
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image

from swatlib.wording import number

TEMPLATES = Path(__file__).parent / "templates"
THUMBNAIL = (480, 320)  # pixels at most, twice what is shown, for sharp screens
PAPERMILL_MARK = "papermill-error-cell-tag"


def notebook_page(notebook: NotebookNode, run: dict, step: dict) -> str:
    """HTML of one executed notebook, a step of a run; code is folded away, a cell that failed is open."""
    exporter = HTMLExporter(
        template_name="basic",
        template_file=str(TEMPLATES / "cells.html.j2"),
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    cells, _ = exporter.from_notebook_node(_with_alternative_texts(notebook))
    return render("notebook.html.j2", run=run, current=step, cells=cells)


def index_page(runs: list[dict], folder: Path) -> str:
    """HTML of the index, one row a run in the order given; `folder` holds the runs and their thumbnails."""
    return render("index.html.j2", runs=runs, thumbnail=lambda run, name: _data_uri(folder / run["name"] / name))


def save_thumbnails(notebook: NotebookNode, folder: Path, name: str) -> list[str]:
    """Small pictures of the cells tagged `thumbnail`, else of the last picture; the names of the files written."""
    tagged = [cell for cell in notebook.cells if "thumbnail" in cell.metadata.get("tags", [])]
    pictures = _pictures(tagged) or _pictures(notebook.cells)[-1:]
    files = [f"{name}-{number}.webp" for number, _ in enumerate(pictures, start=1)]
    for file, png in zip(files, pictures, strict=True):
        image = Image.open(io.BytesIO(b64decode(png))).convert("RGB")
        image.thumbnail(THUMBNAIL)
        image.save(folder / file, quality=85)
    return files


def notebook_title(notebook: NotebookNode, otherwise: str) -> str:
    """The first heading of a notebook."""
    return next(_headings(notebook.cells), otherwise)


def _pictures(cells) -> list[str]:
    outputs = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    return [data["image/png"] for data in outputs if "image/png" in data]


def _headings(cells):
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


def render(template: str, **values) -> str:
    """A template of the package filled in; text is escaped."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "day": _day, "took": _took, "brief": _brief}
    return environment.get_template(template).render(**values)


def _day(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _brief(value) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) or '""'
