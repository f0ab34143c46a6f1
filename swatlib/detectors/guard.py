"""Guard: the largest evidence of all plausibility checks, with a memory that decays."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.detectors.base import Detector, finite
from swatlib.limits import Count, Positive
from swatlib.tails import reached

FAINTEST, STRONGEST = -8.0, 6.0  # bits; evidence is clipped to them
SURE_OF_SCALE = 0.9


@dataclass
class Guard(Detector):
    """Largest evidence of any check, in bits over what it reaches on a normal day. High = anomalous.

    An anomaly detector on invariants of the plant; a method of this project, without a source in the literature. It
    sees the evidence of plausibility checks, not features. Each column is divided by the value (at least 1) that it
    reaches once in `every` rows of normal days or less often: the tail of the fit rows, with nine chances in ten
    (`swatlib.tails`), so that few rows give a wide scale. The score is the largest ratio as a logarithm to base 2: 0 is
    that value, 1 is twice that. It decays by one bit in `halving` rows, for `memory` rows, so that an attack and the
    plant's recovery from it are one alarm episode.
    """

    every: Count = SECONDS_PER_DAY
    halving: Positive = 60.0
    memory: Count = 384  # after which the strongest evidence has decayed below 0
    sees: ClassVar[str] = "checks"
    tail_scale = 0.4, 0.3  # in bits; chosen on plants of development (docs/evaluation.md)

    @property
    def history(self) -> int:
        return self.memory - 1

    def fit(self, X: np.ndarray) -> Self:
        self.scale_ = np.maximum(reached(finite(X), self.every, SURE_OF_SCALE), 1.0)
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        furthest = (X / self.scale_).max(axis=1)
        held = self._held(_bits(furthest))
        held[np.isnan(furthest)] = np.nan
        held[: self.history] = np.nan
        return held

    def contributions(self, X: np.ndarray) -> np.ndarray:
        return np.exp2(self._held(_bits(X / self.scale_)))

    def _held(self, bits: np.ndarray) -> np.ndarray:
        """Largest of the last `memory` rows, each less its age over `halving`."""
        held, sizes = bits.copy(), 2 ** np.arange(int(self.memory).bit_length() - 1)
        for size in (*sizes, self.memory - sizes.sum() - 1):
            held[size:] = np.maximum(held[size:], held[: max(len(held) - size, 0)] - size / self.halving)
        return held


def _bits(ratio: np.ndarray) -> np.ndarray:
    """Evidence in bits, FAINTEST where there is none."""
    return np.log2(np.minimum(np.fmax(ratio, 2**FAINTEST), 2**STRONGEST))
