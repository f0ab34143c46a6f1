"""From a score to an alarm: on-delay, a threshold from a false-alarm budget, off-delay. No label is used."""

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.limits import Limits, allowed
from swatlib.tails import Tail, usual_scale
from swatlib.wording import count, listed

BLOCKS_PER_DAY = 48  # half an hour: longer than any alarm on a normal day, so that blocks are independent
LEAST_BLOCKS = 10  # from which a threshold can be estimated
MOST_BLOCKS_PER_DAY = 480  # three minutes: the shortest blocks, of a calibration of under five hours
BUDGETS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0)  # of a curve
SURE = 0.6  # probability that a threshold keeps its budget; chosen on simulated normal days (docs/evaluation.md)
BETWEEN_DAYS = 0.6  # standard deviation of the logarithm of the alarms to expect, between days (docs/evaluation.md)
SCORED = 0.9  # of the hours that set thresholds: with less it is said who left them out
ENOUGH_DAYS = 1.3  # of calibration from which on it shows what later days bring (docs/detectors.md)
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


def blocks_per_day(score: np.ndarray, day: int = SECONDS_PER_DAY) -> float:
    """Blocks of a day: half hours, or as much shorter, down to three minutes, as scores of under five hours need."""
    rows = int(np.count_nonzero(~np.isnan(score))) // LEAST_BLOCKS
    if rows >= day // BLOCKS_PER_DAY:
        return BLOCKS_PER_DAY
    return day / max(rows, day // MOST_BLOCKS_PER_DAY, 1)


def block_maxima(score: np.ndarray, day: int = SECONDS_PER_DAY) -> np.ndarray:
    """Largest score of each block (blocks,; `blocks_per_day`), of consecutive scored rows, `day` of them a day.

    Raises ValueError where there are fewer than ten blocks.
    """
    known, block = score[~np.isnan(score)].astype(np.float64), max(int(day / blocks_per_day(score, day) + 1e-6), 1)
    blocks = len(known) // block
    if blocks < LEAST_BLOCKS:
        raise ValueError(
            f"{len(known):,} scored rows are {blocks} blocks of {block} rows, too few for a threshold; "
            f"give normal days with at least {LEAST_BLOCKS * block:,} rows to calibrate on"
        )
    return known[: blocks * block].reshape(blocks, block).max(axis=1)


def threshold(
    maxima: np.ndarray,
    budget: float,
    per_day: float = BLOCKS_PER_DAY,
    scale: tuple[float, float] | None = None,
) -> float:
    """Threshold for `budget` false alarms per day, from the largest scores of the blocks of normal days alone.

    With a probability of SURE, by the tail's model, the score exceeds it in no more blocks, `per_day` a day, of such
    days than the budget has alarms, if alarms fall on blocks by chance. It grows with every smaller budget, also where
    so few alarms are expected in the time given that it lies beyond all scores seen. scale: `Detector.tail_scale`.
    Raises ValueError unless the budget is above 0 and up to 48.
    """
    allowed("budget", budget, Budget)
    return _tail(maxima, scale).reached(-math.expm1(-budget / per_day), SURE)


def expected_alarms(
    maxima: np.ndarray,
    threshold: float,
    per_day: float = BLOCKS_PER_DAY,
    scale: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """False alarms per day on later normal days, from and to: eight times in ten between these.

    The days of a calibration are too few to show how far later days differ from them: that part of the interval,
    BETWEEN_DAYS, is taken from simulated plants. So is what a short calibration hides, cleaning, dosing and set points
    of other hours: with fewer days than ENOUGH_DAYS the upper end is as many times higher as they are fewer, but no
    higher than one every three minutes. docs/detectors.md says how often that holds.
    """
    shares = _tail(maxima, scale).share_above(threshold, BETWEEN_DAYS)
    low, high = (-per_day * math.log1p(-min(share, 0.999)) for share in shares)
    return low, min(high * max(ENOUGH_DAYS * per_day / len(maxima), 1.0), max(high, MOST_BLOCKS_PER_DAY))


def _tail(maxima: np.ndarray, scale: tuple[float, float] | None) -> Tail:
    return Tail(maxima, scale=scale or usual_scale(maxima))


def unscored_calibration(blocks: Mapping[str, tuple[int, float]], given: float) -> str | None:
    """One sentence where thresholds rest on less than SCORED of the days given to set them; else None.

    blocks: of each detector how many set its threshold, and how many a day; a last one may have been cut.
    """
    names: dict[float, list[str]] = {}
    for name, (used, per_day) in blocks.items():
        if (used + 1) / per_day < SCORED * given:
            names.setdefault(used / per_day, []).append(name)
    if not names:
        return None
    rest = ", ".join(f"{days * 24:.1f} h for {listed(names[days])}" for days in sorted(names))
    return (
        f"not all of the {given * 24:.1f} h of normal rows given to set thresholds do so, {rest}: a row after a gap, "
        "with a missing reading or left out by the detector has no score"
    )


def beyond_calibration(blocks: float, budget: float, share: float, startup: float) -> str | None:
    """One sentence where less than one alarm is expected in the half hours that thresholds were set on; else None.

    Thresholds of all such budgets lie beyond the scores seen. share: of the normal days that sets thresholds. startup:
    seconds left out before.
    """
    days = blocks / BLOCKS_PER_DAY
    if days * budget >= 1:
        return None
    enough = math.ceil(1 / (budget * share) + startup / SECONDS_PER_DAY)
    return (
        f"{days * 24:.1f} h of calibration can't tell {budget:g} from {1 / days:.2g} false alarms a day: "
        f"give {count(enough, 'normal day')}"
    )
