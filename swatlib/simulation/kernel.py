"""The compiled step: second by second, in the order in which plant, transmitters, attacker and PLCs act."""

import hashlib
import math
from collections import namedtuple
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import numpy as np

from swatlib.plant import CLOSED, OFF, SENSORS, TAG_NAMES, TAGS
from swatlib.simulation import chemistry, control, measurement, process
from swatlib.simulation.compiling import inner, outer
from swatlib.simulation.parameters import (
    CALM,
    DISTORTIONS,
    EQUAL,
    LESS,
    MORE,
    REPLAY_SECONDS,
    SLOWNESS,
    TAG_FIELDS,
    Parameters,
    PlantRecord,
    parameter_record,
    record,
    transmitter_table,
)

_STATE = """
second clock t101 t301 t401 lit101 lit301 lit401 overflow_seconds dry_seconds
inlet demand feed salt_dosing acid_dosing chlorine_dosing
step step_seconds pulses settled flow_seconds unready_seconds
feed_fresh run_seconds fouling cake permeate boost standstill rest
flowing_seconds startup acidity ph orp orp_still orp_ro orp_membrane untreated ph_ro
recovery since_backwash stirred salt dosed_1 dosed_2 was_boosted cold kick kicked flush
"""

World = namedtuple(
    "World",
    "parameters transmitters state process reading command position drift forced spoofed ramp trends chain noise "
    "slow slowness liveliness strokes distortions honest past",
)


VALVES = sum(tag.kind == "valve" for tag in TAGS.values())
SLOW_VALUES = 2 * len(SENSORS) + 1  # two a sensor, and the recovery of the UF


def new_world(parameters: Parameters, clock: float) -> World:
    """The plant before its first second: tanks almost empty, valves closed, everything off."""
    tags = {name: record(TAG_FIELDS) for name in ("process", "reading", "command", "position", "drift")}
    for name, tag in TAGS.items():
        if not tag.is_sensor:
            tags["process"][name] = tags["command"][name] = CLOSED if tag.kind == "valve" else OFF
    p = parameter_record(parameters)
    state = record(_STATE.split())
    state["clock"] = clock
    state["t101"] = state["lit101"] = 124.3
    state["t301"] = state["lit301"] = 133.0
    state["t401"] = state["lit401"] = 130.0
    state["step"], state["startup"], state["feed_fresh"] = control.IDLE, 1.0, 1.0
    state["ph"], state["orp"], state["orp_still"] = p["ait202_still"], p["ait203"], p["ait203"]
    state["orp_ro"], state["ph_ro"] = p["ait402"] + 60, p["ait501"]
    state["orp_membrane"] = state["orp_ro"] - p["ait502_below_ait402"]
    state["standstill"] = state["rest"] = state["since_backwash"] = state["cold"] = 100_000.0
    tags["process"]["PIT501"], tags["process"]["PIT503"], tags["process"]["DPIT301"] = 9.5, 3.3, p["dp_idle"]
    forced, spoofed = record(TAG_FIELDS), np.full(len(TAG_NAMES), np.nan)
    forced.view("f8")[:] = np.nan
    sensors = len(SENSORS)
    transmitters = transmitter_table()
    slowness = np.array([*transmitters[:, SLOWNESS], *transmitters[:, CALM], 3_600 * parameters.recovery_hours])
    return World(
        parameters=p,
        transmitters=transmitters,
        state=state,
        forced=forced,
        spoofed=spoofed,
        ramp=np.zeros(len(TAG_NAMES)),
        trends=np.zeros(sensors),
        chain=np.zeros((sensors, 3)),
        noise=np.zeros((sensors, 2)),
        slow=np.zeros((len(slowness), 2)),
        slowness=slowness,
        liveliness=np.zeros((sensors, 2)),
        strokes=np.zeros(VALVES),
        distortions=np.full((sensors, len(DISTORTIONS)), np.nan),
        honest=np.full(len(TAG_NAMES), np.nan),
        past=np.zeros((REPLAY_SECONDS, len(TAG_NAMES))),
        **tags,
    )


@inner
def overwrite(values: np.ndarray, by: np.ndarray) -> None:
    """Every value that has a number in `by` takes it."""
    for k in range(by.size):
        if not math.isnan(by[k]):
            values[k] = by[k]


@inner
def holds(conditions: np.ndarray, group: int, values: np.ndarray) -> bool:
    """Whether all conditions of one group hold; a condition is (group, column, LESS | EQUAL | MORE, number)."""
    for k in range(conditions.shape[0]):
        if conditions[k, 0] == group:
            value, relation, number = values[int(conditions[k, 1])], conditions[k, 2], conditions[k, 3]
            if (relation == LESS and value >= number) or (relation == MORE and value <= number):
                return False
            if relation == EQUAL and value != number:
                return False
    return True


@inner
def first_that_holds(conditions: np.ndarray, groups: int, values: np.ndarray) -> int:
    for group in range(groups):
        if holds(conditions, group, values):
            return group
    return -1


@inner
def scan(view: PlantRecord, command: PlantRecord, forced: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    control.plc1(view, command, forced, state)
    control.plc2(view, command, state)
    control.plc3(view, command, state, p)
    control.plc4(view, command, state, p)
    control.plc5(view, command, state)
    control.plc6(command, state)


@inner
def new_minute(world: World, drifts: np.ndarray, minute_noise: np.ndarray, slow_noise: np.ndarray) -> None:
    """What changes from minute to minute: what wanders slowly, and the strokes of the valves."""
    measurement.wander_slowly(world.slow, world.slowness, slow_noise)
    measurement.change_trends(world.trends, world.liveliness, drifts, world.slow, world.transmitters, minute_noise)
    first = slow_noise.size - VALVES
    for k in range(VALVES):
        world.strokes[k] = world.parameters[0].stroke_spread * slow_noise[first + k]


@inner
def one_second(
    world: World,
    values: tuple[np.ndarray, ...],
    normal: np.ndarray,
    uniform: np.ndarray,
    minute_noise: np.ndarray,
    slow_noise: np.ndarray,
) -> None:
    """Water, transmitters, spoofs, PLCs, forces, valves and pumps, in this order; `values`: the records as arrays."""
    p, state, truth, view = world.parameters[0], world.state[0], world.process[0], world.reading[0]
    command, position, drift, forced = world.command[0], world.position[0], world.drift[0], world.forced[0]
    truths, seen, commands, drifts, held = values

    process.fill_tanks(truth, state, p)
    chemistry.chemistry(truth, state, drift, p)
    if state.second % 60 == 0:
        new_minute(world, drifts, minute_noise, slow_noise)
    measurement.drift_on(drifts, world.trends)
    state.recovery += world.slow[-1, 1]
    measurement.level_readings(truth, state, p)
    rough, first = measurement.turbulence(truth), state.second == 0
    measurement.give_back(seen, world.honest)
    measurement.read(
        truths,
        seen,
        drifts,
        world.transmitters,
        world.chain,
        world.noise,
        world.liveliness,
        normal,
        uniform,
        rough,
        first,
    )
    measurement.report_actuators(truths, seen)
    measurement.distort(seen, world.distortions, world.honest, world.past, normal, state.second)
    for k in range(world.spoofed.size):
        world.spoofed[k] += world.ramp[k]
    overwrite(seen, world.spoofed)

    scan(view, command, forced, state, p)
    overwrite(commands, held)

    process.start_and_stop(measurement.ACTUATOR, commands, truths)
    process.move_valves(command, position, truth, p, world.strokes)
    process.interlock_dosing(truth)
    process.raw_water(truth, position, state, p)
    process.ultrafiltration(truth, position, state, p)
    process.reverse_osmosis(truth, state, drift, p)
    measurement.report_actuators(truths, seen)
    overwrite(seen, world.spoofed)
    place = int(state.second) % REPLAY_SECONDS
    for k in range(world.spoofed.size):
        world.past[place, k] = seen[k]
    state.second += 1
    state.clock += 1


@cache
def compiled_advance() -> Callable[..., tuple[int, int]]:
    """The compiled `advance(world, values, normal, uniform, minutes, slow, conditions, groups, rows)`.

    It runs until `rows` (n, 51) is full or one group of the conditions (k, 4) holds, and returns (rows written, that
    group or -1). `normal`, `uniform`: noise (n or more, 25); `minutes` (60, 25): that of the drifts in this hour;
    `slow` (60, m): that of what wanders slowly, and of the strokes of the six valves.
    """
    # numba sees changes of this file alone; as a constant of the closure, the digest makes it compile after any change
    sources = digest()

    @outer
    def advance(world, values, normal, uniform, minutes, slow, conditions, groups, rows):
        _ = sources
        seen = values[1]
        for n in range(rows.shape[0]):
            minute = int(world.state[0].second) % 3_600 // 60
            one_second(world, values, normal[n], uniform[n], minutes[minute], slow[minute])
            for k in range(rows.shape[1]):
                rows[n, k] = seen[k]
            group = first_that_holds(conditions, groups, seen)
            if group >= 0:
                return n + 1, group
        return rows.shape[0], -1

    return advance


def digest() -> str:
    """SHA-256 of the sources that the compiled code is made of."""
    package = files("swatlib")
    parts = sorted(part.name for part in package.joinpath("simulation").iterdir() if part.name.endswith(".py"))
    sources = [package / "arrays.py", package / "plant.py", *(package / "simulation" / name for name in parts)]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
