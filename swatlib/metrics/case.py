"""What every metric reads: label, events, and the alarm and score of one detector, on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY, count_within, intervals_of, mask_of

PerDraw: TypeAlias = float | np.ndarray  # a number, or one value per bootstrap draw (draws,)
Rows: TypeAlias = np.ndarray | pd.Series  # one value a row (n,)
Events: TypeAlias = pd.DataFrame | Sequence | np.ndarray  # a table with start and end, or pairs of rows (m, 2)
FEWEST_DAYS = 4  # alarms of a day come together, so normal time is drawn by days; a short recording by its quarters
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Case:
    """Rows in time order, one second each unless a DatetimeIndex said otherwise.

    label, alarm: bool (n,). score: float (n,), high = anomalous, NaN where there is none. seconds: time of each row
    since the first (n,). spans: first row and the one after the last of each event (m, 2). onsets: when each event
    begins, in the time of `seconds` (m,). weights: how often each of `groups` counts (draws, m + blocks), None for
    once each: sums are then single numbers, else (draws,).
    """

    label: np.ndarray
    spans: np.ndarray
    onsets: np.ndarray
    seconds: np.ndarray
    alarm: np.ndarray = None  # type: ignore[assignment]  # None: its metrics are not asked for
    score: np.ndarray = None  # type: ignore[assignment]
    weights: np.ndarray | None = None

    def rows(self, chosen: np.ndarray) -> PerDraw:
        """How many rows there are of `chosen` (bool, (n,))."""
        if self.weights is None:
            return int(np.count_nonzero(chosen))
        return self.weights @ np.bincount(self.groups[chosen], minlength=self.weights.shape[1])

    def sum_events(self, values: np.ndarray) -> PerDraw:
        """Sum of one value an event (m,)."""
        return values.sum() if self.weights is None else self.weights[:, : len(self.spans)] @ values

    def sum_alarms(self, values: np.ndarray) -> PerDraw:
        """Sum of one value an alarm (k,); an alarm counts with the event it touches, else with its block."""
        if self.weights is None:
            return values.sum()
        return self.weights[:, self.groups_of_alarms] @ values

    def with_answer(self, alarm: np.ndarray, score: np.ndarray) -> "Case":
        """The same rows with another alarm and score, and all that does not depend on them."""
        other = replace(self, alarm=alarm, score=score)
        vars(other).update(groups=self.groups, in_event=self.in_event, row_days=self.row_days)
        return other

    @cached_property
    def groups(self) -> np.ndarray:
        """What each row is drawn with (n,): the number of its event, or m and more for a block of normal time."""
        block = min(SECONDS_PER_DAY, self.seconds[-1] / FEWEST_DAYS) or 1.0
        # Without a limit the last row would begin a block of its own.
        last = max(FEWEST_DAYS, np.ceil(self.seconds[-1] / SECONDS_PER_DAY)) - 1
        groups = len(self.spans) + np.minimum(self.seconds // block, last).astype(np.int64)
        for number, (start, stop) in enumerate(self.spans):
            groups[start:stop] = number
        return groups

    @cached_property
    def groups_of_alarms(self) -> np.ndarray:
        """The group of each alarm (k,); those of events have the lower numbers."""
        return np.minimum.reduceat(self.groups[self.alarm], _offsets(self.alarms)) if len(self.alarms) else _NONE

    def rows_in_events(self, rows: np.ndarray) -> np.ndarray:
        """How many of `rows` (bool, (n,)) lie in each event (m,)."""
        return count_within(rows, self.spans)

    @cached_property
    def hits(self) -> np.ndarray:
        """Alarm rows in each event (m,)."""
        return self.rows_in_events(self.alarm)

    @cached_property
    def alarms(self) -> np.ndarray:
        """Intervals of alarm rows (k, 2)."""
        return intervals_of(self.alarm)

    @cached_property
    def in_event(self) -> np.ndarray:
        """Rows of any event (n,), bool."""
        return mask_of(self.spans, len(self.label))

    @cached_property
    def normal(self) -> np.ndarray:
        """Rows that are no attack and lie in no event (n,), bool."""
        return ~self.label & ~self.in_event

    @cached_property
    def judged(self) -> np.ndarray:
        """Rows with a score, or all where none is given (n,), bool: in the others there could be no alarm."""
        return np.ones(len(self.label), bool) if self.score is None else ~np.isnan(self.score)

    @cached_property
    def quiet(self) -> np.ndarray:
        """Judged rows outside the events (n,), bool: those in which an alarm is false."""
        return self.judged & ~self.in_event

    @property
    def unknown(self) -> PerDraw:
        """What a metric is that can't be computed: NaN, or one per draw."""
        return np.nan if self.weights is None else np.full(len(self.weights), np.nan)

    @property
    def false_alarms(self) -> PerDraw:
        """Number of alarms that touch no event."""
        return self.sum_alarms(count_within(self.in_event, self.alarms) == 0)

    @property
    def normal_days(self) -> PerDraw:
        """Judged time outside the events, in days; a gap in the recording is not counted."""
        return self.rows(self.quiet) * self.row_days

    @cached_property
    def row_days(self) -> float:
        """How long a row lasts, in days."""
        period = float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else 1.0
        return period / SECONDS_PER_DAY


def make_case(label: Rows, alarm: Rows | None = None, score: Rows | None = None, events: Events | None = None) -> Case:
    """Check and align what `evaluate` is given; its docstring says what that may be."""
    truth, index = column("label", label)
    if not truth.any():
        raise ValueError(
            f"no attack in label: all {len(truth):,} rows are False; give days with attacks, "
            "and count false alarms on normal days with swatlib.alarms.alarms_per_day"
        )
    for name, given in (("alarm", alarm), ("score", score)):
        index = _same_rows(name, given, len(truth), index)
    alarm = None if alarm is None else column("alarm", alarm)[0]
    score = None if score is None else _score(score, alarm)
    seconds = elapsed_s(index, len(truth))
    spans, onsets = intervals_and_onsets(intervals_of(truth) if events is None else events, index, seconds)
    return Case(truth, spans, onsets, seconds, alarm, score)  # type: ignore[arg-type]  # None: as in Case


def column(name: str, values) -> tuple[np.ndarray, pd.DatetimeIndex | None]:
    """Bool rows and, for a Series that has one, their DatetimeIndex."""
    rows = np.asarray(values)
    if rows.ndim != 1 or rows.dtype != bool:
        raise ValueError(
            f"{name} is {rows.ndim}-dimensional {rows.dtype}; give one bool a row, as {name}.astype(bool) makes it"
        )
    index = getattr(values, "index", None)
    index = index if isinstance(index, pd.DatetimeIndex) else None
    if index is not None and not index.is_monotonic_increasing:
        raise ValueError(f"the times of {name} go back; sort it with {name}.sort_index()")
    return rows, index


def elapsed_s(index: pd.DatetimeIndex | None, rows: int) -> np.ndarray:
    """Seconds since the first row (n,)."""
    return np.arange(rows, dtype=float) if index is None else (index - index[0]).total_seconds().to_numpy()


def intervals_and_onsets(
    events: Events, index: pd.DatetimeIndex | None, seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of rows (m, 2) and onsets in seconds (m,) of events: a DataFrame of times, or pairs of rows.

    An event that began before the recording counts from the first row.
    """
    onsets: np.ndarray | None
    if isinstance(events, pd.DataFrame):
        index = _index_for(events, index)
        spans = event_intervals(events, index)
        onsets = np.maximum((pd.DatetimeIndex(events["start"]) - index[0]).total_seconds().to_numpy(), 0.0)
    else:
        spans, onsets = _pairs(events), None
    if not len(spans):
        raise ValueError("events is empty; give at least one, or None for the intervals of the label")
    wrong = (spans[:, 0] < 0) | (spans[:, 0] >= spans[:, 1]) | (spans[:, 1] > len(seconds))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            f"event {first + 1} of {len(spans)} covers rows {spans[first, 0]:,} to {spans[first, 1]:,} "
            f"of {len(seconds):,}, which is none; leave out the events that the rows do not show"
        )
    return spans, seconds[spans[:, 0]] if onsets is None else onsets


def _pairs(events: Sequence | np.ndarray) -> np.ndarray:
    """Pairs of rows as an array (m, 2) of whole numbers."""
    try:
        pairs = np.asarray(events)
    except ValueError:  # members of different lengths
        pairs = np.asarray(events, object)
    if pairs.size and (pairs.shape[1:] != (2,) or pairs.dtype.kind not in "iu"):
        raise ValueError(
            f"events is {shape(pairs)} of {pairs.dtype}; give a table of times, or n x 2 whole numbers: first row and "
            "the one after the last"
        )
    return pairs.reshape(-1, 2)


def shape(values) -> str:
    """Size of an array as text: 1,000 or 1,000 x 2."""
    return " x ".join(f"{size:,}" for size in np.shape(values)) or "a single value"


def share(part: PerDraw, whole: PerDraw) -> PerDraw:
    """part / whole, 0 where the whole is; numbers or (draws,)."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) > 0)


def rate(part: PerDraw, whole: PerDraw) -> PerDraw:
    """part / whole, NaN where the whole is 0; numbers or (draws,)."""
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=np.asarray(whole) > 0)


def harmonic(a: PerDraw, b: PerDraw) -> PerDraw:
    """Harmonic mean, 0 where both are; numbers or (draws,)."""
    return share(2 * a * b, a + b)


def _offsets(spans: np.ndarray) -> np.ndarray:
    """Where each span begins once the rows between them are left out (k,)."""
    return np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])[:-1]])


def _same_rows(name: str, values, rows: int, index: pd.DatetimeIndex | None) -> pd.DatetimeIndex | None:
    """The index to go by, once `values` is seen to have as many rows at the same times."""
    if values is None:
        return index
    if np.shape(values) != (rows,):
        raise ValueError(f"label has {rows:,} rows and {name} has {shape(values)}; give both for the same rows")
    own = getattr(values, "index", None)
    if not isinstance(own, pd.DatetimeIndex):
        return index
    if index is not None and not index.equals(own):
        raise ValueError(f"label and {name} stand at different times; align them, as {name}.reindex(label.index) does")
    return own


def _score(values, alarm: np.ndarray | None) -> np.ndarray:
    score = np.asarray(values, dtype=np.float64)
    missing = np.isnan(score)
    if np.isinf(score).any():
        raise ValueError(f"score is infinite in {np.count_nonzero(np.isinf(score)):,} rows; give finite numbers or NaN")
    if alarm is not None and (alarm & missing).any():
        rows = np.count_nonzero(alarm & missing)
        raise ValueError(f"{rows:,} rows alarm without a score; set the alarm to False where the score is NaN")
    return score


def event_intervals(events: pd.DataFrame, index: pd.DatetimeIndex) -> np.ndarray:
    """Interval of rows of each event (m, 2): first row, and one after the last."""
    return np.column_stack([index.searchsorted(pd.DatetimeIndex(events[name])) for name in ("start", "end")])


def _index_for(events: pd.DataFrame, index: pd.DatetimeIndex | None) -> pd.DatetimeIndex:
    """The index, once the table of events is seen to have a start and an end for each."""
    lacks = [name for name in ("start", "end") if name not in events]
    if lacks:
        raise ValueError(f"events lacks the column {' and '.join(lacks)}; give a table like data.attacks(recording)")
    if index is None:
        raise ValueError("events stand at times and the rows at none; give label or alarm as a Series with its index")
    if (unknown := events[["start", "end"]].isna().any(axis=1)).any():
        raise ValueError(f"event {int(np.argmax(unknown)) + 1} of {len(events)} has no start or no end; leave it out")
    for name in ("start", "end"):
        if len(events) and pd.api.types.is_numeric_dtype(events[name]):
            raise ValueError(f"{name} of the events holds {events[name].dtype}; give times there, or pairs of rows")
        if (zone := pd.DatetimeIndex(events[name]).tz) != index.tz:
            met = " and ".join(f"{what} {each or 'none'}" for what, each in (("rows", index.tz), (name, zone)))
            raise ValueError(f"rows and events are of different time zones ({met}); bring both to one")
    return index
