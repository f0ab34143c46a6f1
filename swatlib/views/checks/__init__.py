"""Plausibility checks per tag: evidence that a tag does what it never did on normal days (invariants of the plant).

rows → readings, actuators, mass balance → Checks. A tank's level enters the evidence through its changes alone, so
that a plant does not alarm again while it recovers from an attack. A kind of check stays where the ablation
(`swatlib.studies.benchmark`) shows its worth: attacks found beyond chance on one benchmark, or more on both. `trend`
finds as many there, and stays for what it gave on 600 further ones: six more, with a fifth fewer false alarms; beside
it `creep` finds two more on one benchmark, within chance (docs/detectors.md). The mass balance showed its worth until
`freeze` saw ramps without noise; it stays for levels that drift with their noise. `move` finds one attack more on one
benchmark, and on the other as many, sooner. The range of a reading, its roughness, and rare joint states of actuators
were tried, and did not show any.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from swatlib.arrays import intervals_of
from swatlib.data.recording import usual_step
from swatlib.limits import RowCount
from swatlib.views.base import View
from swatlib.views.checks.actuators import Dwell, Move
from swatlib.views.checks.balance import Balance
from swatlib.views.checks.base import Check, TagRows
from swatlib.views.checks.sensors import Creep, Freeze, Jump, Trend
from swatlib.wording import did_you_mean, listed

CHECK_KINDS: dict[str, type[Check]] = {
    "jump": Jump,
    "creep": Creep,
    "freeze": Freeze,
    "trend": Trend,
    "dwell": Dwell,
    "move": Move,
    "balance": Balance,
}


@dataclass
class Checks(View):
    """Evidence of every kind of check in `kinds`, side by side, high = anomalous. `carry`: as in `View`.

    Learned by `fit`, beside what `View` names: `checks_`. Raises ValueError for an unknown kind.
    """

    kinds: tuple[str, ...] = tuple(CHECK_KINDS)
    carry: RowCount = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if unknown := [kind for kind in self.kinds if kind not in CHECK_KINDS]:
            hint = did_you_mean(unknown[0], CHECK_KINDS)
            raise ValueError(f"there is no check {unknown[0]!r}; choose from {', '.join(CHECK_KINDS)}.{hint}")
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds is {self.kinds}; give one check or more, each once: {', '.join(CHECK_KINDS)}")

    @property
    def history(self) -> int:
        return max(CHECK_KINDS[kind]().history for kind in self.kinds) + self.carry

    def fit(self, *frames: pd.DataFrame) -> Self:
        self.tags_ = tuple(frames[0].columns)
        carried = [self._carried(frame) for frame in frames]
        known = [frame.notna().all(axis=1).to_numpy() for frame in carried]
        self._require_rows(sum(int(mask[self.history :].sum()) for mask in known), frames)
        parts = [f.iloc[a:b] for f, mask in zip(carried, known, strict=True) for a, b in intervals_of(mask)]
        rows = TagRows.of(*parts, seconds=usual_step(frames[0].index).total_seconds())
        self.checks_ = [CHECK_KINDS[kind]().fit(rows) for kind in self.kinds]
        self._describe()
        if not self.names_:
            raise ValueError(
                f"none of the checks {', '.join(self.kinds)} applies to {listed(self.tags_)}, which lack a tag they "
                "need, or do not change on the normal days; give more tags"
            )
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        self._require_tags(frame)
        rows = TagRows.of(self._carried(frame))
        missing = np.isnan(rows.values).any(axis=1)
        evidence = np.vstack([check.evidence(rows).T for check in self.checks_]).T  # columns stay contiguous
        evidence[missing] = np.nan
        evidence[: self.history] = np.nan
        return evidence

    def learned(self) -> dict[str, Any]:
        return {**super().learned(), "checks_": [check.learned() for check in self.checks_]}

    def restore(self, learned: dict[str, Any]) -> None:
        super().restore({key: value for key, value in learned.items() if key != "checks_"})
        self.checks_ = [CHECK_KINDS[kind]() for kind in self.kinds]
        for check, taught in zip(self.checks_, learned["checks_"], strict=True):
            check.restore(taught)

    def _describe(self) -> None:
        each = zip(self.kinds, self.checks_, strict=True)
        self._name([(tag, kind, check.says) for kind, check in each for tag in check.of_])
