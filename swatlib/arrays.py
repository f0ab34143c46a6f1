"""Arithmetic over consecutive rows that gives the same bits however the rows are cut, and intervals of rows.

An interval is the first row and the one after the last. A mask holds one bool a row.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400
CHUNK_ROWS = 20_000  # of many columns that are worked on at once: new memory takes longer than the arithmetic
CACHED_ROWS = 512  # that are averaged at once: with their columns they stay in the processor's cache


def lagged(X: np.ndarray, rows: int) -> np.ndarray:
    """X (rows × columns) of `rows` rows ago; NaN where there is none."""
    past = np.full_like(X, np.nan)
    past[rows:] = X[: max(len(X) - rows, 0)]
    return past


def difference(X: np.ndarray, rows: int = 1) -> np.ndarray:
    """X minus X of `rows` rows ago; 0 where there is none."""
    out = np.empty_like(X)
    out[:rows] = 0
    np.subtract(X[rows:], X[:-rows], out=out[rows:])
    return out


def moving_mean(X: np.ndarray, window: int) -> np.ndarray:
    """Mean of the last `window` rows, NaN before there are as many; summed anew for each row.

    A running total would depend on where it began. Raises ValueError for a window under 1.
    """
    if window < 1:
        raise ValueError(f"a mean over {window} rows can't be taken; give 1 or more")
    mean = np.full(X.shape, np.nan)
    for start in range(window - 1, len(X), CACHED_ROWS):
        rows = X[start - window + 1 : start + CACHED_ROWS]
        mean[start : start + CACHED_ROWS] = _sums(rows, window)[window - 1 :] / window
    return mean


def _sums(X: np.ndarray, window: int) -> np.ndarray:
    """Sum of the last `window` rows: that of sums over powers of two, side by side. Wrong before there are as many."""
    total, block, size, taken = np.zeros(X.shape), np.array(X, np.float64), 1, 0
    doubled = block.copy()
    while True:
        if window & size:
            total[taken:] += block[: len(X) - taken]
            taken += size
        if 2 * size > window:
            return total
        np.add(block[size:], block[:-size], out=doubled[size:])  # in place it would be copied first
        block, doubled = doubled, block
        size *= 2


def moving_sum(X: np.ndarray, doublings: int) -> np.ndarray:
    """Sum of the last 2**doublings rows, by doubling, so that it does not depend on where the rows begin."""
    total, doubled = X.copy(), X.copy()
    for size in 2 ** np.arange(doublings):
        np.add(total[size:], total[:-size], out=doubled[size:])  # in place it would be copied first
        doubled[:size] = total[:size]
        total, doubled = doubled, total
    return total


def rows_since(happened: np.ndarray, most: int) -> np.ndarray:
    """Rows since `happened` was last true in each column, counted to at most `most`; `most` where it never was."""
    rows = np.arange(len(happened), dtype=np.int32).reshape(-1, *[1] * (happened.ndim - 1))
    last = np.maximum.accumulate(np.where(happened, rows, np.int32(-most)), axis=0)
    return np.minimum(rows - last, most)


def rows_unchanged(X: np.ndarray, most: int) -> np.ndarray:
    """Rows since each column last changed, counted to at most `most` (rows × columns, float64)."""
    changed = np.diff(X, axis=0, prepend=X[:1]) != 0
    changed[:1] = True
    return rows_since(changed, most).astype(np.float64)


def moves_one_way(moves: np.ndarray, most: int) -> np.ndarray:
    """Moves other than 0 since the last that went the other way, of those in the last `most` rows (rows × columns)."""
    out, rows = np.empty(moves.shape, np.int32), np.arange(len(moves), dtype=np.int32)
    for into, column in zip(out.T, moves.T, strict=True):  # one at a time stays in the processor's cache
        moved = np.flatnonzero(np.abs(column) > 0)  # a missing one has not
        up = column[moved] > 0
        turned = np.zeros(len(column), bool)
        turned[moved[1:][up[1:] != up[:-1]]] = True
        counted = np.zeros(len(column) + 1, np.int32)
        counted[moved + 1] = 1
        np.cumsum(counted, out=counted)
        into[:] = counted[1:] - counted[rows - np.minimum(rows_since(turned, most - 1), rows)]
    return out


def even_pieces(rows: int) -> Iterator[tuple[int, int]]:
    """First row and the one after the last of pieces of CHUNK_ROWS or fewer rows, all of nearly equal length: a short
    one BLAS may sum in another order.
    """
    return itertools.pairwise(np.linspace(0, rows, rows // CHUNK_ROWS + 2, dtype=int).tolist())


def intervals_of(mask: np.ndarray) -> np.ndarray:
    """Interval of each run of True (k, 2)."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges.reshape(-1, 2)


def joined_intervals(mask: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """Intervals of the runs of True, those less than `gap` rows apart taken as one."""
    rows = np.flatnonzero(mask)
    if not rows.size:
        return []
    breaks = np.flatnonzero(np.diff(rows) > gap)
    return list(zip(rows[[0, *(breaks + 1)]], rows[[*breaks, -1]] + 1, strict=True))


def mask_of(intervals: np.ndarray, rows: int) -> np.ndarray:
    """Mask (rows,) of the rows that lie in any of the intervals (m, 2)."""
    steps = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(steps, intervals[:, 0], 1)
    np.add.at(steps, intervals[:, 1], -1)
    return np.cumsum(steps)[:-1] > 0


def count_within(mask: np.ndarray, intervals: np.ndarray) -> np.ndarray:
    """How many rows of a mask lie in each interval (m,)."""
    rows = np.flatnonzero(mask)
    return np.searchsorted(rows, intervals[:, 1]) - np.searchsorted(rows, intervals[:, 0])


def segments(index: pd.DatetimeIndex, gap: pd.Timedelta) -> list[tuple[int, int]]:
    """Interval of each segment, in which no two neighbouring rows are further apart than `gap`."""
    gaps = np.flatnonzero(np.diff(index) > gap) + 1
    return list(itertools.pairwise([0, *gaps, len(index)]))


def beginnings(index: pd.DatetimeIndex, gap: pd.Timedelta, rows: int) -> np.ndarray:
    """Rows that have fewer than so many before them in their segment (n,), bool."""
    first = np.zeros(len(index), bool)
    for start, stop in segments(index, gap):
        first[start : min(start + rows, stop)] = True
    return first
