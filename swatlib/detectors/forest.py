"""Isolation forest, and the forest distilled into a logistic regression."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from swatlib.detectors.base import Detector, on_finite, sample
from swatlib.limits import Count, RowCount, Share


@dataclass
class Forest(Detector):
    """Isolation forest (Liu, Ting and Zhou 2008): few random splits isolate an anomalous row. High = anomalous."""

    trees: Count = 100
    rows: Count = 100_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        from sklearn.ensemble import IsolationForest

        self.model_ = IsolationForest(n_estimators=self.trees, random_state=self.seed)
        self.model_.fit(sample(X, self.rows, self.seed))
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: -self.model_.score_samples(Z), X)


@dataclass
class DistilledForest(Detector):
    """A logistic regression on the pseudo-labels of an isolation forest: log-odds, high = anomalous.

    The forest calls the most isolated `share` of normal rows anomalous, and the regression is fitted to these labels.
    The regression is linear in the features: compared with the forest, it shows what a linear boundary loses.
    """

    share: Share = 0.01
    trees: Count = 100
    rows: Count = 100_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        from sklearn.linear_model import LogisticRegression

        rows = sample(X, self.rows, self.seed)
        isolated = Forest(self.trees, self.rows, self.seed).fit(rows).score(rows)
        pseudo = isolated > np.quantile(isolated, 1 - self.share)
        model = LogisticRegression(class_weight="balanced", max_iter=1000).fit(rows, pseudo)
        self.weights_, self.bias_ = model.coef_[0], float(model.intercept_[0])
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return X @ self.weights_ + self.bias_

    def contributions(self, X: np.ndarray) -> np.ndarray:
        return np.maximum(X * self.weights_, 0)
