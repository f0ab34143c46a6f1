"""How far normal days go beyond what was seen of them: a generalised Pareto tail, with what is not known of it."""

import numpy as np

_SHARE = 0.2  # of the values, the largest ones, that make the tail
LIGHT = -0.2, 0.25  # prior of its shape, mean and standard deviation, for smoothed scores (docs/evaluation.md)
EXPONENTIAL = 0.0, 0.2  # the same for single readings, which now and then stand still or move far longer than usual
_BLOCK, _BLOCKS = 600, 10  # rows whose largest value counts, and how many such blocks there are at least
_SHAPES = np.linspace(-0.7, 0.5, 24)  # none is 0, where the formula has its limit
_LEAST_SCALE, _MOST_SCALE, _SCALES = 0.2, 6, 60  # in mean exceedances, or in the usual one where that is more; steps
_USUAL, _USUAL_SD = 1.1, 0.6  # median of a scale, in what the middle of the values spans, and sd of its logarithm
_UNUSUAL = 20  # such spans of mean excess from which the middle says nothing of the tail; 9 is the most of 240 fits
_ONE_SIDED_80 = 1.28  # standard deviations of the interval from the 10 % to the 90 % quantile


class Tail:
    """What values like those given will be exceeded by, and how often.

    The largest fifth of the values exceed a base by amounts of a generalised Pareto distribution. Every shape and scale
    on a grid has a weight: its likelihood, times the priors of both. Few values leave many of them possible, so that
    what is reached with certainty lies further out. Below the base the values count.

    shape: mean and standard deviation of its prior. scale: median, in the unit of the values, and standard deviation of
    the logarithm of its prior (`usual_scale`); one over the scale where that is None. Raises ValueError for fewer than
    three values.
    """

    def __init__(
        self, values: np.ndarray, shape: tuple[float, float] = LIGHT, scale: tuple[float, float] | None = None
    ) -> None:
        if len(values) < 3:
            raise ValueError(f"{len(values)} values have no tail to fit; give 3 or more")
        self._falling = np.sort(np.asarray(values, np.float64))[::-1]
        beyond = max(round(_SHARE * len(values)), 2)
        self._base, self._share = self._falling[beyond], beyond / len(values)
        excess = self._falling[:beyond] - self._base
        median, sd = scale or (0.0, np.inf)
        self._unit = excess.mean() or median
        most = _MOST_SCALE * max(median / self._unit, 1.0) if self._unit else _MOST_SCALE
        grids = np.meshgrid(_SHAPES, np.geomspace(_LEAST_SCALE, most, _SCALES), indexing="ij")
        shapes, scales = (grid.ravel() for grid in grids)
        likelihood = _log_likelihood(excess / self._unit, shapes, scales) if self._unit > 0 else np.zeros(len(shapes))
        weights = likelihood - ((shapes - shape[0]) / shape[1]) ** 2 / 2
        if median > 0:
            weights -= ((np.log(scales) + np.log(self._unit) - np.log(median)) / sd) ** 2 / 2
        weights = np.exp(weights - weights.max())
        kept = weights > 1e-6
        self._weights, self._shapes, self._scales = weights[kept] / weights[kept].sum(), shapes[kept], scales[kept]

    def reached(self, share: float, sure: float) -> float:
        """The value that, with a probability of `sure`, no more than this share of further values exceeds.

        It grows with every smaller share, and with `sure`.
        """
        if share >= self._share:
            return float(np.interp(share, np.arange(len(self._falling)) / len(self._falling), self._falling))
        excess = self._scales * np.expm1(-self._shapes * np.log(share / self._share)) / self._shapes
        return float(self._base + self._unit * self._quantile(excess, sure))

    def share_above(self, value: float, apart: float = 0.0) -> tuple[float, float]:
        """Share of further values that exceed this one, from and to: eight in ten lie between.

        apart: standard deviation by which the logarithm of that share differs from that of the values given.
        """
        if value <= self._base or not self._unit:
            above = max(float(np.mean(self._falling > value)), 1 / len(self._falling))
            return _widened(above, above, above, len(self._falling) * above, apart)
        z = 1 + self._shapes * (value - self._base) / (self._unit * self._scales)
        shares = self._share * np.where(z > 0, np.maximum(z, 1e-300) ** (-1 / self._shapes), 0.0)
        low, middle, high = (self._quantile(shares, quantile) for quantile in (0.1, 0.5, 0.9))
        return _widened(low, middle, high, len(self._falling) * self._share, apart)

    def _quantile(self, values: np.ndarray, share: float) -> float:
        """The smallest of the values that have this share of the weight up to it."""
        order = np.argsort(values, kind="stable")
        place = int(np.searchsorted(np.cumsum(self._weights[order]), share))
        return float(values[order[min(place, len(order) - 1)]])


def usual_scale(values: np.ndarray) -> tuple[float, float] | None:
    """Prior of the scale of a light tail, as `Tail` takes it: 1.1 times as far as the base lies above the median.

    Of the largest of many values (Gumbel's law) the mean excess is 0.93 of that, and the scale of a tail of shape -0.2
    is 1.2 mean excesses. None where the middle hardly differs and the tail goes far beyond, as with a score that is
    mostly the same.
    """
    base = np.quantile(values, 1 - _SHARE)
    spread, excess = float(base - np.median(values)), np.maximum(values - base, 0).mean() / _SHARE
    return (_USUAL * spread, _USUAL_SD) if spread > 0 and excess < _UNUSUAL * spread else None


def reached(X: np.ndarray, rows: int, sure: float) -> np.ndarray:
    """What each column of X reaches once in so many rows or less often, with a probability of `sure` (columns,).

    From the largest values of blocks of ten minutes at 1 Hz, or of a tenth of the rows where these are fewer.
    """
    block = max(min(_BLOCK, len(X) // _BLOCKS), 1)
    blocks = len(X) // block
    maxima = X[: blocks * block].reshape(blocks, block, -1).max(axis=1)
    share = -np.expm1(-block / rows)
    return np.array([Tail(column, EXPONENTIAL).reached(share, sure) for column in maxima.T])


def _log_likelihood(excess: np.ndarray, shapes: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Of each shape and scale; the grid's equal ratios are a prior of one over the scale."""
    z = 1 + np.outer(shapes / scales, excess)
    powers = (1 + 1 / shapes) * np.log(np.where(z > 0, z, 1.0)).sum(axis=1)
    return np.where((z > 0).all(axis=1), -len(excess) * np.log(scales) - powers, -np.inf)


def _widened(low: float, middle: float, high: float, counted: float, apart: float) -> tuple[float, float]:
    """The interval, wider by what a count of so many leaves open, and by what later values differ."""
    least = 1e-9 * max(middle, 1e-300)
    more = _ONE_SIDED_80 * np.hypot(1 / np.sqrt(counted), apart)
    sides = [np.hypot(np.log(max(end, least) / max(middle, least)), more) for end in (low, high)]
    return float(middle * np.exp(-sides[0])), float(min(middle * np.exp(sides[1]), 1.0))
