"""How long the queries of a board's refresh take on an InfluxDB of its own, for `swatlib.cli.performance`."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa

from swatlib.live import sink
from swatlib.live.boards import GRAFANA, Window, asked, panels, regions
from swatlib.live.sink import InfluxSink
from swatlib.pipeline import DEFAULT, Pipeline
from swatlib.servers import Services
from swatlib.simulation import simulate

PLANT = "swat"
MINUTES = 15  # what a board shows when it is opened
CONNECTIONS = 6  # that a browser asks of one server
MEASURED_BOARDS = ("swat-overview", "swat-plant", "swat-pca")


def measure_boards() -> Iterator[float]:
    """For each of MEASURED_BOARDS how many queries it asks, and the seconds until all are answered.

    Once while the machine has nothing else to do, once while every core scores rows, as a stream that catches up does.
    """
    with TemporaryDirectory(prefix="swat-bench-") as folder, Services(Path(folder), ("influxdb",)) as servers:
        base = servers.influxdb
        to, reader = (InfluxSink(base.url, base.org, base.bucket, base.token(right)) for right in ("write", "read"))
        pipeline = Pipeline(("pca",)).fit(simulate("1d", attacks=None))
        frame = _frame(pipeline)
        window = _fill(to, pipeline, frame)
        for board in MEASURED_BOARDS:
            asking = [panel for panel in panels(GRAFANA / f"{board}.json") if not panel.shared]
            targets = [(target, panel.interval) for panel in asking for target in panel.targets]
            targets += [(target, 1) for target in regions(GRAFANA / f"{board}.json")]
            yield len(targets)
            yield min(_refresh(targets, window, reader) for _ in range(3))
            with _every_core_scores(pipeline, frame):
                yield min(_refresh(targets, window, reader) for _ in range(3))


def _refresh(targets: list[tuple[dict, int]], window: Window, reader: InfluxSink) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda each: asked(each[0], window, reader, each[1]), targets))
    return time.perf_counter() - began


@contextmanager
def _every_core_scores(pipeline: Pipeline, frame: pd.DataFrame) -> Iterator[None]:
    context = get_context("spawn")
    cores = os.cpu_count() or 1
    all_begin = context.Barrier(cores + 1)
    scorers = [context.Process(target=_score, args=(pipeline, frame, all_begin), daemon=True) for _ in range(cores)]
    for each in scorers:
        each.start()
    try:
        all_begin.wait(120)
        yield
    finally:
        for each in scorers:
            each.terminate()
            each.join()


def _score(pipeline: Pipeline, frame: pd.DataFrame, all_begin: Barrier) -> None:
    all_begin.wait()
    while True:
        pipeline.score(frame)


def _frame(pipeline: Pipeline) -> pd.DataFrame:
    """Readings up to now: a quarter of an hour, and what the pipeline looks back on."""
    frame = simulate(pipeline.history + MINUTES * 60, start="2015-12-28 04:00").frame
    frame.index = pd.date_range(end=pd.Timestamp.now("UTC").tz_localize(None).floor("s"), periods=len(frame), freq="s")
    return frame


def _fill(to: InfluxSink, pipeline: Pipeline, frame: pd.DataFrame) -> Window:
    """A quarter of an hour with an attack: readings, scores of seven detectors (those of one, under their names)."""
    now = frame.index[-1]
    start = now - pd.Timedelta(MINUTES, "min")
    scored = pipeline.score(frame)["pca"]
    lines = [
        sink.reading_points(frame, PLANT),
        sink.score_points(pd.concat(dict.fromkeys(DEFAULT, scored), axis=1), PLANT),
        sink.attack_point(PLANT, "LIT101 spoof 1200", start + pd.Timedelta("5min"), start + pd.Timedelta("8min")),
        *(sink.point(sink.PIPELINE, {"query": "swat"}, {"rows_out": 2, "rows_per_second": 900.0}, when)
          for when in pd.date_range(start, now, freq="2s")),
    ]  # fmt: skip
    to.write(pa.concat_arrays(lines), PLANT)
    return Window(PLANT, start, now)
