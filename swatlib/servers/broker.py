"""Kafka as its clients see it: whether it answers, the partitions of a topic, and what they hold now."""

import logging
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

MOMENT, LONGER = 0.5, 2.0  # seconds that a call to librdkafka may last, which holds Ctrl-C off
BROKER_PATIENCE = 30.0  # seconds until a broker must have answered
MOST_MESSAGES = 10_000  # taken at once
CRITICAL = 2  # of syslog's levels; from lesser ones librdkafka has a line for each attempt to reach a broker
_PASSING = (  # errors while a broker starts, or of a topic that was just made
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


def kafka_answers(servers: str) -> bool:
    """Whether a broker at this host:port (or the first of several, comma between) describes its cluster."""
    host, _, port = servers.split(",", 1)[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
        client = broker_admin(servers)
        return bool(answered(lambda moment: client.list_topics(timeout=moment), 10).brokers)
    except (OSError, ValueError, KafkaException):
        return False


def ids_of(servers: str, name: str, patience: float = 5.0) -> tuple[str, str] | None:
    """Id of the cluster, given with its data folder, and of a topic, given when it is made; "" where that is not told.

    None without an answer. patience: seconds for each of the two questions.
    """
    client = broker_admin(servers)
    try:
        cluster = answered(lambda moment: client.list_topics(timeout=moment), patience).cluster_id
    except KafkaException:
        return None
    try:
        found = client.describe_topics(TopicCollection([name]), request_timeout=patience)[name].result()
    except KafkaException:
        return str(cluster), ""
    return str(cluster), str(found.topic_id)


def broker_admin(servers: str) -> AdminClient:
    """Kafka's administrator."""
    return AdminClient(client_settings(servers), logger=_log)


def broker_reader(servers: str, **own: Any) -> Consumer:
    """A consumer of what topics hold, to be closed; it joins no group, and where it is is not kept.

    Without other settings it raises for an offset that is gone, and hardly waits for what is new.
    """
    alone = {"group.id": "swatlib", "enable.auto.commit": False, "enable.partition.eof": True}
    held = {"auto.offset.reset": "error", "fetch.wait.max.ms": 100}
    return Consumer(client_settings(servers, **alone, **{**held, **own}), logger=_log)


def client_settings(servers: str, **own: Any) -> dict[str, Any]:
    """Of any client; a broker that went away is met within a second when it is back."""
    return {"bootstrap.servers": servers, "reconnect.backoff.max.ms": 1_000, "log_level": CRITICAL, **own}


def partitions_of(reader: Consumer, name: str, patience: float = BROKER_PATIENCE) -> list[int]:
    """Numbers of a topic's partitions; none where there is no such topic. Raises KafkaException without an answer."""
    found = answered(lambda moment: reader.list_topics(name, moment), patience).topics[name]
    if found.error is not None and found.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise KafkaException(found.error)
    return sorted(found.partitions)


def offsets_of(reader: Consumer, name: str, part: int, patience: float = BROKER_PATIENCE) -> tuple[int, int]:
    """Of the first message of a partition, and of the next one to come. Raises KafkaException without an answer."""
    return answered(lambda moment: reader.get_watermark_offsets(TopicPartition(name, part), moment), patience)


def has_messages_since(reader: Consumer, name: str, since: float) -> bool:
    """Whether a topic holds messages that were written at this time (seconds since 1970) or later."""
    asked = [TopicPartition(name, part, round(since * 1000)) for part in partitions_of(reader, name)]
    found = answered(lambda moment: reader.offsets_for_times(asked, moment)) if asked else []
    for each in found:
        if each.error is not None:
            raise KafkaException(each.error)
    return any(each.offset >= 0 for each in found)


def read_messages(
    reader: Consumer, name: str, part: int, start: int, stop: int, patience: float = BROKER_PATIENCE
) -> list[Message]:
    """Messages of a partition, from an offset to before another.

    Raises KafkaException for what the broker refuses, and when it sends nothing for so many seconds.
    """
    reader.assign([TopicPartition(name, part, start)])
    found: list[Message] = []
    deadline = time.monotonic() + patience
    while start < stop:
        for message in reader.consume(min(stop - start, MOST_MESSAGES), MOMENT):
            error, offset, deadline = message.error(), message.offset(), time.monotonic() + patience
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            if error is None and offset is not None and offset < stop:
                found.append(message)
                start = offset + 1
            else:  # no further one
                start = stop
        if time.monotonic() > deadline:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"nothing came for {patience:g} s"))
    return found


def answered(ask: Callable[[float], _Answer], patience: float = BROKER_PATIENCE) -> _Answer:
    """What `ask` answers within so many seconds; it is called with a moment of them, then with longer ones.

    Raises KafkaException with the reason when it does not.
    """
    deadline, moment = time.monotonic() + patience, MOMENT
    while True:
        try:
            return ask(min(moment, max(deadline - time.monotonic(), 0.05)))
        except KafkaException as error:
            if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                raise
            moment = min(2 * moment, LONGER)
            time.sleep(0.05)
