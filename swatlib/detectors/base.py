"""The contract of every detector, and what several of them share."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, ClassVar, Self

import numpy as np

from swatlib.arrays import even_pieces, intervals_of, moving_mean
from swatlib.limits import Limits, check_parameters

Tolerance = Annotated[float, Limits(0)]  # per standard deviation
CHUNK_COLUMNS = 16  # whose spread is taken at once, for the same reason as CHUNK_ROWS
LEAST_SCALE = 0.05  # standard deviations of a feature that a residual must have to count
ROUNDING = 1e-9  # least scale of all: what moves a feature that is constant on the fit rows is seen, rounding is not


class Detector:
    """Learns normal rows, scores any rows.

    Parameters are dataclass fields and stay as given; what `fit` learns ends in `_`. Labels are never given.
    `history` is the number of past rows that the score of a row depends on beside the row itself. X holds features, or
    the evidence of checks where `sees` says so.

    `tail_scale`: by how much the largest scores of half hours usually exceed the highest of four in five normal ones,
    and the standard deviation of its logarithm between plants, where the unit of the score lets that be known; the
    calibration counts beside it. None: the middle of the calibration tells it (`swatlib.tails.usual_scale`).
    """

    sees: ClassVar[str] = "features"
    tail_scale: ClassVar[tuple[float, float] | None] = None

    def __post_init__(self) -> None:
        check_parameters(self)

    @property
    def history(self) -> int:
        """Past rows that the score of a row depends on."""
        return 0

    @property
    def row_by_row(self) -> bool:
        """Whether the score of a row is the same whatever rows are scored with it."""
        return True

    @property
    def given(self) -> object:
        """What the scores are of: the detector itself, or an object that it wraps."""
        return self

    def fit(self, X: np.ndarray) -> Self:
        """Learn from normal rows: X (rows × features), consecutive; rows with NaN are left out."""
        raise NotImplementedError

    def score(self, X: np.ndarray) -> np.ndarray:
        """Scores (rows,), high = anomalous; NaN for rows with NaN, and where fewer than `history` rows come before."""
        raise NotImplementedError

    def contributions(self, X: np.ndarray) -> np.ndarray | None:
        """What each feature adds to the score (rows × features), high = anomalous, or None for a method without."""
        return None


def finite(X: np.ndarray) -> np.ndarray:
    """The rows of X without NaN: where they follow each other a view of X, not to be written to, else a copy."""
    rows = np.isfinite(X).all(axis=1)
    spans = intervals_of(rows)
    return X[slice(*spans[0])] if len(spans) == 1 else X[rows]


def sample(X: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """At most `rows` finite rows of X, drawn without replacement, in their order."""
    usable = np.flatnonzero(np.isfinite(X).all(axis=1))
    if len(usable) > rows:
        usable = usable[np.sort(np.random.default_rng(seed).choice(len(usable), rows, replace=False))]
    return X[usable]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """numpy's global generator begins with `seed` and is then as it was: classes of others draw from it unless told."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def on_finite(function: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> np.ndarray:
    """`function` of the finite rows of X, NaN for the others."""
    rows = np.isfinite(X).all(axis=1)
    values = function(X[rows]) if rows.any() else np.empty((0, *function(np.zeros((1, X.shape[1]))).shape[1:]))
    out = np.full((len(X), *values.shape[1:]), np.nan)
    out[rows] = values
    return out


class Residual(Detector):
    """A detector that compares each feature with what it expects of it.

    Residuals are averaged over the last `window` rows, divided by the `quantile` of their size on the fit rows, and
    the largest counts: score 1 is as far as that quantile. High = anomalous. A feature that moves in fewer rows than
    the quantile leaves is measured by its standard deviation.

    In the score a residual counts for less the further its feature is from its mean: it is divided by 1 plus
    `tolerance` for each standard deviation, on average over the `window`. Dosing and set points change how far a
    reading moves, and what is expected of it is wrong in proportion. The contributions, and so lead tags, are those of
    the residual itself: how far a feature is from its mean says when to doubt a residual, not whose it is.

    Of a `linear` residual the mean is the residual of the mean rows, so that these are computed once.
    """

    linear: ClassVar[bool] = False
    window: int
    quantile: float
    tolerance: float

    def residual(self, X: np.ndarray) -> np.ndarray:
        """Observed minus expected (rows × features) in a new array, NaN where the past is too short."""
        raise NotImplementedError

    def contributions(self, X: np.ndarray) -> np.ndarray:
        parts = self._smoothed(X)
        parts /= self.scale_
        return parts

    def score(self, X: np.ndarray) -> np.ndarray:
        if not self.tolerance:
            return self.contributions(X).max(axis=1)
        far = moving_mean(X, self.window)
        parts = self._smoothed(X, far)
        parts /= self.scale_
        np.abs(far, out=far)
        far *= self.tolerance
        far += 1
        parts /= far
        return parts.max(axis=1)

    def _scale(self, X: np.ndarray) -> None:
        sizes = np.empty(X.shape)
        for first, stop in even_pieces(len(X)):
            past = max(first - self.history, 0)
            sizes[first:stop] = self._smoothed(X[past:stop])[first - past :]
        scale = np.nanquantile(sizes, self.quantile, axis=0)
        groups = np.array_split(X, math.ceil(X.shape[1] / CHUNK_COLUMNS), axis=1)
        spread = [np.nanstd(columns, axis=0) for columns in groups]
        self.scale_ = np.maximum(np.maximum(scale, LEAST_SCALE * np.concatenate(spread)), ROUNDING)

    def _smoothed(self, X: np.ndarray, mean: np.ndarray | None = None) -> np.ndarray:
        """Size of the residuals' mean. mean: that of the last `window` rows of X, where it is there already."""
        if not self.linear:
            parts = moving_mean(self.residual(X), self.window)
        else:
            parts = self.residual(moving_mean(X, self.window) if mean is None else mean)
        return np.abs(parts, out=parts)
