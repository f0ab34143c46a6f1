"""Distance to normal rows: to k-means centres, to nearest neighbours, to the core points of dense clusters."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from swatlib.detectors.base import Detector, on_finite, sample
from swatlib.limits import Count, RowCount, Share


@dataclass
class KMeans(Detector):
    """Distance to the nearest of `clusters` centres of mini-batch k-means (Sculley 2010). High = anomalous."""

    clusters: Count = 20
    rows: Count = 100_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        from sklearn.cluster import MiniBatchKMeans

        model = MiniBatchKMeans(self.clusters, random_state=self.seed, n_init=3, batch_size=4096)
        self.centres_ = model.fit(sample(X, self.rows, self.seed)).cluster_centers_
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return np.sqrt(self._squares(X).min(axis=1))

    def contributions(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: (Z - self.centres_[self._squares(Z).argmin(axis=1)]) ** 2, X)

    def _squares(self, X: np.ndarray) -> np.ndarray:
        squares = (X**2).sum(axis=1)[:, None] - 2 * X @ self.centres_.T + (self.centres_**2).sum(axis=1)
        return np.maximum(squares, 0)


@dataclass
class LOF(Detector):
    """Local outlier factor (Breunig et al. 2000) of new rows against a sample of normal ones. High = anomalous.

    Fitted on a random sample of `rows` rows: the cost of a score grows with them. The method has no contributions of
    its own; those given are the squared distances to the mean of the `neighbours` nearest rows.
    """

    neighbours: Count = 20
    rows: Count = 2_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        from sklearn.neighbors import LocalOutlierFactor

        self.model_ = LocalOutlierFactor(n_neighbors=self.neighbours, novelty=True, algorithm="brute")
        self.model_.fit(sample(X, self.rows, self.seed))
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: -self.model_.score_samples(Z), X)

    def contributions(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: (Z - self._nearest(Z)) ** 2, X)

    def _nearest(self, X: np.ndarray) -> np.ndarray:
        first, *others = self.model_.kneighbors(X, return_distance=False).T
        rows = self.model_._fit_X
        total = rows[first]
        for column in others:
            total += rows[column]
        return total / (len(others) + 1)


@dataclass
class DBSCAN(Detector):
    """Distance to the nearest core point of a density clustering (Ester et al. 1996). High = anomalous.

    DBSCAN itself does not judge new rows; a row farther than `eps_` from every core point would be noise to it.
    `eps_` is the `quantile` of the distances to the `neighbours`-th neighbour in the sample.
    """

    neighbours: Count = 10
    quantile: Share = 0.9
    rows: Count = 5_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        from sklearn import cluster
        from sklearn.neighbors import NearestNeighbors

        rows = sample(X, self.rows, self.seed)
        far = NearestNeighbors(n_neighbors=self.neighbours, algorithm="brute").fit(rows).kneighbors()[0][:, -1]
        self.eps_ = float(np.quantile(far, self.quantile))
        clusters = cluster.DBSCAN(eps=self.eps_, min_samples=self.neighbours, algorithm="brute").fit(rows)
        self.cores_ = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(clusters.components_)
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: self.cores_.kneighbors(Z)[0][:, 0], X)

    def contributions(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: (Z - self._nearest(Z)) ** 2, X)

    def _nearest(self, X: np.ndarray) -> np.ndarray:
        return self.cores_._fit_X[self.cores_.kneighbors(X, return_distance=False)[:, 0]]
