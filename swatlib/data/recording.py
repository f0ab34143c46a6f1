"""A recording: rows of the plant in one form, whatever form they came in."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

EVENT_COLUMNS = ("attack", "start", "end", "points", "action", "visibility")
SECOND = pd.Timedelta(1, "s")


class DataError(ValueError):
    """A file that can't be read as a recording; the message says where, what was met and what to do."""


@dataclass(frozen=True)
class Source:
    """Where rows came from: a file's name or a description of the simulation, and the SHA-256 of the bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Recording:
    """Rows of the plant, one a second unless a finding says otherwise.

    `frame`: float32 tag columns in plant order, DatetimeIndex `time`, strictly increasing; an empty cell is NaN.
    `label`: bool Series `attack` on the same index, or None. `events`: what is known exactly (a simulated run,
    corrected labels), `end` half-open. `extra`: columns that are no tag. `findings`: what was found in the files and
    done about it.
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
    def period(self) -> pd.Timedelta:
        """Usual time from one row to the next."""
        return usual_step(self.frame.index)

    @property
    def days(self) -> float:
        """Recorded time in days, holes left out."""
        return len(self.frame) * (self.period / pd.Timedelta("1d"))

    def noting(self, *findings: str) -> "Recording":
        """The same with more findings."""
        return replace(self, findings=(*self.findings, *findings))

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
        events = None if self.events is None else touching(self.events, cut["frame"].index)
        return replace(self, events=events, **cut)


def usual_step(index: pd.DatetimeIndex) -> pd.Timedelta:
    """Median time between rows; a second where there are too few to tell."""
    return pd.Timedelta(np.median(np.diff(index.to_numpy()))) if len(index) > 1 else SECOND


def touching(events: pd.DataFrame, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Events with at least a moment inside the span of `index`."""
    if index.empty:
        return events.iloc[:0]
    return events[(events["end"] > index[0]) & (events["start"] <= index[-1])].reset_index(drop=True)
