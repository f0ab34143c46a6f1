"""One-class support vector machine in linear time."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from swatlib.arrays import even_pieces
from swatlib.detectors.base import Detector, on_finite, sample
from swatlib.limits import Count, Positive, RowCount, Share


@dataclass
class OneClassSVM(Detector):
    """One-class SVM (Schölkopf et al. 2001), its kernel approximated by Nyström's method and fitted by stochastic
    gradient descent. High = anomalous.

    `gamma` of the radial kernel exp(-gamma · distance²); by default 1 / (number of features · their variance).
    """

    nu: Share = 0.01
    landmarks: Count = 200
    gamma: Positive | None = None
    rows: Count = 100_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import SGDOneClassSVM

        rows = sample(X, self.rows, self.seed)
        gamma = self.gamma or 1 / (rows.shape[1] * rows.var())
        self.kernel_ = Nystroem(gamma=gamma, n_components=self.landmarks, random_state=self.seed).fit(rows)
        seen = np.empty((len(rows), len(self.kernel_.components_)))
        for first, stop in even_pieces(len(rows)):  # the distances to all landmarks take as much memory again
            seen[first:stop] = self.kernel_.transform(rows[first:stop])
        self.model_ = SGDOneClassSVM(nu=self.nu, random_state=self.seed).fit(seen)
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        from sklearn.metrics.pairwise import rbf_kernel

        # The weights of Nyström's features as weights of the kernel itself: no row is multiplied by Nyström's matrix.
        weights = self.model_.coef_ @ self.kernel_.normalization_
        return on_finite(lambda Z: -rbf_kernel(Z, self.kernel_.components_, self.kernel_.gamma) @ weights, X)
