"""From true values to readings: delay, correlated noise, resolution, and values held until they change."""

import math

import numpy as np
from numba import njit

from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES, TAGS
from swatlib.simulation.parameters import BOUND, DRIFT, HOLD, LAG, READING_STEP, REPLAY_SECONDS, RHO, SIGMA, PlantRecord
from swatlib.simulation.process import toward

SENSOR = np.array([TAG_NAMES.index(name) for name in SENSORS])
ACTUATOR = np.array([TAG_NAMES.index(name) for name in ACTUATORS])
IS_LEVEL = np.array([TAGS[name].kind == "level" for name in SENSORS])
LIT101 = SENSORS.index("LIT101")


@njit
def follow(reading: float, level: float, rising: float, falling: float) -> float:
    """A level transmitter's lag; it follows a falling level faster."""
    return toward(reading, level, rising if level > reading else falling)


@njit
def level_readings(process: PlantRecord, state: PlantRecord) -> None:
    state.lit101 = follow(state.lit101, state.t101, 20.0, 6.0)
    state.lit301 = follow(state.lit301, state.t301, 20.0, 8.0)
    state.lit401 = follow(state.lit401, state.t401, 12.0, 8.0)
    process.LIT101, process.LIT301, process.LIT401 = state.lit101, state.lit301, state.lit401


@njit
def turbulence(process: PlantRecord) -> float:
    """Noise of LIT101 relative to its average: while T101 fills, drains only, or neither."""
    if process.FIT101 > 0.5:
        return 1.2
    return 0.85 if process.FIT201 > 0.5 else 0.47


@njit
def wander(
    drifts: np.ndarray, trends: np.ndarray, transmitters: np.ndarray, minute_noise: np.ndarray, second: float
) -> None:
    """Move each drifting tag on; once a minute it takes a new trend, which is reversed at its bound."""
    for k in range(SENSOR.size):
        if second % 60 == 0:
            trend = transmitters[k, DRIFT] * minute_noise[k] / math.sqrt(1_440.0)
            beyond = abs(drifts[SENSOR[k]] + trend) > transmitters[k, BOUND]
            trends[k] = (-trend if beyond else trend) / 60.0
        drifts[SENSOR[k]] += trends[k]


@njit
def give_back(readings: np.ndarray, honest: np.ndarray) -> None:
    """Undo the last second's distortion, so that a transmitter holds its own last value and not the distorted one."""
    for k in SENSOR:
        if not math.isnan(honest[k]):
            readings[k] = honest[k]
            honest[k] = math.nan


@njit
def distort(
    readings: np.ndarray,
    distortions: np.ndarray,
    honest: np.ndarray,
    past: np.ndarray,
    normal: np.ndarray,
    second: float,
) -> None:
    """Readings between transmitter and PLC; `distortions` (25, 4): bias, noise, replay, slow; `past`: the last rows."""
    for k in range(SENSOR.size):
        bias, noise, replay, slow = distortions[k]
        column = SENSOR[k]
        value = readings[column]
        if not math.isnan(replay) and second >= replay:
            value = past[int(second - replay) % REPLAY_SECONDS, column]
        if not math.isnan(slow):
            before = past[int(second - 1) % REPLAY_SECONDS, column]
            value = before + (value - before) / slow
        if not math.isnan(noise):
            value += noise * normal[k - 7]  # noise of another sensor: its own is in the reading already
        if not math.isnan(bias):
            value += bias
        if value != readings[column]:
            honest[column] = readings[column]
            readings[column] = value


@njit
def report_actuators(truths: np.ndarray, seen: np.ndarray) -> None:
    for k in ACTUATOR:
        seen[k] = truths[k]


@njit
def delay(stages: np.ndarray, value: float, share: float) -> float:
    """Pass `value` on through lags in a row, each one second behind the one before; returns what comes out."""
    for stage in range(stages.size - 1, 0, -1):
        stages[stage] += (stages[stage - 1] - stages[stage]) * share
    stages[0] += (value - stages[0]) * share
    return stages[-1]


@njit
def read(
    truth: np.ndarray,
    readings: np.ndarray,
    transmitters: np.ndarray,
    chain: np.ndarray,
    noise: np.ndarray,
    normal: np.ndarray,
    uniform: np.ndarray,
    roughness: float,
    first: bool,
) -> None:
    """Fill the sensors' part of `readings`. `chain` (25, 3): lags; `noise` (25, 2): AR(1), and for levels smoothed."""
    for k in range(SENSOR.size):
        value = truth[SENSOR[k]]
        if first:
            chain[k, :] = value
        if transmitters[k, LAG] > 0:
            value = delay(chain[k], value, 1.0 / transmitters[k, LAG])
        rho = transmitters[k, RHO]
        noise[k, 0] = rho * noise[k, 0] + transmitters[k, SIGMA] * math.sqrt(1.0 - rho * rho) * normal[k]
        noise[k, 1] += (noise[k, 0] - noise[k, 1]) * (0.4 if IS_LEVEL[k] else 1.0)
        if value < 0.05:
            noise[k, :] = 0.0
        rough = roughness if k == LIT101 else 1.0
        step = transmitters[k, READING_STEP]
        value = max(math.floor((value + rough * noise[k, 1]) / step + 0.5) * step, 0.0)
        old = readings[SENSOR[k]]
        if uniform[k] >= transmitters[k, HOLD] or abs(value - old) > 3.0 * transmitters[k, SIGMA]:
            readings[SENSOR[k]] = value
