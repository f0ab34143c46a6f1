"""The messages on the topics: one JSON object each, written and read here and nowhere else.

    {"plant": "swat", "time": "2015-12-28T10:29:14Z", "FIT101": 2.427057, …, "P603": 1, "label": true}

`time` is ISO 8601 with its zone and whatever fraction it has; a file's naive time is written as UTC. A tag that is
absent or null is missing. `label` is there when the source knows it. The key of a message is its plant, so that
the rows of one plant keep their order.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from swatlib.live import line_protocol as lines
from swatlib.plant import TAG_NAMES

READINGS, REJECTED, CONTROL = "SWAT", "SWAT.rejected", "SWAT.control"
TOPICS = (READINGS, REJECTED, CONTROL)

SCHEMA = pa.schema(
    {"plant": pa.string(), "time": pa.string(), **dict.fromkeys(TAG_NAMES, pa.float64()), "label": pa.bool_()}
)
EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
TOO_LARGE = (2 - 2**-24) * 2.0**127  # rounds to infinity as float32
AHEAD = pd.Timedelta("1D")  # a time further ahead of the broker's clock is absurd, and would make all later rows late

_TIME = pa.timestamp("ns", "UTC")
_PARSE = pa.json.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="ignore")


def encode(frame: pd.DataFrame, plant: str, label: pd.Series | None = None) -> list[bytes]:
    """One message a row of `frame` (float32 tag columns, DatetimeIndex). Raises ValueError for an infinite reading."""
    values = frame.to_numpy(np.float32)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"{frame.columns[column]} is infinite at {frame.index[row]}; JSON has no such number")
    columns = {'"time"': lines.joined('"', iso(frame.index), '"')}
    columns |= {f'"{tag}"': lines.text(values[:, i]) for i, tag in enumerate(frame.columns)}
    if label is not None:
        columns['"label"'] = pa.array(label.to_numpy(bool)).cast(pa.string())
    rows = lines.joined(f'{{"plant":{json.dumps(plant)},', lines.fields(columns, ":"), "}")
    return rows.cast(pa.binary()).to_pylist()


def iso(times: pd.DatetimeIndex) -> pa.StringArray:
    """Times as ISO 8601 in UTC, with as many digits of a second as they have."""
    ns = lines.nanoseconds(times)
    unit = next(unit for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)) if not (ns % size).any())
    return pc.strftime(pa.array(ns, pa.timestamp("ns")).cast(pa.timestamp(unit)), "%Y-%m-%dT%H:%M:%SZ")


def decode(messages: Sequence[bytes], written: pd.DatetimeIndex) -> pd.DataFrame:
    """Messages as rows: plant, time (UTC), float32 tags (NaN: missing), label (True, False, None), reason.

    `written`: when the broker got each (UTC). `reason` is None for a good message; for one that must be rejected it
    says why, and the other columns are empty.
    """
    table = _at_once(messages, written)
    reasons = np.full(len(messages), None, object)
    if table is None:
        table, reasons = _one_by_one(messages, written)
    frame = table.to_pandas(date_as_object=False)
    frame["time"] = frame["time"].astype("datetime64[ns, UTC]")
    frame[list(TAG_NAMES)] = frame[list(TAG_NAMES)].astype(np.float32)
    frame["label"] = frame["label"].astype(object)
    return frame.assign(reason=reasons)


def _at_once(messages: Sequence[bytes], written: pd.DatetimeIndex) -> pa.Table | None:
    """The messages parsed as one block of lines, or None when there is something to reject among them."""
    block = b"\n".join(messages)
    # "}" newline "{" can stand inside no JSON value: so each line is whole, and as many rows as lines is one row each
    breaks = len(messages) - 1
    if not (block.startswith(b"{") and block.endswith(b"}") and block.count(b"\n") == block.count(b"}\n{") == breaks):
        return None
    try:
        options = pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1)
        table = pa.json.read_json(pa.BufferReader(block), options, _PARSE)
        table = table.set_column(1, "time", table["time"].cast(_TIME))
    except pa.ArrowInvalid:
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


def _one_by_one(messages: Sequence[bytes], written: pd.DatetimeIndex) -> tuple[pa.Table, np.ndarray]:
    rows, reasons = [], []
    for message, when in zip(messages, written, strict=True):
        try:
            rows.append(_row(message, when))
            reasons.append(None)
        except ValueError as error:
            rows.append({})
            reasons.append(str(error))
    schema = SCHEMA.set(1, pa.field("time", _TIME))
    return pa.Table.from_pylist(rows, schema), np.array(reasons, object)


def _row(message: bytes, when: pd.Timestamp) -> dict:
    try:
        record = json.loads(message.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON in UTF-8: {error}") from None
    if not isinstance(record, dict):
        raise ValueError(f"a JSON object is wanted, this is {type(record).__name__}")
    if not isinstance(record.get("plant"), str) or not record["plant"]:
        raise ValueError(_wanted("plant", record, "a name"))
    if not isinstance(record.get("label"), bool | None):
        raise ValueError(_wanted("label", record, "true, false or nothing"))
    tags = {tag: _number(tag, record) for tag in TAG_NAMES}
    return {"plant": record["plant"], "time": _time(record, when), **tags, "label": record.get("label")}


def _time(record: dict, when: pd.Timestamp) -> pd.Timestamp:
    try:
        time = pa.scalar(record.get("time"), pa.string()).cast(_TIME).as_py()
    except (pa.ArrowInvalid, TypeError):
        time = None
    if time is None:
        raise ValueError(_wanted("time", record, "ISO 8601 with its zone, such as 2015-12-28T10:29:14Z"))
    if not EARLIEST <= time <= when + AHEAD:
        raise ValueError(f"time {time} lies absurdly far away: before {EARLIEST.year}, or a day ahead of the broker")
    return time


def _number(tag: str, record: dict) -> float | None:
    value = record.get(tag)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_wanted(tag, record, "a number"))
    if not abs(value) < TOO_LARGE:
        raise ValueError(f"{tag} is {'NaN' if math.isnan(value) else 'infinite'}; leave out a reading that is missing")
    return float(value)


def _wanted(name: str, record: dict, wanted: str) -> str:
    met = f"is {record[name]!r:.60}" if name in record else "is missing"
    return f"{name} {met}; wanted: {wanted}"


@dataclass(frozen=True)
class Command:
    """An attack to launch on a simulated plant: effects as text ("LIT101 ramp +1"), for so many seconds."""

    plant: str
    effects: str
    seconds: int = 300
    name: str | None = None

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> "Command":
        """Raises ValueError for a message that is no command."""
        try:
            return cls(**json.loads(message))
        except (ValueError, TypeError) as error:
            allowed = ", ".join(field.name for field in fields(cls))
            raise ValueError(f"{message!r:.80} is no command ({error}); an object with {allowed} is wanted") from None
