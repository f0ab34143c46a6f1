"""Points of the live stream: their names, their line protocol, and the two places they go, InfluxDB or files.

| measurement | tags             | fields                                                                        |
|-------------|------------------|-------------------------------------------------------------------------------|
| `reading`   | plant            | one a tag of the plant; `label` where the source knows it                     |
| `score`     | plant, detector  | score, threshold, alarm, lead (the tag that contributes most while in alarm)  |
| `attack`    | plant            | title, start, end (seconds since 1970); known or launched                     |
| `pipeline`  | query            | one point a batch of the stream: see `swatlib.live.stream`                    |

A point is a function of its row alone, so one that is written again overwrites itself. A reading that is missing
and a score that can't be had are fields left out. Retention is infinite.
"""

import atexit
import io
import itertools
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS, WriteApi
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from swatlib.live import line_protocol as lines
from swatlib.plant import TAG_NAMES

READING, SCORE, ATTACK, PIPELINE = "reading", "score", "attack", "pipeline"
SCORE_FIELDS = ("score", "threshold", "alarm", "lead")
ROWS = 5_000  # lines a request

_log = logging.getLogger(__name__)


class SinkError(OSError):
    """Points could not be stored; the message names the place, what it answered and for how long it was tried."""


class Sink(Protocol):
    """Where points go. `write` returns when they are stored, and raises SinkError when they can't be."""

    def write(self, points: pa.Array, name: str) -> None:
        """Store line protocol; `name` says whose points they are (a plant, or a measurement)."""

    def scores(self, plant: str, start=None, end=None) -> pd.DataFrame:
        """Stored scores in the form of `Pipeline.score`: times × (detector, field)."""


def reading_points(frame: pd.DataFrame, plant: str, label: pd.Series | None = None) -> pa.StringArray:
    """Lines of `reading`, one a row of `frame` (times × float32 tags); rows with no reading at all have none."""
    values = frame.to_numpy(np.float32)
    columns = {tag: lines.text(values[:, i]) for i, tag in enumerate(frame.columns)}
    if label is not None:
        columns["label"] = pa.array(label, pa.bool_()).cast(pa.string())
    return _lines(f"{READING},plant={_escaped(plant)}", columns, frame.index)


def score_points(scored: pd.DataFrame, plant: str) -> pa.StringArray:
    """Lines of `score`, one a row and detector of what `Pipeline.score` gives."""
    parts = []
    for detector in dict.fromkeys(scored.columns.get_level_values(0)):
        columns = {
            "score": lines.text(scored[detector, "score"]),
            "threshold": lines.text(scored[detector, "threshold"]),
            "alarm": pa.array(scored[detector, "alarm"]).cast(pa.string()),
            "lead": lines.joined('"', pa.array(scored[detector, "lead"]).cast(pa.string()), '"'),
        }
        parts.append(_lines(f"{SCORE},detector={_escaped(detector)},plant={_escaped(plant)}", columns, scored.index))
    return pa.concat_arrays(parts)


def attack_point(plant: str, title: str, start: pd.Timestamp, end: pd.Timestamp) -> pa.StringArray:
    """The line of an attack, at its start; `end` is half-open."""
    whole = lines.nanoseconds(pd.DatetimeIndex([start, end]))
    columns = {"title": json.dumps(title, ensure_ascii=False), "start": f"{whole[0] / 1e9}", "end": f"{whole[1] / 1e9}"}
    return point(ATTACK, {"plant": plant}, columns, start)


def point(
    measurement: str, tags: Mapping[str, str], fields: Mapping[str, object], when: pd.Timestamp
) -> pa.StringArray:
    """One line; `fields` as text, None left out."""
    head = measurement + "".join(f",{key}={_escaped(value)}" for key, value in tags.items())
    columns = {key: pa.array([str(value)]) for key, value in fields.items() if value is not None}
    return _lines(head, columns, pd.DatetimeIndex([when]))


def _lines(head: str, columns: Mapping[str, pa.Array], times: pd.DatetimeIndex) -> pa.StringArray:
    stamps = pa.array(lines.nanoseconds(times)).cast(pa.string())
    fields = lines.fields(columns, "=")
    made = lines.joined(head + " ", fields, " ", stamps, "\n")
    return made.filter(pa.compute.not_equal(fields, "")) if len(made) else made


def _escaped(text: str) -> str:
    """A tag's value as line protocol wants it: backslash before comma, equals sign and space; a newline as a space."""
    return "".join("\\" + c if c in ",= " else c for c in " ".join(text.splitlines()))


@dataclass(frozen=True)
class InfluxSink:
    """A bucket of InfluxDB 2. A write that fails is tried again for `patience` seconds, at growing distances."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    patience: float = 60.0

    def write(self, points: pa.Array, name: str) -> None:
        for start in range(0, len(points), ROWS):
            self._write(_body(points[start : start + ROWS]))

    def scores(self, plant: str, start=None, end=None) -> pd.DataFrame:
        columns = ", ".join(f'"{name}"' for name in SCORE_FIELDS)
        found = self.select(f'SELECT {columns} FROM "{SCORE}" WHERE {_where(plant, start, end)} GROUP BY "detector"')
        return _as_scored(found)

    def readings(self, plant: str, start=None, end=None) -> pd.DataFrame:
        """Stored readings: times × tags, float32."""
        return _as_readings(self.select(f'SELECT * FROM "{READING}" WHERE {_where(plant, start, end)}'))

    def attacks(self, plant: str, start=None, end=None) -> pd.DataFrame:
        """Known and launched attacks: title, start, end."""
        return _as_attacks(self.select(f'SELECT * FROM "{ATTACK}" WHERE {_where(plant, start, end)}'))

    def batches(self, start=None) -> pd.DataFrame:
        """One row a batch of the stream: the fields of `pipeline`."""
        bound = f" WHERE time >= {_nanoseconds(start)}" if start is not None else ""
        return _as_batches(self.select(f'SELECT * FROM "{PIPELINE}"{bound}'))

    def select(self, query: str) -> pd.DataFrame:
        """Answer to an InfluxQL query: a column `time` (nanoseconds), those asked for, and those grouped by."""
        parameters = [("db", self.bucket), ("q", query), ("epoch", "ns"), ("chunked", "true")]
        headers = {"Accept": "application/json", "Authorization": f"Token {self.token}"}
        whole = {"query_params": parameters, "header_params": headers, "_preload_content": False}
        try:
            answer = _connected(self)[0].api_client.call_api("/query", "GET", _return_http_data_only=True, **whole)
        except (ApiException, HTTPError) as error:
            raise SinkError(f"{self.url} did not answer a query: {_why(error)}") from None
        found = list(_series(answer.data.decode()))
        return pd.concat(found) if found else pd.DataFrame()

    def flux(self, query: str) -> pd.DataFrame:
        """Answer to a Flux query: its columns, those of all its tables one under the other."""
        try:
            tables = _connected(self)[0].query_api().query(query)
        except (ApiException, HTTPError) as error:
            raise SinkError(f"{self.url} did not answer a query: {_why(error)}") from None
        return pd.DataFrame([record.values for table in tables for record in table.records])

    def _write(self, body: bytes) -> None:
        deadline = time.monotonic() + self.patience
        for wait in itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5)):
            try:
                _connected(self)[1].write(self.bucket, self.org, body)
                return
            except (ApiException, HTTPError, OSError) as error:
                if time.monotonic() + wait > deadline or _refused(error):
                    raise SinkError(
                        f"{self.url} did not store points within {self.patience:g} s: {_why(error)}"
                    ) from None
                _log.warning("%s did not store points (%s); again in %s s", self.url, _why(error), wait)
                time.sleep(wait)


def _refused(error: Exception) -> bool:
    """An answer that no second try will change: a wrong token or bucket, or a line it can't read."""
    return isinstance(error, ApiException) and error.status is not None and 400 <= error.status < 429


def _why(error: Exception) -> str:
    if isinstance(error, ApiException) and error.status:
        return f"{error.status} {error.reason}: {str(error.body or '').strip():.200}"
    return f"{type(error).__name__}: {error}"


@lru_cache
def _connected(sink: InfluxSink) -> tuple[InfluxDBClient, WriteApi]:
    """One connection a process. No gzip: on the own machine it costs more than it saves."""
    atexit.register(_connected.cache_clear)  # the client's own __del__ fails once the interpreter is half gone
    client = InfluxDBClient(sink.url, sink.token, org=sink.org, timeout=30_000, enable_gzip=False)
    return client, client.write_api(write_options=SYNCHRONOUS)


@dataclass(frozen=True)
class FileSink:
    """Line protocol in one file a plant, `<folder>/<plant>.lp`, for machines without InfluxDB; `influx write` takes it.

    A batch that comes again is appended again: the lines are the same, and reading takes the last of each.
    """

    folder: Path

    def write(self, points: pa.Array, name: str) -> None:
        try:
            with _opened(Path(self.folder) / f"{_file_name(name)}.lp") as file:
                file.write(_body(points))
        except OSError as error:
            raise SinkError(f"{self.folder} did not store points: {error}") from None

    def scores(self, plant: str, start=None, end=None) -> pd.DataFrame:
        return _as_scored(self._table(SCORE, plant, start, end))

    def readings(self, plant: str, start=None, end=None) -> pd.DataFrame:
        """Stored readings: times × tags, float32."""
        return _as_readings(self._table(READING, plant, start, end))

    def attacks(self, plant: str, start=None, end=None) -> pd.DataFrame:
        """Known and launched attacks: title, start, end."""
        return _as_attacks(self._table(ATTACK, plant, start, end))

    def batches(self, start=None) -> pd.DataFrame:
        """One row a batch of the stream: the fields of `pipeline`."""
        return _as_batches(self._table(PIPELINE, PIPELINE, start, None))

    def names(self) -> list[str]:
        """Whose points there are, as file names have them."""
        return sorted(path.stem for path in Path(self.folder).glob("*.lp"))

    def lines(self, name: str) -> Iterator[str]:
        """Whole lines stored under `name`; one that was cut short by a kill is passed over."""
        path = Path(self.folder) / f"{_file_name(name)}.lp"
        if path.exists():
            with path.open(encoding="utf-8", newline="\n") as file:
                yield from (line for line in file if line.endswith("\n"))

    def _table(self, measurement: str, plant: str, start, end) -> pd.DataFrame:
        found = [_parsed(line) for line in self.lines(plant) if line.startswith(measurement + ",")]
        table = pd.DataFrame(found)
        if table.empty:
            return table
        first, last = _nanoseconds(start, -(2**63)), _nanoseconds(end, 2**63 - 1)
        return table[(table["time"] >= first) & (table["time"] < last)]


def copy(files: FileSink, to: Sink) -> dict[str, int]:
    """Store the points of files elsewhere, those of attacks and batches too; how many there were of each name."""
    counts = dict.fromkeys(files.names(), 0)
    for name in counts:
        lines_of = files.lines(name)
        while block := list(itertools.islice(lines_of, ROWS)):
            to.write(pa.array(block), name)
            counts[name] += len(block)
    return counts


def _body(points: pa.Array) -> bytes:
    """The lines one after the other, which is how Arrow holds them."""
    whole = pa.concat_arrays([points])  # a slice becomes an array of its own
    _, offsets, data = whole.buffers()
    ends = np.frombuffer(offsets, np.int32)[[whole.offset, whole.offset + len(whole)]] if len(whole) else (0, 0)
    return data[ends[0] : ends[1]].to_pybytes() if ends[1] else b""


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_. " else "_" for c in name)


def _opened(path: Path) -> io.FileIO:
    """`path` open for appending, without the half line that a killed process may have left at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = io.FileIO(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644), "r+")
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 1, 0))
    if size and file.read(1) != b"\n":
        file.truncate(path.read_bytes().rfind(b"\n") + 1)
    return file


_LINE = re.compile(r"(?P<head>(?:\\.|[^ \\])+) (?P<fields>.*) (?P<stamp>-?\d+)\n", re.DOTALL)
_FIELD = re.compile(r'(?P<name>[^=,]+)=(?P<value>"(?:\\.|[^"\\])*"|[^,]+)')


def _parsed(line: str) -> dict:
    """A line as written above; of its tags only the detector, the plant is known."""
    parts = _LINE.fullmatch(line).groupdict()
    detector = re.search(r"(?<!\\),detector=([^,]+)", parts["head"])
    tags = {"detector": detector[1]} if detector else {}
    return {
        "time": int(parts["stamp"]),
        **tags,
        **{m["name"]: _value(m["value"]) for m in _FIELD.finditer(parts["fields"])},
    }


def _value(text: str) -> float | bool | str:
    if text in ("true", "false"):
        return text == "true"
    return json.loads(text) if text.startswith('"') else float(text)


def _series(answer: str) -> Iterator[pd.DataFrame]:
    for line in answer.splitlines():
        for result in json.loads(line)["results"]:
            if "error" in result:
                raise SinkError(f"InfluxDB refused a query: {result['error']}")
            for series in result.get("series", ()):
                yield pd.DataFrame(series["values"], columns=series["columns"]).assign(**series.get("tags", {}))


def _where(plant: str, start, end) -> str:
    quoted = plant.replace("\\", "\\\\").replace("'", "\\'")
    bounds = [f"time >= {_nanoseconds(start)}"] * (start is not None) + [f"time < {_nanoseconds(end)}"] * (
        end is not None
    )
    return " AND ".join([f"\"plant\" = '{quoted}'", *bounds])


def _nanoseconds(when, default: int = 0) -> int:
    return default if when is None else int(lines.nanoseconds(pd.DatetimeIndex([pd.Timestamp(when)]))[0])


def _as_readings(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame(columns=list(TAG_NAMES), index=pd.DatetimeIndex([], name="time"), dtype=np.float32)
    return _by_time(table).reindex(columns=list(TAG_NAMES)).astype(np.float32)


def _as_attacks(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame(columns=["title", "start", "end"])
    whole = _by_time(table)[["title", "start", "end"]].reset_index(drop=True)
    return whole.assign(
        **{name: pd.to_datetime(whole[name], unit="s").astype("datetime64[ns]") for name in ("start", "end")}
    )


def _as_batches(table: pd.DataFrame) -> pd.DataFrame:
    return _by_time(table) if len(table) else pd.DataFrame(index=pd.DatetimeIndex([], name="time"))


def _as_scored(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame(index=pd.DatetimeIndex([], name="time"))
    types = {"score": np.float32, "threshold": np.float64, "alarm": bool}
    parts = {name: _by_time(part).reindex(columns=list(SCORE_FIELDS)).astype(types)
             for name, part in table.groupby("detector", sort=False)}  # fmt: skip
    return pd.concat(parts, axis=1).sort_index()


def _by_time(table: pd.DataFrame) -> pd.DataFrame:
    table = table.drop_duplicates("time", keep="last").sort_values("time")
    return table.set_index(pd.DatetimeIndex(pd.to_datetime(table["time"]), name="time"))
