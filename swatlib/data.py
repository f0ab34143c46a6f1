"""Recordings of the plant: what a file holds, in one form whatever form it came in."""

import hashlib
from dataclasses import dataclass, replace

import pandas as pd

EVENT_COLUMNS = ("attack", "start", "end", "points", "action", "visibility")


class DataError(ValueError):
    """A file that can't be read as a recording; the message says where, what was met and what to do."""


@dataclass(frozen=True)
class Source:
    """Where rows came from: a file's name or a description of the simulation, and the SHA-256 of the bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Recording:
    """Rows of the plant at 1 Hz.

    `frame`: float32 tag columns in plant order, DatetimeIndex `time`, strictly increasing. `label`: bool Series
    `attack` on the same index, or None. `events`: what is known exactly (a simulated run), `end` half-open.
    `extra`: columns that are no tag. `findings`: what was found in the files and done about it.
    """

    frame: pd.DataFrame
    label: pd.Series | None = None
    findings: tuple[str, ...] = ()
    source: tuple[Source, ...] = ()
    events: pd.DataFrame | None = None
    extra: pd.DataFrame | None = None

    @property
    def checksum(self) -> str:
        """One digest over all sources, in order."""
        return hashlib.sha256("".join(source.sha256 for source in self.source).encode()).hexdigest()

    @property
    def days(self) -> float:
        """Recorded time in days, one second a row."""
        return len(self.frame) / 86_400

    def between(self, start=None, end=None) -> "Recording":
        """The part from `start` (included) to `end` (excluded); events that touch it stay whole."""
        start, end = (None if t is None else pd.Timestamp(t) for t in (start, end))
        rows = slice(
            0 if start is None else self.frame.index.searchsorted(start),
            len(self.frame) if end is None else self.frame.index.searchsorted(end),
        )
        cut = {
            name: None if part is None else part.iloc[rows]
            for name, part in (("frame", self.frame), ("label", self.label), ("extra", self.extra))
        }
        return replace(self, events=_touching(self.events, cut["frame"].index), **cut)


def _touching(events: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame | None:
    if events is None or index.empty:
        return events
    return events[(events["end"] > index[0]) & (events["start"] <= index[-1])].reset_index(drop=True)


def attacks(recording: Recording) -> pd.DataFrame:
    """Event table of a recording: attack, start, end (half-open), points, action, visibility."""
    if recording.events is None:
        raise DataError("This recording has no event table.")
    return recording.events
