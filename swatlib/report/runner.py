"""Notebooks executed with papermill into `reports/<run>/`, and the index of all runs.

A run is one folder: each notebook as executed and as a page, thumbnails, and `run.json` with all that the index shows.
A run that fails or is stopped is kept, with its error.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import nbformat
import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from pydantic import AfterValidator, TypeAdapter, ValidationError

from swatlib.atomic import write_text
from swatlib.detectors import make
from swatlib.provenance import checksum, provenance
from swatlib.report.headline import read_headline
from swatlib.report.notebook_parameters import ReportError, defaults, read_notebook, refuse_unknown
from swatlib.report.page import Damaged, index_page, notebook_page, notebook_title, save_thumbnails
from swatlib.settings import settings
from swatlib.studies.pair import recordings

UNATTENDED = {"wait": True, "speed": 60.0}  # nobody clicks: a live run ends before the next cell, and sooner
DONE, FAILED, UNFINISHED, WAITING = "done", "failed", "unfinished", "waiting"
OF_RECORDINGS = ("normal", "attack", "start", "days_normal", "days_attack", "seed")  # parameters that name the data


def _iso(moment: str) -> str:
    datetime.fromisoformat(moment)
    return moment


@dataclass(frozen=True)
class UsedRecording:
    """A recording that a notebook used, as `swatlib.report.headline` publishes it."""

    name: str
    sha256: str
    rows: int
    start: str
    end: str


@dataclass
class Step:
    """One notebook of a run.

    given: those of the run's parameters that it has. parameters: all of its own, given or from its parameters cell.
    checksum: SHA-256 of the sources of its cells as they were executed.
    """

    name: str
    title: str
    cells: int
    given: dict[str, Any]
    parameters: dict[str, Any]
    checksum: str = ""
    status: str = WAITING
    cells_run: int = 0
    seconds: float = 0.0
    error: str | None = None
    numbers: dict[str, str | int | float | None] = field(default_factory=dict)
    data: list[UsedRecording] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    page: str | None = None


@dataclass
class ReportRun:
    """What `run.json` holds and the index shows.

    started: ISO 8601 with the offset from UTC. edited: code and notebooks that differ from the commit.
    """

    name: str
    parameters: dict[str, Any]
    notebooks: list[Step]
    started: Annotated[str, AfterValidator(_iso)]
    commit: str
    versions: dict[str, str]
    machine: str
    edited: list[str] = field(default_factory=list)
    status: str = UNFINISHED
    seconds: float = 0.0
    data: list[UsedRecording] = field(default_factory=list)


RECORD = TypeAdapter(ReportRun)
OnProgress = Callable[[Step], None]


def report(
    notebooks: Iterable[Path],
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    progress: OnProgress = lambda step: None,
) -> Path:
    """Execute notebooks as one run, each with those of the parameters that it has; the path of the index.

    `progress(step)` is called when a notebook starts, after each of its code cells, and when it has ended.
    Raises before anything runs: ReportError for a parameter that no notebook has, a notebook without a parameters cell,
    two notebooks of one name, and a name that is taken; ValueError for an unknown detector and for recordings that
    can't be judged. Raises ReportError after all was saved, for notebooks that stopped.
    """
    paths = [Path(notebook).resolve() for notebook in notebooks]
    run = _new_run(paths, dict(parameters or {}), name)
    _refuse_unusable(run)
    folder = settings().reports_folder / run.name
    started = time.monotonic()
    try:
        for path, step in zip(paths, run.notebooks, strict=True):
            _save(run, folder)
            _execute(path, step, folder, progress)
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
    """Rebuild `reports/index.html` from every run's `run.json`, the newest first; its path.

    A run whose record is damaged has a row that says so.
    """
    folder = settings().reports_folder
    runs, damaged = [], []
    for path in sorted(folder.glob("*/run.json")):
        try:
            runs.append(read_record(path))
        except ReportError as error:
            damaged.append(Damaged(path.parent.name, str(error)))
    runs.sort(key=lambda run: run["started"], reverse=True)
    write_text(folder / "index.html", index_page(runs, damaged, folder))
    return folder / "index.html"


def read_record(path: Path) -> dict[str, Any]:
    """The run that a `run.json` holds, under the name of its folder.

    Raises ReportError for one that can't be read, or that lacks something or holds another type.
    """
    try:
        run = RECORD.validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        reason = _what_is_wrong(error) if isinstance(error, ValidationError) else error.strerror
        raise ReportError(
            f"{path.parent.name}/{path.name} can't be read: {reason}; delete its folder, or make that report anew"
        ) from error
    return asdict(run) | {"name": path.parent.name}


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def _new_run(notebooks: list[Path], parameters: dict[str, Any], name: str | None) -> ReportRun:
    own = {notebook: defaults(notebook) for notebook in notebooks}
    refuse_unknown(parameters, dict.fromkeys(parameter for each in own.values() for parameter in each))
    _refuse_same_stem(notebooks)
    now = datetime.now().astimezone()
    name = name or f"{now:%Y-%m-%d-%H%M%S}"
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ReportError(f"'{name}' can't name a run: letters, digits and . + - _ are allowed.")
    if (folder := settings().reports_folder / name).exists():
        raise ReportError(f"There is a run '{name}' already; choose another name or delete {folder}")
    steps = [_new_step(notebook, own[notebook], parameters) for notebook in notebooks]
    return ReportRun(name, parameters, steps, now.isoformat(timespec="seconds"), **provenance(notebooks))


def _refuse_same_stem(notebooks: list[Path]) -> None:
    seen: dict[str, Path] = {}
    for path in notebooks:
        if other := seen.get(path.stem.casefold()):
            raise ReportError(
                f"{other} and {path} have one name, under which a run can keep only one of them: rename one, or make "
                "two reports."
            )
        seen[path.stem.casefold()] = path


def _new_step(notebook: Path, own: dict[str, Any], parameters: dict[str, Any]) -> Step:
    content = read_notebook(notebook)
    unattended = UNATTENDED if "wait" in own else {}
    given = {name: value for name, value in {**unattended, **parameters}.items() if name in own}
    cells = sum(cell.cell_type == "code" for cell in content.cells) + bool(given)  # papermill adds one that sets them
    title = notebook_title(content, otherwise=notebook.stem)
    return Step(notebook.stem, title, cells, given, own | given, checksum(notebook))


def _refuse_unusable(run: ReportRun) -> None:
    """Raises ValueError as the notebooks would, for detectors and recordings, so that a run doesn't meet it in each."""
    for values in (step.parameters for step in run.notebooks):
        for name in [values["detector"]] if "detector" in values else values.get("detectors", ()):
            make(name)
    pairs = [step.parameters for step in run.notebooks if step.parameters.keys() >= set(OF_RECORDINGS)]
    for pair in {tuple(values[name] for name in OF_RECORDINGS) for values in pairs}:
        recordings(*pair)


def _execute(notebook: Path, step: Step, folder: Path, progress: OnProgress) -> None:
    """Run one notebook in its own folder, as JupyterLab does, and note in `step` how it went."""

    def on_cell(**_: Any) -> None:
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
            on_cell_executed=on_cell,
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
    executed: list[tuple[Step, nbformat.NotebookNode]] = []
    for step in run.notebooks:
        if (path := folder / f"{step.name}.ipynb").is_file():
            notebook = read_notebook(path)
            step.numbers, used = read_headline(notebook)
            step.data = [UsedRecording(**each) for each in used]
            step.thumbnails = save_thumbnails(notebook, folder, step.name)
            step.page = f"{step.name}.html"
            executed.append((step, notebook))
    run.data = list(dict.fromkeys(each for step in run.notebooks for each in step.data))
    for step, notebook in executed:
        write_text(folder / f"{step.name}.html", notebook_page(notebook, run, step))


def _errors(run: ReportRun) -> list[str]:
    return [f"{step.name} stopped. {step.error}" for step in run.notebooks if step.error]


def _save(run: ReportRun, folder: Path) -> None:
    write_text(folder / "run.json", RECORD.dump_json(run, indent=1).decode())
