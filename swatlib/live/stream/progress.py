"""What each batch did, counted where it ran and stored as one point `pipeline`."""

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

from swatlib.live import sink, telegraf
from swatlib.live.stream.scorer import COUNTS

_log = logging.getLogger(__name__)


def observed(outcome: DataFrame) -> DataFrame:
    """The same rows; Spark hands the counts and latencies of each batch to the listener."""
    latency = sql.expr("percentile(latency, array(0.5, 0.95), stored)").alias("latency")
    counts = [sql.sum(column).alias(name) for name, column in COUNTS.items()]
    return outcome.observe("batch", sql.count("reason").alias("rejected"), *counts, latency)


class BatchListener(StreamingQueryListener):
    """Stores one point `pipeline` for each batch: rows in and out, rejected, rows/s, seconds, consumer lag, latency."""

    def __init__(self, to: sink.Sink, monitor: telegraf.Monitor):
        self.to, self.monitor, self.batches = to, monitor, 0
        self.last: int | None = None
        self.names: dict[str, str] = {}

    def wait(self, query: StreamingQuery, patience: float = 10.0) -> None:
        """Until the last batch of a query that ended has its point: Spark reports batches a moment later."""
        deadline = time.monotonic() + patience
        while query.lastProgress and self.last != query.lastProgress["batchId"] and time.monotonic() < deadline:
            time.sleep(0.02)

    def onQueryStarted(self, event) -> None:  # noqa: N802
        _log.info("query %s started", event.name)
        self.names[event.id] = event.name
        self._report(event.name, telegraf.QUERY_RUNS)

    def onQueryTerminated(self, event) -> None:  # noqa: N802
        _log.info("query %s ended: %s", event.id, event.exception or "stopped")
        self._report(self.names.get(event.id, ""), telegraf.QUERY_FAILED if event.exception else telegraf.QUERY_STOPPED)

    def onQueryIdle(self, event) -> None:  # noqa: N802
        self._report(self.names.get(event.id, ""), telegraf.QUERY_RUNS)

    def onQueryProgress(self, event) -> None:  # noqa: N802
        values = batch_fields(event.progress)
        when = pd.Timestamp(event.progress.timestamp)
        try:
            self.to.write(sink.point(sink.PIPELINE, {"query": event.progress.name}, values, when), sink.PIPELINE)
        except sink.SinkError as error:
            _log.warning("batch %s: its `pipeline` point is lost: %s", event.progress.batchId, error)
        self._report(event.progress.name, telegraf.QUERY_RUNS, values)
        self.batches, self.last = self.batches + 1, event.progress.batchId

    def _report(self, query: str, state: int, values: Mapping[str, float | None] = MappingProxyType({})) -> None:
        self.monitor.report(telegraf.STREAM, {"query": query}, {"state": state, **values})


@contextmanager
def watched(spark: SparkSession, to: sink.Sink, monitor: telegraf.Monitor) -> Iterator[BatchListener]:
    """In this context every batch gets its point `pipeline`, and Telegraf its report."""
    progress = BatchListener(to, monitor)
    spark.streams.addListener(progress)
    try:
        yield progress
    finally:
        spark.streams.removeListener(progress)


def batch_fields(progress) -> dict[str, float | None]:
    """Fields of the point `pipeline` from what Spark reports of a batch; latency in s, from broker to sink."""
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
