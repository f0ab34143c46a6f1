"""Which rows of a plant are taken, decided from the times of the rows before them and in the order they came.

* newer than all rows before, by at most JUMP: taken
* not newer: rejected as late, or as sent before
* newer by more than JUMP: rejected as a wrong date, because all rows after it would be late. A plant that did start
  again is taken from the FOLLOWING-th row on that goes on from there, or at once where the message says `restart`, as
  those of `swatlib.live.producer` do
* before the plant's only row by more than JUMP: that one had the wrong date, and the plant begins here

The decision on a row depends on the rows before it alone, so batches of any size give the same.
"""

from dataclasses import dataclass, replace

import numpy as np

JUMP = np.timedelta64(1, "D")  # more than any two time zones differ; less than a wrong month or year
FOLLOWING = 3
TAKEN, LATE, JUMPED = 0, 1, 2

_JUMP = int(JUMP / np.timedelta64(1, "ns"))


@dataclass(frozen=True)
class Position:
    """What decides on the next row of a plant; times in nanoseconds.

    newest: time of the last row taken. alone: whether that is the plant's only one. jump, jumps: time of the last row
    that was rejected, and how many such rows follow one another.
    """

    newest: int | None = None
    alone: bool = False
    jump: int = 0
    jumps: int = 0

    def after(self, time: int) -> "Position":
        """The position once a row of this time is taken."""
        return Position(time, self.newest is None or time < self.newest)

    def jumped(self, time: int) -> "Position":
        """The position once a row of this time is rejected."""
        if self.jumps and time == self.jump:
            return self
        goes_on = self.jumps and self.jump < time <= self.jump + _JUMP
        return replace(self, jump=time, jumps=self.jumps + 1 if goes_on else 1)


def accept(times: np.ndarray, restart: np.ndarray, position: Position) -> tuple[np.ndarray, Position]:
    """TAKEN, LATE or JUMPED for each of `times` (int64 nanoseconds), and the position after them.

    `restart`: mask of the rows whose message says that the plant starts again there.
    """
    if position.newest is not None and len(times):
        steps = np.diff(times, prepend=position.newest)
        if (steps > 0).all() and (steps <= _JUMP).all():
            return np.zeros(len(times), np.int8), position.after(int(times[-1]))
    verdicts = np.empty(len(times), np.int8)
    for row, (time, restarts) in enumerate(zip(times.tolist(), restart.tolist(), strict=True)):
        verdicts[row], position = _judged(time, restarts, position)
    return verdicts, position


def _judged(time: int, restarts: bool, position: Position) -> tuple[int, Position]:
    newest = position.newest
    if newest is None or (position.alone and time < newest - _JUMP):
        return TAKEN, position.after(time)
    if time <= newest:
        return LATE, position
    if time - newest <= _JUMP or restarts:
        return TAKEN, position.after(time)
    jumped = position.jumped(time)
    return (TAKEN, position.after(time)) if jumped.jumps >= FOLLOWING else (JUMPED, jumped)
