"""Checks on one sensor by itself: it jumps, stands still, or creeps while nothing moves it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swatlib.arrays import difference, moving_sum, rows_since
from swatlib.plant import TAGS
from swatlib.views.checks.base import Check, Rows

TINY = 1e-9
UNIT = 3  # usual steps that a jump must be to count


def sensors(rows: Rows) -> tuple[str, ...]:
    """The tags that are sensors and move."""
    moving = np.ptp(rows.values, axis=0) > 0
    return tuple(tag for tag, moves in zip(rows.tags, moving, strict=True) if moves and TAGS[tag].is_sensor)


def usual(moves: np.ndarray, otherwise: float | np.ndarray = TINY) -> np.ndarray:
    """Median size of the moves in each column that are none of nothing; `otherwise` where all are."""
    sizes = [np.abs(column[column != 0]) for column in moves.T]
    return np.where(
        [len(each) > 0 for each in sizes], [np.median(each) if len(each) else 0 for each in sizes], otherwise
    )


@dataclass
class Jump(Check):
    """Change within one row, over the usual change (median of those that are not 0).

    The second half of the columns counts it only while no actuator has moved for `settled` rows: then flows and
    pressures have no reason to.
    """

    says: ClassVar[str] = "jumps"
    settled: int = 40

    @property
    def history(self) -> int:
        return self.settled

    def fit(self, rows: Rows) -> "Jump":
        self.of_ = sensors(rows) * 2
        self.unit_ = UNIT * usual(difference(rows[self._tags]))
        return self

    @property
    def _tags(self) -> tuple[str, ...]:
        return self.of_[: len(self.of_) // 2]

    def evidence(self, rows: Rows) -> np.ndarray:
        moves = np.abs(difference(rows[self._tags])) / self.unit_
        resting = rows_since(rows.moved, self.settled) >= self.settled
        return np.hstack([moves, moves * resting[:, None]])


@dataclass
class Freeze(Check):
    """Rows since the last change, over `least`, unless the sensor rests at the value where it often does (no flow)."""

    says: ClassVar[str] = "stands still"
    most: int = 300
    least: int = 8
    often: float = 0.05
    history: ClassVar[int] = 300

    def fit(self, rows: Rows) -> "Freeze":
        tags = sensors(rows)
        rests = np.array([_rest(column, self.often) for column in rows[tags].T])
        still = self._still(rows[tags], rests)[self.most :].max(axis=0)
        kept = still < self.most / 2  # a sensor that stands still for longer on normal days can't be told from a frozen
        self.of_, self.rests_ = tuple(np.array(tags)[kept].tolist()), rests[kept]
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        return self._still(rows[self.of_], self.rests_) / self.least

    def _still(self, X: np.ndarray, rests: np.ndarray) -> np.ndarray:
        return rows_since(difference(X) != 0, self.most) * (np.abs(X - rests) > TINY)


def _rest(column: np.ndarray, often: float) -> float:
    """The value of at least a share `often` of the rows, or infinity."""
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()] if counts.max() >= often * len(column) else np.inf


@dataclass
class Creep(Check):
    """Change over 2**doublings rows while no actuator has moved for twice as long, over the sensor's usual step there.

    Levels are left out: their balance says more.
    """

    says: ClassVar[str] = "creeps while nothing moves it"
    doublings: int = 7

    @property
    def history(self) -> int:
        return 2 ** (self.doublings + 1)

    def fit(self, rows: Rows) -> "Creep":
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        moves = self._moves(rows)
        self.unit_ = usual(moves, usual(difference(rows[self.of_])))
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        return self._moves(rows) / self.unit_

    def _moves(self, rows: Rows) -> np.ndarray:
        resting = rows_since(rows.moved, self.history) >= self.history
        smooth = moving_sum(rows[self.of_], 3) / 8
        return np.abs(difference(smooth, 2**self.doublings)) * resting[:, None]
