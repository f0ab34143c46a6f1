"""Guard: the largest evidence of all plausibility checks, which decays with time."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.detectors.base import Detector, finite
from swatlib.limits import Positive, RowCount

FAINTEST, STRONGEST = -8.0, 6.0  # bits; evidence is clipped to them


@dataclass
class Guard(Detector):
    """Largest evidence of any check, in bits over the most that normal days showed. High = anomalous.

    Reads evidence, not features. Each column is divided by its largest value on the fit rows (1 at the least), and
    the largest ratio counts, as a logarithm to base 2: 0 is the edge of what was seen, 1 is twice as far. It loses a
    bit in `halving` rows, over 2**doublings rows, so that an attack and the plant's recovery from it are one alarm and
    not twenty. A threshold below `floor` is not taken: it would alarm on what is hardly beyond the normal days.
    """

    halving: Positive = 60.0
    doublings: RowCount = 9
    floor: float = 1.0
    sees: ClassVar[str] = "checks"

    @property
    def history(self) -> int:
        return 2**self.doublings - 1

    def fit(self, X: np.ndarray) -> Self:
        self.scale_ = np.maximum(finite(X).max(axis=0), 1.0)
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
        """Largest of the last 2**doublings rows, each less its age over `halving`."""
        held = bits.copy()
        for size in 2 ** np.arange(self.doublings):
            held[size:] = np.maximum(held[size:], held[:-size] - size / self.halving)
        return held


def _bits(ratio: np.ndarray) -> np.ndarray:
    """Evidence in bits, FAINTEST where there is none."""
    return np.log2(np.minimum(np.fmax(ratio, 2**FAINTEST), 2**STRONGEST))
