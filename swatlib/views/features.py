"""What a detector sees of the plant: causal features, fitted on normal days alone.

A row of features is a function of that row and of at most `history` rows before it, so a file scored at once and
a stream scored row by row give the same numbers.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import pandas as pd

from swatlib.arrays import SECONDS_PER_HOUR, lagged, moving_mean, rows_unchanged
from swatlib.data.recording import usual_step
from swatlib.plant import GAUGED_TANKS, TAGS, Flow, Tank

LITRES_PER_M3 = 1000  # 1 m³ on 1 m² is 1000 mm of level


@dataclass
class Features:
    """Scaled readings, differences, rolling means, lags, time since the last change, mass balance of the tanks.

    All times are in rows (one a second). An empty tuple or a zero leaves a kind out.

    differences: reading minus the reading that many rows ago, for sensors; they hold for drifting tags too.
    means, lags: rolling means over, and readings from, that many rows ago, for tags that neither drift nor stand still.
    still: rows since a sensor's last change, counted to at most this many (a frozen sensor).
    balance: window of the mass-balance residual of each gauged tank, mm of level not explained by its flows.
    clip: features are clipped to ± this many standard deviations of the fit.
    rare: a tag is constant when it leaves its most frequent value in less than this share of rows; the shortest phase
        of the plant's cycle, a backwash, takes 0.7 %.
    drift: a tag drifts when its means over parts of `block` rows (6 h, some five cycles of the plant) spread over more
        than this many standard deviations within a part.
    creep: it drifts too when an upper or lower decile or the median of the parts spreads over more than this many of
        its usual moves in a minute: a pressure that is on and off all day and a little higher each time it is on.
    carry: a missing reading is replaced by the last one for at most this many rows; longer holes give NaN.

    Learned by `fit`: `tags_`, `constant_`, `drifting_`, `seconds_` (from row to row), `mean_`, `scale_`; one a feature:
    `tag_of_`, `names_` and, in words, `says_`.
    """

    differences: tuple[int, ...] = (10, 60)
    means: tuple[int, ...] = ()
    lags: tuple[int, ...] = ()
    still: int = 300
    balance: int = 120
    clip: float = 10.0
    rare: float = 0.001
    drift: float = 1.0
    creep: float = 5.0
    block: int = 6 * 3600
    carry: int = 10

    @property
    def history(self) -> int:
        """Past rows that a row of features depends on."""
        past = (*self.differences, *self.lags, *(window - 1 for window in self.means), self.still, self.balance)
        return max(past) + self.carry

    @property
    def tag_numbers(self) -> np.ndarray:
        """Number, in `tags_`, of the tag behind each feature."""
        return np.array([self.tags_.index(tag) for tag in self.tag_of_])

    def fit(self, *frames: pd.DataFrame) -> Self:
        """Learn tags and scales from normal rows × tags; between frames lie holes in time."""
        frame = pd.concat(frames)
        self.tags_ = tuple(frame.columns)
        self.seconds_ = usual_step(frames[0].index).total_seconds()
        self.constant_ = tuple(tag for tag in frame if _share_of_mode(frame[tag]) > 1 - self.rare)
        self.drifting_ = tuple(self._drifting(frame.drop(columns=list(self.constant_))))
        self._describe()
        raw = np.vstack([self._raw(each) for each in frames])
        self.mean_ = np.nanmean(raw, axis=0)
        scale = np.nanstd(raw, axis=0)
        self.scale_ = np.where(scale > 0, scale, 1.0)
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """Features (rows × features, float64), NaN where history lacks: the first `history` rows, long holes."""
        return np.clip((self._raw(frame) - self.mean_) / self.scale_, -self.clip, self.clip)

    def to_dict(self) -> dict:
        """Parameters and what was learned, as JSON takes it."""
        learned = {key: _plain(value) for key, value in vars(self).items() if key.endswith("_")}
        return {"parameters": asdict(self), "learned": learned}

    @classmethod
    def from_dict(cls, saved: dict) -> Self:
        """What `to_dict` gave, whole again."""
        features = cls(**{key: _tuple(value) for key, value in saved["parameters"].items()})
        for key, value in saved["learned"].items():
            setattr(features, key, np.array(value) if key in ("mean_", "scale_") else _tuple(value))
        features._describe()
        return features

    def _drifting(self, frame: pd.DataFrame) -> list[str]:
        edges = np.array_split(np.arange(len(frame)), max(2, len(frame) // self.block))
        parts = [frame.iloc[rows] for rows in edges]
        between = np.ptp([part.mean() for part in parts], axis=0)
        within = np.mean([part.std() for part in parts], axis=0)
        deciles = np.ptp([part.quantile([0.1, 0.5, 0.9]) for part in parts], axis=0).max(axis=0)
        moves = frame.diff(60).abs()
        usual = moves.where(moves > 0).median().to_numpy()
        sensor = np.array([TAGS[tag].is_sensor for tag in frame])
        drifts = (between > self.drift * within) | (sensor & (deciles > self.creep * usual))
        return [tag for tag, far in zip(frame.columns, drifts, strict=True) if far]

    def _describe(self) -> None:
        varying = [tag for tag in self.tags_ if tag not in self.constant_]
        self._sensors = [tag for tag in varying if TAGS[tag].is_sensor]
        self._steady = [tag for tag in varying if tag not in self.drifting_]
        self._tanks = [tank for tank in GAUGED_TANKS if self.balance and gauges(tank) <= set(varying)]
        named = [(tag, name, says) for name, says, tags in self._groups() for tag in tags]
        self.tag_of_ = tuple(tag for tag, *_ in named)
        self.names_ = tuple(f"{tag} {name}".strip() for tag, name, _ in named)
        self.says_ = tuple(f"{tag} {says}" for tag, _, says in named)

    def _groups(self) -> Iterator[tuple[str, str, list[str]]]:
        """Name, meaning when it is far from 0, and tags of each group of features, in the order of `_raw`."""
        yield "", "is far from usual", self._steady
        yield from ((f"lag {rows}", f"was far from usual {rows} rows ago", self._steady) for rows in self.lags)
        yield from ((f"mean {rows}", f"is far from usual over {rows} rows", self._steady) for rows in self.means)
        yield from (
            (f"difference {rows}", f"moves unusually in {rows} rows", self._sensors) for rows in self.differences
        )
        if self.still:
            yield "still", "stands still unusually", self._sensors
        yield "balance", "changes against its flows", [tank.level for tank in self._tanks]

    def _raw(self, frame: pd.DataFrame) -> np.ndarray:
        frame = frame.ffill(limit=self.carry)
        steady, sensors = (frame[tags].to_numpy(np.float64) for tags in (self._steady, self._sensors))
        groups = [
            steady,
            *(lagged(steady, rows) for rows in self.lags),
            *(moving_mean(steady, rows) for rows in self.means),
            *(sensors - lagged(sensors, rows) for rows in self.differences),
            *([np.log1p(rows_unchanged(sensors, self.still))] if self.still else []),
            *(balance_residual(frame, tank, self.balance, self.seconds_)[:, None] for tank in self._tanks),
        ]
        raw = np.hstack(groups)
        raw[: self.history] = np.nan
        return raw


def _plain(value):
    if isinstance(value, float):
        return value
    return value.tolist() if isinstance(value, np.ndarray) else list(value)


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value


def _share_of_mode(readings: pd.Series) -> float:
    return readings.value_counts(normalize=True).max()


def balance_residual(frame: pd.DataFrame, tank: Tank, window: int, seconds: float = 1.0) -> np.ndarray:
    """Level change of `tank` over `window` rows of `seconds` each, less what its meters explain, in mm (rows,)."""
    net = _volume(frame, tank.inflows) - _volume(frame, tank.outflows)
    millimetres = seconds * net / SECONDS_PER_HOUR / tank.area * LITRES_PER_M3
    level = frame[tank.level].to_numpy(np.float64)[:, None]
    explained = moving_mean(millimetres[:, None], window) * window
    return (level - lagged(level, window) - explained)[:, 0]


def _volume(frame: pd.DataFrame, flows: tuple[Flow, ...]) -> np.ndarray:
    arriving = np.zeros(len(frame))
    for flow in flows:
        through = np.all([frame[valve].to_numpy() == position for valve, position in flow.path], axis=0)
        arriving += flow.gain * through * frame[flow.meter].to_numpy(np.float64)
    return arriving


def gauges(tank: Tank) -> set[str]:
    """Tags without which the balance of `tank` can't be drawn."""
    flows = tank.inflows + tank.outflows
    return {tank.level, *(flow.meter for flow in flows), *(valve for flow in flows for valve, _ in flow.path)}
