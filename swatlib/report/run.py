"""Notebooks executed with papermill into `reports/<run>/`, and the index of all runs.

A run is one folder: each notebook as executed and as a page, thumbnails, and `run.json` with all that the index shows.
A run that fails or is stopped is kept, with its error.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path

import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from swatlib.atomic import write_text
from swatlib.provenance import provenance
from swatlib.report.headline import read_headline
from swatlib.report.notebook_parameters import ReportError, defaults, read_parameters, refuse_unknown
from swatlib.report.page import index_page, notebook_page, notebook_title, save_thumbnails
from swatlib.settings import settings

UNATTENDED = {"wait": True, "speed": 60.0}  # nobody clicks: a live run ends before the next cell, and sooner
DONE, FAILED, UNFINISHED, WAITING = "done", "failed", "unfinished", "waiting"


@dataclass
class Step:
    """One notebook of a run. `given` are the run's parameters that it has, `parameters` all of its own."""

    name: str
    title: str
    cells: int
    given: dict
    parameters: dict
    status: str = WAITING
    cells_run: int = 0
    seconds: float = 0.0
    error: str | None = None
    numbers: dict = field(default_factory=dict)
    data: list[dict] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    page: str | None = None


@dataclass
class ReportRun:
    """What `run.json` holds and the index shows; `started` in ISO 8601 with the offset from UTC."""

    name: str
    parameters: dict
    notebooks: list[Step]
    started: str
    commit: str
    edited: list[str]
    versions: dict
    machine: str
    status: str = UNFINISHED
    seconds: float = 0.0
    data: list[dict] = field(default_factory=list)


Progress = Callable[[Step], None]


def report(
    notebooks: Iterable[Path],
    parameters: Mapping | None = None,
    name: str | None = None,
    progress: Progress = lambda step: None,
) -> Path:
    """Execute notebooks as one run, each with those of the parameters that it has; the path of the index.

    `progress(step)` is called when a notebook starts, after each of its code cells, and when it has ended.
    Raises ReportError before anything runs for a parameter that no notebook has, a notebook without a parameters
    cell, a name that is taken; and after all was kept, for notebooks that stopped.
    """
    notebooks = [Path(notebook).resolve() for notebook in notebooks]
    run = _new_run(notebooks, dict(parameters or {}), name)
    folder = settings().reports_folder / run.name
    started = time.monotonic()
    try:
        for notebook, step in zip(notebooks, run.notebooks, strict=True):
            _save(run, folder)
            _execute(notebook, step, folder, progress)
        run.status = FAILED if _errors(run) else DONE
    finally:
        run.seconds = time.monotonic() - started
        _collect(run, folder)
        _save(run, folder)
        index = write_index()
    if errors := _errors(run):
        raise ReportError("\n".join([*errors, f"What ran is kept in {index}"]))
    return index


def write_index() -> Path:
    """Rebuild `reports/index.html` from every run's `run.json`, the newest first; its path."""
    folder = settings().reports_folder
    runs = [read_record(path) for path in folder.glob("*/run.json")]
    runs.sort(key=lambda run: run["started"], reverse=True)
    write_text(folder / "index.html", index_page(runs, folder))
    return folder / "index.html"


def read_record(path: Path) -> dict:
    """The run that a `run.json` holds. Raises ReportError for one that can't be read or lacks something."""
    again = "delete its folder, or make that report anew"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReportError(f"{path} can't be read as JSON ({error}); {again}") from error
    lacks = _lacks(run, ReportRun) or next(filter(None, (_lacks(step, Step) for step in run["notebooks"])), "")
    if lacks:
        raise ReportError(f"{path} is no record of a run, it lacks {lacks}; {again}")
    return run


def _lacks(record, kind: type) -> str:
    wanted = [each.name for each in fields(kind)]
    return ", ".join(name for name in wanted if not isinstance(record, dict) or name not in record)


def _new_run(notebooks: list[Path], parameters: dict, name: str | None) -> ReportRun:
    own = {notebook: defaults(notebook) for notebook in notebooks}
    refuse_unknown(parameters, dict.fromkeys(parameter for each in own.values() for parameter in each))
    now = datetime.now().astimezone()
    name = name or f"{now:%Y-%m-%d-%H%M%S}"
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ReportError(f"'{name}' can't name a run: letters, digits and . + - _ are allowed.")
    if (folder := settings().reports_folder / name).exists():
        raise ReportError(f"There is a run '{name}' already; choose another name or delete {folder}")
    steps = [_new_step(notebook, own[notebook], parameters) for notebook in notebooks]
    return ReportRun(name, parameters, steps, started=now.isoformat(timespec="seconds"), **provenance())


def _new_step(notebook: Path, own: dict, parameters: dict) -> Step:
    content = read_parameters(notebook)
    given = {name: value for name, value in {**UNATTENDED, **parameters}.items() if name in own}
    cells = sum(cell.cell_type == "code" for cell in content.cells) + bool(given)  # papermill adds one that sets them
    return Step(notebook.stem, notebook_title(content, otherwise=notebook.stem), cells, given, own | given)


def _execute(notebook: Path, step: Step, folder: Path, progress: Progress) -> None:
    """Run one notebook in its own folder, as JupyterLab does, and note in `step` how it went."""

    def count(**_):
        step.cells_run += 1
        progress(step)

    started = time.monotonic()
    step.status = UNFINISHED
    progress(step)
    try:
        papermill.execute_notebook(
            notebook,
            folder / notebook.name,
            step.given,
            kernel_name="python3",
            language="python",
            cwd=notebook.parent,
            progress_bar=False,
            kernel_manager_class=_ThisInterpreter,
            on_cell_executed=count,
        )
        step.status = DONE
    except (PapermillExecutionError, DeadKernelError) as error:
        step.status, step.error = FAILED, _sentence(error)
    finally:
        step.seconds = time.monotonic() - started
        progress(step)


class _ThisInterpreter(AsyncKernelManager):
    """Starts the kernel in the running Python, whatever kernels are installed under the name that a notebook has."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict(["--log-level=CRITICAL"]))


def _sentence(error: PapermillExecutionError | DeadKernelError) -> str:
    if isinstance(error, DeadKernelError):
        return "The kernel ended before its notebook: it was killed, or memory ran out."
    return f"Cell {error.exec_count}: {error.ename}: {error.evalue}"


def _collect(run: ReportRun, folder: Path) -> None:
    """Note what the executed notebooks published, and write their thumbnails and pages."""
    executed = [(step, folder / f"{step.name}.ipynb") for step in run.notebooks]
    executed = [(step, read_parameters(path)) for step, path in executed if path.is_file()]
    for step, notebook in executed:
        step.numbers, step.data = read_headline(notebook)
        step.thumbnails = save_thumbnails(notebook, folder, step.name)
        step.page = f"{step.name}.html"
    run.data = list({tuple(each.values()): each for step in run.notebooks for each in step.data}.values())
    for step, notebook in executed:
        write_text(folder / step.page, notebook_page(notebook, run, step))


def _errors(run: ReportRun) -> list[str]:
    return [f"{step.name} stopped. {step.error}" for step in run.notebooks if step.error]


def _save(run: ReportRun, folder: Path) -> None:
    write_text(folder / "run.json", json.dumps(asdict(run), indent=1))
