"""Linear forecast: each feature from the recent past of all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.detectors.base import Residual, Tolerance
from swatlib.limits import Count, Positive, Share

FIT_CHUNK = 20_000


@dataclass
class Forecast(Residual):
    """Residual of a ridge regression of every feature on all features of `lags` rows ago (a vector autoregression).

    The weights are shrunk towards those of a feature that stays as it was at the least lag (Litterman 1986), by a
    variance of `ridge` added to each: large weights of opposite signs on features that move together would be wrong by
    a constant once a slow drift or a set point moves one of them alone.
    Solved by its normal equations in chunks, so that memory does not grow with the rows. High = anomalous.
    """

    linear: ClassVar[bool] = True
    lags: tuple[Count, ...] = (1, 5, 20, 60)
    ridge: Positive = 0.07
    window: Count = 32
    quantile: Share = 0.999
    tolerance: Tolerance = 1.0

    @property
    def history(self) -> int:
        return max(self.lags) + self.window - 1

    def fit(self, X: np.ndarray) -> Self:
        width = X.shape[1] * len(self.lags) + 1
        gram, cross, rows = np.zeros((width, width)), np.zeros((width, X.shape[1])), 0
        for past, now in self._chunks(X):
            gram += past.T @ past
            cross += past.T @ now
            rows += len(now)
        stays = np.eye(width, X.shape[1], k=-X.shape[1] * self.lags.index(min(self.lags)))
        cross -= gram @ stays
        gram[np.diag_indices(width)] += self.ridge * rows
        self.weights_ = stays + np.linalg.solve(gram, cross)
        self._scale(X)
        return self

    def residual(self, X: np.ndarray) -> np.ndarray:
        far = max(self.lags)
        out = np.empty_like(X)
        out[:far] = np.nan
        if len(X) > far:
            *weights, constant = np.split(self.weights_, X.shape[1] * np.arange(1, len(self.lags) + 1))
            left, explained = out[far:], np.empty((len(X) - far, X.shape[1]))
            np.subtract(X[far:], constant, out=left)
            for lag, each in zip(self.lags, weights, strict=True):
                left -= np.matmul(X[far - lag : len(X) - lag], each, out=explained)
        return out

    def _chunks(self, X: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Past and present of rows without NaN; the next ones may be written over them."""
        far, filled = max(self.lags), np.empty((FIT_CHUNK, X.shape[1] * len(self.lags) + 1))
        for start in range(far, len(X), FIT_CHUNK):
            piece = X[start - far : start + FIT_CHUNK]
            past, now, known = self._past(piece, filled), piece[far:], np.isfinite(piece).all(axis=1)
            rows = np.all([known[far - lag : len(piece) - lag] for lag in (0, *self.lags)], axis=0)
            yield (past, now) if rows.all() else (past[rows], now[rows])

    def _past(self, X: np.ndarray, filled: np.ndarray) -> np.ndarray:
        """Lagged features and a constant, for the rows of X that have a past: (rows - far) × (lags · features + 1).

        They are written into the first rows of `filled`.
        """
        far = max(self.lags)
        rows = len(X) - far
        parts = *(X[far - lag : far - lag + rows] for lag in self.lags), np.ones((rows, 1))
        return np.concatenate(parts, axis=1, out=filled[:rows])
