"""The messages on the topics: one JSON object each, written and read here and nowhere else.

    {"plant": "swat", "time": "2015-12-28T10:29:14Z", "FIT101": 2.427057, …, "P603": 1, "label": true}

`time` is ISO 8601 with its zone and whatever fraction it has; a file's naive time is written as UTC. A tag that is
absent or null is missing. `label` is there when the source knows it; `restart` is true where the plant goes on after
a longer pause (see `swatlib.live.acceptance`). The key of a message is its plant, so that the rows of one plant keep
their order.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.live import line_protocol
from swatlib.plant import TAG_NAMES

READINGS, REJECTED, CONTROL = "SWAT", "SWAT.rejected", "SWAT.control"
TOPICS = (READINGS, REJECTED, CONTROL)

SCHEMA = pa.schema(
    {
        "plant": pa.string(),
        "time": pa.string(),
        **dict.fromkeys(TAG_NAMES, pa.float64()),
        "label": pa.bool_(),
        "restart": pa.bool_(),
    }
)
EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
TOO_LARGE = (2 - 2**-24) * 2.0**127  # rounds to infinity as float32
AHEAD = pd.Timedelta("1D")  # a time further ahead of the broker's clock is absurd
LONGEST = 8_192  # bytes of a message, of which a batch may be full; a row of 51 tags has about 1,200
BRACKETS = 100  # in a message at most: a reading is flat, and deep nesting exhausts the parser
EFFECTS_LENGTH = 500  # characters of a command's effects

_TIME = pa.timestamp("ns", "UTC")
_DECODED = pa.schema(
    {"plant": pa.string(), "time": _TIME, **dict.fromkeys(TAG_NAMES, pa.float32())}
    | {name: pa.bool_() for name in ("label", "restart")}
)
_PARSE = pa.json.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="ignore")


def encode(
    frame: pd.DataFrame, plant: str, label: pd.Series | None = None, restart: np.ndarray | None = None
) -> list[bytes]:
    """One message a row of `frame` (float32 tag columns, DatetimeIndex). `restart`: mask of rows after a longer pause.

    Raises ValueError for an infinite reading.
    """
    values = frame.to_numpy(np.float32)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"{frame.columns[column]} is infinite at {frame.index[row]}; JSON has no such number")
    columns = {'"time"': line_protocol.side_by_side('"', iso(frame.index), '"')}
    columns |= dict(zip((f'"{tag}"' for tag in frame), line_protocol.columns_as_text(values), strict=True))
    if label is not None:
        columns['"label"'] = pa.array(label.to_numpy(bool)).cast(pa.string())
    if restart is not None and restart.any():
        columns['"restart"'] = pa.array(["true" if each else None for each in restart], pa.string())
    rows = line_protocol.side_by_side(f'{{"plant":{json.dumps(plant)},', line_protocol.fields(columns, ":"), "}")
    return rows.cast(pa.binary()).to_pylist()


def iso(times: pd.DatetimeIndex) -> pa.StringArray:
    """Times as ISO 8601 in UTC, with as many digits of a second as they have."""
    ns = line_protocol.nanoseconds(times)
    unit = next(unit for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)) if not (ns % size).any())
    written = pa.array(ns, pa.timestamp("ns")).cast(pa.timestamp(unit)).cast(pa.string())  # 2015-12-28 10:29:14
    return line_protocol.side_by_side(pc.replace_substring(written, " ", "T"), "Z")


def decode(messages: Sequence[bytes | None], written: pd.DatetimeIndex) -> pd.DataFrame:
    """Messages as rows: plant, time (UTC), float32 tags (NaN: missing), label (True, False, None), restart, reason.

    `written`: when the broker got each (UTC). `reason` is None for a good message; for one that must be rejected it
    says why, and the other columns are empty. No message raises: whatever came is a row or has a reason.
    """
    table = _at_once(messages, written)
    reasons = np.full(len(messages), None, object)
    if table is None:
        table, reasons = _one_by_one(messages, written)
    frame = table.cast(_DECODED).to_pandas(date_as_object=False)
    frame["time"] = frame["time"].astype("datetime64[ns, UTC]")
    frame["label"] = frame["label"].astype(object)
    frame["restart"] = np.array(table["restart"].fill_null(False))
    frame["reason"] = reasons
    return frame


def broker_times(milliseconds: Sequence[int]) -> pd.DatetimeIndex:
    """Times at which the broker got messages; a clock before 1970 or after 2200 reads as one of these years."""
    last = pd.Timestamp("2200-01-01").value // 10**6
    return pd.DatetimeIndex(pd.to_datetime(np.clip(np.asarray(milliseconds, np.int64), 0, last), unit="ms", utc=True))


def _at_once(messages: Sequence[bytes | None], written: pd.DatetimeIndex) -> pa.Table | None:
    """The messages parsed as one block of lines, or None when one may have to be rejected or is not flat."""
    whole = [message for message in messages if message is not None and len(message) <= LONGEST]
    block = b"\n".join(whole)
    # "}" newline "{" can stand inside no JSON value: so each line is whole, and as many rows as lines is one row each
    breaks = len(messages) - 1
    if not (block.startswith(b"{") and block.endswith(b"}") and block.count(b"\n") == block.count(b"}\n{") == breaks):
        return None
    if len(whole) != len(messages) or block.count(b"{") != len(messages) or b"[" in block:
        return None
    try:
        block.decode()  # Arrow takes any bytes for text
        options = pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1)
        table = pa.json.read_json(pa.BufferReader(block), options, _PARSE)
        table = table.set_column(1, "time", table["time"].cast(_TIME))
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    return table if len(table) == len(messages) and _all_good(table, written) else None


def _all_good(table: pa.Table, written: pd.DatetimeIndex) -> bool:
    if table["plant"].null_count or table["time"].null_count or pc.any(pc.equal(table["plant"], "")).as_py():
        return False
    times = table["time"].to_numpy()
    if (times < EARLIEST.to_datetime64()).any() or (times > (written + AHEAD).tz_localize(None).to_numpy()).any():
        return False
    # not `any too large`: a NaN compares as false
    return all(pc.all(pc.less(pc.abs(table[tag]), TOO_LARGE), min_count=0).as_py() for tag in TAG_NAMES)


def _one_by_one(messages: Sequence[bytes | None], written: pd.DatetimeIndex) -> tuple[pa.Table, np.ndarray]:
    rows: list[dict] = []
    reasons = np.full(len(messages), None, object)
    for number, (message, when) in enumerate(zip(messages, written, strict=True)):
        try:
            rows.append(_row(message, when))
        except ValueError as error:
            rows.append({})
            reasons[number] = str(error)
    schema = SCHEMA.set(1, pa.field("time", _TIME))
    return pa.Table.from_pylist(rows, schema), reasons


def _row(message: bytes | None, when: pd.Timestamp) -> dict[str, Any]:
    record = _object(message)
    plant = record.get("plant")
    if not isinstance(plant, str) or not plant or not _is_text(plant):
        raise ValueError(_wanted("plant", record, "a name"))
    flags = {name: _flag(name, record) for name in ("label", "restart")}
    tags = {tag: _number(tag, record) for tag in TAG_NAMES}
    return {"plant": plant, "time": _time(record, when), **tags, **flags}


class _Object(dict):
    """A JSON object that knows which of its names stand there more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs) if len(self) < len(pairs) else {}
        self.twice = {name for name, count in counts.items() if count > 1}


def _object(message: bytes | None) -> _Object:
    if message is None:
        raise ValueError("the message has no value")
    if len(message) > LONGEST:
        raise ValueError(f"longer than {LONGEST:,} bytes")
    if message.count(b"{") + message.count(b"[") > BRACKETS:
        raise ValueError(f"more than {BRACKETS} opening brackets; a reading is one flat JSON object")
    try:
        record = json.loads(message.decode(), object_pairs_hook=_Object, parse_int=_whole)
    except ValueError as error:
        raise ValueError(f"not JSON in UTF-8: {error}") from None
    if not isinstance(record, _Object):
        raise ValueError(f"a JSON object is wanted, this is {type(record).__name__}")
    if twice := sorted(record.twice & set(SCHEMA.names)):
        raise ValueError(f"{twice[0]} stands there twice")
    return record


def _whole(digits: str) -> float:
    """As int; as float where int has no minus zero or refuses so many digits."""
    return float(digits) if len(digits) > 15 or digits == "-0" else int(digits)


def _is_text(text: str) -> bool:
    """Whether a text is valid Unicode: JSON has escapes for halves of characters (surrogates)."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _time(record: dict[str, Any], when: pd.Timestamp) -> pd.Timestamp:
    text, time = record.get("time"), None
    if isinstance(text, str) and text.isascii():
        try:
            time = pa.scalar(text, pa.string()).cast(_TIME).as_py()
        except pa.ArrowInvalid:
            time = None
    if time is None:
        raise ValueError(_wanted("time", record, "ISO 8601 with its zone, such as 2015-12-28T10:29:14Z"))
    if not EARLIEST <= time <= when + AHEAD:
        raise ValueError(f"time {time} lies absurdly far away: before {EARLIEST.year}, or a day ahead of the broker")
    return time


def _flag(name: str, record: dict[str, Any]) -> bool | None:
    value = record.get(name)
    if not isinstance(value, bool | None):
        raise ValueError(_wanted(name, record, "true, false or nothing"))
    return value


def _number(tag: str, record: dict[str, Any]) -> float | None:
    value = record.get(tag)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_wanted(tag, record, "a number"))
    if not abs(value) < TOO_LARGE:
        raise ValueError(f"{tag} is {'NaN' if math.isnan(value) else 'infinite'}; leave out a reading that is missing")
    return float(value)


def _wanted(name: str, record: dict[str, Any], wanted: str) -> str:
    met = f"is {record[name]!r:.60}" if name in record else "is missing"
    return f"{name} {met}; wanted: {wanted}"


@dataclass(frozen=True)
class Command:
    """An attack to launch on a simulated plant: effects as text ("LIT101 ramp +1"), for so many seconds.

    Raises ValueError for a field of another type, a duration of less than a second or more than a day, and text that
    is too long or can't be printed.
    """

    plant: str
    effects: str
    seconds: int = 300
    name: str | None = None

    def __post_init__(self) -> None:
        for name, text in (("plant", self.plant), ("name", self.name)):
            if text is not None and (fault := line_protocol.name_fault(text)):
                raise ValueError(f"{name} {fault}")
        said = self.effects.strip() if isinstance(self.effects, str) else ""
        if not said or not self.effects.isprintable() or len(self.effects) > EFFECTS_LENGTH:
            raise ValueError(f"effects are {self.effects!r:.60}; wanted: 1 to {EFFECTS_LENGTH} printable characters")
        if (
            not isinstance(self.seconds, int)
            or isinstance(self.seconds, bool)
            or not 0 < self.seconds <= SECONDS_PER_DAY
        ):
            raise ValueError(f"seconds is {self.seconds!r:.60}; wanted: a whole number from 1 to {SECONDS_PER_DAY}")

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes | None) -> "Command":
        """Raises ValueError for a message that is no command."""
        try:
            return cls(**_object(message))
        except (ValueError, TypeError) as error:
            allowed = ", ".join(field.name for field in fields(cls))
            raise ValueError(f"{message!r:.80} is no command ({error}); an object with {allowed} is wanted") from None
