"""The contract of every plausibility check, and the readings that it is given."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from swatlib.arrays import difference
from swatlib.plant import OFF, PUMP_PAIRS, TAGS
from swatlib.views.base import Learned

JUMP_ENDS = 1_208  # rows in which a jump the other way may end the first: 20 minutes


@dataclass(frozen=True)
class TagRows:
    """Readings in time order: rows × tags, float64, in Fortran order, so that a column is contiguous.

    gaps: numbers of the rows before which rows are missing. seconds: from one row to the next.
    """

    values: np.ndarray
    tags: tuple[str, ...]
    gaps: tuple[int, ...] = ()
    seconds: float = 1.0

    @classmethod
    def of(cls, *frames: pd.DataFrame, seconds: float = 1.0) -> "TagRows":
        edges = np.cumsum([0, *map(len, frames)]).tolist()
        values = np.empty((edges[-1], len(frames[0].columns)), order="F")
        for frame, (first, stop) in zip(frames, itertools.pairwise(edges), strict=True):
            values[first:stop] = frame.to_numpy()
        return cls(values, tuple(frames[0].columns), tuple(edges[1:-1]), seconds)

    def __getitem__(self, tags: Iterable[str]) -> np.ndarray:
        """Columns of these tags (rows × tags)."""
        return self.values.T[[self.tags.index(tag) for tag in tags]].T

    def column(self, tag: str) -> np.ndarray:
        """Readings of one tag (rows,)."""
        return self.values[:, self.tags.index(tag)]

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
    def joint(self) -> "TagRows":
        """State of each actuator; a pump and its standby have one state: 1 none runs, 2 one does, 3 both.

        A standby that takes over is no attack; both running, or none, may be one.
        """
        X = self[self.actuators].copy()
        for pair in PUMP_PAIRS:
            members = [self.actuators.index(tag) for tag in pair if tag in self.tags]
            X[:, members] = X[:, members].sum(axis=1, keepdims=True) - OFF * (len(members) - 1)
        return TagRows(X, self.actuators)


def jumps_back(moves: np.ndarray, largest: float, within: int) -> np.ndarray:
    """Rows that jump the other way than the only jump of the `within` rows before; a jump is larger than `largest`.

    What set a reading or an actuator off has ended with it, which is no second event.
    """
    rows = np.flatnonzero(np.abs(moves) > largest)
    up, near = moves[rows] > 0, np.diff(rows) < within
    alone = np.append(True, rows[2:] - rows[:-2] >= within)[: len(near)]
    return rows[1:][near & alone & (up[1:] != up[:-1])]


class Check(Learned):
    """One kind of plausibility check: evidence that a tag behaves as it never did on normal days.

    `evidence` is high = anomalous, with one column for each tag in `of_`; values up to 1 are normal. The evidence of a
    row depends on that row and on `history` rows before it. `says`: what the tag does, in words.
    """

    says: ClassVar[str]
    of_: tuple[str, ...]

    @property
    def history(self) -> int:
        """Past rows that a row's evidence depends on."""
        return 1

    def fit(self, rows: TagRows) -> Self:
        """Learn from normal rows."""
        raise NotImplementedError

    def evidence(self, rows: TagRows) -> np.ndarray:
        """Evidence (rows × columns); that of the first `history` rows is not valid."""
        raise NotImplementedError
