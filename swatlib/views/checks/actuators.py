"""Checks on pumps and valves: a state that lasts too long or was never seen, a move at the wrong level."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swatlib.arrays import difference, rows_since
from swatlib.plant import CLOSED, OPEN, TAGS
from swatlib.views.checks.base import Check, Rows

# What moves together: the inlet of T101 follows that tank alone, its outlet goes with the dosing.
GROUPS = (("MV101",), ("P1", "P2"), ("P3", "P6"), ("P4", "P5"))
# Level by which the PLCs switch an actuator. On normal days the plant's cycle ties every level to every switch, so that
# this can't be learned from them.
COMMANDED_BY = {"LIT101": ("MV101",), "LIT301": ("MV201", "P101", "P102")}
STATES = 4  # a joint state is below this


def group_of(tag: str) -> int:
    """Number of the group an actuator belongs to."""
    return next(number for number, names in enumerate(GROUPS) if tag in names or TAGS[tag].stage in names)


@dataclass
class Dwell(Check):
    """How long the actuators of a group have been in one joint state, over the longest on normal days.

    A state that normal days never showed counts over `least` rows. The tag is the actuator that moved last.
    """

    says: ClassVar[str] = "stays too long as it is"
    most: int = 512
    least: int = 12
    history: ClassVar[int] = 512

    def fit(self, rows: Rows) -> "Dwell":
        self.of_ = rows.actuators
        self.longest_ = {}
        for group, columns in self._groups():
            code, age = (each[self.most :] for each in self._state(rows, columns)[:2])
            longest = {}
            for state in np.unique(code):
                longest[str(state)] = int(max(age[code == state].max() + 1, self.least))
            self.longest_[str(group)] = longest
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        out = np.zeros((len(rows), len(self.of_)))
        for group, columns in self._groups():
            code, age, last = self._state(rows, columns)
            states, where = np.unique(code, return_inverse=True)
            known = self.longest_[str(group)]
            longest = np.array([known.get(str(state), self.least) for state in states])[where]
            out[np.arange(len(rows)), np.array(columns)[last]] = (age + 1) / longest
        return out

    def _groups(self):
        numbers = np.array([group_of(tag) for tag in self.of_])
        for group in np.unique(numbers):
            yield int(group), np.flatnonzero(numbers == group).tolist()

    def _state(self, rows: Rows, columns: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Joint state as a number, rows since it began, and which of the columns moved last (rows,)."""
        tags = [self.of_[column] for column in columns]
        code = rows.joint[tags].astype(np.int64) @ STATES ** np.arange(len(columns))
        ages = rows_since(difference(rows[tags]) != 0, self.most)
        changed = difference(code) != 0
        changed[list(rows.holes)] = True
        begun = rows_since(changed, self.most)
        return code, begun, ages.argmin(axis=1)


@dataclass
class Move(Check):
    """Level at which an actuator leaves a state of rest, outside of where it does so on normal days.

    In units of the span that the level then has there, of at least `share` of its range; `enough` moves must be seen.
    """

    says: ClassVar[str] = "moves at the wrong level"
    share: float = 0.03
    enough: int = 10
    history: ClassVar[int] = 1

    def fit(self, rows: Rows) -> "Move":
        self.of_, self.limits_ = (), []
        for level, commanded in COMMANDED_BY.items():
            for tag in commanded if level in rows.tags else ():
                if tag in rows.tags:
                    self._learn(tag, level, rows)
        return self

    def _learn(self, tag: str, level: str, rows: Rows) -> None:
        column, height = rows.joint[[tag]][:, 0], rows[[level]][:, 0]
        for before in (CLOSED, OPEN):  # of a pump: off, on
            at = height[np.setdiff1d(_leaves(column, before), rows.holes)]
            if len(at) >= self.enough:
                low, high = float(at.min()), float(at.max())
                self.of_ += (tag,)
                self.limits_.append([level, before, low, high, max(high - low, self.share * float(np.ptp(height)))])

    def evidence(self, rows: Rows) -> np.ndarray:
        out = np.zeros((len(rows), len(self.of_)))
        for k, (tag, (level, before, low, high, unit)) in enumerate(zip(self.of_, self.limits_, strict=True)):
            column, height = rows.joint[[tag]][:, 0], rows[[level]][:, 0]
            moved = _leaves(column, before)
            out[moved, k] = np.maximum(np.maximum(height[moved] - high, low - height[moved]), 0) / unit
        return out


def _leaves(column: np.ndarray, state: int) -> np.ndarray:
    """Rows in which an actuator is no longer in `state`."""
    return 1 + np.flatnonzero((column[:-1] == state) & (column[1:] != state))
