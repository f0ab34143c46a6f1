"""The query from the topic through the scorer to the points; it is started again when it fails."""

import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import AnalysisException, PySparkException, StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.streaming import StreamingQuery

from swatlib.atomic import write_text
from swatlib.cluster.shipping import Shipped, ship
from swatlib.live import sink, topic
from swatlib.live.line_protocol import NAME_LENGTH
from swatlib.live.stream import workers
from swatlib.live.stream.progress import observed, watched
from swatlib.live.stream.scorer import OUTCOME, Scorer
from swatlib.live.stream.stateful import StatefulScorer
from swatlib.live.telegraf import Monitor
from swatlib.pipeline import Pipeline
from swatlib.servers import broker, spark_java
from swatlib.servers.installation import locked
from swatlib.settings import set_for_a_while
from swatlib.wording import count

WAITS = (1, 2, 5, 10, 20)  # seconds before a query that failed is started again; failing more often in a row it ends

_log = logging.getLogger(__name__)


class StreamError(OSError):
    """The query can't start, or failed again and again; the message holds the reason."""


@dataclass(frozen=True)
class Stream:
    """The query and where it runs.

    servers: Kafka's bootstrap servers. to: where points go. pipeline: a folder that `Pipeline.save` wrote, or None for
    readings alone. checkpoint: Spark's offsets and state; one folder a stream, kept. jars: the Kafka connector's.
    master: `local[2,4]` (threads, attempts), `local-cluster[2,1,1024]`, `spark://…`; every machine has swatlib.
    batch: rows at most in a batch. tasks: parallel groups of plants, fixed with the checkpoint; 0: one a core here, at
    most 4, and 4 on a cluster. memory: of the driver's JVM. python: the interpreter of the workers. options: further
    settings of Spark. monitor: gets the batches' reports.
    trusted: classes of one's own, by name, that the pipeline may hold.
    """

    servers: str
    to: sink.Sink
    checkpoint: Path
    pipeline: Path | None = None
    jars: Sequence[Path] = ()
    master: str = "local[*,4]"
    batch: int = 60_000
    tasks: int = 0
    memory: str = spark_java.MEMORY
    name: str = "swat"
    python: str = sys.executable
    readings: str = topic.READINGS
    rejected: str = topic.REJECTED
    options: dict[str, str] = field(default_factory=dict)
    monitor: Monitor = field(default_factory=Monitor)
    trusted: tuple[str, ...] = ()

    def session(self) -> SparkSession:
        """The Spark session, on 127.0.0.1 where the master is local."""
        with_jars = _java_with_jars(self.master, self.jars, self.memory)
        jars = {} if with_jars else {"spark.jars": ",".join(map(str, self.jars))}
        builder = SparkSession.builder.master(self.master).appName(self.name)
        for key, value in {**self._settings(), **jars, **self.options}.items():
            builder = builder.config(key, value)
        spark = builder.getOrCreate()
        spark.sparkContext.pythonExec = self.python
        spark.sparkContext.setLogLevel("WARN")
        workers.prepare(spark.sparkContext)
        return spark

    def start(self, spark: SparkSession, whole: bool = False) -> StreamingQuery:
        """Start the query; `whole`: end when what the topic holds now is done."""
        operator = StatefulScorer(Scorer(self._shipped(spark.sparkContext), self.to))
        outcome = self._messages(spark).groupBy("plant").transformWithStateInPandas(operator, OUTCOME, "Append", "None")
        writer = (
            self._rejected(observed(outcome))
            .writeStream.format("kafka")
            .queryName(self.name)
            .option("kafka.bootstrap.servers", self.servers)
            .option("topic", self.rejected)
            .option("checkpointLocation", str(self.checkpoint))
        )
        return (writer.trigger(availableNow=True) if whole else writer.trigger(processingTime="0 seconds")).start()

    def run(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Keep the query running until `stopped`, Ctrl-C or SIGTERM; one that fails goes on from its checkpoint.

        Raises StreamError when it fails again and again, when Java ends, and where another one has the checkpoint.
        """
        if SparkContext._active_spark_context is None:  # one that is made takes Ctrl-C for itself
            self.session()
        with _end_requested() as requested, _java_stays(requested.is_set):
            spark = self.session()
            try:
                with self._alone():
                    self._supervise(spark, lambda: requested.is_set() or stopped(), whole=False)
            finally:
                spark.stop()

    def drain(self, spark: SparkSession) -> None:
        """Score all that the topic holds now, then end. Raises StreamError when it fails again and again."""
        with self._alone():
            self._supervise(spark, lambda: False, whole=True)

    def _alone(self) -> AbstractContextManager[None]:
        """Hold the checkpoint, where a second stream would undo the batches of the first. Raises StreamError then."""
        return locked(self.checkpoint / "lock", self._refuse_second)  # Spark reads no file of that name

    def _refuse_second(self) -> None:
        raise StreamError(
            f"another stream runs with the checkpoint {self.checkpoint}; end it, or give this one another with "
            "--checkpoint"
        )

    def _supervise(self, spark: SparkSession, stopped: Callable[[], bool], whole: bool) -> None:
        self._remark_on_tasks()
        failures, batches = 0, 0
        prepared: Future[None] | None = workers.prepare(
            spark.sparkContext, self._shipped(spark.sparkContext, judged=whole)
        )
        with watched(spark, self.to, self.monitor) as listener:
            while not stopped():
                self._refuse_other_rows()
                query = self._begin(spark, whole)
                try:
                    while not stopped():
                        if query.awaitTermination(0.2):  # type: ignore[arg-type]  # it takes fractions
                            return listener.wait(query)
                        prepared = self._judged(prepared)
                except StreamingQueryException as error:
                    if not listener.batches:
                        self._refuse()
                    failures = 1 if listener.batches > batches else failures + 1
                    batches = listener.batches
                    if failures > len(WAITS):
                        raise StreamError(
                            f"the stream failed {failures} times without a batch between (checkpoint "
                            f"{self.checkpoint}): {_said(error)}"
                        ) from None
                    _log.warning("the stream failed, it starts again in %s s: %s", WAITS[failures - 1], _said(error))
                    _pause(WAITS[failures - 1], stopped)
                finally:
                    finish(query)

    def _begin(self, spark: SparkSession, whole: bool) -> StreamingQuery:
        begun = (self.checkpoint / "metadata").exists()
        try:
            return self.start(spark, whole)
        except (PySparkException, Py4JJavaError) as error:
            advice = "; if it is damaged, delete it to score all that the topic holds, or give another" if begun else ""
            raise StreamError(
                f"the stream can't start with the checkpoint {self.checkpoint}: {_said(error)}{advice}"
            ) from None

    def _remark_on_tasks(self) -> None:
        """In the log, where Spark goes on with the checkpoint's number of tasks and not with the one asked for."""
        kept = len([*(self.checkpoint / "state" / "0").glob("[0-9]*")])  # a folder of state for each
        if self.tasks and kept and kept != self.tasks:
            words = "the checkpoint %s is of %s, so it goes on with that, not %d; another number needs a new one"
            _log.warning(words, self.checkpoint, count(kept, "task"), self.tasks)

    def _refuse_other_rows(self) -> None:
        """Raises StreamError where the checkpoint is of another Kafka or topic: its offsets are those of other rows."""
        kept = self.checkpoint / "kafka-cluster"  # with the topic's id; Spark reads no file of that name
        here = broker.ids_of(self.servers, self.readings)
        if here is None:  # it may come later
            return
        cluster, made = here
        known = kept.read_text(encoding="utf-8", errors="replace").split() if kept.exists() else []
        if any((self.checkpoint / "offsets").glob("[0-9]*")):
            whose = ""
            if known and known[0] != cluster:
                whose = f"another Kafka (cluster {known[0]}; at {self.servers} is {cluster})"
            elif made and known[1:] not in ([], [made]):  # earlier versions kept the cluster's id alone
                whose = f"the topic {self.readings} as it was before it was made anew"
            if whose:
                raise StreamError(
                    f"the checkpoint {self.checkpoint} is of {whose}, and would pass over rows; delete it to score all "
                    "that the topic holds, or give another"
                )
        if made and known != [cluster, made]:
            write_text(kept, f"{cluster} {made}")

    def _shipped(self, context: SparkContext, judged: bool = False) -> Shipped | None:
        return None if self.pipeline is None else ship(context, self.pipeline, self.trusted, judged)

    def _judged(self, prepared: Future[None] | None) -> Future[None] | None:
        """None once it is known whether workers can load the pipeline. Raises ValueError where they may not."""
        if prepared is None or not prepared.done():
            return prepared
        if prepared.exception():
            self._refuse()
        return None

    def _refuse(self) -> None:
        """Raises ValueError for a pipeline that can't be loaded; workers met that first."""
        if self.pipeline is not None:
            Pipeline.load(self.pipeline, self.trusted)

    def _settings(self) -> dict[str, str]:
        state = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
        files = "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
        local = {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            # Spark's own choice forks a `chmod` for every file of a checkpoint: some 100 ms a commit
            "spark.sql.streaming.checkpointFileManagerClass": files,
        }
        return {
            **(local if self.master.startswith("local") else {}),
            **workers.SETTINGS,
            "spark.driver.memory": self.memory,
            "spark.driver.extraJavaOptions": spark_java.OPTIONS,
            "spark.shuffle.compress": "false",  # the machine's or the cluster's own network is faster
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": str(self.tasks or self._usual_tasks()),
            "spark.sql.streaming.stateStore.providerClass": state,
            "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
            "spark.sql.streaming.noDataMicroBatches.enabled": "false",
            "spark.sql.execution.arrow.maxRecordsPerBatch": str(self.batch),
        }

    def _usual_tasks(self) -> int:
        return min(4, os.cpu_count() or 1) if self.master.startswith("local[") else 4

    def _messages(self, spark: SparkSession) -> DataFrame:
        """plant, value (bytes), partition, offset, written (ms): one row a message. No key: the plant in the text.

        A key that is not UTF-8 is repaired, and equals no plant then. Keys and values that are too long are cut, but
        remain too long, so that they are rejected without being carried around.
        """
        text = sql.make_valid_utf8(sql.col("value").cast("string"))
        key = sql.make_valid_utf8(sql.col("key").cast("string"))
        plant = sql.substring(sql.coalesce(key, sql.get_json_object(text, "$.plant"), sql.lit("")), 1, NAME_LENGTH + 1)
        source = (
            spark.readStream.format("kafka")
            .option("kafka.bootstrap.servers", self.servers)
            .option("subscribe", self.readings)
            .option("startingOffsets", "earliest")
            .option("maxOffsetsPerTrigger", str(self.batch))
        )
        value = sql.substring("value", 1, topic.LONGEST + 1).alias("value")
        written = sql.unix_millis("timestamp").alias("written")
        try:
            loaded = source.load()
        except AnalysisException as error:
            if "Failed to find data source" not in str(error):
                raise
            raise StreamError(
                "the Java of this process was begun for another Spark session and has no connector to Kafka; start the "
                "stream in a new process, or restart the notebook's kernel first"
            ) from error
        return loaded.select(plant.alias("plant"), value, "partition", "offset", written)

    def _rejected(self, outcome: DataFrame) -> DataFrame:
        """key (place of the message), value (as it came, at most its first `topic.LONGEST` bytes), reason as header."""
        place = sql.concat_ws("-", sql.lit(self.readings), "partition", "offset")
        header = sql.struct(sql.lit("reason").alias("key"), sql.encode("reason", "utf-8").alias("value"))
        value = sql.substring("value", 1, topic.LONGEST).alias("value")
        rows = outcome.where("reason is not null")
        return rows.select(sql.encode(place, "utf-8").alias("key"), value, sql.array(header).alias("headers"))


@contextmanager
def _end_requested() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM, so that no call is interrupted; a second one interrupts."""
    requested = threading.Event()
    before: dict[int, Any] = {}

    def ask(*_) -> None:
        requested.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    if threading.current_thread() is threading.main_thread():
        before |= {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield requested
    finally:
        restore()


@contextmanager
def _java_stays(asked: Callable[[], bool]) -> Iterator[None]:
    """Raises StreamError where Java is gone, unless the end was asked for: a signal to all of a group ends Java too."""
    try:
        yield
    except (Py4JError, ConnectionError) as error:
        if isinstance(error, Py4JJavaError):  # said by a Java that runs
            raise
        if not asked():
            raise StreamError(
                "Spark's Java ended, as when it is killed or the machine is out of memory; start the stream again, it "
                "goes on where it was"
            ) from None


def _pause(seconds: float, stopped: Callable[[], bool]) -> None:
    """Sleep, but no longer than until `stopped`."""
    deadline = time.monotonic() + seconds
    while not stopped() and time.monotonic() < deadline:
        time.sleep(0.1)


def _java_with_jars(master: str, jars: Sequence[Path], memory: str) -> bool:
    """Have pyspark speak to a Java that was launched with these jars; False where it is left to launch its own."""
    if SparkContext._gateway is not None:  # it does already, to whichever was first in this process
        return False
    java = spark_java.begin_java(master, jars, memory)
    if java is None:
        return False
    port, secret = java.reached()
    with set_for_a_while(PYSPARK_GATEWAY_PORT=str(port), PYSPARK_GATEWAY_SECRET=secret):
        SparkContext._ensure_initialized()
    return True


def _said(error: Exception) -> str:
    """What an error of Spark says, on one line, without Java's stack and the query's plan."""
    return " ".join(re.split(r"\n\s*(?:at |JVM stacktrace|=== Streaming Query)", str(error))[0].split())


def finish(query: StreamingQuery, patience: float = 3.0) -> None:
    """Stop a query between two batches; after `patience` seconds within one, which is repeated at the next start."""
    deadline = time.monotonic() + patience
    while query.isActive and query.status["isTriggerActive"] and time.monotonic() < deadline:
        time.sleep(0.02)
    if query.isActive:
        query.stop()
