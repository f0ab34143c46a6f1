"""Checks on one sensor by itself: it jumps, stands still, or creeps while no actuator moves."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.arrays import difference, moving_sum, rows_since
from swatlib.limits import Count, RowCount, Share
from swatlib.plant import TAGS
from swatlib.views.checks.base import JUMP_ENDS, Check, TagRows, jumps_back

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


def changes(rows: TagRows, tags: tuple[str, ...]) -> np.ndarray:
    """Change from one row to the next (rows × tags), 0 where rows are missing in between."""
    moves = difference(rows[tags])
    moves[list(rows.gaps)] = 0
    return moves


def resting(rows: TagRows, settled: int) -> np.ndarray:
    """Whether no actuator has moved for `settled` rows (rows × 1)."""
    return (rows_since(rows.moved, settled) >= settled)[:, None]


@dataclass
class Jump(Check):
    """Change from one row to the next, relative to the usual change (the median of those that are not 0).

    The second half of the columns counts it only while no actuator has moved for `settled` rows, when flows and
    pressures have no cause to change. A jump back is no evidence: what set the reading off has ended (`jumps_back`).
    """

    says: ClassVar[str] = "jumps"
    settled: Count = 40
    within: Count = JUMP_ENDS

    @property
    def history(self) -> int:
        return self.settled + self.within

    def fit(self, rows: TagRows) -> Self:
        self.of_ = sensors(rows) * 2
        self.unit_ = UNIT * usual(difference(rows[self._tags]))
        moves = changes(rows, self._tags) / self.unit_
        self.largest_ = np.abs(np.hstack([moves, moves * resting(rows, self.settled)])).max(axis=0)
        return self

    @property
    def _tags(self) -> tuple[str, ...]:
        return self.of_[: len(self.of_) // 2]

    def evidence(self, rows: TagRows) -> np.ndarray:
        moves = changes(rows, self._tags) / self.unit_
        both = np.hstack([moves, moves * resting(rows, self.settled)])
        back = np.zeros(both.shape, bool)
        for mask, column, largest in zip(back.T, both.T, self.largest_, strict=True):
            mask[jumps_back(column, largest, self.within)] = True
        back[:, len(self._tags) :] |= back[:, : len(self._tags)]
        return np.abs(np.where(back, 0, both))


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

    A row counts for no more than the largest change of such normal rows: a jump has a check of its own. Levels are left
    out: their mass balance says more.
    """

    says: ClassVar[str] = "creeps while nothing moves it"
    doublings: RowCount = 7

    @property
    def history(self) -> int:
        return 2 ** (self.doublings + 1)

    def fit(self, rows: TagRows) -> Self:
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        moves, least = changes(rows, self.of_), usual(difference(rows[self.of_]))
        self.largest_ = np.maximum(np.abs(moves * resting(rows, self.history)).max(axis=0), least)
        self.unit_ = usual(self._moves(rows), least)
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        return self._moves(rows) / self.unit_

    def _moves(self, rows: TagRows) -> np.ndarray:
        moves = np.clip(changes(rows, self.of_), -self.largest_, self.largest_)
        smooth = moving_sum(moves, 3) / 8
        return np.abs(moving_sum(smooth, self.doublings)) * resting(rows, self.history)
