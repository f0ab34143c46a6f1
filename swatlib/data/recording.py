"""A recording: rows of the plant in one form, whatever form they came in."""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from swatlib.wording import count, listed

EVENT_COLUMNS = ("attack", "start", "end", "points", "action", "visibility")
SECOND = pd.Timedelta(1, "s")
TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d(:\d\d)?")

RowSelection = np.ndarray | slice


class DataError(ValueError):
    """A file that can't be read as a recording; the message says where, what was met and what to do."""


@dataclass(frozen=True)
class Source:
    """Where rows came from: a file's name or a description of the simulation, and the SHA-256 of the bytes.

    path: of the file. simulated: what `cached_simulation` takes to simulate the rows again, as JSON. One of them is
    empty, or both where rows can't be had again.
    """

    name: str
    sha256: str
    path: str = ""
    simulated: str = ""


@dataclass(frozen=True)
class Recording:
    """Rows of the plant, one per second unless a finding says otherwise.

    Parameters
    ----------
    frame
        Readings (rows × tags), float32, tags in plant order, with a strictly increasing DatetimeIndex `time`. An empty
        cell is NaN.
    label
        Bool Series `attack` on the same index; None where there is no label.
    findings
        What was found in the files and done about it, one sentence each.
    source
        Where the rows came from.
    events
        Event table of what is known exactly (a simulated run, corrected labels); `end` is the first moment after.
    extra
        Columns that hold no tag, on the same index.
    utc_offset
        How far the clock of the times is ahead of UTC, where the files state it.

    Raises
    ------
    DataError
        For times that are none or do not increase; for a label that isn't bool, lacks a cell or is on another index.

    Examples
    --------
    >>> index = pd.date_range("2015-12-28 10:00", periods=4, freq="s", name="time")
    >>> frame = pd.DataFrame({"LIT101": np.float32([500, 501, 502, 503])}, index)
    >>> recording = Recording(frame, label=pd.Series([False, False, True, True], index, name="attack"))
    >>> recording.between("2015-12-28 10:00:01").frame["LIT101"].tolist()
    [501.0, 502.0, 503.0]
    >>> recording.take(recording.label.to_numpy()).frame["LIT101"].tolist()
    [502.0, 503.0]
    >>> recording.period
    Timedelta('0 days 00:00:01')
    """

    frame: pd.DataFrame
    label: pd.Series | None = None
    findings: tuple[str, ...] = ()
    source: tuple[Source, ...] = ()
    events: pd.DataFrame | None = None
    extra: pd.DataFrame | None = None
    utc_offset: pd.Timedelta | None = None

    def __post_init__(self) -> None:
        _refuse_odd_times(self.frame.index)
        if self.label is not None:
            _refuse_odd_label(self.label, self.frame.index)

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
        """Recorded time in days, gaps left out."""
        return len(self.frame) * (self.period / pd.Timedelta("1d"))

    def noting(self, *findings: str) -> "Recording":
        """The same with more findings."""
        return replace(self, findings=(*self.findings, *findings))

    def take(self, rows: RowSelection) -> "Recording":
        """The rows of a mask (one bool per row), of positions or of a slice; events that touch them stay whole."""
        frame = self.frame.iloc[rows]
        return replace(
            self,
            frame=frame,
            label=None if self.label is None else self.label.iloc[rows],
            extra=None if self.extra is None else self.extra.iloc[rows],
            events=None if self.events is None else touching(self.events, frame.index),
        )

    def at(self, index: pd.DatetimeIndex) -> "Recording":
        """The same rows at other times, increasing ones; events begin and end with their rows, no zone is stated.

        Raises ValueError for more or fewer times than rows.
        """
        if len(index) != len(self.frame):
            raise ValueError(f"{count(len(index), 'time')} for {count(len(self.frame), 'row')}; give one for each")
        return replace(
            self,
            utc_offset=None,
            events=None if self.events is None else _moved(self.events, self.frame.index, index),
            frame=self.frame.set_axis(index),
            label=None if self.label is None else self.label.set_axis(index),
            extra=None if self.extra is None else self.extra.set_axis(index),
        )

    def between(self, start: pd.Timestamp | str | None = None, end: pd.Timestamp | str | None = None) -> "Recording":
        """The part from `start` (included) to `end` (excluded); events that touch it stay whole."""
        index = self.frame.index
        first = 0 if start is None else index.searchsorted(on_clock(index, start))
        return self.take(slice(first, len(index) if end is None else index.searchsorted(on_clock(index, end))))


class UnorderedRows(Recording):
    """Rows as files hold them: their times may repeat and go back until `data.order` has put them in order."""

    def __post_init__(self) -> None:
        """Any times will do."""

    def in_order(self, places: np.ndarray | None = None) -> Recording:
        """The recording of the rows at these positions, or of all as they stand. Raises DataError as it does."""
        rows = self if places is None else self.take(places)
        return Recording(**{field.name: getattr(rows, field.name) for field in fields(Recording)})


def _refuse_odd_times(index: pd.Index) -> None:
    """Rows are found, counted and scored by their times."""
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"the rows have an index of type {type(index).__name__}; give the frame a DatetimeIndex, such as "
            "frame.set_axis(pd.to_datetime(times))"
        )
    if not (index.is_monotonic_increasing and index.is_unique) or index.hasnans:
        steps = np.diff(index.to_numpy())
        place = 1 + int(np.argmin(steps > np.timedelta64(0)))  # that of a missing time too, which is not after any
        raise DataError(
            f"row {place + 1:,} ({index[place]}) is not after the row before it ({index[place - 1]}); give rows in the "
            "order of their times, each once, as load() does for files"
        )


def _refuse_odd_label(label: pd.Series, index: pd.Index) -> None:
    """Each number, text or missing cell would have to be taken for attack or not."""
    wanted = "give a Series of bool, True where there is an attack, such as pd.Series(column == 'Attack', frame.index)"
    if not isinstance(label, pd.Series):
        raise DataError(f"the label is of type {type(label).__name__}; {wanted}")
    if label.dtype != bool:
        missing = label[label.isna()]
        met = (
            f"lacks {count(len(missing), 'cell')}"
            if len(missing)
            else f"reads {listed(map(repr, label.head(1).tolist()))}"
        )
        raise DataError(f"the label {met} and is of type {label.dtype}; {wanted}")
    if not label.index.equals(index):
        raise DataError(f"the label ({len(label):,} rows) is not on the index of the frame ({len(index):,}); {wanted}")


def _moved(events: pd.DataFrame, old: pd.DatetimeIndex, new: pd.DatetimeIndex) -> pd.DataFrame:
    """Events among rows at other times; a moment before the first or after the last row stays as far from it."""
    if old.empty:
        return events
    moved = {}
    for side in ("start", "end"):
        moments = pd.DatetimeIndex(events[side])
        nearest = moments.to_series().clip(old[0], old[-1])
        moved[side] = new[old.searchsorted(nearest)] + (moments - pd.DatetimeIndex(nearest))
    return events.assign(**moved)


def moment(time: Any) -> pd.Timestamp:
    """A time as it was written. Raises ValueError for what is none, and for a time of day without a date."""
    if isinstance(time, str) and TIME_OF_DAY.fullmatch(time):  # to which pandas adds the day on which it is asked
        raise ValueError(f"{time!r} has no date; write it as in '2015-12-28 {time}'")
    with suppress(ValueError, TypeError):
        if not isinstance(time, (int, float)) and (read := pd.Timestamp(time)) is not pd.NaT:
            return read
    raise ValueError(f"{time!r} is no time; write it as in '2015-12-28 10:00'")


def on_clock(index: pd.DatetimeIndex, time: pd.Timestamp | str) -> pd.Timestamp:
    """A time in the zone of the index; one without a zone is meant as the index tells the time.

    Raises ValueError for what is no time, and for a time with a zone among rows without one.
    """
    time = moment(time)
    if index.tz is None:
        if time.tz is not None:
            raise ValueError(f"the rows have times without a zone; give {time.tz_localize(None)} instead of {time}")
        return time
    if time.tz is not None:
        return time.tz_convert(index.tz)
    local = time.tz_localize(index.tz, ambiguous="NaT", nonexistent="NaT")
    if local is pd.NaT:
        raise ValueError(f"{time} is twice or never on the clock of {index.tz}; give it with its offset")
    return local


def zone_of(utc_offset: pd.Timedelta) -> str:
    """ "UTC+08:00" of eight hours."""
    minutes = round(utc_offset / pd.Timedelta("1min"))
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def usual_step(index: pd.Index) -> pd.Timedelta:
    """Median time between rows; a second where there are too few to tell."""
    return pd.Timedelta(np.median(np.diff(index.to_numpy()))) if len(index) > 1 else SECOND


def touching(events: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Events with at least a moment inside the time of `index`."""
    if index.empty:
        return events.iloc[:0]
    return events[(events["end"] > index[0]) & (events["start"] <= index[-1])].reset_index(drop=True)
