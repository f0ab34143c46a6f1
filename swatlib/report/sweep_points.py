"""What is computed at a point of a sweep: notebooks, a benchmark, or a detector of the field of PyOD.

Each function takes plain data and gives plain data, the bytes of its files among them, so that it can run in another
process or on another machine; who asked for it writes the files.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from swatlib.atomic import write_text
from swatlib.detectors import refuse_useless
from swatlib.provenance import checksum
from swatlib.report.execution import Kernels, execute
from swatlib.report.page import notebook_page
from swatlib.report.publishing import note_published, page_of
from swatlib.report.run_record import DONE, FAILED, ReportRun, Step, failures, save_record
from swatlib.report.runner import new_run

if TYPE_CHECKING:
    from swatlib.pipeline import Pipeline

PlainFigure = str | int | float | None
Axes = Mapping[str, Sequence[Any]]
DETECTOR_PARAMETERS = ("detector", "detectors", "compared")
SHOWN = ("found", "of", "delay_median_s", "near", "false_alarms_per_day", "in_alarm_outside")
OF_THE_FIELD = ("average_precision", "found", "of", "fit_s", "score_s", "memory_mb")


@dataclass(frozen=True)
class FigureRow:
    """Figures by name, and confidence intervals of some of them. of: what they are of, as {"detector": "pca"}."""

    numbers: dict[str, PlainFigure]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    of: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PointResult:
    """Rows of figures, files by name, the name of the page among them, and an error in one sentence."""

    rows: list[FigureRow]
    files: dict[str, bytes] = field(default_factory=dict)
    page: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Sweep:
    """What is swept.

    what: in a few words, "04-comparison". axes: parameter to values. fixed: the other parameters that were given.
    run_one: what computes a point; context: what it is given beside `parameters`. name: of the folder, if it was given.
    """

    what: str
    axes: Axes
    fixed: Mapping[str, Any]
    run_one: Callable[[Mapping[str, Any]], PointResult]
    context: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @property
    def texts(self) -> list[str]:
        """All texts among the parameters, of which some may name files."""
        return _texts(
            [each for each in (*self.fixed.values(), *self.axes.values()) if isinstance(each, (str, list, tuple))]
        )


def notebook_sweep(paths: Iterable[Path], axes: Axes, fixed: Mapping[str, Any], name: str | None = None) -> Sweep:
    """Notebooks at each point. Raises ValueError for a detector that can't be used."""
    paths = [Path(path).resolve() for path in paths]
    for each in DETECTOR_PARAMETERS:
        for text in {*_texts(fixed.get(each)), *_texts(axes.get(each))}:
            refuse_useless(text)
    context = {"notebooks": [str(path) for path in paths], "sources": [checksum(path) for path in paths]}
    return Sweep(" ".join(path.stem for path in paths), axes, fixed, notebooks_at, context, name)


def benchmark_sweep(benchmark: str, axes: Axes, fixed: Mapping[str, Any], name: str | None = None) -> Sweep:
    """A benchmark at each point, of `run`, `detector` and `budget`. Raises ValueError for what it has not."""
    from swatlib.studies.benchmark.runs import run_numbers

    for text in {*_texts(fixed.get("detector")), *_texts(axes.get("detector"))}:
        refuse_useless(text)
    if benchmark not in _OTHER_DAYS:
        run_numbers(benchmark, tuple(axes.get("run") or fixed["run"]))
    return Sweep(f"benchmark {benchmark}", axes, fixed, benchmark_at, {"benchmark": benchmark}, name)


def field_sweep(axes: Axes, fixed: Mapping[str, Any], name: str | None = None) -> Sweep:
    """A detector of PyOD at each point, of `detector`, `rows`, `run`, `seconds` and `gigabytes`.

    Raises ValueError for what there is not.
    """
    from swatlib.studies.benchmark.runs import run_numbers
    from swatlib.studies.pyod_field import refuse_field

    every = {name: [value] for name, value in fixed.items()} | dict(axes)
    refuse_field(every["detector"], every["rows"])
    run_numbers("swat-sim-1", tuple(every["run"]))
    return Sweep("field", axes, fixed, field_at, {}, name)


def notebooks_at(point: Mapping[str, Any]) -> PointResult:
    """Execute `notebooks` (paths, one after the other) with `parameters`; `of` names the sweep."""
    run = new_run([Path(each) for each in point["notebooks"]], point["parameters"], point["name"], point["of"])
    with TemporaryDirectory() as folder:
        _execute(run, [Path(each) for each in point["notebooks"]], Path(folder))
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
    several = len(run.notebooks) > 1
    numbers: dict[str, PlainFigure] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for step in run.notebooks:
        before = f"{step.name}: " if several else ""
        numbers |= {before + name: value for name, value in step.numbers.items()}
        intervals |= {before + name: ends for name, ends in step.intervals.items()}
    error = next(iter(failures(run)), None)
    page = next((step.page for step in run.notebooks if step.error and step.page), run.notebooks[0].page)
    return PointResult([FigureRow(numbers, intervals)], files, page, error)


def benchmark_at(point: Mapping[str, Any]) -> PointResult:
    """A benchmark on the `run` or runs given, of the `detector` or detectors given, with a `budget`."""
    from swatlib.metrics import intervals
    from swatlib.pipeline import Pipeline
    from swatlib.studies.benchmark import run_benchmark

    given = point["parameters"]
    runs, detectors = (
        tuple(each if isinstance(each, (list, tuple)) else [each]) for each in (given["run"], given["detector"])
    )
    if other := _OTHER_DAYS.get(point["benchmark"]):
        return other(runs, lambda: Pipeline(detectors, given["budget"]))
    judged = run_benchmark(point["benchmark"], runs, lambda: Pipeline(detectors, given["budget"]))
    table, ends = judged.summary().loc["detector"], intervals(judged.draws()).loc["detector"]
    files = {f"{name}.csv": _csv(each) for name, each in vars(judged).items()}
    return PointResult(
        [_benchmark_row(str(name), table.loc[name], ends.loc[name]) for name in table.index], files, "attacks.csv"
    )


def _stress_at(seeds: tuple[int, ...], pipeline: Callable[[], "Pipeline"]) -> PointResult:
    from swatlib.studies.stress_trials import stress_test

    table = stress_test(seeds, pipeline)
    shown = ["found", "of", "false_alarms_per_day", "in_alarm_outside", "unscored"]
    return _point_of(table, ["detector", "stress"], shown, "stress.csv")


def _days_at(seeds: tuple[int, ...], pipeline: Callable[[], "Pipeline"]) -> PointResult:
    from swatlib.studies.later_days import another_day, later_summary

    table = another_day(seeds, pipeline)
    shown = ["false_alarms_per_day", "first_days", "last_days", "in_alarm", "refit_due"]
    result = _point_of(later_summary(table).reset_index(), ["detector"], shown, "summary.csv")
    return replace(result, files=result.files | {"days.csv": _csv(table)})


def _budgets_at(seeds: tuple[int, ...], pipeline: Callable[[], "Pipeline"]) -> PointResult:
    from swatlib.studies.kept_budgets import budget_trials, kept_budgets

    table = budget_trials(seeds, pipeline)
    of = ["detector", "days given", "of budget"]
    result = _point_of(kept_budgets(table).reset_index(names=of), of, ["median", "nine_in_ten"], "summary.csv")
    return replace(result, files=result.files | {"budgets.csv": _csv(table)})


_OTHER_DAYS: dict[str, Callable[..., PointResult]] = {
    "swat-stress": _stress_at,
    "swat-days": _days_at,
    "swat-budgets": _budgets_at,
}


def _point_of(table: pd.DataFrame, of: list[str], shown: list[str], file: str) -> PointResult:
    rows = [
        FigureRow(
            {figure.replace("_", " "): _plain(row[figure]) for figure in shown},
            {},
            {each: str(row[each]) for each in of},
        )
        for _, row in table.iterrows()
    ]
    return PointResult(rows, {file: _csv(table)}, file)


def field_at(point: Mapping[str, Any]) -> PointResult:
    """A `detector` of PyOD, fitted on `rows` rows of a `run`, within limits of `seconds` and `gigabytes`."""
    from swatlib.studies.pyod_field import ProcessLimits, attempt, prepare_field

    given = point["parameters"]
    limits = ProcessLimits(given["seconds"], given["gigabytes"])
    found = attempt(given["detector"], given["rows"], prepare_field(given["run"]), limits)
    if found["status"] != "ok":
        return PointResult([], error=": ".join(filter(None, (found["status"], found["says"]))))
    return PointResult([FigureRow({name.replace("_", " "): found[name] for name in OF_THE_FIELD})])


def _texts(given: Any) -> list[str]:
    """Texts of detectors in a parameter's value, or in the values of an axis."""
    if isinstance(given, str):
        return [given]
    return [text for each in given or () if isinstance(each, (str, list, tuple)) for text in _texts(each)]


def _execute(run: ReportRun, paths: list[Path], folder: Path) -> None:
    bodies = {}
    for path, step in zip(paths, run.notebooks, strict=True):
        _in_a_thread(path, step, folder)
        if (folder / path.name).is_file():
            with page_of(step):
                bodies[step.name] = note_published(step, folder)
                step.page = f"{step.name}.html"
    run.status = FAILED if any(step.error for step in run.notebooks) else DONE
    run.seconds = sum(step.seconds for step in run.notebooks)
    run.data = list(dict.fromkeys(each for step in run.notebooks for each in step.data))
    for step in run.notebooks:
        if step.page:
            with page_of(step):
                write_text(folder / step.page, notebook_page(bodies[step.name], run, step))
    run.status = FAILED if any(step.error for step in run.notebooks) else run.status
    save_record(run, folder)


def _in_a_thread(path: Path, step: Step, folder: Path) -> None:
    """Execute a notebook so that an interrupt ends its kernel first, and the client of the kernel after it."""
    with TemporaryDirectory(prefix="swat-", ignore_cleanup_errors=True) as sockets, ThreadPoolExecutor(1) as pool:
        kernels = Kernels(1, forked=False, pages=folder, sockets=Path(sockets))
        try:
            pool.submit(execute, path, step, folder, kernels, lambda step: None).result()
        finally:
            kernels.end()


def _benchmark_row(name: str, whole: pd.Series, ends: pd.Series) -> FigureRow:
    numbers = {"event_recall": whole["recall"]} | {figure: whole[figure] for figure in SHOWN}
    spans = {
        metric: (float(ends[metric, "low"]), float(ends[metric, "high"]))
        for metric in ("event_recall", "false_alarms_per_day")
    }
    plain = {figure.replace("_", " "): _plain(value) for figure, value in numbers.items()}
    return FigureRow(plain, {metric.replace("_", " "): span for metric, span in spans.items()}, {"detector": name})


def _plain(value: Any) -> PlainFigure:
    number = float(value)
    return None if pd.isna(number) else int(number) if isinstance(value, Integral) else number


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()
