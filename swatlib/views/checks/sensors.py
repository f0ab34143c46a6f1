"""Checks on one sensor by itself: it jumps, stands still, moves one way, or creeps while no actuator moves."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.arrays import difference, moves_one_way, moving_sum, rows_since
from swatlib.limits import Count, RowCount, Share
from swatlib.plant import TAGS
from swatlib.views.checks.base import JUMP_ENDS, Check, TagRows, jumps_back

TINY = 1e-9
UNIT = 3  # a jump is measured in this many usual changes
SMOOTHING = 3  # doublings over which a creeping reading is averaged
CREEP_JUMP_ENDS = 1_080  # rows in which a jump the other way may end the first; `Jump` has about the same history
FINEST = 0.01  # quantile of a sensor's changes, taken as its step


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
        largest = [np.abs(each).max(axis=0) for each in (moves, moves * resting(rows, self.settled))]
        self.largest_ = np.concatenate(largest)
        return self

    @property
    def _tags(self) -> tuple[str, ...]:
        return self.of_[: len(self.of_) // 2]

    def evidence(self, rows: TagRows) -> np.ndarray:
        moves = changes(rows, self._tags) / self.unit_
        both = np.hstack([moves, moves * resting(rows, self.settled)])
        back = np.zeros_like(both, bool)
        for mask, column, largest in zip(back.T, both.T, self.largest_, strict=True):
            mask[jumps_back(column, largest, self.within)] = True
        back[:, len(self._tags) :] |= back[:, : len(self._tags)]
        return np.abs(np.where(back, 0, both))


@dataclass
class Freeze(Check):
    """Rows on a straight line, in units of `least`, unless the sensor is at the value of its rest (no flow).

    A reading that stands still is on one, and so is a made-up ramp, which lacks the sensor's noise: the change from row
    to row stays the same within half a step of the sensor (the 1 % quantile of its changes). The value of its rest is
    the most frequent one, if a share `often` of the normal rows has it.
    """

    says: ClassVar[str] = "stands still or moves in a straight line"
    most: Count = 1_200
    least: Count = 8
    often: Share = 0.05

    @property
    def history(self) -> int:
        return self.most + 1

    def fit(self, rows: TagRows) -> Self:
        tags = sensors(rows)
        X = rows[tags]
        self.rests_ = np.array([_rest(column, self.often) for column in X.T])
        self.bend_ = np.array([np.quantile(np.abs(moves[moves != 0]), FINEST) for moves in difference(X).T]) / 2
        straight = self._straight(X)[self.history :].max(axis=0)
        kept = straight < self.most / 2  # a sensor that normally stands still for longer looks like a frozen one
        self.of_, self.rests_, self.bend_ = tuple(np.array(tags)[kept].tolist()), self.rests_[kept], self.bend_[kept]
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        return self._straight(rows[self.of_]) / self.least

    def _straight(self, X: np.ndarray) -> np.ndarray:
        bends = ~(np.abs(difference(difference(X))) <= self.bend_)  # so is a missing reading
        return rows_since(bends, self.most) * (np.abs(X - self.rests_) > TINY)


def _rest(column: np.ndarray, often: float) -> float:
    """The value of at least a share `often` of the rows, or infinity."""
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()] if counts.max() >= often * len(column) else np.inf


@dataclass
class Trend(Check):
    """Moves one after the other that go the same way, within `most` rows, in units of `least`.

    A reading is taken in whole usual changes (the median of those that are not 0). One that seldom changes wanders up
    and down; where it is made up as a ramp, no move goes back. Levels are left out: they rise and fall for hours.
    """

    says: ClassVar[str] = "moves one way"
    most: Count = 1_200
    least: Count = 4

    @property
    def history(self) -> int:
        return self.most

    def fit(self, rows: TagRows) -> Self:
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        self.unit_ = usual(changes(rows, self.of_))
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        moves = changes(TagRows(np.round(rows[self.of_] / self.unit_), self.of_, rows.gaps), self.of_)
        return moves_one_way(moves, self.most) / self.least


@dataclass
class Creep(Check):
    """Change over 2**doublings rows while no actuator has moved for twice as long, relative to the usual change then.

    A row counts for no more than the largest change of such normal rows: a jump has a check of its own. A jump back
    counts for nothing (`jumps_back`): a reading that returns does not creep. Levels are left out: their mass balance
    says more.
    """

    says: ClassVar[str] = "creeps while nothing moves it"
    doublings: RowCount = 7
    within: Count = CREEP_JUMP_ENDS

    @property
    def history(self) -> int:
        return max(self._settled, self.within + 2**self.doublings + 2**SMOOTHING)

    def fit(self, rows: TagRows) -> Self:
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        moves, least = changes(rows, self.of_), usual(difference(rows[self.of_]))
        self.jump_ = np.abs(moves).max(axis=0)
        self.largest_ = np.maximum(np.abs(moves * resting(rows, self._settled)).max(axis=0), least)
        self.unit_ = usual(self._moves(rows), least)
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        return self._moves(rows) / self.unit_

    @property
    def _settled(self) -> int:
        return 2 ** (self.doublings + 1)

    def _moves(self, rows: TagRows) -> np.ndarray:
        moves = changes(rows, self.of_)
        for column, jump in zip(moves.T, self.jump_, strict=True):
            column[jumps_back(column, jump, self.within)] = 0
        moves = np.clip(moves, -self.largest_, self.largest_)
        smooth = moving_sum(moves, SMOOTHING) / 2**SMOOTHING
        return np.abs(moving_sum(smooth, self.doublings)) * resting(rows, self._settled)
