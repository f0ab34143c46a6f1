"""How much faster than usual each tag moved, before and during each attack."""

import itertools

import numpy as np
import pandas as pd

from swatlib.data.recording import usual_step

USUAL = 0.999  # quantile of the changes on normal days
BEFORE = pd.Timedelta("10min")


def movements(
    frame: pd.DataFrame, normal: pd.DataFrame, events: pd.DataFrame, before: pd.Timedelta = BEFORE, seconds: int = 60
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Largest change within `seconds` in the time `before` each event, and during it (events × tags).

    As a multiple of what the tag's changes stay below in 99.9 % of the `normal` rows, and at least 1; NaN where the tag
    has no two readings so far apart. Tags that do not change in so many of them are left out, and so are those that one
    of the frames lacks. frame, normal: rows × tags.
    """
    rows = max(1, round(pd.Timedelta(seconds, "s") / usual_step(frame.index)))
    both = normal.columns[normal.columns.isin(frame.columns)]
    usual = np.array([np.nanquantile(_changes(normal[tag].to_numpy(), rows), USUAL) for tag in both])
    tags, usual = list(both[usual > 0]), usual[usual > 0]
    edges = [frame.index.searchsorted(times) for times in (events["start"] - before, events["start"], events["end"])]
    spans = [zip(lows, highs, strict=True) for lows, highs in itertools.pairwise(edges)]
    ahead, during = ([_furthest(frame, tags, start, stop, rows, usual) for start, stop in each] for each in spans)
    return tuple(pd.DataFrame(each, events["attack"].to_numpy(), tags) for each in (ahead, during))


def _furthest(frame: pd.DataFrame, tags: list[str], start: int, stop: int, rows: int, usual: np.ndarray) -> np.ndarray:
    """Largest change of each tag in the rows `start` to `stop`, as a multiple of the usual one; at least 1, or NaN."""
    past = min(start, rows)
    moved = _changes(frame.iloc[start - past : stop][tags].to_numpy(), rows)[past:] / usual
    return np.maximum(np.fmax.reduce(moved, axis=0, initial=np.nan), 1.0)


def _changes(values: np.ndarray, rows: int) -> np.ndarray:
    """How far each value lies from that of so many rows ago; NaN where there is none."""
    changes = np.full(values.shape, np.nan, np.result_type(values, np.float32))
    np.abs(values[rows:] - values[:-rows], out=changes[rows:])
    return changes
