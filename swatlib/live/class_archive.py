"""The archives of Java's classes that Kafka and a stream start with, made by a short stream over a Kafka of its own."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from swatlib.live.producer import Producer, blocks, create_topics
from swatlib.live.sink import FileSink
from swatlib.plant import TAG_NAMES
from swatlib.servers import Services, ServicesError, connector
from swatlib.servers.kafka_java import broker_classes_kept
from swatlib.servers.kinds import until
from swatlib.servers.spark_java import driver_classes_kept

_ROWS = 60
_PATIENCE = 120.0  # seconds


def make_archives() -> None:
    """Raises ServicesError when none can be made; a stream starts without it too."""
    with _as_services_error():
        _record()


@contextmanager
def _as_services_error() -> Iterator[None]:
    """Whatever Kafka, Spark or the machine raise, as a ServicesError."""
    try:
        yield
    except ServicesError:
        raise
    except Exception as error:  # py4j has many, and Java's own come through
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        raise ServicesError(
            f"the stream that shows which classes are wanted failed: {type(error).__name__}: {reason}"
        ) from error


def _record() -> None:
    from swatlib.live.stream import Stream  # the producer's image has no Spark

    with (
        tempfile.TemporaryDirectory(prefix="swat-classes-") as scratch,
        broker_classes_kept(),
        Services(Path(scratch), ("kafka",)) as servers,
    ):
        create_topics(servers.kafka)
        times = pd.date_range("2015-12-22 16:00", periods=_ROWS, freq="s", name="time")
        rows = pd.DataFrame(0.0, times, list(TAG_NAMES), "float32")
        for each in blocks(rows, rows=_ROWS // 2):
            Producer(servers.kafka, "archive", None).send([each])
        with driver_classes_kept(connector()):
            stream = Stream(servers.kafka, FileSink(Path(scratch)), Path(scratch, "checkpoint"), None, connector())
            spark = stream.session()
            try:
                stream.drain(spark)
            finally:
                spark.stop()
        os.kill(servers.pid("kafka"), signal.SIGTERM)  # its classes are written before it ends, which may take a while
        until(lambda: servers.status()["kafka"].state == "gone", "Kafka has not ended", _PATIENCE)
