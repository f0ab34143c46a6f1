"""Speed of the live stream on real servers of its own, for `swatlib.cli.performance`.

Broker, Spark, InfluxDB and producer share the machine, as they do in a demonstration.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from swatlib.cli.run_performance import family_gigabytes
from swatlib.cli.sent_rows import send_rows
from swatlib.live import sink
from swatlib.live.producer import create_topics
from swatlib.live.sink import FileSink, InfluxSink
from swatlib.live.stream import Stream
from swatlib.pipeline import Pipeline
from swatlib.servers import Services, ServicesError, connector
from swatlib.servers import records as processes

SENDING_PLANTS = tuple(f"plant {number}" for number in range(1, 5))
ROWS_EACH = 100_000  # that each plant sends
ROWS_PER_SECOND = 3_500  # rows/s of each plant: together more than the stream takes, so that it is never idle
UNSCORED_ROWS_PER_SECOND = 8_000  # the same, where it scores nothing
ROWS_ALONE = 40_000  # rows for a stage measured alone
WARM_BATCHES = 2  # first batches, not counted: workers start and import
WATCHED_SECONDS = 90  # at 1 row/s
SELDOM = 5.0  # seconds between two looks: each takes .1 s of a processor that the stream wants


def measure_stream(pipeline: Path, rows: Path) -> tuple[float, ...]:
    """All figures, in the order of `swatlib.cli.performance.GOALS`.

    pipeline: saved. rows: a parquet of tags, ROWS_EACH rows or more.
    """
    scored, memory = _sustained(pipeline, rows)
    plain, _ = _sustained(None, rows)
    start, latency = _at_one_row_per_second(pipeline, rows)
    return scored, plain, *_alone(pipeline, rows), latency, start, memory, scored / _row_at_a_time(pipeline, rows)


def _sustained(pipeline: Path | None, rows: Path) -> tuple[float, float]:
    """Throughput (rows/s) while all plants send, and the most memory (GB) of driver and workers."""
    memory, speed = [0.0], UNSCORED_ROWS_PER_SECOND if pipeline is None else ROWS_PER_SECOND
    with _servers() as (servers, reader), _process(servers.folder, pipeline) as pid:
        with _sending(servers.kafka, rows, ROWS_EACH, speed) as sent:
            _wait(
                lambda: _stored(reader) >= ROWS_EACH * len(SENDING_PLANTS),
                sent,
                lambda: memory.append(family_gigabytes(pid)),
                every=SELDOM,
            )
        return _rate(reader.batches()), max(memory)


def _at_one_row_per_second(pipeline: Path, rows: Path) -> tuple[float, float]:
    """Seconds from the start of the stream to the first stored point, and from sent to stored (p95)."""
    with _servers() as (servers, reader):
        began = time.monotonic()
        with (
            _process(servers.folder, pipeline),
            _sending(servers.kafka, rows, Pipeline.load(pipeline).history + 3_600, 1.0, SENDING_PLANTS[:1]) as sent,
        ):
            _wait(lambda: _stored(reader) > 0, sent)
            start = time.monotonic() - began
            _wait(lambda: _stored(reader) >= WATCHED_SECONDS, sent)
            later = reader.batches().iloc[WARM_BATCHES:]
            return start, float(np.quantile(later["latency_p95"], 0.95))


def _alone(pipeline: Path, rows: Path) -> Iterator[float]:
    """Rows/s of each stage by itself: into Kafka, through Spark to Python, scoring, into InfluxDB."""
    with _servers() as (servers, _):
        began = time.monotonic()
        with _sending(servers.kafka, rows, ROWS_EACH, None) as sent:
            sent.result()
        yield ROWS_EACH * len(SENDING_PLANTS) / (time.monotonic() - began)
        batches_only = BatchesOnly(servers.folder / "points")
        through = Stream(servers.kafka, batches_only, servers.folder / "alone", None, connector())
        spark = through.session()
        through.drain(spark)
        spark.stop()
        yield _rate(batches_only.batches())
        fitted, frame = Pipeline.load(pipeline), pd.read_parquet(rows).iloc[:ROWS_ALONE]
        pieces = [frame.iloc[max(start - fitted.history, 0) : start + 5_000] for start in range(0, ROWS_ALONE, 5_000)]
        began = time.monotonic()
        scores = [fitted.score(piece) for piece in pieces]
        yield ROWS_ALONE / (time.monotonic() - began)
        to = _writer(servers)
        began = time.monotonic()
        for piece, scored in zip(pieces, scores, strict=True):
            _store(to, piece.iloc[-5_000:], scored.iloc[-5_000:])
        yield ROWS_ALONE / (time.monotonic() - began)


def _row_at_a_time(pipeline: Path, rows: Path, count: int = 200) -> float:
    """Rows/s of a loop that scores each reading by itself, with its history, and writes its points."""
    fitted = Pipeline.load(pipeline)
    frame = pd.read_parquet(rows).iloc[: fitted.history + count]
    with _servers() as (servers, _):
        to, began = _writer(servers), time.monotonic()
        for row in range(fitted.history, len(frame)):
            piece = frame.iloc[row - fitted.history : row + 1]
            _store(to, piece.iloc[-1:], fitted.score(piece).iloc[-1:])
        return count / (time.monotonic() - began)


class BatchesOnly(FileSink):
    """A sink that keeps the points about batches and drops all others."""

    def write(self, points: Any, name: str) -> None:
        if name == sink.PIPELINE:
            super().write(points, name)


@contextmanager
def _servers() -> Iterator[tuple[Services, InfluxSink]]:
    """Fresh servers in a folder that goes with them, and a reader of what is stored."""
    with TemporaryDirectory(prefix="swat-bench-") as folder, Services(Path(folder), ("kafka", "influxdb")) as servers:
        create_topics(servers.kafka)
        base = servers.influxdb
        yield servers, InfluxSink(base.url, base.org, base.bucket, base.token("read"))


@contextmanager
def _process(folder: Path, pipeline: Path | None) -> Iterator[int]:
    """The stream as its user starts it; its process."""
    saved = [] if pipeline is None else [str(pipeline)]
    command = [sys.executable, "-m", "swatlib", "stream", *saved, "--folder", str(folder)]
    record = processes.launch("stream", "", command, {}, folder / "stream.log")
    assert record.pid is not None
    try:
        yield record.pid
    finally:
        processes.end_processes([record], (signal.SIGINT, signal.SIGKILL))


@contextmanager
def _sending(
    servers: str, rows: Path, count: int, speed: float | None, plants: tuple[str, ...] = SENDING_PLANTS
) -> Iterator[Future[None]]:
    """The producer in a process of its own, which ends with the block, whether all was sent or not."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool.submit(send_rows, servers, rows, count, speed, plants)
        for child in pool._processes.values():
            child.terminate()


def _writer(servers: Services) -> InfluxSink:
    base = servers.influxdb
    return InfluxSink(base.url, base.org, base.bucket, base.token("write"))


def _store(to: InfluxSink, frame: pd.DataFrame, scored: pd.DataFrame) -> None:
    to.write(sink.reading_points(frame, SENDING_PLANTS[0]), SENDING_PLANTS[0])
    to.write(sink.score_points(scored, SENDING_PLANTS[0]), SENDING_PLANTS[0])


def _stored(reader: InfluxSink) -> int:
    counted = reader.select(f'SELECT sum("rows_out") FROM "{sink.PIPELINE}"')
    return 0 if counted.empty else int(counted["sum"].iloc[0])


def _rate(batches: pd.DataFrame) -> float:
    """Rows/s from the end of the batches that warm up to the end of the last full one; few rows after it take long.

    Raises ServicesError where no batch is left to count.
    """
    full = np.flatnonzero(batches["rows_out"] > batches["rows_out"].max() / 2)
    counted = batches.iloc[: full[-1] + 1] if len(full) else batches
    if len(counted) <= WARM_BATCHES:
        raise ServicesError(f"the stream had {len(counted)} full batches; more than {WARM_BATCHES} show its throughput")
    ends = counted.index + pd.to_timedelta(counted["seconds"], unit="s")
    span = ends.iloc[-1] - ends.iloc[WARM_BATCHES - 1]
    return float(counted["rows_out"].iloc[WARM_BATCHES:].sum() / span.total_seconds())


def _wait(
    holds: Callable[[], bool],
    sent: Future[None],
    each: Callable[[], None] = lambda: None,
    most: float = 900,
    every: float = 0.2,
) -> None:
    """Wait until it holds, which is asked again after `every` seconds.

    Raises what the producer raised, and ServicesError after `most` seconds.
    """
    deadline = time.monotonic() + most
    while not holds():
        if sent.done():
            sent.result()
        if time.monotonic() > deadline:
            raise ServicesError(f"the stream did not come to its end within {most:g} s")
        each()
        time.sleep(every)
