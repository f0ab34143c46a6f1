"""Speed and memory of this package against its goals; each is measured in a process of its own.

The plant of 2015 is simulated, and its attacked days are written as an official workbook. These files stay in the cache
folder until the simulation changes.
"""

import json
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.atomic import write_text
from swatlib.data import load
from swatlib.detectors import make
from swatlib.metrics import METRICS
from swatlib.metrics.case import Case, make_case
from swatlib.pipeline import Pipeline
from swatlib.provenance import provenance
from swatlib.settings import settings
from swatlib.simulation import simulate, write_like_swat
from swatlib.wording import did_you_mean, number

SIMULATED_SECONDS, ATTACKED_FROM = 946_719, "2015-12-28 10:00"
ROWS_2015 = 450_000
PART_ROWS = 20_000
ALONE = "alone: "  # how a stage of the stream begins that is measured by itself


@dataclass(frozen=True)
class Goal:
    """A figure that a work measures, and its goal: at most `most`, at least `least`."""

    work: str
    figure: str
    unit: str
    most: float | None = None
    least: float | None = None

    def holds(self, measured: float) -> bool:
        """True also for a figure without a goal."""
        return (self.most is None or measured <= self.most) and (self.least is None or measured >= self.least)

    def __str__(self) -> str:
        bounds = {"≤": self.most, "≥": self.least}
        return " ".join(f"{sign} {bound:g} {self.unit}" for sign, bound in bounds.items() if bound is not None)


GOALS = (
    Goal("read", "xlsx of 450,000 rows × 53 columns", "s", most=10),
    Goal("read", "times as fast as openpyxl, 20,000 rows", "×", least=20),
    Goal("cache", "the same from the cache", "s", most=0.5),
    Goal("simulate", "946,719 s with the attacks of 2015, compiled", "s", most=3),
    Goal("fit", "fit seven detectors on 495,000 rows, score 450,000", "s", most=60),
    Goal("fit", "peak memory of that process", "GB", most=4),
    Goal("row", "one row scored by all seven, with history", "ms", most=20),
    Goal("autoencoder", "fit on 248,000 rows of features", "s", most=30),
    Goal("autoencoder", "one row, with history", "ms", most=20),
    Goal("autoencoder", "450,000 rows, one process", "rows/s"),
    Goal("metrics", "all metrics but the two volumes, 450,000 rows", "s", most=1),
    Goal("metrics", "the same with an alarm that begins 100,000 times", "s", most=1),
    Goal("vus", "both volumes under the surface, 450,000 rows", "s", most=20),
    Goal("explore", "first figure of six tags over 946,719 rows, imports too", "s", most=2),
    Goal("explore", "a zoom into four of these eleven days", "s", most=0.3),
    Goal("explore", "a zoom into an hour", "s", most=0.3),
    Goal("stream", "throughput: 51 tags, four plants, seven detectors, InfluxDB", "rows/s", least=12_000),
    Goal("stream", "the same without a detector", "rows/s"),
    Goal("stream", ALONE + "encoded and sent to Kafka", "rows/s"),
    Goal("stream", ALONE + "Kafka through Spark to rows in Python", "rows/s"),
    Goal("stream", ALONE + "scored by seven detectors, one process", "rows/s"),
    Goal("stream", ALONE + "readings and scores into InfluxDB, one process", "rows/s"),
    Goal("stream", "at 1 row/s: end-to-end latency, p95", "s", most=1),
    Goal("stream", "from the start of the stream to the first point stored", "s", most=10),
    Goal("stream", "memory of Spark's driver and workers", "GB", most=2.5),
    Goal("stream", "times as fast as a loop that scores and writes each row", "×"),
    Goal("boards", "queries of a refresh of the overview", ""),
    Goal("boards", "all of them answered, six at a time", "s", most=2),
    Goal("boards", "the same while every core scores rows", "s", most=2),
    Goal("boards", "queries of a refresh of the plant's board", ""),
    Goal("boards", "all of them answered", "s", most=2),
    Goal("boards", "the same while every core scores rows", "s", most=2),
    Goal("boards", "queries of a refresh of a detector's board", ""),
    Goal("boards", "all of them answered", "s", most=2),
    Goal("boards", "the same while every core scores rows", "s", most=2),
    Goal("score", "folder of four plants, six detectors, one process", "rows/s", least=10_000),
    Goal("score", "the same on one Spark executor of one core", "rows/s"),
    Goal("score", "the same on two executors, each", "rows/s"),
    Goal("score", "the same, per second of processor time", "rows/s"),
    Goal("run", "second `sh run.sh`", "s", most=45),
    Goal("run", "the same, processor time", "s", most=75),
    Goal("run", "the same, until a page can be opened", "s", most=15),
    Goal("run", "first `sh run.sh` after installing", "s", most=120),
    Goal("run", "the same, processor time", "s", most=150),
    Goal("run", "the same, until a page can be opened", "s", most=15),
    Goal("run", "memory of all processes of a run", "GB", most=4),
    Goal("run", "python -m swatlib --help", "s", most=0.3),
    Goal("run", "imports of a notebook, the slowest of them", "s", most=1.5),
)


def measure_performance(names: Iterable[str], out: Console) -> Path:
    """Measure the named works, each once, all when none is named; print the table and return the path of the JSON.

    Raises ValueError for an unknown name.
    """
    chosen = list(dict.fromkeys(names)) or _that_can_be_measured()
    if unknown := [name for name in chosen if name not in WORKS]:
        raise ValueError(
            f"There is no work '{unknown[0]}' to measure.{did_you_mean(unknown[0], WORKS)} "
            f"There are: {', '.join(WORKS)}."
        )
    folder = None
    if set(chosen) - NEED_NO_FILES:
        with out.status("simulating the plant and writing its files"):
            folder = _fresh(_prepare)
    results = []
    for name in chosen:
        with out.status(f"measuring {name}"):
            figures = _fresh(WORKS[name], folder)
        goals = [goal for goal in GOALS if goal.work == name]
        results += list(zip(goals, figures, strict=True))
    out.print(_table(results))
    return _save(results)


def _that_can_be_measured() -> list[str]:
    """All works, without those that lack something on this machine."""
    from swatlib.cli.run_performance import can_measure_run
    from swatlib.servers import ServicesError, available, java

    there = {*available()}
    try:
        java()
    except ServicesError:
        spark = False
    else:
        spark = True
    lacking = {
        "score": not spark,
        "stream": not {"kafka", "influxdb"} <= there,
        "boards": "influxdb" not in there,
        "run": not can_measure_run(),
    }
    return [work for work in WORKS if not lacking.get(work)]


def _fresh(work: Callable[..., Any], *arguments: object) -> Any:
    """The work's result from a process of its own, so that memory and imports count too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _prepare() -> Path:
    whole = simulate(SIMULATED_SECONDS)
    folder = settings().cache_folder / "bench" / whole.checksum[:16]
    if not (folder / "attack.xlsx").exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.mkdir(parents=True)
        normal, attacked = whole.between(end=ATTACKED_FROM), whole.between(ATTACKED_FROM)
        write_like_swat(attacked.between(end=attacked.frame.index[PART_ROWS]), folder / "piece.xlsx")
        normal.frame.to_parquet(folder / "normal.parquet")
        attacked.frame.to_parquet(folder / "attack.parquet")
        write_like_swat(attacked, folder / "attack.xlsx")
    return folder


def _read(folder: Path) -> tuple[float, float]:
    whole = _seconds(lambda: load(folder / "attack.xlsx", cache=False))
    piece = _seconds(lambda: load(folder / "piece.xlsx", cache=False))
    openpyxl = _seconds(lambda: pd.read_excel(folder / "piece.xlsx", header=1, engine="openpyxl"))
    return whole, openpyxl / piece


def _cache(folder: Path) -> tuple[float]:
    load(folder / "attack.xlsx")
    return (_seconds(lambda: load(folder / "attack.xlsx")),)


def _simulate(_: None) -> tuple[float]:
    simulate(60)
    return (_seconds(lambda: simulate(SIMULATED_SECONDS)),)


def _fit(folder: Path) -> tuple[float, float]:
    normal, attacked = load(folder / "normal.parquet"), load(folder / "attack.parquet")
    seconds = _seconds(lambda: Pipeline().fit(normal).score(attacked.frame))
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


def _row(folder: Path) -> tuple[float]:
    normal = load(folder / "normal.parquet")
    pipeline = Pipeline().fit(normal.between(end=normal.frame.index[2 * SECONDS_PER_DAY]))
    return (_a_row(pipeline, normal.frame),)


def _autoencoder(folder: Path) -> tuple[float, float, float]:
    normal, attacked = load(folder / "normal.parquet"), load(folder / "attack.parquet")
    pipeline = Pipeline(("autoencoder",)).fit(normal)
    half = normal.frame.iloc[: len(normal.frame) // 2]
    rows = pipeline.features.transform(half)
    fit = _seconds(lambda: make("autoencoder").fit(rows))
    rows_a_second = len(attacked.frame) / _seconds(lambda: pipeline.score(attacked.frame))
    return fit, _a_row(pipeline, normal.frame), rows_a_second


def _a_row(pipeline: Pipeline, frame: pd.DataFrame) -> float:
    """Milliseconds to score one row with its history."""
    rows = frame.tail(pipeline.history + 1)
    return 1000 * statistics.median(_seconds(lambda: pipeline.score(rows)) for _ in range(50))


def _metrics(_: None) -> tuple[float, ...]:
    measured = [metric for group in METRICS.values() for metric in group if not metric.__name__.startswith("vus_")]
    return tuple(_seconds(partial(_each, measured, case)) for case in _cases())


def _each(measured: Iterable[Callable[[Case], Any]], case: Case) -> None:
    for metric in measured:
        metric(case)


def _vus(_: None) -> tuple[float]:
    case = _cases()[0]
    volumes = [metric for metric in METRICS["score"] if metric.__name__.startswith("vus_")]
    return (_seconds(partial(_each, volumes, case)),)


def _cases() -> list[Case]:
    """37 attacks, one of them 34,000 rows long; alarms in 1 % and in half of the rows, drawn from seed 0."""
    draws = np.random.default_rng(0).random(ROWS_2015)
    label = np.arange(ROWS_2015) % 12_000 < 500
    label[240_000:274_000] = True
    return [make_case(label, draws < share, draws + label / 4) for share in (0.01, 0.5)]


def _explore(_: None) -> tuple[float, ...]:
    whole = simulate(SIMULATED_SECONDS)
    spans = (("2015-12-28", "2016-01-01"), ("2015-12-28 12:00", "2015-12-28 13:00"))
    started = time.perf_counter()
    from swatlib.plots import explore

    view = explore(whole)
    assert view.widget
    seconds = time.perf_counter() - started
    return seconds, *(_seconds(partial(view.show, *span)) for span in spans)


def _stream(_: None) -> tuple[float, ...]:
    # imported here, since Spark and Kafka would count in the memory of the other works
    from swatlib.cli.stream_performance import ROWS_EACH, measure_stream

    with TemporaryDirectory() as folder:
        pipeline = Pipeline().fit(simulate("54 h", attacks=None)).save(Path(folder) / "pipeline")
        rows = simulate(ROWS_EACH, start="2015-12-28 04:00").frame
        rows.to_parquet(Path(folder) / "rows.parquet")
        return tuple(measure_stream(pipeline, Path(folder) / "rows.parquet"))


def _boards(_: None) -> tuple[float, ...]:
    from swatlib.cli.boards_performance import measure_boards

    return tuple(measure_boards())


def _score(_: None) -> tuple[float, ...]:
    # imported here, as for the stream
    from swatlib.cli.score_performance import measure_scoring

    return tuple(measure_scoring())


def _run(_: None) -> tuple[float, ...]:
    from swatlib.cli.run_performance import measure_run

    return measure_run()


WORKS: dict[str, Callable[..., tuple[float, ...]]] = {
    "read": _read,
    "cache": _cache,
    "simulate": _simulate,
    "fit": _fit,
    "row": _row,
    "autoencoder": _autoencoder,
    "metrics": _metrics,
    "vus": _vus,
    "explore": _explore,
    "stream": _stream,
    "boards": _boards,
    "score": _score,
    "run": _run,
}
NEED_NO_FILES = {"simulate", "metrics", "vus", "explore", "stream", "boards", "score", "run"}


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _table(results: list[tuple[Goal, float]]) -> Table:
    table = Table("work", "figure", "goal", "measured", "", box=None, header_style="dim")
    for goal, measured in results:
        verdict = "" if not str(goal) else Text("holds", "green") if goal.holds(measured) else Text("missed", "red")
        table.add_row(goal.work, goal.figure, str(goal), f"{number(measured)} {goal.unit}", verdict)
    stages = {goal.figure: measured for goal, measured in results if goal.figure.startswith(ALONE)}
    if stages:
        slowest = min(stages, key=stages.__getitem__)
        table.caption = f"What holds the throughput back most is the slowest stage, {slowest.removeprefix(ALONE)}."
    return table


def _save(results: list[tuple[Goal, float]]) -> Path:
    now = datetime.now().astimezone()
    figures = [asdict(goal) | {"measured": measured, "holds": goal.holds(measured)} for goal, measured in results]
    record = {"measured": now.isoformat(timespec="seconds"), **provenance(), "figures": figures}
    path = settings().reports_folder / "bench" / f"{now:%Y-%m-%d-%H%M%S}.json"
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False))
    return path
