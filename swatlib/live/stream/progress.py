"""What a batch has done, counted where it ran and stored as one point `pipeline`."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.streaming import StreamingQuery, StreamingQueryListener

from swatlib.live import sink
from swatlib.live import telegraf as monitor
from swatlib.live.stream.scorer import COUNTS

_log = logging.getLogger(__name__)


def observed(outcome: DataFrame) -> DataFrame:
    """The same rows, with the batch's counts and latencies left for the listener."""
    latency = sql.expr("percentile(latency, array(0.5, 0.95), stored)").alias("latency")
    counts = [sql.sum(column).alias(name) for name, column in COUNTS.items()]
    return outcome.observe("batch", sql.count("reason").alias("rejected"), *counts, latency)


class Progress(StreamingQueryListener):
    """One point `pipeline` a batch: rows in and out, rejected, rows/s, batch seconds, offsets behind, latency."""

    def __init__(self, to: sink.Sink, reports: monitor.Monitor):
        self.to, self.reports, self.batches, self.last, self.names = to, reports, 0, None, {}

    def wait(self, query: StreamingQuery, patience: float = 10.0) -> None:
        """Until the last batch of a query that ended has its point: Spark tells of batches a moment later."""
        deadline = time.monotonic() + patience
        while query.lastProgress and self.last != query.lastProgress["batchId"] and time.monotonic() < deadline:
            time.sleep(0.02)

    def onQueryStarted(self, event) -> None:  # noqa: N802
        _log.info("query %s started", event.name)
        self.names[event.id] = event.name
        self._report(event.name, monitor.RUNS)

    def onQueryTerminated(self, event) -> None:  # noqa: N802
        _log.info("query %s ended: %s", event.id, event.exception or "stopped")
        self._report(self.names.get(event.id, ""), monitor.FAILED if event.exception else monitor.STOPPED)

    def onQueryIdle(self, event) -> None:  # noqa: N802
        self._report(self.names.get(event.id, ""), monitor.RUNS)

    def onQueryProgress(self, event) -> None:  # noqa: N802
        values = measured(event.progress)
        when = pd.Timestamp(event.progress.timestamp)
        try:
            self.to.write(sink.point(sink.PIPELINE, {"query": event.progress.name}, values, when), sink.PIPELINE)
        except sink.SinkError as error:
            _log.warning("batch %s: its `pipeline` point is lost: %s", event.progress.batchId, error)
        self._report(event.progress.name, monitor.RUNS, values)
        self.batches, self.last = self.batches + 1, event.progress.batchId

    def _report(self, query: str, state: int, values: Mapping[str, float | None] = MappingProxyType({})) -> None:
        self.reports.report(monitor.STREAM, {"query": query}, {"state": state, **values})


@contextmanager
def watched(spark: SparkSession, to: sink.Sink, reports: monitor.Monitor) -> Iterator[Progress]:
    """While it lasts, every batch has its point `pipeline`, and Telegraf is told."""
    progress = Progress(to, reports)
    spark.streams.addListener(progress)
    try:
        yield progress
    finally:
        spark.streams.removeListener(progress)


def measured(progress) -> dict[str, float | None]:
    """Fields of the point `pipeline` from Spark's progress of a batch; latency in seconds from sent to stored."""
    seen = progress.observedMetrics["batch"].asDict() if "batch" in progress.observedMetrics else {}
    p50, p95 = seen.pop("latency", None) or (None, None)
    return {
        "batch": progress.batchId,
        "rows_in": progress.numInputRows,
        **{name: count or 0 for name, count in seen.items()},
        "rows_per_second": round(progress.processedRowsPerSecond, 3),
        "seconds": progress.batchDuration / 1000,
        "behind": sum(_offsets(source.latestOffset) - _offsets(source.endOffset) for source in progress.sources),
        "latency_p50": p50,
        "latency_p95": p95,
    }


def _offsets(text: str | None) -> int:
    return sum(offset for parts in json.loads(text or "{}").values() for offset in parts.values())
