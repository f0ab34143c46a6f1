"""A report: notebooks executed side by side into `reports/<run>/`, and the index of all runs.

A run is one folder: each notebook as executed and as a page, thumbnails, and `run.json` with all that the index shows.
They are written when the notebook ends, and the index shows what runs. A run that fails or is stopped is kept.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from swatlib.atomic import write_text
from swatlib.detectors import refuse_useless
from swatlib.detectors.parsing import seen_from
from swatlib.provenance import checksum, provenance
from swatlib.report.execution import Kernels, execute
from swatlib.report.notebook_parameters import ReportError, defaults, injected, read_notebook, refuse_unknown
from swatlib.report.page import Damaged, index_page, load_templates, notebook_page, notebook_title
from swatlib.report.publishing import note_published, page_of
from swatlib.report.run_record import (
    DONE,
    FAILED,
    LOCK_FILE,
    RECORD_FILE,
    ReportRun,
    Step,
    failures,
    held,
    placed,
    read_record,
    save_record,
    stop_record,
)
from swatlib.report.start_order import cores, default_jobs, place_order, seconds_before
from swatlib.settings import settings
from swatlib.studies.pair import recordings

UNATTENDED = {"wait": True, "speed": 60.0}  # nobody clicks: a live run ends before the next cell, and sooner
OF_SIMULATED = ("start", "days_normal", "days_attack", "seed")  # parameters that name the data where no file does
OF_RECORDINGS = ("normal", "attack", *OF_SIMULATED)
SOONEST, LATEST = 1.0, 10.0  # seconds from one writing of the index to the next, while a run runs

OnStart = Callable[[Path, list[Step], int], None]
OnProgress = Callable[[Step], None]


def report(
    notebooks: Iterable[Path],
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    jobs: int | None = None,
    on_start: OnStart = lambda index, steps, jobs: None,
    progress: OnProgress = lambda step: None,
    forked: bool = False,
) -> Path:
    """Execute notebooks as one run, each with those of the parameters that it has; the path of the index.

    jobs: how many run side by side; None: as `start_order.default_jobs` says. What is written does not depend on it.
    `on_start(index, steps, jobs)` is called once the index shows the run; `progress(step)` when a notebook starts,
    after each of its code cells, and when its page is there. forked: whether `forked_kernel.prepare_forks` was called.
    Raises before anything runs: ReportError for a parameter that no notebook has, a notebook without a parameters cell,
    two notebooks of one name, and a name that is taken; ValueError for an unknown detector and for recordings that
    can't be judged. Raises ReportError after all was saved, for notebooks that stopped. A KeyboardInterrupt ends the
    kernels and what they started, and is raised again when all that ran is saved.
    """
    paths = [Path(notebook).resolve() for notebook in notebooks]
    run = _new_run(paths, dict(parameters or {}), name)
    _refuse_unusable(run)
    jobs = jobs or default_jobs(len(paths))
    with (
        placed(settings().reports_folder),
        _claimed(run, named=name is not None) as folder,
        TemporaryDirectory(prefix="swat-", ignore_cleanup_errors=True) as sockets,
    ):
        kernels = Kernels(max(1, cores() // jobs), forked, folder, Path(sockets))
        _Engine(run, paths, folder, jobs, kernels, progress).go(on_start)
    if errors := failures(run):
        raise ReportError("\n".join([*errors, f"What ran is kept in {index_path()}"]))
    return index_path()


def index_path() -> Path:
    """Where the index of all runs lies."""
    return settings().reports_folder / "index.html"


def write_index() -> Path:
    """Rebuild `reports/index.html` from every run's `run.json`, the newest first; its path.

    A run whose record is damaged has a row that says so. Of several processes one writes at a time, so that none
    replaces a newer index by an older one.
    """
    index = index_path()
    with held(index.with_name(".index.lock")):
        runs, damaged = [], []
        for path in sorted(index.parent.glob(f"*/{RECORD_FILE}")):
            try:
                runs.append(read_record(path))
            except ReportError as error:
                damaged.append(Damaged(path.parent.name, str(error)))
        runs.sort(key=lambda run: run["started"], reverse=True)
        write_text(index, index_page(runs, damaged, index.parent))
    return index


class _Engine:
    """Executes the notebooks of a run in threads; the thread that calls `go` alone writes the record and the index."""

    def __init__(
        self, run: ReportRun, paths: list[Path], folder: Path, jobs: int, kernels: Kernels, progress: OnProgress
    ):
        self.run, self.paths, self.folder, self.jobs = run, paths, folder, jobs
        self.kernels, self.progress = kernels, progress
        self.changed: SimpleQueue[Step] = SimpleQueue()
        self.bodies: dict[str, str] = {}  # name of a notebook to its cells as HTML
        self.stale, self.written, self.cost = True, 0.0, 0.0

    def go(self, on_start: OnStart) -> None:
        began = time.monotonic()
        workers, printer = ThreadPoolExecutor(self.jobs), ThreadPoolExecutor(1)
        self._write()
        try:
            on_start(index_path(), self.run.notebooks, self.jobs)
            printer.submit(load_templates)  # a fault of them is met again by the first page
            self._execute(workers, printer)
            self.run.status = FAILED if failures(self.run) else DONE
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            self.kernels.end()
            workers.shutdown()
            stop_record(self.run)
            raise
        finally:
            printer.shutdown()
            self._tell()
            self.run.seconds = time.monotonic() - began
            self._write_pages()
            self._write()

    def _execute(self, workers: ThreadPoolExecutor, printer: ThreadPoolExecutor) -> None:
        places = place_order(self.run.notebooks, seconds_before(self.run.notebooks, settings().reports_folder))
        executed = [workers.submit(self._one, place, printer) for place in places]
        while not all(each.done() and each.result().done() for each in executed):
            self._follow()
        for each in executed:
            each.result().result()

    def _one(self, place: int, printer: ThreadPoolExecutor) -> Future[None]:
        """Execute a notebook; its page is made while the next one runs."""
        step = self.run.notebooks[place]
        execute(self.paths[place], step, self.folder, self.kernels, self.changed.put)
        return printer.submit(self._print, step)

    def _print(self, step: Step) -> None:
        """Note what an executed notebook published, and write its thumbnails and page."""
        if (self.folder / f"{step.name}.ipynb").is_file():
            with page_of(step):
                body = note_published(step, self.folder)
                step.page = f"{step.name}.html"
                self._write_page(step, body)
                self.bodies[step.name] = body
        self.changed.put(step)

    def _write_page(self, step: Step, body: str) -> None:
        write_text(self.folder / f"{step.name}.html", notebook_page(body, self.run, step))

    def _write_pages(self) -> None:
        """Again, at the end: each leads to all others."""
        for step in self.run.notebooks:
            if step.name in self.bodies:
                self._write_page(step, self.bodies[step.name])

    def _follow(self) -> None:
        """Wait for a change, and keep record and index current."""
        self._tell(SOONEST)
        since = time.monotonic() - self.written
        if since >= LATEST or (self.stale and since >= max(SOONEST, 10 * self.cost)):
            self._write()

    def _tell(self, seconds: float = 0.0) -> None:
        """Pass on what has changed; wait for it as long as this."""
        with suppress(Empty):
            step = self.changed.get(timeout=seconds) if seconds else self.changed.get_nowait()
            while True:
                self.stale = True
                self.progress(step)
                step = self.changed.get_nowait()

    def _write(self) -> None:
        began = time.monotonic()
        self.run.data = list(dict.fromkeys(each for step in self.run.notebooks for each in step.data))
        save_record(self.run, self.folder)
        write_index()
        self.stale, self.written = False, time.monotonic()
        self.cost = self.written - began


def _new_run(notebooks: list[Path], parameters: dict[str, Any], name: str | None) -> ReportRun:
    own = {notebook: defaults(notebook) for notebook in notebooks}
    refuse_unknown(parameters, dict.fromkeys(parameter for each in own.values() for parameter in each))
    _refuse_same_stem(notebooks)
    named, name = bool(name), name or f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
    refuse_run_name(name)
    if (settings().reports_folder / name).exists() and named:
        raise _taken(name)
    return new_run(notebooks, parameters, name)


def refuse_run_name(name: str) -> None:
    """Raises ReportError for a name that can't be that of a folder."""
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ReportError(f"'{name}' can't name a run: letters, digits and . + - _ are allowed.")


def new_run(notebooks: list[Path], parameters: dict[str, Any], name: str, of: str = "") -> ReportRun:
    """The record of a run that has not begun; of: the sweep that it is a point of."""
    steps = [_new_step(notebook, defaults(notebook), parameters) for notebook in notebooks]
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return ReportRun(name, parameters, steps, started, **provenance(notebooks), of=of)


def _refuse_same_stem(notebooks: list[Path]) -> None:
    seen: dict[str, Path] = {}
    for path in notebooks:
        other = seen.get(path.stem.casefold())
        if other == path:
            raise ReportError(f"{path} is named twice; leave one out.")
        if other:
            raise ReportError(
                f"{other} and {path} have one name, under which a run can keep only one of them: rename one, or make "
                "two reports."
            )
        seen[path.stem.casefold()] = path


def _new_step(notebook: Path, own: dict[str, Any], parameters: dict[str, Any]) -> Step:
    content = read_notebook(notebook)
    unattended = UNATTENDED if "wait" in own else {}
    given = {name: _moved(name, value, notebook) for name, value in {**unattended, **parameters}.items() if name in own}
    adds = bool(given) and not injected(content, notebook.name)  # papermill sets them in a cell of its own
    cells = sum(cell.cell_type == "code" for cell in content.cells) + adds
    title = notebook_title(content, otherwise=notebook.stem)
    return Step(notebook.stem, title, cells, given, own | given, checksum(notebook))


def _moved(name: str, value: Any, notebook: Path) -> Any:
    """A parameter as the notebook takes it, which runs in its own folder: a file of a detector is named from there."""
    if name == "detector":
        return seen_from(value, notebook.parent)
    return [seen_from(each, notebook.parent) for each in value] if name == "detectors" else value


def _refuse_unusable(run: ReportRun) -> None:
    """Raises ValueError as the notebooks would, for detectors and recordings, so that a run doesn't meet it in each."""
    for values in (step.parameters for step in run.notebooks):
        for name in [values["detector"]] if "detector" in values else values.get("detectors", ()):
            refuse_useless(name)
    pairs = [step.parameters for step in run.notebooks if step.parameters.keys() >= {*OF_SIMULATED}]
    for pair in {tuple(values.get(name, "") for name in OF_RECORDINGS) for values in pairs}:
        recordings(*pair)


@contextmanager
def _claimed(run: ReportRun, named: bool) -> Iterator[Path]:
    """The run's folder while it runs. One into which nothing was written is deleted, and its name is free again."""
    folder = _claim(run, named)
    with held(folder / LOCK_FILE):
        try:
            yield folder
        finally:
            with suppress(OSError):  # it has more in it, or is gone
                (folder / LOCK_FILE).unlink()
                folder.rmdir()


def _claim(run: ReportRun, named: bool) -> Path:
    """The run's folder, made here; a name that was not asked for gets a number if another run just took it."""
    folder, number = settings().reports_folder / run.name, 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if named:
                raise _taken(run.name) from None
            number += 1
            folder = folder.with_name(f"{run.name}-{number}")
        else:
            run.name = folder.name
            return folder


def _taken(name: str) -> ReportError:
    folder = settings().reports_folder / name
    return ReportError(f"There is a run '{name}' already; choose another name or delete {folder}")
