"""Checks on one sensor by itself: it jumps, stands still, or creeps while no actuator moves."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.arrays import difference, moving_sum, rows_since
from swatlib.limits import Count, RowCount, Share
from swatlib.plant import TAGS
from swatlib.views.checks.base import Check, TagRows

TINY = 1e-9
UNIT = 3  # a jump is measured in this many usual changes


def sensors(rows: TagRows) -> tuple[str, ...]:
    """Sensors that are not constant."""
    moving = np.ptp(rows.values, axis=0) > 0
    return tuple(tag for tag, moves in zip(rows.tags, moving, strict=True) if moves and TAGS[tag].is_sensor)


def usual(moves: np.ndarray, otherwise: float | np.ndarray = TINY) -> np.ndarray:
    """Median size of the moves other than 0 in each column; `otherwise` where there is none."""
    sizes = [np.abs(column[column != 0]) for column in moves.T]
    return np.where(
        [len(each) > 0 for each in sizes], [np.median(each) if len(each) else 0 for each in sizes], otherwise
    )


@dataclass
class Jump(Check):
    """Change from one row to the next, relative to the usual change (the median of those that are not 0).

    The second half of the columns counts it only while no actuator has moved for `settled` rows, when flows and
    pressures have no cause to change.
    """

    says: ClassVar[str] = "jumps"
    settled: Count = 40

    @property
    def history(self) -> int:
        return self.settled

    def fit(self, rows: TagRows) -> Self:
        self.of_ = sensors(rows) * 2
        self.unit_ = UNIT * usual(difference(rows[self._tags]))
        return self

    @property
    def _tags(self) -> tuple[str, ...]:
        return self.of_[: len(self.of_) // 2]

    def evidence(self, rows: TagRows) -> np.ndarray:
        moves = np.abs(difference(rows[self._tags])) / self.unit_
        resting = rows_since(rows.moved, self.settled) >= self.settled
        return np.hstack([moves, moves * resting[:, None]])


@dataclass
class Freeze(Check):
    """Rows since the last change, in units of `least`, unless the sensor is at the value of its rest (no flow).

    That is its most frequent value, if a share `often` of the normal rows has it.
    """

    says: ClassVar[str] = "stands still"
    most: Count = 300
    least: Count = 8
    often: Share = 0.05

    @property
    def history(self) -> int:
        return self.most

    def fit(self, rows: TagRows) -> Self:
        tags = sensors(rows)
        rests = np.array([_rest(column, self.often) for column in rows[tags].T])
        still = self._still(rows[tags], rests)[self.most :].max(axis=0)
        kept = still < self.most / 2  # a sensor that normally stands still for longer looks like a frozen one
        self.of_, self.rests_ = tuple(np.array(tags)[kept].tolist()), rests[kept]
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        return self._still(rows[self.of_], self.rests_) / self.least

    def _still(self, X: np.ndarray, rests: np.ndarray) -> np.ndarray:
        return rows_since(difference(X) != 0, self.most) * (np.abs(X - rests) > TINY)


def _rest(column: np.ndarray, often: float) -> float:
    """The value of at least a share `often` of the rows, or infinity."""
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()] if counts.max() >= often * len(column) else np.inf


@dataclass
class Creep(Check):
    """Change over 2**doublings rows while no actuator has moved for twice as long, relative to the usual change then.

    Levels are left out: their mass balance says more.
    """

    says: ClassVar[str] = "creeps while nothing moves it"
    doublings: RowCount = 7

    @property
    def history(self) -> int:
        return 2 ** (self.doublings + 1)

    def fit(self, rows: TagRows) -> Self:
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        moves = self._moves(rows)
        self.unit_ = usual(moves, usual(difference(rows[self.of_])))
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        return self._moves(rows) / self.unit_

    def _moves(self, rows: TagRows) -> np.ndarray:
        resting = rows_since(rows.moved, self.history) >= self.history
        smooth = moving_sum(rows[self.of_], 3) / 8
        return np.abs(difference(smooth, 2**self.doublings)) * resting[:, None]
