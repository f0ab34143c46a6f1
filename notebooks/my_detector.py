"""A detector of one's own: how far each feature lies from its mean on normal days, in standard deviations."""

from dataclasses import dataclass

import numpy as np

from swatlib.arrays import moving_mean
from swatlib.detectors.base import Detector


@dataclass
class ZScore(Detector):
    """Largest distance of any feature from its mean, averaged over the last `window` rows."""

    window: int = 60

    @property
    def history(self) -> int:
        return self.window - 1

    def fit(self, X: np.ndarray) -> "ZScore":
        self.mean_, self.spread_ = np.nanmean(X, axis=0), np.nanstd(X, axis=0) + 0.05
        return self

    def contributions(self, X: np.ndarray) -> np.ndarray:
        return moving_mean(np.abs(X - self.mean_) / self.spread_, self.window)

    def score(self, X: np.ndarray) -> np.ndarray:
        return self.contributions(X).max(axis=1)
