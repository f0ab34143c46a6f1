"""Checks on pumps and valves: a joint state that lasts too long or was never seen, a switch at the wrong level."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.arrays import difference, rows_since
from swatlib.limits import Count, Share
from swatlib.plant import CLOSED, OPEN, TAGS
from swatlib.views.checks.base import JUMP_ENDS, Check, TagRows, jumps_back

# Actuators that switch together: the inlet of T101 follows that tank alone, its outlet goes with the dosing.
GROUPS = (("MV101",), ("P1", "P2"), ("P3", "P6"), ("P4", "P5"))
# Level by which the PLCs switch an actuator, an inlet of that tank. This can't be learned from normal days: there every
# level goes with every switch, by the plant's cycle.
COMMANDED_BY = {"LIT101": ("MV101",), "LIT301": ("MV201", "P101", "P102")}
STATES = 4  # of one actuator, or of a pump and its standby
MISSING = -1e9  # state of an actuator without a reading, unlike all others


def group_of(tag: str) -> int:
    """Number of the group an actuator belongs to."""
    return next(number for number, names in enumerate(GROUPS) if tag in names or TAGS[tag].stage in names)


@dataclass
class Dwell(Check):
    """How long the actuators of a group have been in one joint state, relative to the longest time on normal days.

    A state that never occurred on normal days is measured against `least` rows. The tag is the actuator that switched
    last.
    """

    says: ClassVar[str] = "stays too long as it is"
    most: Count = 512
    least: Count = 12

    @property
    def history(self) -> int:
        return self.most

    def fit(self, rows: TagRows) -> Self:
        self.of_ = rows.actuators
        self.longest_: dict[str, dict[str, int]] = {}
        for group, columns in self._groups():
            code, age = (each[self.most :] for each in self._state(rows, columns)[:2])
            longest = {}
            for state in np.unique(code):
                longest[str(state)] = int(max(age[code == state].max() + 1, self.least))
            self.longest_[str(group)] = longest
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        out = np.zeros((len(rows), len(self.of_)), order="F")
        for group, columns in self._groups():
            code, age, last = self._state(rows, columns)
            states, where = np.unique(code, return_inverse=True)
            known = self.longest_[str(group)]
            longest = np.array([known.get(str(state), self.least) for state in states])[where]
            out[np.arange(len(rows)), np.array(columns)[last]] = (age + 1) / longest
        return out

    def _groups(self) -> Iterator[tuple[int, list[int]]]:
        numbers = np.array([group_of(tag) for tag in self.of_])
        for group in np.unique(numbers):
            yield int(group), np.flatnonzero(numbers == group).tolist()

    def _state(self, rows: TagRows, columns: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Joint state as a number, rows since it began, and which of the columns moved last (rows,)."""
        tags = [self.of_[column] for column in columns]
        code = np.nan_to_num(rows.joint[tags], nan=MISSING).astype(np.int64) @ STATES ** np.arange(len(columns))
        ages = rows_since(difference(rows[tags]) != 0, self.most)
        changed = difference(code) != 0
        changed[list(rows.gaps)] = True
        begun = rows_since(changed, self.most)
        return code, begun, ages.argmin(axis=1)


@dataclass
class Move(Check):
    """How far too high the level is at which an inlet opens, or too low at which it closes, beside normal days.

    An inlet that opens too low or closes too high does what is right, late: what held it off is not new. In units of
    the range of such levels, which is taken as at least `share` of the level's whole range. Learned from `enough`
    switches or more. A move back is no evidence (`jumps_back`).
    """

    says: ClassVar[str] = "moves at the wrong level"
    share: Share = 0.03
    enough: Count = 10
    within: Count = JUMP_ENDS

    @property
    def history(self) -> int:
        return self.within

    def fit(self, rows: TagRows) -> Self:
        self.of_: tuple[str, ...] = ()
        self.limits_: list[list] = []  # of each column: level, state left, lowest, highest, unit
        for level, commanded in COMMANDED_BY.items():
            for tag in commanded if level in rows.tags else ():
                if tag in rows.tags:
                    self._learn(tag, level, rows)
        return self

    def _learn(self, tag: str, level: str, rows: TagRows) -> None:
        column, height = rows.joint.column(tag), rows.column(level)
        for before in (CLOSED, OPEN):  # of a pump: off, on
            at = height[np.setdiff1d(_leaves(column, before), rows.gaps)]
            if len(at) >= self.enough:
                low, high = float(at.min()), float(at.max())
                self.of_ += (tag,)
                self.limits_.append([level, before, low, high, max(high - low, self.share * float(np.ptp(height)))])

    def evidence(self, rows: TagRows) -> np.ndarray:
        out = np.zeros((len(rows), len(self.of_)), order="F")
        for k, (tag, (level, before, low, high, unit)) in enumerate(zip(self.of_, self.limits_, strict=True)):
            column, height = rows.joint.column(tag), rows.column(level)
            moved = _leaves(column, before)
            out[moved, k] = np.maximum(height[moved] - high if before == CLOSED else low - height[moved], 0) / unit
        opens = np.array([before == CLOSED for _, before, *_ in self.limits_], bool)
        for tag in set(self.of_):
            columns = np.array(self.of_) == tag
            moves = np.where(opens, out, -out)[:, columns].sum(axis=1)
            out[np.ix_(jumps_back(moves, 1.0, self.within), columns)] = 0
        return out


def _leaves(column: np.ndarray, state: int) -> np.ndarray:
    """Rows in which an actuator is no longer in `state`."""
    return 1 + np.flatnonzero((column[:-1] == state) & (column[1:] != state))
