"""The producer: rows of a recording, or of a plant that runs now, sent to the topic `SWAT`.

A producer that was killed goes on after the last row that the topic holds for its plant: no row is lost or sent twice.
For that the rows reach the broker in order and every one is acknowledged: idempotent, by all replicas.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from queue import SimpleQueue
from typing import NamedTuple

import confluent_kafka as kafka
import numpy as np
import pandas as pd
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import NewTopic

from swatlib.live import topic
from swatlib.live.acceptance import JUMP, TAKEN, Position, accept
from swatlib.live.line_protocol import name_fault, nanoseconds
from swatlib.live.telegraf import Counters, Monitor
from swatlib.servers import broker

ORIGINAL, NOW = "original", "now"
BLOCK_ROWS = 1_000  # rows encoded at once
TICK = 0.05  # seconds between two parts at least
PENDING = 10 * BLOCK_ROWS  # rows sent and not yet acknowledged
READ_BACK = 256  # messages read back from a partition's end, then four times as many, until rows of the plant are found
SHIFT = "shift"  # header: nanoseconds by which the clock `now` moved a row
FARTHEST = pd.Timedelta("36500D")  # a larger shift is none of ours
LINGER = 5  # ms that a row waits for others to be sent with
UNHEARD = 5.0  # seconds without an acknowledgement after which it is told
ASKED_AGAIN = 0.1  # seconds after which a client is asked again
COMMANDS = 1_000  # taken at once
VISIBLE = 30.0  # seconds until a new topic must be listed

_MIXER, _BITS = 0x5BD1E995, 0xFFFFFFFF  # of MurmurHash2

_log = logging.getLogger(__name__)
_unsaid = logging.Logger(__name__)  # shows nothing: what ends a producer of librdkafka is raised, in a sentence
_unsaid.addHandler(logging.NullHandler())


class ProducerError(OSError):
    """The broker can't be reached or did not take a row; the message names it and how long it was tried."""


@dataclass(frozen=True)
class Sent:
    """What a producer did: rows sent now, rows that were not newer than the topic's `last` of the plant."""

    plant: str
    rows: int
    held: int
    last: pd.Timestamp | None

    def __str__(self) -> str:
        if self.held and not self.rows:
            return (
                f"Nothing was sent: none of {self.held:,} rows is newer than the last one of plant {self.plant} that "
                f"the topic holds ({self.last}). To stream them give the plant another name with --plant."
            )
        before = f" after {self.held:,} that are not newer than those of the topic" if self.held else ""
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
        if self.speed is not None and not 0 < self.speed < math.inf:
            raise ValueError(f"speed is {self.speed}; give a number above 0, or None for as fast as possible")
        if fault := name_fault(self.plant):
            raise ValueError(f"plant {fault}")

    def send(self, frames: Iterable[pd.DataFrame], handed: Callable[..., None] = lambda *_: None) -> Sent:
        """Send frames of tags (float32, times ascending; a column `label` where it is known).

        Rows that the topic holds already are left out. `handed` is called with each part that was handed to the broker:
        its rows, and the shift of their times.
        """
        part, found = self._held()
        last, shift = found or (None, None)
        self._refuse_other_clock(shift)
        before = last  # the row before the next one, in the source's own clock
        rows, held, pace = 0, 0, _Pace(self.speed)
        counters = Counters(self.monitor, self.plant)
        with self._sender(part) as sender:
            for frame in chain.from_iterable(map(blocks, frames)):
                fresh = frame if last is None else frame[frame.index > last]
                held += len(frame) - len(fresh)
                if len(fresh):
                    shift = self._shift(fresh.index[0]) if shift is None else shift
                    jumps = np.diff(fresh.index.to_numpy(), prepend=np.datetime64(before or fresh.index[0])) > JUMP
                    before = fresh.index[-1]
                    restarts = fresh.index[jumps] + shift
                    moved = self._moved(fresh, shift)
                    messages = self._messages(moved, moved.index.isin(restarts))
                    for due in pace.parts(moved.index):
                        sender.send(messages[due], shift)
                        counters.sent += due.stop - due.start
                        handed(moved.iloc[due], shift)
                        counters.acked = sender.acknowledged(PENDING)
                        counters.report()
                    rows += len(fresh)
            counters.acked = sender.acknowledged(0)
            counters.report(now=True)
        return Sent(self.plant, rows, held, last)

    def last(self) -> tuple[pd.Timestamp, pd.Timedelta] | None:
        """Time of the last row that the topic holds for the plant, in the source's own clock, and its shift."""
        return self._held()[1]

    def _held(self) -> tuple[int, tuple[pd.Timestamp, pd.Timedelta] | None]:
        """The partition of the plant's messages, and what `last` gives."""
        with _reached(self.servers), closing(broker.broker_reader(self.servers)) as reader:
            parts = broker.partitions_of(reader, self.topic, min(self.patience, broker.BROKER_PATIENCE))
            if not parts:
                raise ProducerError(f"{self.servers} has no topic {self.topic}; make it with `create_topics`")
            part = parts[partition_of(self.plant.encode(), len(parts))]
            return part, _last(_backwards(reader, self.topic, part, self.plant.encode()))

    @contextmanager
    def _sender(self, part: int) -> Iterator["_Sender"]:
        unlimited = {"message.timeout.ms": 0, "queue.buffering.max.messages": 0}  # `acknowledged` has limits of its own
        with _sending(self.servers, **{"linger.ms": LINGER, "batch.size": 2**18}, **unlimited) as client:
            yield _Sender(self, client, part)

    def _shift(self, first: pd.Timestamp) -> pd.Timedelta:
        return (
            pd.Timedelta(0) if self.clock == ORIGINAL else pd.Timestamp.now("UTC").tz_localize(None).floor("s") - first
        )

    def _refuse_other_clock(self, shift: pd.Timedelta | None) -> None:
        """Raises ProducerError where the plant's rows in the topic were moved, and those now are not to be, or back."""
        kept = ORIGINAL if shift == pd.Timedelta(0) else NOW
        if shift is not None and kept != self.clock:
            raise ProducerError(
                f"the rows of plant {self.plant} in the topic have the clock {kept}, those now {self.clock}; give "
                f"another name with --plant, or, to go on with a file, --clock {kept}"
            )

    def _moved(self, frame: pd.DataFrame, shift: pd.Timedelta) -> pd.DataFrame:
        moved = frame.set_axis(frame.index + shift) if shift else frame
        latest = pd.Timestamp.now("UTC").tz_localize(None) + topic.AHEAD
        if moved.index[-1] > latest:
            use = f"clock {NOW}" if self.clock == ORIGINAL else f"speed 1 with clock {NOW}, or clock {ORIGINAL}"
            raise ProducerError(f"row {moved.index[-1]} lies more than a day ahead and would be rejected; use {use}")
        if moved.index[0] < topic.EARLIEST.tz_localize(None):
            raise ProducerError(
                f"row {moved.index[0]} lies before {topic.EARLIEST.year} and would be rejected; use clock {NOW}"
            )
        return moved

    def _messages(self, frame: pd.DataFrame, restart: np.ndarray) -> list[bytes]:
        return topic.encode(frame.drop(columns="label", errors="ignore"), self.plant, frame.get("label"), restart)


class _Sender:
    """Hands messages of one plant to the broker, and counts those that it acknowledged."""

    def __init__(self, whose: Producer, client: kafka.Producer, part: int) -> None:
        self._whose, self._client, self._part = whose, client, part
        self._sent, self._pending, self._heard = 0, 0, 0.0  # rows, and when the broker acknowledged some
        self._told = False  # that it is silent
        self._refused: SimpleQueue[KafkaError] = SimpleQueue()

    def send(self, messages: list[bytes], shift: pd.Timedelta) -> None:
        """Hand them over, in their order."""
        name, key = self._whose.topic, self._whose.plant.encode()
        headers: dict[str, str | bytes | None] = {SHIFT: str(shift.value)} if shift else {}
        if not self._pending:
            self._heard = time.monotonic()
        told = _kept_in(self._refused)
        with _reached(self._whose.servers):
            try:
                for each in messages:
                    self._client.produce(name, each, key, self._part, told, headers=headers)
            except KafkaException as error:
                raise self._reason(error) from None
        self._sent += len(messages)
        self._pending += len(messages)

    def acknowledged(self, most: int) -> int:
        """Wait until no more than `most` rows are pending; number of rows acknowledged.

        Raises ProducerError for a row that is refused, and where none was acknowledged for as long as the patience is.
        """
        with _reached(self._whose.servers):
            while True:
                self._client.poll(ASKED_AGAIN if self._pending > most else 0)
                if not self._refused.empty():
                    raise KafkaException(self._refused.get())
                self._hear(min(len(self._client), self._pending))  # it counts events of the client too
                if self._pending <= most:
                    return self._sent - self._pending

    def _reason(self, error: KafkaException) -> KafkaException:
        """Why nothing more can be sent: the first row that was refused, of which the client tells a little later."""
        deadline = time.monotonic() + broker.LONGER
        while error.args[0].code() == KafkaError._FATAL and time.monotonic() < deadline:
            self._client.poll(ASKED_AGAIN)
            if not self._refused.empty():
                return KafkaException(self._refused.get())
        return error

    def _hear(self, pending: int) -> None:
        """Take note of how many rows are pending. Raises KafkaException after too long a silence."""
        now = time.monotonic()
        if pending < self._pending:
            self._heard, self._told = now, False
        self._pending, silent, patience = pending, now - self._heard, self._whose.patience
        if pending and silent > patience:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"it acknowledged no row for {patience:g} s"))
        if pending and silent > UNHEARD and not self._told:
            self._told = True
            words = "the Kafka broker at %s acknowledged no row for %.0f s; it is tried again for up to %.0f s"
            _log.warning(words, self._whose.servers, silent, patience)


@contextmanager
def _sending(servers: str, **own: int) -> Iterator[kafka.Producer]:
    """Kafka's producer, by whom nothing is stored twice, and nothing after what was refused.

    What is not acknowledged at the end of the block is dropped.
    """
    known = {"enable.idempotence": True, "enable.gapless.guarantee": True, "delivery.report.only.error": True}
    client = kafka.Producer(broker.client_settings(servers, **known, **own), logger=_unsaid)
    try:
        yield client
    finally:
        client.purge()
        with suppress(KafkaException):  # of what was purged on its way no one knows whether it is stored
            client.close()


@dataclass
class _Pace:
    """Cuts rows into parts and yields each when it is due, counted from the first row."""

    speed: float | None

    def __post_init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def parts(self, times: pd.DatetimeIndex) -> Iterator[slice]:
        if self.speed is None:
            yield slice(0, len(times))
            return
        due, done, earliest = self._due(times, self.speed), 0, 0.0
        while done < len(times):
            time.sleep(max(max(due[done], earliest) - time.monotonic(), 0))
            earliest = time.monotonic() + TICK
            ready = int(np.searchsorted(due, time.monotonic(), side="right"))
            if ready > done:
                yield slice(done, ready)
                done = ready

    def _due(self, times: pd.DatetimeIndex, speed: float) -> np.ndarray:
        ns = nanoseconds(times)
        self._began = self._began or (time.monotonic(), ns[0])
        return self._began[0] + (ns - self._began[1]) / 1e9 / speed


def blocks(frame: pd.DataFrame, label: pd.Series | None = None, rows: int = BLOCK_ROWS) -> Iterator[pd.DataFrame]:
    """A recording's rows as `Producer.send` takes them."""
    whole = frame if label is None else frame.assign(label=label)
    return (whole.iloc[start : start + rows] for start in range(0, len(whole), rows))


def _kept_in(refused: SimpleQueue[KafkaError]) -> Callable[[KafkaError | None, Message], None]:
    """Keeps why a message was refused. It runs in C: from a Ctrl-C in one in Python, the client makes a SystemError."""
    return refused.put  # type: ignore[return-value]  # the message is taken for whether to wait


class Control:
    """The attacks sent to one plant on the topic `SWAT.control`: `commands` gives those since its last call."""

    def __init__(self, servers: str, plant: str, name: str = topic.CONTROL):
        self.plant = plant
        with _reached(servers), ExitStack() as opened:
            waiting = {"auto.offset.reset": "latest", "fetch.wait.max.ms": 500}
            reader = opened.enter_context(closing(broker.broker_reader(servers, **waiting)))
            parts = broker.partitions_of(reader, name)
            ends = [broker.offsets_of(reader, name, part)[1] for part in parts]
            reader.assign([TopicPartition(name, *where) for where in zip(parts, ends, strict=True)])
            self._reader = reader
            opened.pop_all()

    def commands(self) -> list[topic.Command]:
        found = []
        for message in self._reader.consume(COMMANDS, 0):
            error = message.error()
            if error is None:
                try:
                    found.append(topic.Command.decode(message.value()))
                except ValueError as reason:
                    _log.warning("%s: %s", message.topic(), reason)
            elif error.code() != KafkaError._PARTITION_EOF:
                _log.warning("%s: %s", message.topic(), error.str())
        return [command for command in found if command.plant == self.plant]

    def close(self) -> None:
        self._reader.close()


def request_attack(servers: str, command: topic.Command, name: str = topic.CONTROL) -> None:
    """Send an attack to the plant it names; it begins there with the next row."""
    refused: SimpleQueue[KafkaError] = SimpleQueue()
    with _reached(servers), _sending(servers, **{"message.timeout.ms": 30_000}) as client:
        client.produce(name, command.encode(), command.plant.encode(), on_delivery=_kept_in(refused))
        while len(client):
            client.poll(ASKED_AGAIN)
        if not refused.empty():
            raise KafkaException(refused.get())


def create_topics(servers: str, partitions: int = 4, names: Iterable[str] = topic.TOPICS) -> None:
    """Make the topics, kept for ever, the first in `partitions` parts. Topics that exist stay as they are."""
    # the broker unpacks what came compressed, so that every reader can read it and its size is what it is
    config = {"retention.ms": "-1", "retention.bytes": "-1", "compression.type": "uncompressed"}
    config |= {"message.timestamp.type": "LogAppendTime"}  # the broker's clock, whatever the sender's says
    counts = {name: 1 if number else partitions for number, name in enumerate(names)}
    wanted = [NewTopic(name, count, -1, config=config) for name, count in counts.items()]
    admin, deadline = broker.broker_admin(servers), time.monotonic() + VISIBLE
    with _reached(servers):
        for name, made in admin.create_topics(wanted, request_timeout=broker.BROKER_PATIENCE).items():
            try:
                made.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
                _log.debug("topic %s is there already", name)
        # the broker shows a new topic a moment later
        while not set(counts) <= set(broker.answered(lambda moment: admin.list_topics(timeout=moment)).topics):
            if time.monotonic() > deadline:
                raise ProducerError(f"the Kafka broker at {servers} does not show its topics after {VISIBLE:.0f} s")
            time.sleep(0.1)


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka puts a message with this key: MurmurHash2 (A. Appleby) of it, as `Utils.murmur2` of Kafka's Java."""
    mixed, whole = 0x9747B28C ^ len(key), len(key) // 4 * 4
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * _MIXER & _BITS
        mixed = (mixed * _MIXER & _BITS) ^ ((word ^ word >> 24) * _MIXER & _BITS)
    if key[whole:]:
        mixed = (mixed ^ int.from_bytes(key[whole:], "little")) * _MIXER & _BITS
    mixed = (mixed ^ mixed >> 13) * _MIXER & _BITS
    return ((mixed ^ mixed >> 15) & 0x7FFFFFFF) % partitions


def _backwards(reader: kafka.Consumer, name: str, part: int, key: bytes) -> Iterator[list["_Read"]]:
    """All messages of `key` in the last part of a partition, and in ever larger last parts, until it is whole."""
    first, stop = broker.offsets_of(reader, name, part)
    size = READ_BACK
    found: list[_Read] = []
    while stop > first:
        start = max(stop - size, first)
        before = broker.read_messages(reader, name, part, start, stop)
        found = [_Read.of(message) for message in before if message.key() == key] + found
        yield found
        stop, size = start, size * 4


class _Read(NamedTuple):
    """What a message held, when the broker had it (ms since 1970), and by how much the clock `now` moved its row.

    shift: None where the header is not a producer's.
    """

    value: bytes | None
    written: int
    shift: pd.Timedelta | None

    @classmethod
    def of(cls, message: Message) -> "_Read":
        return cls(message.value(), message.timestamp()[1], _shift_of(message))


def _last(parts: Iterator[list[_Read]]) -> tuple[pd.Timestamp, pd.Timedelta] | None:
    """The last row that the stream takes: its time before the shift, and the shift.

    A single row may have the wrong time, so more rows are read until two agree. What can't be read is not counted.
    """
    found = None
    for read in parts:
        rows = topic.decode([each.value for each in read], topic.broker_times([each.written for each in read]))
        shifts = [each.shift for each in read]
        ours = rows["reason"].isna().to_numpy() & np.array([shift is not None for shift in shifts], bool)
        times = nanoseconds(pd.DatetimeIndex(rows["time"]))[ours]
        verdicts, position = accept(times, rows["restart"].to_numpy()[ours], Position())
        if position.newest is not None:
            shift = shifts[np.flatnonzero(ours)[np.flatnonzero(verdicts == TAKEN)[-1]]]
            found = pd.Timestamp(position.newest) - shift, shift
            if not position.alone:
                break
    return found


def _shift_of(message: Message) -> pd.Timedelta | None:
    try:
        # asked for once: of a name that is not UTF-8 it makes a SystemError, and at the next time ends the process
        shift = pd.Timedelta(int(dict(message.headers() or ()).get(SHIFT, b"0") or ""))
        return shift if abs(shift) < FARTHEST else None
    except (TypeError, ValueError, OverflowError, SystemError):
        return None


@contextmanager
def _reached(servers: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        reason = error.args[0]
        did = "refused what it was asked for" if reason.code() > 0 else "did not answer"  # librdkafka's own lie below 0
        raise ProducerError(
            f"the Kafka broker at {servers} {did} ({reason.str()}); see `python -m swatlib services status`"
        ) from None
