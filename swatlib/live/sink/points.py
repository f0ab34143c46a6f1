"""Points: their names, and rows as lines of InfluxDB's line protocol."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from swatlib.live import line_protocol

READING, SCORE, ATTACK_EVENT, PIPELINE = "reading", "score", "attack", "pipeline"
EPISODE, MAINTENANCE = "episode", "maintenance"
SCORE_FIELDS = ("score", "threshold", "alarm", "lead")
LINES_PER_REQUEST = 10_000


Time: TypeAlias = pd.Timestamp | str | None  # naive times are UTC


class SinkError(OSError):
    """Points could not be stored; the message names the place, what it answered and for how long it was tried."""


class Sink(Protocol):
    """Where points go. `write` returns when they are stored, and raises SinkError when they can't be."""

    def write(self, points: pa.Array, name: str) -> None:
        """Store line protocol; `name` says whose points they are (a plant, or a measurement)."""

    def scores(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        """Stored scores in the form of `Pipeline.score`: times × (detector, field)."""


def reading_points(frame: pd.DataFrame, plant: str, label: pd.Series | None = None) -> pa.StringArray:
    """Lines of `reading`, one a row of `frame` (times × float32 tags); rows with no reading at all have none."""
    columns = dict(zip(frame, line_protocol.columns_as_text(frame.to_numpy(np.float32)), strict=True))
    if label is not None:
        columns["label"] = pa.array(label, pa.bool_()).cast(pa.string())
    return _lines(f"{READING},plant={line_protocol.escaped(plant)}", columns, frame.index)


def score_points(scored: pd.DataFrame, plant: str) -> pa.StringArray:
    """Lines of `score`, one a row and detector of what `Pipeline.score` gives."""
    parts = []
    for detector in dict.fromkeys(scored.columns.get_level_values(0)):
        columns = {
            "score": line_protocol.text(scored[detector, "score"]),
            "threshold": line_protocol.text(scored[detector, "threshold"]),
            "alarm": pa.array(scored[detector, "alarm"]).cast(pa.string()),
            "lead": line_protocol.side_by_side('"', pa.array(scored[detector, "lead"]).cast(pa.string()), '"'),
        }
        parts.append(
            _lines(
                f"{SCORE},detector={line_protocol.escaped(detector)},plant={line_protocol.escaped(plant)}",
                columns,
                scored.index,
            )
        )
    return pa.concat_arrays(parts)


def attack_point(plant: str, title: str, start: pd.Timestamp, end: pd.Timestamp) -> pa.StringArray:
    """The line of an attack, at its start; `end` is half-open."""
    whole = line_protocol.nanoseconds(pd.DatetimeIndex([start, end]))
    columns = {"title": line_protocol.string(title), "start": f"{whole[0] / 1e9}", "end": f"{whole[1] / 1e9}"}
    return point(ATTACK_EVENT, {"plant": plant}, columns, start)


def point(
    measurement: str, tags: Mapping[str, str], fields: Mapping[str, object], when: pd.Timestamp
) -> pa.StringArray:
    """One line; `fields` as text, None left out."""
    head = measurement + "".join(f",{key}={line_protocol.escaped(value)}" for key, value in tags.items())
    columns = {key: pa.array([str(value)]) for key, value in fields.items() if value is not None}
    return _lines(head, columns, pd.DatetimeIndex([when]))


def quoted(plant: str) -> str:
    """A plant's name in a condition of InfluxQL."""
    escaped = plant.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def time_of(since_1970: float) -> pd.Timestamp:
    """A time as fields hold it, to the millisecond."""
    return pd.Timestamp(since_1970, unit="s").round("ms")


def _lines(head: str, columns: Mapping[str, pa.Array], times: pd.DatetimeIndex) -> pa.StringArray:
    stamps = pa.array(line_protocol.nanoseconds(times)).cast(pa.string())
    fields = line_protocol.fields(columns, "=")
    made = line_protocol.side_by_side(head + " ", fields, " ", stamps, "\n")
    return made.filter(pa.compute.not_equal(fields, "")) if len(made) else made


def body(points: pa.Array) -> bytes:
    """The lines one after the other, which is how Arrow holds them."""
    whole = pa.concat_arrays([points])  # a slice becomes an array of its own
    _, offsets, data = whole.buffers()
    ends = np.frombuffer(offsets, np.int32)[[whole.offset, whole.offset + len(whole)]] if len(whole) else (0, 0)
    return data[ends[0] : ends[1]].to_pybytes() if ends[1] else b""
