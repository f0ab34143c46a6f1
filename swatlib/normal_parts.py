"""The normal recordings that a pipeline is fitted on: what they must be, and the parts that each of them gives."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from swatlib.arrays import CHUNK_ROWS
from swatlib.data import Recording, normal_frame
from swatlib.plant import TAG_NAMES
from swatlib.wording import count, did_you_mean, listed

PARTS = ("fits the detectors", "sets first thresholds", "checks the first thresholds")
MOST_STARTUP = 0.25  # of a recording
SAME_ROWS = 60  # equal rows at equal times from which two recordings are taken to hold the same ones


def normal_frames(recordings: Sequence[Recording]) -> list[pd.DataFrame]:
    """The rows of each recording, all with the tags of the first, in its order.

    Raises DataError for an attack row; ValueError for what is no recording, holds no readings of the plant's tags, or
    differs from the first in its tags or the time between rows, and for rows that stand in two recordings.
    """
    if not recordings:
        raise ValueError("fit takes one Recording (of `load`, `simulate`) or several; give normal days")
    frames = [_readings(recording) for recording in recordings]
    first, *others = frames
    for frame in others:
        if differ := set(first) ^ set(frame):
            raise ValueError(
                f"the recordings to fit on differ in {listed(sorted(differ))}; give each the same tags "
                "(`frame[tags]`), or fit on those that have them"
            )
        _refuse_another_pace(first, frame)
    for one, other in itertools.combinations(frames, 2):
        _refuse_same_rows(one, other)
    return [first, *(frame[first.columns] for frame in others)]


def parts_of(
    frames: Sequence[pd.DataFrame], startup: float, shares: Sequence[float], least: int
) -> list[list[pd.DataFrame]]:
    """Rows that fit, calibrate and check: contiguous shares of each frame, without its start-up (`settled`).

    least: rows that the part of each frame needs that fits the detectors. Raises ValueError for a frame that is short,
    and for a tag without a reading in a part.
    """
    each = [_shared(frame, startup, shares, least) for frame in frames]
    parts = [list(part) for part in zip(*each, strict=True)]
    for part, what in zip(parts, PARTS, strict=True):
        if silent := [tag for tag in part[0] if all(frame[tag].isna().all() for frame in part)]:
            raise ValueError(
                f"{', '.join(silent)} has no reading in the part of the normal days that {what}; "
                "leave it out of the files, or give other normal days"
            )
    return parts


def settled(frame: pd.DataFrame, startup: float) -> pd.DataFrame:
    """Rows after the first `startup` seconds, a view; of a short frame, after its first quarter. The times ascend."""
    begin, end = frame.index[[0, -1]]
    first = begin + min(pd.Timedelta(startup, "s"), MOST_STARTUP * (end - begin))
    return frame.iloc[(frame.index >= first).argmax() :]


def shortened(spans: Sequence[pd.Timedelta], startup: float) -> str | None:
    """One sentence where recordings of these lengths lose less than `startup` seconds; else None."""
    hour, usual = pd.Timedelta("1h"), pd.Timedelta(startup, "s")
    short = [span for span in spans if MOST_STARTUP * span < usual - pd.Timedelta("1min")]
    if not short:
        return None
    return (
        f"of {listed(f'{span / hour:.1f}' for span in short)} normal hours the first quarter is left out as start-up, "
        f"not the {usual / hour:g} h of a longer recording; they don't show what other hours bring (docs/detectors.md)"
    )


def judged_days(
    rows: Sequence[int], spans: Sequence[pd.Timedelta], period: pd.Timedelta, startup: float, shares: Sequence[float]
) -> float:
    """Days of the parts that set thresholds, of recordings of so many rows and so long. shares: of all three parts."""
    begun = (min(pd.Timedelta(startup, "s"), MOST_STARTUP * span) / period for span in spans)  # as `settled` leaves out
    used = sum(max(each - out, 0) for each, out in zip(rows, begun, strict=True))
    return used * sum(shares[1:]) * (period / pd.Timedelta("1D"))


def require_readings(frame: pd.DataFrame) -> None:
    """ValueError unless a frame has finite numbers or NaN alone, in columns of different names, and ascending times."""
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"a DataFrame of readings is needed, not a {type(frame).__name__}; give `recording.frame`")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()].unique()
        raise ValueError(f"the frame has {listed(twice)} in more than one column; keep one of them")
    if other := [tag for tag, kind in frame.dtypes.items() if not (isinstance(kind, np.dtype) and kind.kind in "fiu")]:
        raise ValueError(
            f"the frame's {other[0]} holds {frame.dtypes[other[0]]}, not numbers; convert it with `pandas.to_numeric`"
        )
    if not isinstance(frame.index, pd.DatetimeIndex) or not frame.index.is_monotonic_increasing:
        raise ValueError("the frame's index is not made of ascending times; give it a DatetimeIndex and sort it")
    for start in range(0, len(frame), CHUNK_ROWS):
        piece = frame.iloc[start : start + CHUNK_ROWS]
        infinite = np.isinf(piece.to_numpy())
        if infinite.any():
            row, column = np.argwhere(infinite)[0]
            raise ValueError(
                f"{frame.columns[column]} is infinite at {piece.index[row]}; replace it by NaN, which is a missing "
                "reading"
            )


def _readings(recording: Recording) -> pd.DataFrame:
    if not isinstance(recording, Recording):
        raise ValueError(f"fit takes a Recording (of `load`, `simulate`), not a {type(recording).__name__}")
    frame = normal_frame(recording)
    require_readings(frame)
    if frame.empty:
        raise ValueError("the recording has no row to fit on; give normal days")
    if unknown := [tag for tag in frame if tag not in TAG_NAMES]:
        hint = did_you_mean(str(unknown[0]), TAG_NAMES)
        raise ValueError(f"{unknown[0]!r} is no tag of the plant; leave the column out of the frame.{hint}")
    return frame


def _shared(frame: pd.DataFrame, startup: float, shares: Sequence[float], least: int) -> list[pd.DataFrame]:
    used = settled(frame, startup)
    edges = np.round(np.cumsum((0, *shares)) * len(used)).astype(int)
    if edges[1] < least or np.diff(edges).min() == 0:
        left_out = (used.index[0] - frame.index[0]).total_seconds()
        raise ValueError(
            f"{len(used):,} normal rows are left after {left_out:,.0f} s of start-up; of the parts {shares} the one "
            f"that {PARTS[0]} needs {least:,}, the others one each: give more normal days than those from "
            f"{frame.index[0]} to {frame.index[-1]}, or a smaller `startup`"
        )
    return [used.iloc[start:stop] for start, stop in itertools.pairwise(edges)]


def _refuse_another_pace(first: pd.DataFrame, frame: pd.DataFrame) -> None:
    usual, other = (np.median(np.diff(each.index)) if len(each) > 1 else None for each in (first, frame))
    if usual is not None and other is not None and not usual / 2 < other < usual * 2:
        seconds = [pd.Timedelta(each).total_seconds() for each in (usual, other)]
        raise ValueError(
            f"the recordings to fit on have a row every {seconds[0]:g} s and every {seconds[1]:g} s; resample one"
        )


def _refuse_same_rows(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """What fits a detector must not set its threshold, so no row may come twice."""
    one, other = (frame[~frame.index.duplicated()] for frame in (one, other))
    common = one.index.intersection(other.index)
    here, there = one.loc[common].to_numpy(), other.loc[common, one.columns].to_numpy()
    missing = np.isnan(here)
    same = ((here == there) | (missing & np.isnan(there))).all(axis=1) & ~missing.all(axis=1)
    if same.sum() >= SAME_ROWS:
        times = common[same]
        raise ValueError(
            f"{count(int(same.sum()), 'row')} from {times[0]} to {times[-1]} stand in two of the recordings to fit on; "
            "give each row once"
        )


def usual_pace(frames: Sequence[pd.DataFrame]) -> pd.Timedelta:
    """Median time between rows of all frames; 0 where there are too few rows to tell."""
    steps = np.concatenate([np.diff(frame.index) for frame in frames])
    return pd.Timedelta(np.median(steps)) if len(steps) else pd.Timedelta(0)
