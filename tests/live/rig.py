"""What the tests of the live stream share: topics of their own, a stream on this machine, equality of scores."""

import json
import subprocess
import sys
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import Request

import pandas as pd
from confluent_kafka import KafkaException, Message
from confluent_kafka import Producer as Client
from pyspark.sql import SparkSession

from swatlib.live.producer import Producer, blocks, create_topics
from swatlib.live.sink import InfluxSink
from swatlib.live.stream import Stream
from swatlib.servers import broker, connector
from swatlib.servers.influx import direct
from swatlib.settings import environment


def topics(servers: str, partitions: int = 4) -> tuple[str, str, str]:
    """Names of new topics for readings, rejected messages and commands."""
    names = tuple(f"{name}-{uuid.uuid4().hex[:8]}" for name in ("SWAT", "rejected", "control"))
    create_topics(servers, partitions, names)
    return names


def send(servers: str, name: str, frame: pd.DataFrame, plant: str = "swat", **settings):
    return Producer(servers, plant, **{"speed": None, "topic": name, **settings}).send(blocks(frame))


@contextmanager
def client(servers: str, **settings):
    """Kafka's own client: `produce(topic, value, key)`; whatever it was given is stored at the end of the block."""
    refused = []
    told = {"on_delivery": lambda error, _: error and refused.append(error), "linger.ms": 5}
    usual = {**told, "partitioner": "murmur2_random"}  # as Java's client
    with Client(broker.client_settings(servers, **{**usual, **settings})) as producer:
        yield producer
        assert producer.flush(30) == 0
    if refused:
        raise KafkaException(refused[0])


def messages(servers: str, name: str) -> list[Message]:
    """All that a topic holds, partition after partition."""
    with closing(broker.broker_reader(servers)) as reader:
        extents = {part: broker.offsets_of(reader, name, part) for part in broker.partitions_of(reader, name)}
        return [each for part, extent in extents.items() for each in broker.read_messages(reader, name, part, *extent)]


def stream(servers: str, to, folder: Path, names: tuple[str, ...], pipeline: Path | None, **settings) -> Stream:
    standard = {"master": "local[2,4]", "tasks": 2, "jars": connector(), "readings": names[0], "rejected": names[1]}
    return Stream(servers, to, folder / "checkpoint", pipeline, **{**standard, **settings})


def drain(query: Stream) -> SparkSession:
    """Score all that the topic holds, then end; in the session that this process has, where it fits."""
    running = SparkSession.getActiveSession()
    if running is not None and (running.sparkContext.master != query.master or lacks_page(running, query)):
        running.stop()
    spark = query.session()
    query.drain(spark)
    return spark


def lacks_page(running: SparkSession, query: Stream) -> bool:
    return "spark.ui.enabled" in query.options and running.sparkContext.uiWebUrl is None


def influx_sink(influxdb) -> InfluxSink:
    """A sink that may read too, which those of the stream need not."""
    return InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("operator"))


@contextmanager
def terminal(folder: Path, *words):
    """A verb as its user types it, in a process group of its own; what it prints goes to a file."""
    log = folder / f"terminal-{words[0]}.log"
    command = [sys.executable, "-m", "swatlib", *map(str, words), "--folder", str(folder)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, env=environment())
    process.log = log
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def alert(listener: str, plant: str) -> int:
    """Send what Grafana 12 sends for an alert, as far as it is read; the answer's status."""
    firing = {
        "status": "firing",
        "labels": {"alertname": "Detectors agree on an alarm", "plant": plant},
        "annotations": {"summary": f"4 detectors are in alarm on plant {plant}"},
        "startsAt": "2026-01-01T00:00:00Z",
        "values": {"B": 4, "C": 1},
    }
    body = json.dumps({"receiver": "swat-webhook", "status": "firing", "alerts": [firing]}).encode()
    with direct.open(Request(f"http://{listener}/alert", body, {"Content-Type": "application/json"})) as answer:
        return answer.status
