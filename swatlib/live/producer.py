"""The producer: rows of a recording, or of a plant that runs now, sent to the topic `SWAT`.

A producer that was killed goes on after the last row that the topic holds for its plant: no row is lost or sent twice.
For that the rows reach the broker in order and every one is acknowledged: idempotent, by all replicas.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError
from kafka.partitioner.default import murmur2
from kafka.producer.future import FutureRecordMetadata

from swatlib.live import topic
from swatlib.live.acceptance import JUMP, TAKEN, Position, accept
from swatlib.live.line_protocol import name_fault, nanoseconds
from swatlib.live.telegraf import Counters, Monitor

ORIGINAL, NOW = "original", "now"
BLOCK_ROWS = 1_000  # rows encoded at once
TICK = 0.05  # seconds between two parts at least: encoding a row costs fifty times less among a hundred than alone
PENDING = 10  # blocks sent and not yet acknowledged
READ_BACK = (
    256  # messages read back from the end of a partition, then four times as many, until rows of the plant are found
)
SHIFT = "shift"  # header: nanoseconds by which the clock `now` moved a row
FARTHEST = pd.Timedelta("36500D")  # a larger shift is none of ours
FOR_EVER = 2**31 - 1
VISIBLE = 30.0  # seconds until a new topic must be listed

_log = logging.getLogger(__name__)
_Pending: TypeAlias = deque[tuple[FutureRecordMetadata, int]]  # the last message of a part, and the rows of the part


class ProducerError(OSError):
    """The broker can't be reached or did not take a row; the message names it and how long it was tried."""


class _Dropping(KafkaProducer):
    """A producer whose `close` drops what it could not send in time; kafka-python's raises then, and is not closed."""

    def flush(self, timeout: float | None = None) -> None:
        with suppress(KafkaTimeoutError):
            super().flush(timeout)


@dataclass(frozen=True)
class Sent:
    """What a producer did: rows sent now, rows of the source that the topic held before, and the last of those."""

    plant: str
    rows: int
    held: int
    last: pd.Timestamp | None

    def __str__(self) -> str:
        if self.held and not self.rows:
            return (
                f"The topic holds all {self.held:,} rows of plant {self.plant} (to {self.last}) already, nothing was "
                "sent. To stream them again give the plant another name with --plant."
            )
        before = f" after {self.held:,} that the topic held" if self.held else ""
        return f"{self.rows:,} rows of plant {self.plant} sent{before}."


@dataclass(frozen=True)
class Producer:
    """Sends the rows of one plant.

    speed: 1 is the plant's own pace, N is N times it, None as fast as the broker takes them. clock: `original` leaves
    the times as they are, `now` moves the first row to the present and keeps the spacing (and the move, when it is
    started again: what was missed meanwhile is sent at once). patience: seconds without an acknowledgement after which
    it raises ProducerError; monitor: gets a report every few seconds.
    """

    servers: str
    plant: str
    speed: float | None = 1.0
    clock: str = ORIGINAL
    topic: str = topic.READINGS
    patience: float = 600.0
    monitor: Monitor = field(default_factory=Monitor)

    def __post_init__(self) -> None:
        if self.clock not in (ORIGINAL, NOW):
            raise ValueError(f"clock {self.clock!r} is unknown; choose {ORIGINAL} or {NOW}")
        if self.speed is not None and not self.speed > 0:
            raise ValueError(f"speed is {self.speed}; give a number above 0, or None for as fast as possible")
        if fault := name_fault(self.plant):
            raise ValueError(f"plant {fault}")

    def send(self, frames: Iterable[pd.DataFrame], handed: Callable[..., None] = lambda *_: None) -> Sent:
        """Send frames of tags (float32, times ascending; a column `label` where it is known).

        Rows that the topic holds already are left out. `handed` is called with each part that was handed to the broker:
        its rows, and the shift of their times.
        """
        last, shift = self.last() or (None, None)
        before = last  # the row before the next one, in the source's own clock
        rows, held, pace = 0, 0, _Pace(self.speed)
        pending: _Pending = deque()
        counters = Counters(self.monitor, self.plant)
        with self._producer() as producer:
            for frame in frames:
                fresh = frame if last is None else frame[frame.index > last]
                held += len(frame) - len(fresh)
                if len(fresh):
                    shift = self._shift(fresh.index[0]) if shift is None else shift
                    jumps = np.diff(fresh.index.to_numpy(), prepend=np.datetime64(before or fresh.index[0])) > JUMP
                    before = fresh.index[-1]
                    restarts = fresh.index[jumps] + shift
                    for part in pace.parts(self._moved(fresh, shift)):
                        pending.append((self._send(producer, part, shift, part.index.isin(restarts)), len(part)))
                        counters.sent += len(part)
                        handed(part, shift)
                        counters.acked += self._acknowledged(pending, PENDING)
                        counters.report()
                    rows += len(fresh)
            counters.acked += self._acknowledged(pending, 0)
            counters.report(now=True)
        return Sent(self.plant, rows, held, last)

    def last(self) -> tuple[pd.Timestamp, pd.Timedelta] | None:
        """Time of the last row that the topic holds for the plant, in the source's own clock, and its shift."""
        with _reached(self.servers), reading_back(self.servers, self.patience) as consumer:
            partitions = consumer.partitions_for_topic(self.topic)
            if not partitions:
                raise ProducerError(f"{self.servers} has no topic {self.topic}; make it with `create_topics`")
            part = TopicPartition(self.topic, self._part(partitions))
            return _last(_backwards(consumer, part, self.plant.encode()))

    def _part(self, partitions: Iterable[int]) -> int:
        """The partition of the plant's messages: that of their key."""
        several = sorted(partitions)
        return several[(murmur2(self.plant.encode()) & 0x7FFFFFFF) % len(several)]

    @contextmanager
    def _producer(self) -> Iterator[KafkaProducer]:
        with _reached(self.servers):
            producer = _Dropping(
                bootstrap_servers=self.servers, acks="all", enable_idempotence=True, delivery_timeout_ms=FOR_EVER,
                linger_ms=5, batch_size=2**18, allow_auto_create_topics=False,
            )  # fmt: skip
        try:
            yield producer
        finally:
            producer.close(timeout=0)  # rows not acknowledged by now are dropped: what was sent has no gap

    def _shift(self, first: pd.Timestamp) -> pd.Timedelta:
        return (
            pd.Timedelta(0) if self.clock == ORIGINAL else pd.Timestamp.now("UTC").tz_localize(None).floor("s") - first
        )

    def _moved(self, frame: pd.DataFrame, shift: pd.Timedelta) -> pd.DataFrame:
        moved = frame.set_axis(frame.index + shift) if shift else frame
        limit = pd.Timestamp.now("UTC").tz_localize(None) + topic.AHEAD
        if moved.index[-1] > limit:
            raise ProducerError(
                f"row {moved.index[-1]} lies more than a day ahead and would be rejected; "
                f"use speed 1 with clock {NOW}, or clock {ORIGINAL}"
            )
        return moved

    def _send(
        self, producer: KafkaProducer, frame: pd.DataFrame, shift: pd.Timedelta, restart: np.ndarray
    ) -> FutureRecordMetadata:
        """Hand rows to the broker; the future of the last one."""
        label = frame.get("label")
        messages = topic.encode(frame.drop(columns="label", errors="ignore"), self.plant, label, restart)
        key, headers = self.plant.encode(), [(SHIFT, str(shift.value).encode())] if shift else []
        with _reached(self.servers):
            part = self._part(producer.partitions_for(self.topic))  # not by `send`, which looks it up for every message
            return [producer.send(self.topic, each, key=key, headers=headers, partition=part) for each in messages][-1]

    def _acknowledged(self, pending: _Pending, most: int) -> int:
        """Wait until no more than `most` parts are pending; number of rows found acknowledged."""
        rows = 0
        while len(pending) > most or (pending and pending[0][0].is_done):
            future, count = pending.popleft()
            with _reached(self.servers):
                future.get(timeout=self.patience)
            rows += count
        return rows


@dataclass
class _Pace:
    """Cuts frames into parts and yields each when it is due, counted from the first row."""

    speed: float | None

    def __post_init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def parts(self, frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
        if self.speed is None:
            yield frame
            return
        due, done, earliest = self._due(frame.index, self.speed), 0, 0.0
        while done < len(frame):
            time.sleep(max(max(due[done], earliest) - time.monotonic(), 0))
            earliest = time.monotonic() + TICK
            ready = int(np.searchsorted(due, time.monotonic(), side="right"))
            if ready > done:
                yield frame.iloc[done:ready]
                done = ready

    def _due(self, times: pd.DatetimeIndex, speed: float) -> np.ndarray:
        ns = nanoseconds(times)
        self._began = self._began or (time.monotonic(), ns[0])
        return self._began[0] + (ns - self._began[1]) / 1e9 / speed


def blocks(frame: pd.DataFrame, label: pd.Series | None = None, rows: int = BLOCK_ROWS) -> Iterator[pd.DataFrame]:
    """A recording's rows as `Producer.send` takes them."""
    whole = frame if label is None else frame.assign(label=label)
    return (whole.iloc[start : start + rows] for start in range(0, len(whole), rows))


class Control:
    """The attacks sent to one plant on the topic `SWAT.control`: `commands` gives those since its last call."""

    def __init__(self, servers: str, plant: str, name: str = topic.CONTROL):
        self.plant = plant
        with _reached(servers):
            self._consumer = _consumer(servers)
            parts = [TopicPartition(name, part) for part in self._consumer.partitions_for_topic(name) or ()]
            self._consumer.assign(parts)
            self._consumer.seek_to_end(*parts)
            for part in parts:
                self._consumer.position(part)

    def commands(self) -> list[topic.Command]:
        found = []
        for records in self._consumer.poll(timeout_ms=0).values():
            for record in records:
                try:
                    found.append(topic.Command.decode(record.value))
                except ValueError as error:
                    _log.warning("%s: %s", record.topic, error)
        return [command for command in found if command.plant == self.plant]

    def close(self) -> None:
        _close(self._consumer)


def request_attack(servers: str, command: topic.Command, name: str = topic.CONTROL) -> None:
    """Send an attack to the plant it names; it begins there with the next row."""
    with _reached(servers), closing(KafkaProducer(bootstrap_servers=servers, acks="all")) as producer:
        producer.send(name, command.encode(), key=command.plant.encode()).get(timeout=30)


def create_topics(servers: str, partitions: int = 4, names: Iterable[str] = topic.TOPICS) -> None:
    """Make the topics, kept for ever, the first in `partitions` parts. Topics that exist stay as they are."""
    names = list(names)
    with _reached(servers), closing(KafkaAdminClient(bootstrap_servers=servers)) as admin:
        for number, name in enumerate(names):
            # the broker unpacks what came compressed, so that every reader can read it and its size is what it is
            config = {"retention.ms": "-1", "retention.bytes": "-1", "compression.type": "uncompressed"}
            config |= {"message.timestamp.type": "LogAppendTime"}  # the broker's clock, whatever the sender's says
            try:
                admin.create_topics([NewTopic(name, 1 if number else partitions, -1, topic_configs=config)])
            except TopicAlreadyExistsError:
                _log.debug("topic %s is there already", name)
        deadline = time.monotonic() + VISIBLE
        while not set(names) <= set(admin.list_topics()):  # the broker shows a new topic a moment later
            if time.monotonic() > deadline:
                raise ProducerError(f"the Kafka broker at {servers} does not show its topics after {VISIBLE:.0f} s")
            time.sleep(0.1)


@contextmanager
def reading_back(servers: str, patience: float = 30.0) -> Iterator[KafkaConsumer]:
    """A consumer of what a topic holds now, closed at the end of the block."""
    consumer = _consumer(servers, patience, fetch_max_wait_ms=100)  # nothing new is waited for
    try:
        yield consumer
    finally:
        _close(consumer)


def _consumer(servers: str, patience: float = 30.0, **options: int) -> KafkaConsumer:
    wait = int(min(patience, 30.0) * 1000)
    return KafkaConsumer(
        bootstrap_servers=servers, bootstrap_timeout_ms=wait, enable_auto_commit=False, max_poll_records=10_000,
        **options,
    )  # fmt: skip


def _close(consumer: KafkaConsumer) -> None:
    """Close it once its last fetch is answered, so that none is left half written."""
    with suppress(KafkaError):
        if parts := consumer.assignment():
            consumer.end_offsets(parts, timeout_ms=1_000)  # the answer comes after all that was sent before
    consumer.close()


def _backwards(consumer: KafkaConsumer, part: TopicPartition, key: bytes) -> Iterator[list[ConsumerRecord]]:
    """All records of `key` in the last part of a partition, and in ever larger last parts, until it is whole."""
    consumer.assign([part])
    first, stop = consumer.beginning_offsets([part])[part], consumer.end_offsets([part])[part]
    size = READ_BACK
    records: list[ConsumerRecord] = []
    while stop > first:
        start = max(stop - size, first)
        consumer.seek(part, start)
        before = []
        while consumer.position(part) < stop:
            before += consumer.poll(timeout_ms=1000).get(part, [])
        records = [record for record in before if record.key == key and record.offset < stop] + records
        yield records
        stop, size = start, size * 4


def _last(parts: Iterator[list[ConsumerRecord]]) -> tuple[pd.Timestamp, pd.Timedelta] | None:
    """The last row that the stream takes: its time before the shift, and the shift.

    A single row may have the wrong time, so more rows are read until two agree. What can't be read is not counted.
    """
    found = None
    for records in parts:
        rows = topic.decode([record.value for record in records], topic.broker_times([r.timestamp for r in records]))
        shifts = [_shift_of(record) for record in records]
        ours = rows["reason"].isna().to_numpy() & np.array([shift is not None for shift in shifts], bool)
        times = nanoseconds(pd.DatetimeIndex(rows["time"]))[ours]
        verdicts, position = accept(times, rows["restart"].to_numpy()[ours], Position())
        if position.newest is not None:
            shift = shifts[np.flatnonzero(ours)[np.flatnonzero(verdicts == TAKEN)[-1]]]
            found = pd.Timestamp(position.newest) - shift, shift
            if not position.alone:
                break
    return found


def _shift_of(record: ConsumerRecord) -> pd.Timedelta | None:
    """By how much the clock `now` moved a row; None where the header is not a producer's."""
    try:
        shift = pd.Timedelta(int(dict(record.headers or ()).get(SHIFT, b"0")))
        return shift if abs(shift) < FARTHEST else None
    except (TypeError, ValueError, OverflowError):
        return None


@contextmanager
def _reached(servers: str) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise ProducerError(
            f"the Kafka broker at {servers} did not answer ({type(error).__name__}: {error}); "
            "see `python -m swatlib services status`"
        ) from None
