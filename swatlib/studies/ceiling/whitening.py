"""What normal days of a plant look like, taken out of its readings: a linear forecast of each sensor."""

from collections.abc import Iterator
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
            for X in map(self._design, self._pieces(part)):
                gram += X.T @ X
                rows += len(X)
        gram[np.diag_indices(width)] += _RIDGE * rows
        self.weights_ = np.column_stack([_forecast_error(gram, TAG_NAMES.index(tag)) for tag in SENSORS])
        self.offsets_ = {-1: np.zeros(len(SENSORS))}
        self._learn_states(parts)
        return self

    def residual(self, rows: np.ndarray) -> np.ndarray:
        """Readings less their forecast and the offset of their state (rows × 25); NaN for the first PAST rows."""
        out = np.full((len(rows), len(SENSORS)), np.nan)
        *weights, constant = np.split(self.weights_, range(len(TAG_NAMES), len(self.weights_), len(TAG_NAMES)))
        offsets, place = self._by_state(rows, self.offsets_)
        stop = PAST
        for piece in self._pieces(rows):
            into = out[stop : stop + len(piece) - PAST]
            into[:] = constant - offsets[place[stop : stop + len(into)]]
            for lag, weight in zip((0, *LAGS), weights, strict=True):
                into += piece[PAST - lag :][: len(into)] @ weight
            stop += len(into)
        return out

    def scale(self, rows: np.ndarray) -> np.ndarray:
        """How far normal residuals lie from 0 in the state of each row (rows × 25)."""
        scales, place = self._by_state(rows, self.scales_)
        return scales[place]

    def _learn_states(self, parts: tuple[np.ndarray, ...]) -> None:
        residuals = np.vstack([self.residual(part)[PAST:] for part in parts])
        states = np.concatenate([actuator_states(part)[PAST:] for part in parts])
        offset, scale = _moments(residuals)
        self.offsets_, self.scales_ = {-1: offset}, {-1: scale}  # -1: of all rows
        for state, number in zip(*np.unique(states, return_counts=True), strict=True):
            if number >= LEAST_ROWS_OF_A_STATE:
                own = _moments(residuals[states == state])
                self.offsets_[int(state)], self.scales_[int(state)] = own[0], np.maximum(own[1], scale / 100)

    def _by_state(self, rows: np.ndarray, values: dict[int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The values of the states that these rows have, and which of them each row has."""
        states, place = np.unique(actuator_states(rows), return_inverse=True)
        return np.array([values.get(int(state), values[-1]) for state in states]), place

    def _pieces(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Scaled readings, some rows at a time, each piece with the PAST rows before it."""
        for start in range(PAST, len(rows), _CHUNK):
            yield ((rows[start - PAST : start + _CHUNK] - self.mean_) / self.spread_).astype(np.float64)

    def _design(self, piece: np.ndarray) -> np.ndarray:
        """Readings of now and of each lag, and a constant, of one in _EVERY rows that have a past."""
        lagged = [piece[PAST - lag :][: len(piece) - PAST : _EVERY] for lag in (0, *LAGS)]
        return np.hstack([*lagged, np.ones((len(lagged[0]), 1))])


def actuator_states(rows: np.ndarray) -> np.ndarray:
    """A number for the state of all actuators in each row, another one once none has moved for SETTLED seconds."""
    powers = 3.0 ** np.arange(np.count_nonzero(~_IS_SENSOR))
    pieces = [rows[start : start + _CHUNK, ~_IS_SENSOR] @ powers for start in range(0, len(rows), _CHUNK)]
    state = np.concatenate(pieces).astype(np.int64)
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
    found = []
    for column in residuals.T.copy():
        low, high = np.quantile(column, [TRIM / 2, 1 - TRIM / 2])
        inner = column[(column >= low) & (column <= high)]
        found.append((inner.mean(), max(inner.std(), 1e-9)))
    mean, deviation = np.array(found).T
    return mean, deviation
