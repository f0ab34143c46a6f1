"""Checks on water: what a tank gains is what flows in less what flows out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swatlib.arrays import difference, moving_sum
from swatlib.plant import GAUGED_TANKS, Tank
from swatlib.views.checks.base import Check, Rows
from swatlib.views.features import gauges

MM_PER_M3H = 1000 / 3600  # mm of level a second on 1 m², from 1 m³/h


@dataclass
class Balance(Check):
    """Change of each gauged level over 2**doublings rows less what its meters explain, in `unit` mm.

    A row counts for no more than `clip` mm: a jump would echo when it leaves the window, and has its own check.
    """

    says: ClassVar[str] = "changes against its flows"
    doublings: tuple[int, ...] = (6, 9)
    unit: float = 2.0
    clip: float = 4.0
    history: ClassVar[int] = 512

    def fit(self, rows: Rows) -> "Balance":
        self.of_ = tuple(tank.level for tank in GAUGED_TANKS if gauges(tank) <= set(rows.tags)) * len(self.doublings)
        self.seconds_ = rows.seconds
        return self

    def evidence(self, rows: Rows) -> np.ndarray:
        tanks = [tank for tank in GAUGED_TANKS if tank.level in self.of_]
        if not tanks:
            return np.zeros((len(rows), 0))
        explained = self.seconds_ * np.column_stack([net_inflow(rows, tank) for tank in tanks])
        level = rows[[tank.level for tank in tanks]]
        off = np.clip(difference(level) - explained, -self.clip, self.clip)
        return np.abs(np.hstack([moving_sum(off, n) for n in self.doublings])) / self.unit


def net_inflow(rows: Rows, tank: Tank) -> np.ndarray:
    """What the meters say `tank` gains, mm a second (rows,)."""
    net = np.zeros(len(rows))
    for sign, flows in ((1, tank.inflows), (-1, tank.outflows)):
        for flow in flows:
            through = [rows[[valve]][:, 0] == position for valve, position in flow.path]
            net += sign * flow.gain * rows[[flow.meter]][:, 0] * np.all([np.ones(len(rows)), *through], axis=0)
    return net * MM_PER_M3H / tank.area
