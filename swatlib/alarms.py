"""From a score to an alarm: on-delay, a threshold from a false-alarm budget, off-delay. No label is used."""

import math
from collections.abc import Callable
from typing import Annotated

import numpy as np

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.limits import Limits, allowed

SHAPES = (-0.5, 0.2)
BLOCKS_PER_DAY = 48  # half an hour: longer than any alarm on a normal day, so that blocks are independent
LEAST_BLOCKS = 10  # from which a threshold can be estimated
BUDGETS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0)  # of a curve
Budget = Annotated[float, Limits(0, BLOCKS_PER_DAY, above=True)]  # false alarms per day


def rounded(score: np.ndarray, bits: int = 16) -> np.ndarray:
    """Score to `bits` significant bits.

    The last of the 53 bits of a matrix product depends on the number of rows in it; a score must not depend on it.
    """
    mantissa, exponent = np.frexp(score)
    return np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits)


def on_delayed(score: np.ndarray, k: int, n: int) -> np.ndarray:
    """The k-th largest of the last n values (rows,).

    It exceeds a threshold exactly when k of the last n scores do. NaN before there are n values or while one is NaN.
    Raises ValueError unless k is 1 to n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"{k} of the last {n} scores can't be asked for; give k of 1 to n")
    from scipy.ndimage import correlate1d, rank_filter

    missing = np.isnan(score)
    kth = rank_filter(np.where(missing, 0.0, score), rank=n - k, size=n, origin=(n - 1) // 2)
    gaps = correlate1d(missing.astype(np.int64), np.ones(n, np.int64), origin=(n - 1) // 2)
    kth[gaps > 0] = np.nan
    kth[: n - 1] = np.nan
    return kth


def rows_since_above(score: np.ndarray, threshold: float, hold: int) -> np.ndarray:
    """Rows since the score last exceeded the threshold, `hold` + 1 where that is longer ago (rows,).

    A missing score ends what came before it: from there on nothing has exceeded the threshold yet.
    """
    rows = np.arange(len(score))
    above = np.maximum.accumulate(np.where(score > threshold, rows, -1))
    missing = np.maximum.accumulate(np.where(np.isnan(score), rows, -1))
    return np.minimum(np.where(above > missing, rows - above, hold + 1), hold + 1)


def alarms_per_day(score: np.ndarray, threshold: float, day: int = SECONDS_PER_DAY, hold: int = 0) -> float:
    """Alarm episodes per day of `day` scored rows; NaN where no row is scored.

    In alarm are the rows whose score exceeds the threshold, and the `hold` rows after each.
    """
    alarm = rows_since_above(score, threshold, hold) <= hold
    starts = np.count_nonzero(alarm[1:] & ~alarm[:-1]) + int(alarm[:1].any())
    scored = np.count_nonzero(~np.isnan(score))
    return float(starts * day / scored) if scored else math.nan


def block_maxima(maxima: np.ndarray, exceeded: float) -> float:
    """Threshold that a share `exceeded` of the blocks exceeds: a quantile of their maxima.

    It is never above the largest maximum, which a budget under one alarm in the calibration time gives.
    """
    return float(np.quantile(maxima, 1 - exceeded, method="higher"))


def peaks_over_threshold(maxima: np.ndarray, exceeded: float, share: float = 0.5) -> float:
    """Threshold that a share `exceeded` of blocks is expected to exceed, from a generalised Pareto tail of the maxima.

    Fitted by moments to the upper `share` of the maxima (Hosking and Wallis, Technometrics 1987), so it goes beyond the
    largest one. The shape is kept within SHAPES: a day has too few blocks to tell a heavier tail from one outlier.
    """
    from scipy.stats import genpareto

    base = np.quantile(maxima, 1 - share)
    beyond = maxima[maxima > base] - base
    if len(np.unique(beyond)) < 2:  # no tail to fit
        return float(maxima.max())
    shape = np.clip((1 - beyond.mean() ** 2 / beyond.var(ddof=1)) / 2, *SHAPES)
    scale = beyond.mean() * (1 - shape)
    return float(base + genpareto.isf(min(exceeded / share, 1.0), shape, scale=scale))


RULES: dict[str, Callable[[np.ndarray, float], float]] = {"blocks": block_maxima, "peaks": peaks_over_threshold}


def threshold(score: np.ndarray, budget: float, rule: str = "blocks", day: int = SECONDS_PER_DAY) -> float:
    """Threshold for `budget` false alarms per day of `day` rows, from the scores of normal days alone.

    `rule` works on the maxima of half-hour blocks. Raises ValueError for an unknown rule, a budget that is not between
    0 and one a block, or fewer than ten blocks of scores.
    """
    return threshold_of(half_hour_maxima(score, day), budget, rule)


def threshold_of(maxima: np.ndarray, budget: float, rule: str = "blocks") -> float:
    """The same, from the maxima of half-hour blocks (`half_hour_maxima`)."""
    if rule not in RULES:
        raise ValueError(f"threshold rule {rule!r} is unknown; choose one of {', '.join(RULES)}")
    allowed("budget", budget, Budget)
    return RULES[rule](maxima, budget / BLOCKS_PER_DAY)


def half_hour_maxima(score: np.ndarray, day: int = SECONDS_PER_DAY) -> np.ndarray:
    """Largest score of each half hour of the scored rows, of which a day has `day`; ValueError for fewer than ten."""
    return _maxima(score[~np.isnan(score)], max(day // BLOCKS_PER_DAY, 1))


def _maxima(score: np.ndarray, block: int) -> np.ndarray:
    blocks = len(score) // block
    if blocks < LEAST_BLOCKS:
        raise ValueError(
            f"{len(score):,} scored rows are {blocks} blocks of {block} rows, too few for a threshold; "
            f"give normal days with at least {10 * block:,} rows to calibrate on"
        )
    return score[: blocks * block].reshape(blocks, block).max(axis=1)
