"""The points in files of line protocol, for machines without InfluxDB."""

import io
import itertools
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd
import pyarrow as pa

from swatlib.live.line_protocol import escaped
from swatlib.live.sink import frames
from swatlib.live.sink.points import (
    ATTACK_EVENT,
    LINES_PER_REQUEST,
    PIPELINE,
    READING,
    SCORE,
    Sink,
    SinkError,
    Time,
    body,
)

FILE_NAME = 200  # bytes of a file's name at most; file systems take 255, suffixes and all


@dataclass(frozen=True)
class FileSink:
    """Line protocol in one file a plant, `<folder>/<plant>.lp`, for machines without InfluxDB; `influx write` takes it.

    In a file's name all but letters, digits, "-", "_", "." and blanks stands as %XX, so two plants have two files. On
    file systems that hold some names for equal ("A" and "a") they may share one; reading tells their lines apart.

    A batch that comes again is appended again: the lines are the same, and reading takes the last of each.
    """

    folder: Path

    def write(self, points: pa.Array, name: str) -> None:
        lines = memoryview(body(points))
        try:
            with _opened(self._path(name)) as file:
                while lines:
                    lines = lines[file.write(lines) :]
        except OSError as error:
            raise SinkError(f"{self.folder} did not store points: {error}") from None

    def scores(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        return frames.as_scored(self._table(SCORE, plant, start, end))

    def readings(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        """Stored readings: times × tags, float32."""
        return frames.as_readings(self._table(READING, plant, start, end))

    def attacks(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        """Known and launched attacks: title, start, end."""
        return frames.as_attacks(self._table(ATTACK_EVENT, plant, start, end))

    def batches(self, start: Time = None) -> pd.DataFrame:
        """One row a batch of the stream: the fields of `pipeline`."""
        return frames.as_batches(self._table(PIPELINE, None, start, None))

    def names(self) -> list[str]:
        """Whose points there are (of a name that is too long for a file, its beginning and its checksum)."""
        return sorted(unquote(path.stem) for path in self._paths())

    def lines(self, name: str) -> Iterator[str]:
        """Whole lines stored under `name`; one that was cut short by a kill is passed over."""
        yield from _lines(self._path(name))

    def cut_short(self) -> list[str]:
        """Files whose last line, which is passed over, has no line break, as after a kill or from another program."""
        return [str(path) for path in self._paths() if path.stat().st_size and not _ends_a_line(path)]

    def _path(self, name: str) -> Path:
        return Path(self.folder) / f"{_file_name(name)}.lp"

    def _paths(self) -> list[Path]:
        return sorted(Path(self.folder).glob("*.lp"))

    def _table(self, measurement: str, plant: str | None, start: Time, end: Time) -> pd.DataFrame:
        lines = self.lines(measurement if plant is None else plant)
        table = pd.DataFrame([_parsed(line) for line in lines if line.startswith(measurement + ",")])
        if table.empty:
            return table
        first, last = frames.bound(start, -(2**63)), frames.bound(end, 2**63 - 1)
        whose = True if plant is None else table.pop("plant") == escaped(plant)
        return table[whose & (table["time"] >= first) & (table["time"] < last)]


def copy(files: FileSink, to: Sink) -> dict[str, int]:
    """Store the points of files elsewhere, those of attacks and batches too; how many there were of each name.

    Raises SinkError with the file that holds something else.
    """
    return {unquote(path.stem): _copy(path, to) for path in files._paths()}


def _copy(path: Path, to: Sink) -> int:
    points, count = (line for line in _lines(path) if line.strip() and not line.startswith("#")), 0
    try:
        while block := list(itertools.islice(points, LINES_PER_REQUEST)):
            to.write(pa.array(block), unquote(path.stem))
            count += len(block)
    except UnicodeDecodeError:
        raise SinkError(f"{path} holds bytes that are no text, so it is no file of points; put it elsewhere") from None
    except SinkError as error:
        raise SinkError(f"{path}: {error}") from None
    return count


def _file_name(name: str) -> str:
    """Another one for every name, and no longer than file systems take."""
    whole = "".join(each if each.isalnum() or each in "-_. " else quote(each, safe="") for each in name)
    if len(whole.encode()) <= FILE_NAME:
        return whole
    return f"{whole.encode()[: FILE_NAME - 33].decode(errors='ignore')}~{sha256(name.encode()).hexdigest()[:32]}"


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from (line for line in file if line.endswith("\n"))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


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
_TAG = re.compile(r"(?<!\\),(?P<name>detector|plant)=(?P<value>(?:\\.|[^,\\])+)")
_FIELD = re.compile(r'(?P<name>[^=,]+)=(?P<value>"(?:\\.|[^"\\])*"|[^,]+)')


def _parsed(line: str) -> dict[str, Any]:
    """A line as `points` makes it: its fields, time, detector if it has one, and plant (escaped) if it has one."""
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise SinkError(f"{line!r:.80} is no line of a point; the file was written by another program")
    fields = {found["name"]: _value(found["value"]) for found in _FIELD.finditer(parts["fields"])}
    tags = {found["name"]: found["value"] for found in _TAG.finditer(parts["head"])}
    return {"time": int(parts["stamp"]), **tags, **fields}


def _value(text: str) -> float | bool | str:
    if text in ("true", "false"):
        return text == "true"
    return json.loads(text) if text.startswith('"') else float(text)
