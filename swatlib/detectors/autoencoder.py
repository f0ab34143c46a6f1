"""Autoencoder: a small network that reproduces normal rows, without a library of its own."""

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np

from swatlib.detectors.base import Residual, Tolerance, sample
from swatlib.limits import Count, Positive, RowCount, Share


@dataclass
class Autoencoder(Residual):
    """Residual of a network that has to pass each row through `code` numbers (Sakurada and Yairi 2014).

    Features, then `hidden` units, `code` units, `hidden` units, features again, with tanh between. Fitted by Adam in
    `epochs` passes over a random sample of `rows` rows. Residuals are averaged over `window` rows. High = anomalous.
    """

    hidden: Count = 64
    code: Count = 16
    window: Count = 32
    quantile: Share = 0.999
    tolerance: Tolerance = 0.0
    epochs: Count = 20
    batch: Count = 256
    rate: Positive = 1e-3
    rows: Count = 50_000
    seed: RowCount = 0

    @property
    def history(self) -> int:
        return self.window - 1

    def fit(self, X: np.ndarray) -> Self:
        rows, rng = sample(X, self.rows, self.seed), np.random.default_rng(self.seed)
        sizes = (rows.shape[1], self.hidden, self.code, self.hidden, rows.shape[1])
        self.mean_, self.spread_ = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-3)
        self.weights_ = [rng.normal(0, (2 / (a + b)) ** 0.5, (a, b)) for a, b in itertools.pairwise(sizes)]
        self.biases_ = [np.zeros(size) for size in sizes[1:]]
        self._learn((rows - self.mean_) / self.spread_, rng)
        self._scale(X)
        return self

    def residual(self, X: np.ndarray) -> np.ndarray:
        Z = (X - self.mean_) / self.spread_
        return (Z - self._layers(Z)[-1]) * self.spread_

    def _learn(self, Z: np.ndarray, rng: np.random.Generator) -> None:
        """Adam (Kingma and Ba 2015) on the mean squared error, its rate falling to zero."""
        values = [*self.weights_, *self.biases_]
        first, second = ([np.zeros_like(each) for each in values] for _ in range(2))
        steps = self.epochs * max(1, len(Z) // self.batch)
        for step in range(1, steps + 1):
            rate = self.rate * (1 - (step - 1) / steps) * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
            slopes = self._slopes(Z[rng.integers(0, len(Z), self.batch)])
            for number, slope in enumerate(slopes):
                first[number] += 0.1 * (slope - first[number])
                second[number] += 0.001 * (slope**2 - second[number])
                values[number] -= rate * first[number] / (np.sqrt(second[number]) + 1e-8)

    def _slopes(self, Z: np.ndarray) -> list[np.ndarray]:
        """Derivatives of the error by weights, then by biases."""
        layers = self._layers(Z)
        error = (layers[-1] - Z) * (2 / len(Z))
        weights: list[np.ndarray] = []
        biases: list[np.ndarray] = []
        for number in reversed(range(len(self.weights_))):
            weights.insert(0, layers[number].T @ error)
            biases.insert(0, error.sum(axis=0))
            error = (error @ self.weights_[number].T) * (1 - layers[number] ** 2) if number else error
        return [*weights, *biases]

    def _layers(self, Z: np.ndarray) -> list[np.ndarray]:
        """The rows, then what each layer makes of them."""
        layers = [Z]
        for number, (weights, bias) in enumerate(zip(self.weights_, self.biases_, strict=True), 1):
            made = layers[-1] @ weights + bias
            layers.append(np.tanh(made) if number < len(self.weights_) else made)
        return layers
