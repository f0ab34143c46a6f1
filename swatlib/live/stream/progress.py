"""What each batch did, counted where it ran and stored as one point `pipeline`."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import Any

import pandas as pd
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.streaming import StreamingQuery, StreamingQueryListener
from pyspark.sql.streaming.listener import JStreamingQueryListener

from swatlib.live import sink, telegraf
from swatlib.live.stream.scorer import COUNTS

_log = logging.getLogger(__name__)


def observed(outcome: DataFrame) -> DataFrame:
    """The same rows; Spark hands the counts and latencies of each batch to the listener."""
    latency = sql.expr("percentile(latency, array(0.5, 0.95), stored)").alias("latency")
    counts = [sql.sum(column).alias(name) for name, column in COUNTS.items()]
    return outcome.observe("batch", sql.count("reason").alias("rejected"), *counts, latency)


class _ProgressAsJson(JStreamingQueryListener):
    """Asks Java for a batch's progress as one text; pyspark's own asks for each of its hundreds of values by itself."""

    def onQueryProgress(self, jevent: Any) -> None:  # noqa: N802
        self.pylistener.onQueryProgress(json.loads(jevent.progress().json()))


class BatchListener(StreamingQueryListener):
    """Stores one point `pipeline` for each batch: rows in and out, rejected, rows/s, seconds, consumer lag, latency."""

    def __init__(self, to: sink.Sink, monitor: telegraf.Monitor):
        self.to, self.monitor, self.batches = to, monitor, 0
        self.last: int | None = None
        self.names: dict[str, str] = {}

    @cached_property
    def _jlistener(self) -> Any:
        """What Spark calls; pyspark asks for it by this name."""
        assert SparkContext._jvm
        return SparkContext._jvm.PythonStreamingQueryListenerWrapper(_ProgressAsJson(self))

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

    def onQueryProgress(self, progress) -> None:  # noqa: N802
        values, query, when = batch_fields(progress), progress["name"], pd.Timestamp(progress["timestamp"])
        try:
            self.to.write(sink.point(sink.PIPELINE, {"query": query}, values, when), sink.PIPELINE)
        except sink.SinkError as error:
            _log.warning("batch %s: its `pipeline` point is lost: %s", values["batch"], error)
        self._report(query, telegraf.QUERY_RUNS, values)
        self.batches, self.last = self.batches + 1, progress["batchId"]

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


def batch_fields(progress: Mapping[str, Any]) -> dict[str, float | None]:
    """Fields of the point `pipeline` from what Spark reports of a batch; latency in s, from broker to sink.

    progress: as `StreamingQuery.lastProgress`, from which Spark leaves out a rate that is no number.
    """
    seen = dict(progress.get("observedMetrics", {}).get("batch", {}))
    p50, p95 = seen.pop("latency", None) or (None, None)
    rate = progress.get("processedRowsPerSecond")
    return {
        "batch": progress["batchId"],
        "rows_in": progress["numInputRows"],
        **{name: count or 0 for name, count in seen.items()},
        "rows_per_second": None if rate is None else round(rate, 3),
        "seconds": progress["batchDuration"] / 1000,
        "behind": sum(_total(each["latestOffset"]) - _total(each["endOffset"]) for each in progress["sources"]),
        "latency_p50": p50,
        "latency_p95": p95,
    }


def _total(offsets: Mapping[str, Mapping[str, int]] | None) -> int:
    """Sum over all partitions of offsets by topic and partition."""
    return sum(offset for parts in (offsets or {}).values() for offset in parts.values())
