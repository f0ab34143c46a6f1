"""What a watchman would look for: evidence that a tag does what it never did on normal days, tag by tag.

rows → readings, actuators, balance → Checks. Like features, evidence of a row depends on that row and on at most
`history` rows before it, is fitted on normal days alone, and no level of a tank enters it but through its changes, so
that a plant which recovers from an attack is not accused again. A kind stays where the ablation
(`swatlib.studies.benchmark`) shows its worth: attacks found beyond chance on one benchmark, or more of them on both. The range
of a reading, its roughness, and rare joint states of actuators were tried and did not.
"""

from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import pandas as pd

from swatlib.data.recording import usual_step
from swatlib.views.checks.actuators import Dwell, Move
from swatlib.views.checks.balance import Balance
from swatlib.views.checks.base import Check, Rows
from swatlib.views.checks.sensors import Creep, Freeze, Jump

KINDS: dict[str, type[Check]] = {
    "jump": Jump,
    "creep": Creep,
    "freeze": Freeze,
    "dwell": Dwell,
    "move": Move,
    "balance": Balance,
}


@dataclass
class Checks:
    """Evidence of every kind in `kinds`, side by side. `carry`: as in Features.

    Learned by `fit`: `checks_`; one a column: `tag_of_`, `names_` and, in words, `says_`.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    carry: int = 10

    @property
    def history(self) -> int:
        """Past rows that a row of evidence depends on."""
        return max((KINDS[kind]().history for kind in self.kinds), default=0) + self.carry

    @property
    def tag_numbers(self) -> np.ndarray:
        """Number, in `tags_`, of the tag behind each column."""
        return np.array([self.tags_.index(tag) for tag in self.tag_of_])

    def fit(self, *frames: pd.DataFrame) -> Self:
        """Learn from normal rows × tags; between frames lie holes in time. Raises ValueError for an unknown kind."""
        if unknown := [kind for kind in self.kinds if kind not in KINDS]:
            raise ValueError(f"there is no check {unknown[0]!r}; choose from {', '.join(KINDS)}")
        self.tags_ = tuple(frames[0].columns)
        pieces = [piece for frame in frames for piece in _known(frame.ffill(limit=self.carry))]
        if not pieces:
            raise ValueError(
                "no row has a reading of every tag; leave out the tags that are missing, or give other days"
            )
        rows = Rows.of(*pieces, seconds=usual_step(frames[0].index).total_seconds())
        self.checks_ = [KINDS[kind]().fit(rows) for kind in self.kinds]
        self._describe()
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """Evidence (rows × columns), high = anomalous, NaN where history lacks: the first rows, long holes."""
        rows = Rows.of(frame.ffill(limit=self.carry))
        missing = np.isnan(rows.values).any(axis=1)
        evidence = np.hstack([check.evidence(rows) for check in self.checks_])
        evidence[missing] = np.nan
        evidence[: self.history] = np.nan
        return evidence

    def to_dict(self) -> dict:
        """Parameters and what was learned, as JSON takes it."""
        learned = [
            {key: _plain(value) for key, value in vars(check).items() if key.endswith("_")} for check in self.checks_
        ]
        return {"parameters": asdict(self), "tags": self.tags_, "learned": learned}

    @classmethod
    def from_dict(cls, saved: dict) -> Self:
        """What `to_dict` gave, whole again."""
        checks = cls(tuple(saved["parameters"]["kinds"]), saved["parameters"]["carry"])
        checks.tags_ = tuple(saved["tags"])
        checks.checks_ = [KINDS[kind]() for kind in checks.kinds]
        for check, learned in zip(checks.checks_, saved["learned"], strict=True):
            for key, value in learned.items():
                setattr(check, key, _whole(value))
        checks._describe()
        return checks

    def _describe(self) -> None:
        named = [(tag, kind) for kind, check in zip(self.kinds, self.checks_, strict=True) for tag in check.of_]
        self.tag_of_ = tuple(tag for tag, _ in named)
        self.names_ = tuple(f"{tag} {kind}" for tag, kind in named)
        self.says_ = tuple(f"{tag} {KINDS[kind].says}" for tag, kind in named)


def _known(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The stretches of rows in which every tag has a reading."""
    rows = np.flatnonzero(frame.notna().all(axis=1))
    return [frame.iloc[part] for part in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(part)]


def _plain(value):
    return {"array": value.tolist()} if isinstance(value, np.ndarray) else value


def _whole(value):
    if isinstance(value, dict) and value.keys() == {"array"}:
        return np.array(value["array"])
    return tuple(value) if isinstance(value, list) else value
