"""The water: valves and pumps, tanks, ultrafiltration, reverse osmosis. Works on true values, in `process`."""

import math

import numpy as np

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.plant import CLOSED, OFF, ON, OPEN, TRAVELLING
from swatlib.simulation.compiling import inner
from swatlib.simulation.parameters import PlantRecord


@inner
def toward(value: float, target: float, seconds: float) -> float:
    """One second of a first-order lag; what has faded away is 0.

    Numbers below 1e-308, that it would go on through, take a processor a hundred times as long.
    """
    reached = value + (target - value) * (1.0 - math.exp(-1.0 / seconds))
    return reached if abs(reached) > 1e-300 else 0.0


@inner
def either_on(first: float, second: float) -> bool:
    """Whether one of two pumps runs."""
    return first == ON or second == ON  # noqa: PLR1714 - `in` compiles far more slowly


@inner
def travel(position: float, command: float, seconds: float) -> float:
    """Position of a valve (0 closed, 1 open) after one more second of travel towards `command`."""
    if command == OPEN:
        return min(1.0, position + 1.0 / seconds)
    return max(0.0, position - 1.0 / seconds)


@inner
def valve_code(position: float) -> float:
    """Code that the historian stores for a valve at `position`."""
    if position >= 1.0:
        return float(OPEN)
    return float(CLOSED) if position <= 0.0 else float(TRAVELLING)


@inner
def start_and_stop(actuators: np.ndarray, commands: np.ndarray, truths: np.ndarray) -> None:
    """Pumps and lamp follow their command within the second."""
    for k in actuators:
        truths[k] = commands[k]


@inner
def move_valves(
    command: PlantRecord, position: PlantRecord, process: PlantRecord, p: PlantRecord, strokes: np.ndarray
) -> None:
    """`strokes` (6): how much longer than usual each valve travels in this minute, in seconds."""
    position.MV101 = travel(position.MV101, command.MV101, p.travel_mv101 + strokes[0])
    position.MV201 = travel(position.MV201, command.MV201, p.travel_mv201 + strokes[1])
    position.MV301 = travel(position.MV301, command.MV301, p.travel_mv301 + strokes[2])
    position.MV302 = travel(position.MV302, command.MV302, p.travel_mv302 + strokes[3])
    position.MV303 = travel(position.MV303, command.MV303, p.travel_mv303 + strokes[4])
    position.MV304 = travel(position.MV304, command.MV304, p.travel_mv304 + strokes[5])
    process.MV101, process.MV201 = valve_code(position.MV101), valve_code(position.MV201)
    process.MV301, process.MV302 = valve_code(position.MV301), valve_code(position.MV302)
    process.MV303, process.MV304 = valve_code(position.MV303), valve_code(position.MV304)


@inner
def interlock_dosing(process: PlantRecord) -> None:
    """Without flow the dosing pumps stay off, whatever commands them."""
    if process.FIT201 < 0.5:
        process.P201 = process.P202 = process.P203 = process.P204 = process.P205 = process.P206 = float(OFF)


@inner
def sucks(level: float, p: PlantRecord, state: PlantRecord) -> bool:
    """Whether a running pump at the bottom of a tank gets water."""
    if level <= p.suction:
        state.dry_seconds += 1
    return level > p.suction


@inner
def raw_water(process: PlantRecord, position: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    """FIT101 through MV101; FIT201 by one or two pumps through MV201, a little more in the first minutes."""
    ripple = p.raw_ripple * math.sin(2.0 * math.pi * state.second / 25.6)
    pumps = (process.P101 == ON) + (process.P102 == ON)
    process.FIT101 = position.MV101 * (p.raw_flow + p.raw_flow_more * (pumps > 0) + ripple)
    state.feed_fresh = toward(state.feed_fresh, 0.0 if pumps else 1.0, 480.0 if pumps else 60.0)
    flow = 0.0
    if pumps == 1:
        flow = p.feed_flow + (p.feed_flow_at_start - p.feed_flow) * state.feed_fresh
    elif pumps == 2:
        flow = p.feed_flow_of_two
    process.FIT201 = flow * position.MV201 if pumps and sucks(state.t101, p, state) else 0.0


@inner
def ultrafiltration(process: PlantRecord, position: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    """Flow and pressure over the membrane on the four paths that the water can take, and its fouling."""
    pump = either_on(process.P301, process.P302) and sucks(state.t301, p, state)
    permeate, drain = position.MV302, position.MV304
    filtering = pump * permeate * (1.0 - drain)
    state.run_seconds = state.run_seconds + 1 if filtering > 0.99 else 0.0
    fresh = math.exp(-state.run_seconds / 45.0)
    fouled = p.dp_filtration + state.fouling + state.cake + 0.10 * fresh
    state.fouling += p.fouling_per_day / SECONDS_PER_DAY
    state.cake += filtering * p.fouling_per_run / 1_800.0
    if pump:
        through = p.uf_flow + (p.uf_flow_at_start - p.uf_flow) * fresh
        process.FIT301 = (
            filtering * through + (1.0 - permeate) * drain * p.flush_flow + permeate * drain * p.both_ways_flow
        )
        process.DPIT301 = (
            filtering * fouled
            + (1.0 - permeate) * drain * p.dp_flush
            + permeate * drain * p.dp_both_ways
            + (1.0 - permeate) * (1.0 - drain) * p.dp_flush
        )
    else:
        draining = position.MV303 * drain
        process.FIT301 = p.gravity_flow * draining * (state.t301 > p.suction)
        process.DPIT301 = p.dp_idle + (p.dp_drain - p.dp_idle) * draining
    washing = (process.P602 == ON) * position.MV301 * position.MV303
    process.FIT601 = 0.0001 + p.backwash_flow * washing
    if washing > 0.0:
        process.DPIT301 = p.dp_backwash
        state.cake = 0.0
    recovery = p.recovery_uf + p.recovery_wander * state.recovery
    state.permeate = recovery * process.FIT301 * permeate * (1.0 - 0.4 * drain)


@inner
def reverse_osmosis(process: PlantRecord, state: PlantRecord, drift: PlantRecord, p: PlantRecord) -> None:
    """Flows and pressures for: all off, feed pump alone, feed and high-pressure pump."""
    fed = either_on(process.P401, process.P402) and sucks(state.t401, p, state)
    boosted = fed and either_on(process.P501, process.P502)
    day = daylight(state.clock, p)
    state.boost = toward(state.boost, 1.0 if boosted else 0.0, 180.0)
    state.standstill = 0.0 if fed else state.standstill + 1
    state.rest = toward(state.rest, 0.0, 100.0) if fed else state.rest + 1
    leak = math.exp(-state.rest / 12_000.0)
    pit501, pit503 = 9.5 + 0.7 * leak, 3.3 + 0.6 * leak
    process.FIT401 = process.FIT501 = process.FIT503 = process.FIT504 = process.PIT502 = 0.0
    lift = drift.PIT501 + p.pressure_by_day * (day - 0.5)
    if boosted:
        pit501 = p.pit501 + lift - 3.0 * (1.0 - state.boost)
        pit503 = p.pit503 + p.pit503_per_pit501 * lift - 2.0 * (1.0 - state.boost)
        process.FIT401 = p.ro_flow - p.ro_flow_per_kpa * lift + drift.FIT401
        process.FIT501 = process.FIT401 + p.ro_inlet_gain
        process.FIT503 = p.ro_reject
        process.FIT504 = p.ro_recirculation - 0.004 * (1.0 - state.boost)
        process.PIT502 = p.pit502_night + (p.pit502_day - p.pit502_night) * day
    elif fed:
        pit501 = p.pit501_unboosted + 3.5 * state.boost
        pit503 = p.pit503_unboosted + 3.3 * state.boost
        process.FIT401 = p.ro_flow_unboosted - 0.03 * state.boost
        process.FIT501 = process.FIT401
        process.FIT503 = p.ro_reject_unboosted - 0.005 * state.boost
    else:
        process.FIT501 = process.FIT503 = 0.0015
    process.FIT502 = max(process.FIT501 + process.FIT504 - process.FIT503 - 0.011, 0.0013)
    pressurise = 15.0 if process.PIT501 < 150.0 else 3.0
    process.PIT501 = toward(process.PIT501, pit501, pressurise)
    process.PIT503 = toward(process.PIT503, pit503, pressurise)


@inner
def daylight(clock: float, p: PlantRecord) -> float:
    """0 at night, 1 by day, with slow flanks around `morning` and `evening` (hours)."""
    hour = clock % SECONDS_PER_DAY / 3_600.0
    rise, fall = (hour - p.morning) / 0.25, (hour - p.evening) / 0.35
    return 1.0 / (1.0 + math.exp(-rise)) - 1.0 / (1.0 + math.exp(-fall))


@inner
def fill(level: float, inflow: float, outflow: float, area: float, p: PlantRecord, state: PlantRecord) -> float:
    """Level after one second of in- and outflow; above the brim the water is lost."""
    level += (inflow - outflow) / 3.6 / area
    if level > p.brim:
        state.overflow_seconds += 1
    return min(max(level, 0.0), p.brim)


@inner
def fill_tanks(process: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    unmetered = p.raw_flow_unmetered * (process.FIT101 > 0.5 and process.FIT201 > 0.5)
    state.t101 = fill(state.t101, p.gain_fit101 * process.FIT101 + unmetered, process.FIT201, p.area_t101, p, state)
    state.t301 = fill(state.t301, process.FIT201, process.FIT301, p.area_t301, p, state)
    state.t401 = fill(state.t401, state.permeate, process.FIT401, p.area_t401, p, state)
