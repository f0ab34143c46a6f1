"""Speed of scoring a folder of many plants, for `swatlib.cli.performance`: in this process, on one executor, on two."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from swatlib.cluster import Place, crew_on, score_folder
from swatlib.pipeline import Pipeline
from swatlib.simulation import simulate

SCORED_BY = ("ocsvm", "iforest", "kmeans", "lof", "pca", "forecast")
SCORED_PLANTS, DAYS_EACH, ROWS_A_DAY = 4, 4, 43_200
ON_EXECUTORS = {1: "local-cluster[1,1,1024]", 2: "local-cluster[2,1,1024]"}


def measure_scoring() -> Iterator[float]:
    """Rows/s of this process, of one executor and of each of two, and rows per second of processor time on two.

    Starting Spark and its workers is not part of it.
    """
    with TemporaryDirectory(prefix="swat-bench-") as name:
        folder = Path(name)
        model = Pipeline(SCORED_BY).fit(simulate("54 h", attacks=None)).save(folder / "model")
        _write_plants(folder)
        yield _rows_per_second(folder, model, 1)[0]
        for executors, master in ON_EXECUTORS.items():
            with crew_on(master):
                rate, of_processor = _rows_per_second(folder, model, master)
                yield rate / executors
        yield of_processor


def _write_plants(folder: Path) -> None:
    for number in range(SCORED_PLANTS):
        frame = simulate(DAYS_EACH * ROWS_A_DAY, seed=number, start="2015-12-27 16:00").frame
        for day in range(DAYS_EACH):
            place = folder / "plants" / f"plant={number}" / f"day={day}"
            place.mkdir(parents=True)
            frame.iloc[day * ROWS_A_DAY : (day + 1) * ROWS_A_DAY].to_parquet(place / "readings.parquet")


def _rows_per_second(folder: Path, model: Path, where: Place) -> tuple[float, float]:
    """By the clock and by processor time, of the second of two passes: in the first workers start."""
    for _ in range(2):
        began, used = time.monotonic(), _processor_seconds()
        done = score_folder(folder / "plants", model, folder / "scores", where, force=True)
        seconds, used = time.monotonic() - began, _processor_seconds() - used
    return done.rows / seconds, done.rows / used


def _processor_seconds() -> float:
    """Of this process and those that it started."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(each.user + each.system for each in times)
