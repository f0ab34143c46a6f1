"""How long the queries of a board's refresh take on an InfluxDB of its own, for `swatlib.cli.performance`."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
    """For each of MEASURED_BOARDS how many queries it asks, and the seconds until all are answered."""
    with TemporaryDirectory(prefix="swat-bench-") as folder, Services(Path(folder), ("influxdb",)) as servers:
        base = servers.influxdb
        to, reader = (InfluxSink(base.url, base.org, base.bucket, base.token(right)) for right in ("write", "read"))
        window = _fill(to)
        for board in MEASURED_BOARDS:
            targets = [
                (target, panel.interval) for panel in panels(GRAFANA / f"{board}.json") for target in panel.targets
            ]
            targets += [(target, 1) for target in regions(GRAFANA / f"{board}.json")]
            yield len(targets)
            yield min(_refresh(targets, window, reader) for _ in range(3))


def _refresh(targets: list[tuple[dict, int]], window: Window, reader: InfluxSink) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda each: asked(each[0], window, reader, each[1]), targets))
    return time.perf_counter() - began


def _fill(to: InfluxSink) -> Window:
    """A quarter of an hour with an attack: readings, scores of seven detectors (those of one, under their names)."""
    pipeline = Pipeline(("pca",)).fit(simulate("1d", attacks=None))
    now = pd.Timestamp.now("UTC").tz_localize(None).floor("s")
    start = now - pd.Timedelta(MINUTES, "min")
    frame = simulate(pipeline.history + MINUTES * 60, start="2015-12-28 04:00").frame
    frame.index = pd.date_range(end=now, periods=len(frame), freq="s")
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
