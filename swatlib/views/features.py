"""Causal features: what most detectors see of the plant."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from swatlib.arrays import lagged, moving_mean, rows_since, rows_unchanged
from swatlib.data.recording import usual_step
from swatlib.limits import Count, Limits, RowCount, Share
from swatlib.plant import GAUGED_TANKS, TAGS, Tank
from swatlib.views.base import View, net_inflow
from swatlib.wording import listed

PIECE_ROWS = 4_000  # of which features are made at once
Factor = Annotated[float, Limits(0, math.inf, above=True)]  # infinite: no limit


@dataclass
class Features(View):
    """Scaled readings, differences, rolling means, lags, time since the last change, mass balance of the tanks.

    All times are in rows, of a second in SWaT. An empty tuple or a zero leaves a kind out.

    differences: reading minus the reading that many rows ago, of sensors, drifting ones too.
    means, lags: mean of the last so many rows, and reading of so many rows ago, of tags that are neither constant nor
        drifting.
    still: rows since a sensor's last change, counted to at most this many (a frozen sensor).
    balance: window of the mass-balance residual of each gauged tank: mm of level that its flows do not explain.
    clip: features are clipped to ± this many standard deviations of the fit rows.
    rare: a tag is constant when it differs from its most frequent value in less than this share of rows; the shortest
        phase of the plant's cycle, a backwash, takes 0.7 %.
    drift: a tag drifts when its means over parts of `block` rows (6 h, some five cycles of the plant) spread over more
        than this many standard deviations within a part.
    creep: it drifts too when an upper or lower decile or the median of the parts spreads over more than this many times
        its usual change in a minute: a pressure that is on and off all day, and a little higher each time it is on.
    carry: as in `View`.

    Learned by `fit`, beside what `View` names: `constant_`, `drifting_`, `seconds_` (between rows), `mean_`, `scale_`.
    """

    differences: tuple[Count, ...] = (10, 60)
    means: tuple[Count, ...] = ()
    lags: tuple[Count, ...] = ()
    still: RowCount = 300
    balance: RowCount = 120
    clip: Factor = 10.0
    rare: Share = 0.001
    drift: Factor = 1.0
    creep: Factor = 5.0
    block: Count = 6 * 3600
    carry: RowCount = 10

    @property
    def history(self) -> int:
        past = (*self.differences, *self.lags, *(window - 1 for window in self.means), self.still, self.balance)
        return max(past) + self.carry

    def fit(self, *frames: pd.DataFrame) -> Self:
        frame = pd.concat(frames)
        self.tags_ = tuple(frame.columns)
        self.seconds_ = usual_step(frames[0].index).total_seconds()
        self.constant_ = tuple(self._constant(frame, frames))
        varying = [tag for tag in frame if tag not in self.constant_]
        self.drifting_ = tuple(self._drifting(frame, varying)) if varying else ()
        self._describe()
        if not self.names_:
            raise ValueError(
                f"there is no feature to fit on: {listed(self.tags_)} do not change, or drift, on the normal days; "
                "give more tags, or normal days on which they change"
            )
        self._scale(frames)
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        self._require_tags(frame)
        seen, first = np.empty((len(frame), len(self.names_))), self.history
        seen[:first] = np.nan
        for raw in self._pieces([frame]):
            piece = seen[first : first + len(raw)]
            np.subtract(raw, self.mean_, out=piece)
            np.divide(piece, self.scale_, out=piece)
            np.clip(piece, -self.clip, self.clip, out=piece)
            first += len(raw)
        return seen

    def _constant(self, frame: pd.DataFrame, frames: Sequence[pd.DataFrame]) -> list[str]:
        """Tags that don't change, or do so only in rows of which no detector sees anything, as the first ones are."""
        varying = [tag for tag in frame if not is_constant(frame[tag].to_numpy(), self.rare)]
        seen = np.concatenate([self._seen(each, varying) for each in frames])
        if seen.any():
            varying = [tag for tag in varying if not is_constant(frame[tag].to_numpy()[seen], self.rare)]
        return [tag for tag in frame if tag not in varying]

    def _seen(self, frame: pd.DataFrame, tags: list[str]) -> np.ndarray:
        """Whether a row has a past in which none of these readings is missing."""
        seen = np.arange(len(frame)) >= self.history
        if frame.isna().to_numpy().any():
            missing = self._carried(frame[tags]).isna().to_numpy().any(axis=1)
            seen &= rows_since(missing, self.history + 1) > self.history
        return seen

    def _drifting(self, frame: pd.DataFrame, tags: list[str]) -> list[str]:
        edges = np.array_split(np.arange(len(frame)), max(2, len(frame) // self.block))
        spans = (frame.iloc[rows[0] : rows[-1] + 1] for rows in edges if len(rows))
        # in double precision: what single precision sums up to depends on how the rows lie in memory
        parts = (span[tags].astype(np.float64) for span in spans)
        described = [(part.mean(), part.std(), part.quantile([0.1, 0.5, 0.9])) for part in parts]
        means, spreads, deciles = zip(*described, strict=True)
        between, within = np.ptp(means, axis=0), np.mean(spreads, axis=0)
        creeping = np.ptp(deciles, axis=0).max(axis=0)
        usual = np.array([_usual_change(frame[tag].to_numpy(), 60) for tag in tags])
        sensor = np.array([TAGS[tag].is_sensor for tag in tags])
        drifts = (between > self.drift * within) | (sensor & (creeping > self.creep * usual))
        return [tag for tag, far in zip(tags, drifts, strict=True) if far]

    def _describe(self) -> None:
        varying = [tag for tag in self.tags_ if tag not in self.constant_]
        self._sensors = [tag for tag in varying if TAGS[tag].is_sensor]
        self._steady = [tag for tag in varying if tag not in self.drifting_]
        self._tanks = [tank for tank in GAUGED_TANKS if self.balance and tank.balance_tags <= set(varying)]
        self._name([(tag, name, says) for name, says, tags in self._groups() for tag in tags])

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
        raw, filled = np.empty((len(frame), len(self.names_))), 0
        for columns in self._columns(self._carried(frame)):
            raw[:, filled : filled + columns.shape[1]] = columns
            filled += columns.shape[1]
        raw[: self.history] = np.nan
        return raw

    def _scale(self, frames: Sequence[pd.DataFrame]) -> None:
        """Mean and standard deviation of each feature over the rows in which it is known."""
        width, complete = len(self.names_), 0
        known, total, squares = np.zeros(width, np.int64), np.zeros(width), np.zeros(width)
        for raw in self._pieces(frames):
            there = ~np.isnan(raw)
            complete += int(np.isfinite(raw).all(axis=1).sum())
            known += there.sum(axis=0)
            total = _added(total, raw)
        self._require_rows(complete, frames)
        self.mean_ = total / known
        for raw in self._pieces(frames):
            squares = _added(squares, (raw - self.mean_) ** 2)
        self.scale_ = np.where(squares > 0, np.sqrt(squares / known), 1.0)

    def _pieces(self, frames: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        """Raw features of the rows that have a past, few rows at a time, which stay in the processor's cache."""
        for frame in frames:
            for start in range(self.history, len(frame), PIECE_ROWS):
                yield self._raw(frame.iloc[start - self.history : start + PIECE_ROWS])[self.history :]

    def _columns(self, frame: pd.DataFrame) -> Iterator[np.ndarray]:
        """Each group of features (rows × its tags), in the order of `_groups`."""
        columns = frame.to_numpy(np.float64).T
        steady, sensors = (columns[frame.columns.get_indexer(tags)].T for tags in (self._steady, self._sensors))
        yield steady
        yield from (lagged(steady, rows) for rows in self.lags)
        yield from (moving_mean(steady, rows) for rows in self.means)
        yield from (sensors - lagged(sensors, rows) for rows in self.differences)
        if self.still:
            yield np.log1p(rows_unchanged(sensors, self.still))
        readings = dict(zip(frame.columns, columns, strict=True))
        yield from (balance_residual(readings, tank, self.balance, self.seconds_)[:, None] for tank in self._tanks)


def _added(total: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Totals of the columns with a piece's known values, row after row: the same bits however rows are cut."""
    return np.add.reduce(np.vstack([total, np.where(np.isnan(piece), 0.0, piece)]), axis=0)


def is_constant(readings: np.ndarray, rare: float) -> bool:
    """Whether less than this share of the known readings differs from the most frequent one; true where none is known.

    Each reading that differs makes at most two changes, so that a tag with more is not constant and needs no sorting.
    """
    missing = np.isnan(readings)
    known = readings[~missing] if missing.any() else readings
    if np.count_nonzero(known[1:] != known[:-1]) >= 2 * rare * len(known) > 0:
        return False
    known = np.sort(known)
    changes = np.flatnonzero(known[1:] != known[:-1]) + 1
    return not len(known) or bool(np.diff(changes, prepend=0, append=len(known)).max() / len(known) > 1 - rare)


def _usual_change(readings: np.ndarray, rows: int) -> float:
    """Median of the changes within so many rows, where there is one; NaN where there is none."""
    changes = np.abs(readings[rows:] - readings[:-rows])
    changes = changes[changes > 0].astype(np.float64)
    return float(np.median(changes)) if len(changes) else np.nan


def balance_residual(
    readings: Mapping[Hashable, ArrayLike] | pd.DataFrame, tank: Tank, window: int, seconds: float = 1.0
) -> np.ndarray:
    """Level change of `tank` over `window` rows of `seconds` each, less what its meters explain, in mm (rows,).

    readings: of each tag.
    """
    gained = seconds * net_inflow(lambda tag: np.asarray(readings[tag], np.float64), tank)
    level = np.asarray(readings[tank.level], np.float64)[:, None]
    explained = moving_mean(gained[:, None], window) * window
    return (level - lagged(level, window) - explained)[:, 0]
