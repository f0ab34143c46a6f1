"""Residual of a principal component analysis: what the first components do not explain."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.detectors.base import Residual, Tolerance, finite
from swatlib.limits import Count, Share


@dataclass
class PCA(Residual):
    """Distance of each feature from the subspace of the first components (Shyu et al. 2003; Goh et al. 2017 on SWaT).

    `explained` is the share of variance the kept components hold: with more of them, those of sensors that wander
    slowly are taken for the plant's. High = anomalous.
    """

    linear: ClassVar[bool] = True
    explained: Share = 0.8
    window: Count = 32
    quantile: Share = 0.999
    tolerance: Tolerance = 0.6

    @property
    def history(self) -> int:
        return self.window - 1

    def fit(self, X: np.ndarray) -> Self:
        rows = finite(X)
        self.mean_ = rows.mean(axis=0)
        variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(rows, rowvar=False)))
        share = np.cumsum(variance[::-1]) / variance.sum()
        self.components_ = axes[:, ::-1][:, : np.searchsorted(share, self.explained) + 1]
        self._scale(X)
        return self

    def residual(self, X: np.ndarray) -> np.ndarray:
        centred = X - self.mean_
        expected = centred @ self.components_ @ self.components_.T
        return np.subtract(centred, expected, out=expected)
