"""From true values to readings: delay, correlated noise, resolution, and values held until they change."""

import math

import numpy as np
from numba import njit

from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES, TAGS
from swatlib.simulation.parameters import (
    AT_REST,
    BOUND,
    CUT,
    DRIFT,
    EAGER,
    HOLD,
    LAG,
    PROMPT,
    RATE,
    READING_STEP,
    REPLAY_SECONDS,
    REST_SIGMA,
    RHO,
    SIGMA,
    SMOOTH,
    SPREAD,
    WANDER,
    PlantRecord,
)
from swatlib.simulation.process import toward

SENSOR = np.array([TAG_NAMES.index(name) for name in SENSORS])
ACTUATOR = np.array([TAG_NAMES.index(name) for name in ACTUATORS])
DRIFT_OF_WATER = ("AIT201", "AIT202", "AIT203", "AIT402", "AIT501", "AIT503", "AIT504", "FIT401", "PIT501")
OWN_DRIFT = np.array([name not in DRIFT_OF_WATER for name in SENSORS])  # of the instrument, not of what it measures
IS_LEVEL = np.array([TAGS[name].kind == "level" for name in SENSORS])
LIT101 = SENSORS.index("LIT101")


@njit
def follow(reading: float, level: float, rising: float, falling: float) -> float:
    """A level transmitter's lag; it follows a falling level faster."""
    return toward(reading, level, rising if level > reading else falling)


@njit
def level_readings(process: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    state.lit101 = follow(state.lit101, state.t101, p.lit101_rising, p.lit101_falling)
    state.lit301 = follow(state.lit301, state.t301, p.lit301_rising, p.lit301_falling)
    state.lit401 = follow(state.lit401, state.t401, p.lit401_rising, p.lit401_falling)
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
def wander_slowly(slow: np.ndarray, seconds: np.ndarray, minute_noise: np.ndarray, second: float) -> None:
    """Move values that wander about 0 with standard deviation 1, each with its own time constant, in `seconds`.

    `slow` (n, 2): the value, and its change per second in this minute.
    """
    if second % 60 == 0:
        for k in range(slow.shape[0]):
            kept = math.exp(-60.0 / seconds[k])
            slow[k, 1] = ((kept - 1.0) * slow[k, 0] + math.sqrt(1.0 - kept * kept) * minute_noise[k]) / 60.0
    slow[:, 0] += slow[:, 1]


@njit
def be_irregular(
    drifts: np.ndarray, rates: np.ndarray, slow: np.ndarray, transmitters: np.ndarray, second: float
) -> None:
    """Move the tags that wander, and set for this minute how lively each transmitter is."""
    sensors = SENSOR.size
    for k in range(sensors):
        drifts[SENSOR[k]] += transmitters[k, WANDER] * slow[k, 1]
        if second % 60 == 0:
            rates[k] = transmitters[k, RATE] * math.exp(transmitters[k, SPREAD] * slow[sensors + k, 0])


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


@njit
def irregular_reading(
    value: float,
    old: float,
    transmitter: np.ndarray,
    noise: np.ndarray,
    rate: float,
    rough: float,
    normal: float,
    uniform: float,
) -> float:
    """What a transmitter gives for the true `value` after its last reading `old`: the same, or another.

    The further the value has moved, the sooner it is given; how soon changes from minute to minute, which makes some
    holds far longer than others. `noise` (2): AR(1) of standard deviation 1, and smoothed.
    """
    rho = transmitter[RHO]
    noise[0] = rho * noise[0] + math.sqrt(1.0 - rho * rho) * normal
    noise[1] += (noise[0] - noise[1]) * transmitter[SMOOTH]
    if value < transmitter[CUT]:
        return 0.0
    sigma = transmitter[REST_SIGMA] if value < transmitter[AT_REST] else transmitter[SIGMA]
    step = transmitter[READING_STEP]
    reading = max(math.floor((value + sigma * rough * noise[1]) / step + 0.5) * step, 0.0)
    moved = abs(reading - old) / transmitter[SIGMA]
    likely = rate * (1.0 - transmitter[EAGER] + transmitter[EAGER] * moved)
    return reading if moved > transmitter[PROMPT] or uniform < likely else old


@njit
def read_irregularly(
    truth: np.ndarray,
    readings: np.ndarray,
    drifts: np.ndarray,
    transmitters: np.ndarray,
    chain: np.ndarray,
    noise: np.ndarray,
    rates: np.ndarray,
    normal: np.ndarray,
    uniform: np.ndarray,
    roughness: float,
    first: bool,
) -> None:
    """As `read`, for the second edition."""
    for k in range(SENSOR.size):
        value, old = truth[SENSOR[k]], readings[SENSOR[k]]
        if OWN_DRIFT[k] and value > transmitters[k, AT_REST]:
            value += drifts[SENSOR[k]]
        if first:
            chain[k, :] = value
            old = math.inf
        if transmitters[k, LAG] > 0:
            value = delay(chain[k], value, 1.0 / transmitters[k, LAG])
        rough = roughness if k == LIT101 else 1.0
        readings[SENSOR[k]] = irregular_reading(
            value, old, transmitters[k], noise[k], rates[k], rough, normal[k], uniform[k]
        )
