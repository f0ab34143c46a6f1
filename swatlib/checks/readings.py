"""Checks on one sensor by itself: it jumps, stands still, leaves its range, is too smooth or too rough."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swatlib.checks.rows import Check, Rows, rows_since, step, window_sum
from swatlib.plant import TAGS

TINY = 1e-9
UNIT = 3  # usual steps that a jump must be to count


def sensors(rows: Rows) -> tuple[str, ...]:
    """The tags that are sensors and move."""
    moving = np.ptp(rows.values, axis=0) > 0
    return tuple(tag for tag, moves in zip(rows.tags, moving, strict=True) if moves and TAGS[tag].is_sensor)


def levels(tags) -> tuple[str, ...]:
    return tuple(tag for tag in tags if TAGS[tag].kind == "level")


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

    settled: int = 40

    @property
    def history(self) -> int:
        return self.settled

    def fit(self, rows: Rows) -> "Jump":
        self.of_ = sensors(rows) * 2
        self.unit_ = UNIT * usual(step(rows[self._tags]))
        return self

    @property
    def _tags(self) -> tuple[str, ...]:
        return self.of_[: len(self.of_) // 2]

    def evidence(self, rows: Rows) -> np.ndarray:
        moves = np.abs(step(rows[self._tags])) / self.unit_
        calm = rows_since(rows.moved, self.settled) >= self.settled
        return np.hstack([moves, moves * calm[:, None]])


@dataclass
class Freeze(Check):
    """Rows since the last change, over `least`, unless the sensor rests at the value where it often does (no flow)."""

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
        return rows_since(step(X) != 0, self.most) * (np.abs(X - rests) > TINY)


def _rest(column: np.ndarray, often: float) -> float:
    """The value of at least a share `often` of the rows, or infinity."""
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()] if counts.max() >= often * len(column) else np.inf


@dataclass
class Range(Check):
    """Distance outside the range of the normal days, over a share of it and twice what it moves from part to part.

    Levels are left out: after an attack a tank may need hours to come back, and that is no news.
    """

    share: float = 0.1
    parts: int = 8
    history: ClassVar[int] = 0

    def fit(self, rows: Rows) -> "Range":
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        X = rows[self.of_]
        self.low_, self.high_ = X.min(axis=0), X.max(axis=0)
        pieces = np.array_split(X, self.parts)
        lows, highs = (np.array([edge(piece, axis=0) for piece in pieces]) for edge in (np.min, np.max))
        self.unit_ = self.share * (self.high_ - self.low_) + 2 * (np.ptp(lows, axis=0) + np.ptp(highs, axis=0))
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        X = rows[self.of_]
        return np.maximum(np.maximum(X - self.high_, self.low_ - X), 0) / self.unit_


@dataclass
class Texture(Check):
    """How rough a sensor is: its mean bend over 32 rows, against the least and the most of the normal days.

    A ramp is too smooth, an added noise too rough. A sensor that is smooth at times (below a share `least` of its usual
    roughness) is left out. The first half of the columns says smooth, the second rough.
    """

    doublings: int = 5
    least: float = 0.3
    history: ClassVar[int] = 34

    def fit(self, rows: Rows) -> "Texture":
        tags = sensors(rows)
        rough = self._rough(rows[tags])[self.history :]
        usual, least = np.median(rough, axis=0), rough.min(axis=0)
        kept = least > self.least * usual
        self.of_ = tuple(np.array(tags)[kept].tolist()) * 2
        self.least_, self.most_ = least[kept], rough.max(axis=0)[kept]
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        rough = self._rough(rows[self.of_[: len(self.of_) // 2]])
        return np.hstack([self.least_ / np.maximum(rough, self.least_ / 64), rough / self.most_])

    def _rough(self, X: np.ndarray) -> np.ndarray:
        return window_sum(np.abs(step(step(X))), self.doublings)


@dataclass
class Creep(Check):
    """Change over 2**doublings rows while no actuator has moved for twice as long, over the sensor's usual step there.

    Levels are left out: their balance says more.
    """

    doublings: int = 7

    @property
    def history(self) -> int:
        return 2 ** (self.doublings + 1)

    def fit(self, rows: Rows) -> "Creep":
        self.of_ = tuple(tag for tag in sensors(rows) if TAGS[tag].kind != "level")
        moves = self._moves(rows)
        self.unit_ = usual(moves, usual(step(rows[self.of_])))
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        return self._moves(rows) / self.unit_

    def _moves(self, rows: Rows) -> np.ndarray:
        calm = rows_since(rows.moved, self.history) >= self.history
        smooth = window_sum(rows[self.of_], 3) / 8
        return np.abs(step(smooth, 2**self.doublings)) * calm[:, None]
