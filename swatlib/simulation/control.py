"""The six PLCs, as latches "set if S, reset if R, reset wins". They see `view`, they write `command`."""

# ruff: noqa: SIM300, PLR1714 - a tag in capitals is no constant; `in` compiles far more slowly than `==`

import math

import numpy as np

from swatlib.plant import CLOSED, OFF, ON, OPEN
from swatlib.simulation.compiling import inner
from swatlib.simulation.parameters import PlantRecord, set101, set301, set401
from swatlib.simulation.process import either_on

IDLE = 99
FEED_FLOW_HIGH, NO_FLOW = 2.0, 0.05
DP_LIMIT = 40.0

# step of the UF sequencer: MV301 MV302 MV303 MV304, UF pump, P602
_PATTERNS = {
    IDLE: "0000 0 0",
    2: "0001 0 0",
    3: "0001 1 0",
    4: "0001 1 0",
    5: "0101 1 0",
    6: "0100 1 0",
    7: "0100 1 0",
    8: "0100 0 0",
    9: "0000 0 0",
    10: "1010 0 0",
    12: "1010 0 1",
    13: "1010 0 0",
    14: "0010 0 0",
    15: "0011 0 0",
    16: "0011 0 0",
}
PATTERN = np.zeros((IDLE + 1, 6), np.int64)
for _step, _pattern in _PATTERNS.items():
    PATTERN[_step] = [int(bit) for bit in _pattern.replace(" ", "")]


@inner
def latch(now: float, set_if: bool, reset_if: bool) -> float:
    """New state of a latch (0 or 1) that is at `now`."""
    if reset_if:
        return 0.0
    return 1.0 if set_if else now


@inner
def switch(on: bool) -> float:
    """Code of a pump or lamp."""
    return float(ON) if on else float(OFF)


@inner
def valve(opened: bool) -> float:
    """Code commanded to a valve."""
    return float(OPEN) if opened else float(CLOSED)


@inner
def plc1(view: PlantRecord, command: PlantRecord, forced: PlantRecord, state: PlantRecord) -> None:
    """Raw water: MV101 by the level of T101, P101 by the demand of T301."""
    state.inlet = latch(state.inlet, view.LIT101 < set101.low, view.LIT101 > set101.high)
    command.MV101 = valve(state.inlet)
    delivered = view.MV201 == OPEN
    state.demand = latch(
        state.demand, delivered and view.LIT301 < set301.low, not delivered or view.LIT301 > set301.high
    )
    run = state.demand and view.LIT101 >= set101.low_low
    held = not math.isnan(forced.P101)  # a forced pump is not available to the PLC: the standby runs
    command.P101 = switch(run)
    command.P102 = switch(run and held)


@inner
def plc2(view: PlantRecord, command: PlantRecord, state: PlantRecord) -> None:
    """Inlet of T301 and dosing; without flow no dosing pump starts."""
    state.feed = latch(state.feed, view.LIT301 < set301.low, view.LIT301 > set301.high)
    command.MV201 = valve(state.feed)
    ready = view.MV201 == OPEN and view.FIT201 > FEED_FLOW_HIGH
    stop = view.MV201 != OPEN or view.FIT201 <= NO_FLOW
    salt_set, salt_reset = view.AIT201 < 250 and view.AIT503 < 260, view.AIT201 > 260 or view.AIT503 > 260
    state.salt_dosing = latch(state.salt_dosing, ready and salt_set, stop or salt_reset)
    state.acid_dosing = latch(state.acid_dosing, ready and view.AIT202 > 7.05, stop or view.AIT202 < 6.95)
    state.chlorine_dosing = latch(state.chlorine_dosing, ready and view.AIT203 < 420, stop or view.AIT203 > 500)
    command.P201 = switch(state.salt_dosing)
    command.P203 = switch(state.acid_dosing)
    command.P205 = switch(state.chlorine_dosing)


@inner
def next_step(view: PlantRecord, state: PlantRecord, p: PlantRecord, pump_runs: bool) -> float:  # noqa: PLR0911, PLR0912 - one line a step, as the sequence is tabled
    """Next step of the UF sequencer after `state.step`; the same one if it stays."""
    step, seconds = state.step, state.step_seconds
    if step > 1 and step != IDLE and view.LIT401 > set401.high:
        return IDLE
    if step == IDLE:
        return 2 if view.LIT401 < set401.low else IDLE
    if step == 2:
        return 3 if view.MV304 == OPEN else 2
    if step == 3:
        return 4 if pump_runs else 3
    if step == 4:
        return 5 if seconds >= p.flush_seconds and pump_runs else 4
    if step == 5:
        return 6 if view.MV302 == OPEN and state.settled >= 0 else 5
    if step == 6:
        return 7 if view.MV304 == CLOSED else 6
    if step == 7:
        return 8 if state.pulses >= p.filtration_pulses or view.DPIT301 > DP_LIMIT else 7
    if step == 8:
        return 9 if seconds >= 2 else 8
    if step == 9:
        return 10 if view.MV302 == CLOSED and state.settled >= 1 else 9
    if step == 10:
        return 12 if view.MV301 == OPEN and view.MV303 == OPEN else 10
    if step == 12:
        return 13 if seconds >= p.backwash_seconds else 12
    if step == 13:
        return 14 if seconds >= 2 else 13
    if step == 14:
        return 15 if view.MV301 == CLOSED and state.settled >= 1 else 14
    if step == 15:
        return 16 if view.MV304 == OPEN else 15
    return 4 if seconds >= p.drain_seconds else 16


@inner
def plc3(view: PlantRecord, command: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    """Ultrafiltration: the sequencer, and the permissives of its pump."""
    runs = either_on(view.P301, view.P302)
    state.step_seconds += 1
    state.pulses += state.second % 60 == 0
    arrived = view.MV302 == OPEN if state.step == 5 else (view.MV302 if state.step == 9 else view.MV301) == CLOSED
    state.settled = state.settled + 1 if arrived else -1.0
    step = next_step(view, state, p, runs)
    if step != state.step:
        state.step, state.step_seconds, state.pulses, state.settled = step, 0, 0, -1
    pattern = PATTERN[int(step)]
    command.MV301, command.MV302 = valve(pattern[0]), valve(pattern[1])
    command.MV303, command.MV304 = valve(pattern[2]), valve(pattern[3])
    permitted = view.LIT301 >= set301.low_low and view.LIT401 <= set401.high_high
    way_out = view.MV302 == OPEN or view.MV304 == OPEN
    pump = switch(pattern[4] and permitted and way_out)
    command.P301, command.P302 = (pump, float(OFF)) if p.duty_uf == 301 else (float(OFF), pump)
    view.UF_STEP, view.UF_SECONDS = state.step, state.step_seconds


@inner
def plc4(view: PlantRecord, command: PlantRecord, state: PlantRecord, p: PlantRecord) -> None:
    """RO feed pump above the lowest level of T401; the UV lamp while it delivers."""
    pump = switch(view.LIT401 >= set401.low_low)
    command.P401, command.P402 = (pump, float(OFF)) if p.duty_ro == 401 else (float(OFF), pump)
    flows = either_on(view.P401, view.P402) and view.FIT401 > NO_FLOW
    state.flow_seconds = state.flow_seconds + 1 if flows else 0
    command.UV401 = switch(state.flow_seconds > 1 or (flows and view.UV401 == ON))


@inner
def plc5(view: PlantRecord, command: PlantRecord, state: PlantRecord) -> None:
    """High-pressure pump: starts with the lamp, stops two seconds after lamp or feed are lost."""
    fed = either_on(view.P401, view.P402) and view.FIT401 > NO_FLOW
    ready = fed and view.UV401 == ON
    state.unready_seconds = 0 if ready else state.unready_seconds + 1
    command.P501 = switch(ready or (state.unready_seconds <= 2 and view.P501 == ON))


@inner
def plc6(command: PlantRecord, state: PlantRecord) -> None:
    """The backwash pump follows the UF sequencer."""
    command.P602 = switch(PATTERN[int(state.step), 5])
