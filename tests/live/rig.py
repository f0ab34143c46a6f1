"""What the tests of the live stream share: topics of their own, a stream on this machine, equality of scores."""

import uuid
from pathlib import Path

import pandas as pd

from swatlib.live.producer import Producer, blocks, create_topics
from swatlib.live.services import connector
from swatlib.live.sink import InfluxSink
from swatlib.live.stream import Stream


def topics(servers: str, partitions: int = 4) -> tuple[str, str, str]:
    """Names of new topics for readings, rejected messages and commands."""
    names = tuple(f"{name}-{uuid.uuid4().hex[:8]}" for name in ("SWAT", "rejected", "control"))
    create_topics(servers, partitions, names)
    return names


def send(servers: str, name: str, frame: pd.DataFrame, plant: str = "swat", **settings):
    return Producer(servers, plant, **{"speed": None, "topic": name, **settings}).send(blocks(frame))


def stream(servers: str, to, folder: Path, names: tuple[str, ...], pipeline: Path | None, **settings) -> Stream:
    standard = {"master": "local[2,4]", "tasks": 2, "jars": connector(), "readings": names[0], "rejected": names[1]}
    return Stream(servers, to, folder / "checkpoint", pipeline, **{**standard, **settings})


def influx_sink(influxdb) -> InfluxSink:
    """A sink that may read too, which those of the stream need not."""
    return InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("operator"))
