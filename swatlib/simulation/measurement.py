"""From true values to readings: delay, correlated noise, resolution, and values held until they change."""

import math

import numpy as np

from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES
from swatlib.simulation.compiling import inner
from swatlib.simulation.parameters import (
    AT_REST,
    BOUND,
    CUT,
    DRIFT,
    EAGER,
    FRESH,
    PER_REST_SIGMA,
    PER_SIGMA,
    PER_STEP,
    PROMPT,
    RATE,
    READING_STEP,
    REPLAY_SECONDS,
    REST_RATE,
    REST_SIGMA,
    RHO,
    SHARE,
    SIGMA,
    SMOOTH,
    SPREAD,
    STIR,
    WANDER,
    PlantRecord,
)
from swatlib.simulation.process import toward

SENSOR = np.array([TAG_NAMES.index(name) for name in SENSORS])
ACTUATOR = np.array([TAG_NAMES.index(name) for name in ACTUATORS])
DRIFT_OF_WATER = ("AIT201", "AIT202", "AIT203", "AIT402", "AIT501", "AIT503", "AIT504", "FIT401", "PIT501")
OWN_DRIFT = np.array([name not in DRIFT_OF_WATER for name in SENSORS])  # of the instrument, not of what it measures
LIT101 = SENSORS.index("LIT101")
MOST_AT_REST = 3.0  # sigma about the value at rest, so that no move is of more than `prompt` and no pulse is given


@inner
def follow(reading: float, level: float, rising: float, falling: float) -> float:
    """A level transmitter's lag; it follows a falling level faster."""
    return toward(reading, level, rising if level > reading else falling)


@inner
def level_readings(process: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    state.lit101 = follow(state.lit101, state.t101, p.lit101_rising, p.lit101_falling)
    state.lit301 = follow(state.lit301, state.t301, p.lit301_rising, p.lit301_falling)
    state.lit401 = follow(state.lit401, state.t401, p.lit401_rising, p.lit401_falling)
    process.LIT101, process.LIT301, process.LIT401 = state.lit101, state.lit301, state.lit401


@inner
def turbulence(process: PlantRecord) -> float:
    """Noise of LIT101 relative to its average: while T101 fills, drains only, or neither."""
    if process.FIT101 > 0.5:
        return 1.2
    return 0.85 if process.FIT201 > 0.5 else 0.47


@inner
def wander_slowly(slow: np.ndarray, seconds: np.ndarray, minute_noise: np.ndarray) -> None:
    """Move values that wander about 0 with standard deviation 1 on by a minute, each with its own time constant.

    `seconds`: the time constants. `slow` (n, 2): the value, and its change per second in the minute that begins.
    """
    for k in range(slow.shape[0]):
        kept = math.exp(-60.0 / seconds[k])
        slow[k, 0] += 60.0 * slow[k, 1]
        slow[k, 1] = ((kept - 1.0) * slow[k, 0] + math.sqrt(1.0 - kept * kept) * minute_noise[k]) / 60.0


@inner
def change_trends(
    trends: np.ndarray,
    liveliness: np.ndarray,
    drifts: np.ndarray,
    slow: np.ndarray,
    transmitters: np.ndarray,
    minute_noise: np.ndarray,
) -> None:
    """For a minute: where each drifting tag goes, back from its bound, and how lively each transmitter is.

    `liveliness` (25, 2): the rate of new values, and what the noise is multiplied by.
    """
    sensors = SENSOR.size
    for k in range(sensors):
        walk = transmitters[k, DRIFT] * minute_noise[k] / math.sqrt(1_440.0)
        beyond = abs(drifts[SENSOR[k]] + walk) > transmitters[k, BOUND]
        trends[k] = (-walk if beyond else walk) / 60.0 + transmitters[k, WANDER] * slow[k, 1]
        liveliness[k, 0] = transmitters[k, RATE] * math.exp(transmitters[k, SPREAD] * slow[sensors + k, 0])
        liveliness[k, 1] = math.exp(transmitters[k, STIR] * slow[sensors + k, 0])


@inner
def drift_on(drifts: np.ndarray, trends: np.ndarray) -> None:
    for k in range(SENSOR.size):
        drifts[SENSOR[k]] += trends[k]


@inner
def give_back(readings: np.ndarray, honest: np.ndarray) -> None:
    """Undo the last second's distortion, so that a transmitter holds its own last value and not the distorted one."""
    for k in SENSOR:
        if not math.isnan(honest[k]):
            readings[k] = honest[k]
            honest[k] = math.nan


@inner
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
        bias, noise = distortions[k, 0], distortions[k, 1]
        replay, slow = distortions[k, 2], distortions[k, 3]
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


@inner
def report_actuators(truths: np.ndarray, seen: np.ndarray) -> None:
    for k in ACTUATOR:
        seen[k] = truths[k]


@inner
def read(
    truth: np.ndarray,
    readings: np.ndarray,
    drifts: np.ndarray,
    transmitters: np.ndarray,
    chain: np.ndarray,
    noise: np.ndarray,
    liveliness: np.ndarray,
    normal: np.ndarray,
    uniform: np.ndarray,
    roughness: float,
    first: bool,
) -> None:
    """Fill the sensors' part of `readings`. `chain` (25, 3): lags; `noise` (25, 2); `liveliness` (25, 2)."""
    for k in range(SENSOR.size):
        column = SENSOR[k]
        value, old = truth[column], readings[column]
        if OWN_DRIFT[k] and value > transmitters[k, AT_REST]:
            value += drifts[column]
        if first:
            chain[k, 0] = chain[k, 1] = chain[k, 2] = value
            old = math.inf
        value = delayed(chain, k, value, transmitters[k, SHARE])
        rate, rough = liveliness[k, 0], liveliness[k, 1] * (roughness if k == LIT101 else 1.0)
        readings[column] = reading_after(old, value, k, transmitters, noise, rate, rough, normal[k], uniform[k])


@inner
def delayed(chain: np.ndarray, k: int, value: float, share: float) -> float:
    """`value` as it comes out of three lags in a row, each one second behind the one before."""
    if share == 0:
        return value
    chain[k, 2] += (chain[k, 1] - chain[k, 2]) * share
    chain[k, 1] += (chain[k, 0] - chain[k, 1]) * share
    chain[k, 0] += (value - chain[k, 0]) * share
    return chain[k, 2]


@inner
def reading_after(
    old: float,
    value: float,
    k: int,
    transmitters: np.ndarray,
    noise: np.ndarray,
    rate: float,
    rough: float,
    normal: float,
    uniform: float,
) -> float:
    """What a transmitter gives for the true `value` after its last reading `old`: the same, or another.

    The further the value has moved, the sooner it is given; how soon changes from minute to minute, which makes some
    holds far longer than others. `noise` (25, 2): AR(1) of standard deviation 1, and smoothed.
    """
    noise[k, 0] = transmitters[k, RHO] * noise[k, 0] + transmitters[k, FRESH] * normal
    noise[k, 1] += (noise[k, 0] - noise[k, 1]) * transmitters[k, SMOOTH]
    if value < transmitters[k, CUT]:
        return 0.0
    rests = value < transmitters[k, AT_REST]
    sigma, deviation = transmitters[k, REST_SIGMA if rests else SIGMA], noise[k, 1]
    per_sigma = transmitters[k, PER_SIGMA]
    if rests and transmitters[k, REST_RATE] > 0.0:
        per_sigma = transmitters[k, PER_REST_SIGMA]  # in units of the small noise at rest, so that no residue is held
        deviation = min(max(deviation, -MOST_AT_REST), MOST_AT_REST)
        rate *= transmitters[k, REST_RATE]
    step = transmitters[k, READING_STEP]
    reading = max(np.floor((value + sigma * rough * deviation) * transmitters[k, PER_STEP] + 0.5) * step, 0.0)
    moved = abs(reading - old) * per_sigma
    likely = rate * (1.0 - transmitters[k, EAGER] + transmitters[k, EAGER] * moved)
    return reading if moved > transmitters[k, PROMPT] or uniform < likely else old
