"""What every check reads, and arithmetic over past rows that gives the same bits however the rows are cut."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from swatlib.arrays import difference
from swatlib.plant import OFF, PAIRS, TAGS


@dataclass(frozen=True)
class Rows:
    """Readings (rows × tags, float64, each column in one piece) in time order; `holes`: rows before which some lack.

    seconds: from one row to the next.
    """

    values: np.ndarray
    tags: tuple[str, ...]
    holes: tuple[int, ...] = ()
    seconds: float = 1.0

    @classmethod
    def of(cls, *frames: pd.DataFrame, seconds: float = 1.0) -> "Rows":
        values = np.vstack([frame.to_numpy(np.float64) for frame in frames])
        holes = np.cumsum([len(frame) for frame in frames])[:-1]
        return cls(np.asfortranarray(values), tuple(frames[0].columns), tuple(holes.tolist()), seconds)

    def __getitem__(self, tags) -> np.ndarray:
        """Columns of these tags (rows × tags)."""
        return self.values.T[[self.tags.index(tag) for tag in tags]].T

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def actuators(self) -> tuple[str, ...]:
        return tuple(tag for tag in self.tags if not TAGS[tag].is_sensor)

    @cached_property
    def moved(self) -> np.ndarray:
        """Whether any actuator changed its state with this row (rows,)."""
        return (difference(self[self.actuators]) != 0).any(axis=1)

    @cached_property
    def joint(self) -> "Rows":
        """State of each actuator; of a pump with a stand-by that of both: 1 none runs, 2 either, 3 both.

        That the stand-by takes over is no attack; that both run, or none, may be one.
        """
        X = self[self.actuators].copy()
        for pair in PAIRS:
            members = [self.actuators.index(tag) for tag in pair if tag in self.tags]
            X[:, members] = X[:, members].sum(axis=1, keepdims=True) - OFF * (len(members) - 1)
        return Rows(X, self.actuators)


class Check:
    """One kind of evidence that a tag behaves as it never did on normal days.

    `evidence` is high = anomalous, one column for each of `of_`, the tag that it speaks about; up to 1 it means
    nothing. A row's evidence depends on that row and on `history` before it. `says`: what the tag does, in words. What
    `fit` learns ends in `_`.
    """

    history: ClassVar[int] = 1
    says: ClassVar[str]

    def fit(self, rows: Rows) -> "Check":
        """Learn from normal rows."""
        raise NotImplementedError

    def evidence(self, rows: Rows) -> np.ndarray:
        """Evidence (rows × columns); that of the first `history` rows means nothing."""
        raise NotImplementedError
