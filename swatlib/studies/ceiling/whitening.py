"""What normal days of a plant look like, taken out of its readings: a linear forecast of each sensor."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from swatlib.arrays import rows_since
from swatlib.plant import SENSORS, TAG_NAMES, TAGS

LAGS = (1, 2, 5, 15, 45, 135)  # seconds back that the forecast looks, beside the same second of all other tags
PAST = max(LAGS)
SETTLED = 60  # seconds after an actuator has moved, from which on a state is another one
LEAST_ROWS_OF_A_STATE = 1_800  # with fewer, a state has the offset and scale of all rows
TRIM = 0.004  # share of the rows, half at each end, that scale and offset leave out
_RIDGE, _EVERY, _CHUNK = 1e-6, 3, 20_000  # share of a column's variance; of rows, one in so many is fitted on
_IS_SENSOR = np.array([tag.is_sensor for tag in TAGS.values()])


@dataclass
class Whitening:
    """A ridge regression of each sensor on all other tags now and on all tags LAGS seconds ago.

    Its residual has, in each state of the actuators (and whether they have moved in the last minute), an offset, which
    is taken out, and a scale. Learned by `fit`: `mean_`, `spread_`, `weights_`, `offsets_`, `scales_`.
    """

    def fit(self, *parts: np.ndarray) -> Self:
        """parts: normal rows × 51 tags, without a gap in any of them."""
        self.mean_ = parts[0].mean(axis=0)
        spread = parts[0].std(axis=0)
        self.spread_ = np.where(spread > 0, spread, np.inf)  # a constant tag becomes 0
        width = len(TAG_NAMES) * (len(LAGS) + 1) + 1
        gram, rows = np.zeros((width, width)), 0
        for part in parts:
            for X in self._designs(part, _EVERY):
                some = X.astype(np.float64)
                gram += some.T @ some
                rows += len(some)
        gram[np.diag_indices(width)] += _RIDGE * rows
        self.weights_ = np.column_stack([_forecast_error(gram, TAG_NAMES.index(tag)) for tag in SENSORS])
        self.offsets_: dict[int, np.ndarray] = {}
        self._learn_states(parts)
        return self

    def residual(self, rows: np.ndarray) -> np.ndarray:
        """Readings less their forecast and the offset of their state (rows × 25); NaN for the first PAST rows."""
        out = np.full((len(rows), len(SENSORS)), np.nan)
        stop = PAST
        for X in self._designs(rows):
            out[stop : stop + len(X)] = X @ self.weights_
            stop += len(X)
        return out - self._by_state(rows, self.offsets_) if self.offsets_ else out

    def scale(self, rows: np.ndarray) -> np.ndarray:
        """How far normal residuals lie from 0 in the state of each row (rows × 25)."""
        return self._by_state(rows, self.scales_)

    def _learn_states(self, parts: tuple[np.ndarray, ...]) -> None:
        residuals = np.vstack([self.residual(part)[PAST:] for part in parts])
        states = np.concatenate([actuator_states(part)[PAST:] for part in parts])
        offset, scale = _moments(residuals)
        self.offsets_, self.scales_ = {-1: offset}, {-1: scale}  # -1: of all rows
        for state, number in zip(*np.unique(states, return_counts=True), strict=True):
            if number >= LEAST_ROWS_OF_A_STATE:
                own = _moments(residuals[states == state])
                self.offsets_[int(state)], self.scales_[int(state)] = own[0], np.maximum(own[1], scale / 100)

    def _by_state(self, rows: np.ndarray, values: dict[int, np.ndarray]) -> np.ndarray:
        states, place = np.unique(actuator_states(rows), return_inverse=True)
        return np.array([values.get(int(state), values[-1]) for state in states])[place]

    def _designs(self, rows: np.ndarray, every: int = 1):
        """Scaled readings of now and of each lag, and a constant, of the rows that have a past; some rows at a time.

        every: of the rows of a piece, one in so many.
        """
        for start in range(PAST, len(rows), _CHUNK):
            piece = (rows[start - PAST : start + _CHUNK] - self.mean_) / self.spread_
            lagged = [piece[PAST - lag :][: len(piece) - PAST : every] for lag in (0, *LAGS)]
            yield np.hstack([*lagged, np.ones((len(lagged[0]), 1))])


def actuator_states(rows: np.ndarray) -> np.ndarray:
    """A number for the state of all actuators in each row, another one once none has moved for SETTLED seconds."""
    codes = rows[:, ~_IS_SENSOR].astype(np.int64)
    state = codes @ 3 ** np.arange(codes.shape[1])
    moved = np.diff(state, prepend=state[:1]) != 0
    return 2 * state + (rows_since(moved, SETTLED) >= SETTLED)


def _forecast_error(gram: np.ndarray, tag: int) -> np.ndarray:
    """Weights that turn a design into a tag's reading less its forecast."""
    known = np.delete(np.arange(len(gram)), tag)
    weights = np.zeros(len(gram))
    weights[known] = -np.linalg.solve(gram[np.ix_(known, known)], gram[known, tag])
    weights[tag] = 1.0
    return weights


def _moments(residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column without its extreme rows; the latter is never 0."""
    ends = np.quantile(residuals, [TRIM / 2, 1 - TRIM / 2], axis=0)
    inner = np.where((residuals >= ends[0]) & (residuals <= ends[1]), residuals, np.nan)
    return np.nanmean(inner, axis=0), np.maximum(np.nanstd(inner, axis=0), 1e-9)
