"""A sweep: the points of a grid of parameters computed side by side into `reports/<sweep>/`, and one page of them.

A point is a folder with what it gave and a record, written when it has ended. Points whose record holds what they
depend on now are not computed again; failed ones are.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from swatlib.atomic import write_text
from swatlib.detectors.parsing import file_of
from swatlib.provenance import code_digest, provenance, versions
from swatlib.report.notebook_parameters import ReportError
from swatlib.report.run_record import (
    DONE,
    FAILED,
    LOCK_FILE,
    STOPPED,
    UNDER_WAY,
    WAITING,
    ReportRun,
    Step,
    held,
    placed,
    save_record,
)
from swatlib.report.runner import refuse_run_name, write_index
from swatlib.report.start_order import default_jobs
from swatlib.report.sweep_grid import grid, in_words, value_in_words
from swatlib.report.sweep_page import PAGE, SweptPoint, figure_table, save_picture, sweep_page
from swatlib.report.sweep_points import PointResult, Sweep
from swatlib.settings import NOTEBOOKS, settings
from swatlib.side_by_side import Outcome, run_points
from swatlib.wording import count

POINT_FILE = "point.json"
SHOWING = ("cli", "plots", "report", "servers")  # modules that change no figure
SLUG = 60  # characters of a point's folder that tell its parameters
PAGE_EVERY = 2.0  # seconds from one writing of the page to the next, while points are computed
_POINT = TypeAdapter(SweptPoint)

RunPoints = Callable[..., list[Outcome]]  # with the parameters of `run_points`


def sweep(
    given: Sweep,
    jobs: int | None = None,
    on_start: Callable[[Path, int, int, int], None] = lambda page, points, kept, jobs: None,
    progress: Callable[[SweptPoint], None] = lambda point: None,
    run_all: RunPoints = run_points,
) -> Path:
    """Compute what is missing of a sweep; the path of its page.

    jobs: points side by side; None: as `start_order.default_jobs` says. `on_start(page, points, kept, jobs)` is called
    once the page is there, kept being the points that are not computed again; `progress(point)` when one begins and
    when it ends. run_all: computes the points, as `run_points` does. Raises ReportError before anything runs for a name
    that is taken, and after all was saved for points that failed.
    """
    engine = _Sweeping(given, progress)
    with placed(settings().reports_folder), held(engine.folder / LOCK_FILE):
        try:
            engine.look()
            engine.compute(jobs or default_jobs(len(engine.points)), on_start, run_all)
        finally:
            (engine.folder / LOCK_FILE).unlink(missing_ok=True)
    if failed := [point for point in engine.points if point.status == FAILED]:
        said = [f"{in_words(point.parameters)}: {point.error}" for point in failed[:5]]
        more = [f"and {count(len(failed) - 5, 'more point')}"] if len(failed) > 5 else []
        heading = f"{len(failed)} of {count(len(engine.points), 'point')} failed."
        raise ReportError(
            "\n".join([heading, *said, *more, f"All others are in {engine.page}; the same command tries again."])
        )
    return engine.page


class _Sweeping:
    def __init__(self, given: Sweep, progress: Callable[[SweptPoint], None]):
        self.given, self.progress = given, progress
        self.name = given.name or _name(given)
        refuse_run_name(self.name)
        self.folder = settings().reports_folder / self.name
        self.page = self.folder / PAGE
        if self.folder.exists() and not self.page.exists() and any(self.folder.glob("*.ipynb")):
            raise ReportError(f"There is a run '{self.name}' already; choose another name or delete {self.folder}")
        self.points = [SweptPoint(parameters, _folder(parameters), WAITING) for parameters in grid(given.axes)]
        self.started = datetime.now().astimezone().isoformat(timespec="seconds")
        self.began, self.written = time.monotonic(), 0.0
        self.drawn = pd.DataFrame()  # the points that the picture shows
        self.picture: str | None = None
        self.digest = _digest([code_digest(SHOWING), versions(), given.context.get("sources")])

    def look(self) -> None:
        """Take the points that are there."""
        for place, point in enumerate(self.points):
            try:
                kept = _POINT.validate_json((self.folder / point.folder / POINT_FILE).read_bytes())
            except (OSError, ValidationError):
                continue
            if kept.depends == self._depends(point) and kept.status == DONE:
                self.points[place] = kept

    def compute(self, jobs: int, on_start: Callable[[Path, int, int, int], None], run_all: RunPoints) -> None:
        missing = [point for point in self.points if point.status != DONE]
        self._write(UNDER_WAY)
        on_start(self.page, len(self.points), len(self.points) - len(missing), min(jobs, max(1, len(missing))))

        def began(place: int) -> None:
            missing[place].status = UNDER_WAY
            self.progress(missing[place])
            self._write_soon()

        def ended(place: int, outcome: Outcome[PointResult]) -> None:
            self._keep(missing[place], outcome)
            self.progress(missing[place])
            self._write_soon()

        status = STOPPED
        try:
            run_all([self._task(point) for point in missing], self.given.run_one, jobs, began, ended)
            status = FAILED if any(point.status == FAILED for point in self.points) else DONE
        finally:
            for point in missing:
                point.status = STOPPED if point.status == UNDER_WAY else point.status
            self._write(status)

    def _task(self, point: SweptPoint) -> dict[str, Any]:
        parameters = {**self.given.fixed, **point.parameters}
        return {**self.given.context, "parameters": parameters, "name": in_words(point.parameters), "of": self.name}

    def _depends(self, point: SweptPoint) -> str:
        parameters = {**self.given.fixed, **point.parameters}
        return _digest([self.digest, self.given.what, parameters, _files(parameters)])

    def _keep(self, point: SweptPoint, outcome: Outcome[PointResult]) -> None:
        """Note what came of a point, and write its folder."""
        result = outcome.value or PointResult([], error=outcome.error)
        point.rows, point.error, point.seconds = result.rows, result.error, outcome.seconds
        point.status, point.depends = FAILED if result.error else DONE, self._depends(point)
        point.page = f"{point.folder}/{result.page}" if result.page else None
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.folder, prefix=".") as scratch:
            made, there = Path(scratch) / "new", self.folder / point.folder
            made.mkdir()
            for name, content in result.files.items():
                (made / name).write_bytes(content)
            (made / POINT_FILE).write_bytes(_POINT.dump_json(point, indent=1))
            if there.exists():
                there.rename(Path(scratch) / "old")
            made.rename(there)

    def _write_soon(self) -> None:
        if time.monotonic() - self.written > PAGE_EVERY:
            self._write(UNDER_WAY)

    def _write(self, status: str) -> None:
        """The page, its table as CSV, and the row of the index."""
        table = figure_table(self.points)
        self._draw(table)
        run = self._record(status, [self.picture] if self.picture else [])
        write_text(self.folder / "figures.csv", table.to_csv(index=False))
        write_text(self.page, sweep_page(run, self.given.what, self.given.axes, self.points, table, self.folder))
        save_record(run, self.folder)
        write_index()
        self.written = time.monotonic()

    def _draw(self, table: pd.DataFrame) -> None:
        """The picture, unless it shows these points already."""
        done = table[table["status"] == DONE].reset_index(drop=True)
        if not done.equals(self.drawn):
            self.drawn, self.picture = done, save_picture(table, self.given.axes, self.folder)

    def _record(self, status: str, pictures: list[str]) -> ReportRun:
        counts = {each: sum(point.status == each for point in self.points) for each in (DONE, FAILED)}
        swept = {name: ", ".join(map(value_in_words, values)) for name, values in self.given.axes.items()}
        numbers = {"points": f"{counts[DONE]} of {len(self.points)}"} | (
            {FAILED: counts[FAILED]} if counts[FAILED] else {}
        )
        step = Step("sweep", f"Sweep of {self.given.what}", len(self.points), {}, {}, status=status, unit="point")
        step.cells_run, step.page, step.numbers, step.thumbnails = sum(counts.values()), PAGE, dict(numbers), pictures
        step.seconds = sum(point.seconds for point in self.points)
        run = ReportRun(self.name, {**self.given.fixed, **swept}, [step], self.started, **provenance())
        run.status, run.seconds = status, time.monotonic() - self.began
        return run


def _name(given: Sweep) -> str:
    """The same for the same parameters, whatever their values: a sweep with more values takes those that are there."""
    plain = re.sub(r"\W+", "-", "-".join([given.what, *given.axes])).strip("-")
    return f"sweep-{plain[:SLUG]}-{_digest([given.what, list(given.axes), dict(given.fixed)])[:6]}"


def _folder(parameters: Mapping[str, Any]) -> str:
    plain = re.sub(r"[^\w.=-]+", "-", in_words(parameters))[:SLUG].strip("-.")
    return f"{plain}-{_digest(dict(parameters))[:8]}"


def _files(parameters: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of the files that parameters name: recordings, and classes of detectors."""
    texts = [each for value in parameters.values() for each in (value if isinstance(value, (list, tuple)) else [value])]
    found = {}
    for text in texts:
        path = (file_of(text) or text) if isinstance(text, str) else ""
        for folder in (Path.cwd(), NOTEBOOKS):
            if path and (folder / path).is_file():
                with (folder / path).open("rb") as file:
                    found[path] = hashlib.file_digest(file, "sha256").hexdigest()
                break
    return found


def _digest(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()
