"""The contract of both views, and the mass balance of a tank, which both measure."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
import pandas as pd

from swatlib.limits import check_parameters
from swatlib.plant import Tank
from swatlib.wording import count, listed

MM_PER_M3H = 1000 / 3600  # mm of level a second on 1 m², from 1 m³/h
LEAST_ROWS = 100  # that a view is fitted on, at the least


class Learned:
    """Parameters are dataclass fields, and stay as given; what `fit` learns ends in `_`. Both survive JSON."""

    def __post_init__(self) -> None:
        check_parameters(self)

    def learned(self) -> dict[str, Any]:
        """What `fit` has learned, as JSON takes it."""
        return {key: _plain(value) for key, value in vars(self).items() if key.endswith("_")}

    def restore(self, learned: dict[str, Any]) -> None:
        """Take what `learned` gave, from JSON."""
        for key, value in learned.items():
            setattr(self, key, _whole(value))


class View(Learned):
    """What a detector sees of the plant: one column a feature, or a plausibility check; fitted on normal rows alone.

    A row of it is a function of that row of readings and of at most `history` rows before it, so that a file scored at
    once and a stream scored row by row give the same numbers.

    The parameter `carry`: a missing reading is replaced by the last one for at most this many rows; a longer gap gives
    NaN. Learned by `fit`: `tags_`; one a column: `tag_of_` (the tag it is about), `names_` and, in words, `says_`.
    """

    carry: int
    tags_: tuple[str, ...]
    tag_of_: tuple[str, ...]
    names_: tuple[str, ...]
    says_: tuple[str, ...]

    @property
    def history(self) -> int:
        """Past rows that a row depends on."""
        raise NotImplementedError

    @property
    def tag_numbers(self) -> np.ndarray:
        """Number, in `tags_`, of the tag behind each column."""
        return np.array([self.tags_.index(tag) for tag in self.tag_of_])

    def fit(self, *frames: pd.DataFrame) -> Self:
        """Learn from normal rows × tags; between two frames lies a gap in time.

        Raises ValueError when nothing can be learned: too few rows with a reading of every tag, no tag that changes.
        """
        raise NotImplementedError

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """What is seen (rows × columns, float64); NaN in the first `history` rows and in long gaps."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Parameters and what was learned, as JSON takes it."""
        return {"parameters": asdict(cast(Any, self)), "learned": self.learned()}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """The view that gave `saved` with `to_dict`."""
        view = cls(**{key: _whole(value) for key, value in saved["parameters"].items()})
        view.restore(saved["learned"])
        view._describe()
        return view

    def _describe(self) -> None:
        """Derive `tag_of_`, `names_` and `says_` from what was learned."""
        raise NotImplementedError

    def _name(self, columns: Sequence[tuple[str, str, str]]) -> None:
        """Set them: of each column the tag, a short name, and what the tag does when the column is far from normal."""
        self.tag_of_ = tuple(tag for tag, *_ in columns)
        self.names_ = tuple(f"{tag} {name}".strip() for tag, name, _ in columns)
        self.says_ = tuple(f"{tag} {says}" for tag, _, says in columns)

    def _require_tags(self, frame: pd.DataFrame) -> None:
        if lacks := [tag for tag in self.tags_ if tag not in frame]:
            raise ValueError(f"the frame lacks {listed(lacks)}; give all {len(self.tags_)} tags of the fit")

    def _carried(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Readings with short gaps filled."""
        return frame.ffill(limit=self.carry) if self.carry and frame.isna().to_numpy().any() else frame

    def _require_rows(self, known: int, frames: Sequence[pd.DataFrame]) -> None:
        """ValueError when too few of the rows to fit on have every value."""
        if known >= max(self.history, LEAST_ROWS):
            return
        missing = pd.concat(frames).isna().mean()
        worst = missing.idxmax()
        lacks = f"; {worst} has no reading in {missing[worst]:.0%} of them: leave it out" if missing[worst] else ""
        raise ValueError(
            f"{count(known, 'row')} of {sum(map(len, frames)):,} can be fitted on, those with a reading of every tag "
            f"in the {self.history:,} rows before, gaps of up to {count(self.carry, 'row')} filled"
            f"{lacks + ', or give other' if lacks else ': give more'} normal days"
        )


def net_inflow(reading: Callable[[str], np.ndarray], tank: Tank) -> np.ndarray:
    """What the meters say the level of `tank` gains, mm per second (rows,). `reading` gives the column of a tag."""
    net: np.ndarray | float = 0.0
    for sign, flows in ((1, tank.inflows), (-1, tank.outflows)):
        for flow in flows:
            through = reading(flow.meter)
            open_path = [np.ones(len(through)), *(reading(valve) == position for valve, position in flow.path)]
            net = net + sign * flow.gain * through * np.all(open_path, axis=0)
    return np.asarray(net) * MM_PER_M3H / tank.area


def _plain(value: Any) -> Any:
    return {"array": value.tolist()} if isinstance(value, np.ndarray) else value


def _whole(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"array"}:
        return np.array(value["array"])
    return tuple(value) if isinstance(value, list) else value
