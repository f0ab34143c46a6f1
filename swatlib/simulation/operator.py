"""What an operator changes in the day shift, as data: set points of flows and pressures, dosing, times of a backwash.

Each change moves one parameter to somewhere about its usual value, where it stays until it is changed again, so that
later days are not the earlier ones again. Nothing that a PLC compares a reading with is changed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.simulation.parameters import Parameters
from swatlib.wording import number

DAY_SHIFT = 8 * 3_600, 15 * 3_600  # seconds of the day between which a change is made

# parameter, how far from its usual value it is set at most, its unit, what it is
_CHANGED = """
raw_flow .015 m³/h raw water flow (FIT101)
feed_flow .008 m³/h feed flow (FIT201)
ro_recirculation .0015 m³/h recirculated flow (FIT504)
pit501 1.2 kPa reverse osmosis feed pressure (PIT501)
pit502_day .12 kPa permeate pressure by day (PIT502)
drain_seconds 2 s drain time of a backwash
ait202_flowing .02 pH dosing of acid (AIT202)
ait203 5 mV dosing of chlorine (AIT203)
ait402 1.5 mV dosing of bisulphite (AIT402)
ait503 2 µS/cm conductivity of the feed (AIT503)
"""
_ROWS = [row.split(" ", 3) for row in _CHANGED.strip().splitlines()]
FURTHEST = {field: float(most) for field, most, *_ in _ROWS}
_WORDS = {field: (what, unit) for field, _, unit, what in _ROWS}


@dataclass(frozen=True)
class Change:
    """At `second` after the plant's start the parameter `field` is set to `value`."""

    second: int
    field: str
    value: float

    def __str__(self) -> str:
        """ "feed flow (FIT201) to 2.446 m³/h"."""
        what, unit = _WORDS[self.field]
        return f"{what} to {number(self.value, 4)} {unit}"


class Operator:
    """The operator of a plant that started at `start`; the changes are those of the seed and the calendar day."""

    def __init__(self, start: pd.Timestamp, seed: int, parameters: Parameters) -> None:
        self.parameters, self.seed = parameters, seed
        self._before = int((start - start.normalize()).total_seconds())  # seconds of the first day before the start
        self._first = start.normalize().toordinal()
        self._day, self._today = -1, list[Change]()

    def due(self, now: int) -> list[Change]:
        """Changes that are made in second `now`."""
        return [change for change in self._of_day(now) if change.second == now]

    def next_change(self, now: int) -> int:
        """The first second after `now` in which a change may be made: that of a change, or the next midnight."""
        midnight = (self._day_of(now) + 1) * SECONDS_PER_DAY - self._before
        return min([change.second for change in self._of_day(now) if change.second > now], default=midnight)

    def _day_of(self, now: int) -> int:
        return (now + self._before) // SECONDS_PER_DAY

    def _of_day(self, now: int) -> list[Change]:
        day = self._day_of(now)
        if day != self._day:
            self._day, self._today = day, self._draw(day)
        return self._today

    def _draw(self, day: int) -> list[Change]:
        generator = np.random.default_rng([self.seed, self._first + day, len(FURTHEST)])
        many = int(self.parameters.operator_changes)
        seconds, fields = np.sort(generator.integers(*DAY_SHIFT, many)), generator.choice(list(FURTHEST), many)
        midnight = day * SECONDS_PER_DAY - self._before
        return [
            Change(
                midnight + int(second),
                str(field),
                getattr(self.parameters, field) + FURTHEST[field] * generator.uniform(-1, 1),
            )
            for second, field in zip(seconds, fields, strict=True)
        ]
