"""Check on the mass balance: what a tank gains is what flows in less what flows out."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from swatlib.arrays import difference, moving_sum
from swatlib.limits import Positive, RowCount
from swatlib.plant import GAUGED_TANKS
from swatlib.views.base import net_inflow
from swatlib.views.checks.base import Check, TagRows


@dataclass
class Balance(Check):
    """Change of each gauged level over 2**doublings rows less what its meters explain, in `unit` mm.

    A row counts for no more than `clip` mm: a jump has a check of its own, and would count again when it leaves the
    window.
    """

    says: ClassVar[str] = "changes against its flows"
    doublings: tuple[RowCount, ...] = (6, 9)
    unit: Positive = 2.0
    clip: Positive = 4.0

    @property
    def history(self) -> int:
        return 2 ** max(self.doublings)

    def fit(self, rows: TagRows) -> Self:
        levels = tuple(tank.level for tank in GAUGED_TANKS if tank.balance_tags <= set(rows.tags))
        self.of_ = levels * len(self.doublings)
        self.seconds_ = rows.seconds
        return self

    def evidence(self, rows: TagRows) -> np.ndarray:
        tanks = [tank for tank in GAUGED_TANKS if tank.level in self.of_]
        if not tanks:
            return np.zeros((len(rows), 0))
        explained = self.seconds_ * np.column_stack([net_inflow(rows.column, tank) for tank in tanks])
        level = rows[[tank.level for tank in tanks]]
        off = np.clip(difference(level) - explained, -self.clip, self.clip)
        return np.abs(np.hstack([moving_sum(off, n) for n in self.doublings])) / self.unit
