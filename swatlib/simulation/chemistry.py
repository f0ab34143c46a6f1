"""The analysers' water: pH, redox potential and conductivity, with the delays of the pipes."""

import math

from swatlib.plant import ON
from swatlib.simulation.compiling import inner
from swatlib.simulation.parameters import PlantRecord
from swatlib.simulation.process import either_on, toward


@inner
def chemistry(process: PlantRecord, state: PlantRecord, drift: PlantRecord, p: PlantRecord) -> None:
    flowing = process.FIT201 > 0.5
    state.flowing_seconds = state.flowing_seconds + 1 if flowing else 0.0
    dosed_water(process, state, drift, p, flowing)
    ro_feed(process, state, drift, p)
    conductivity(process, state, drift, p)


@inner
def dosed_water(process: PlantRecord, state: PlantRecord, drift: PlantRecord, p: PlantRecord, flowing: bool) -> None:
    """AIT201 to AIT203: after the dosing point, in a pipe with or without flow."""
    seconds = state.flowing_seconds
    spike = 0.8 * math.exp(-(((seconds - 22.0) / 8.0) ** 2)) if 0 < seconds < 60 else 0.0
    process.AIT201 = p.ait201 + drift.AIT201 + spike
    if flowing:
        state.startup = toward(state.startup, 0.0, 2_400.0)
        state.acidity = toward(state.acidity, either_on(process.P203, process.P204), p.acid_seconds)
        ph = p.ait202_flowing - p.acid * state.acidity
        state.ph = toward(state.ph, ph, 8.0)
        fresh = 2.2 * math.exp(-seconds / 80.0) + 2.0 * math.exp(-seconds / 500.0)
        unchlorinated = 0.0 if either_on(process.P205, process.P206) or seconds < 30 else 2.0
        state.orp = toward(state.orp, p.ait203 + fresh - unchlorinated, 8.0)
        state.orp_still = p.ait203 - 13.5
    else:
        state.ph = toward(state.ph, p.ait202_still, 12.0)
        state.orp_still = toward(state.orp_still, p.ait203 + 53.5, 14_400.0)
        state.orp = toward(state.orp, state.orp_still, 20.0)
    process.AIT202 = state.ph + drift.AIT202 + 0.5 * state.startup
    process.AIT203 = state.orp + drift.AIT203 + 230.0 * state.startup


@inner
def ro_feed(process: PlantRecord, state: PlantRecord, drift: PlantRecord, p: PlantRecord) -> None:
    """AIT401, AIT402, AIT501, AIT502: the UV lamp removes the chlorine; while it is off, the chlorine reaches them."""
    mixing = 0.009 * (state.t401 - 895.0)
    base = p.ait402 + drift.AIT402 + mixing
    treated = process.UV401 == ON
    process.AIT401 = p.ait401
    if state.standstill > 0:
        state.orp_ro = toward(state.orp_ro, p.ait402 + 179.0, 4_200.0)
        resting = p.ait402 - 4.0 + 140.0 * math.exp(-state.rest / 25_200.0)
        state.orp_membrane = toward(state.orp_membrane, resting, 3_600.0)
        state.ph_ro = toward(state.ph_ro, p.ait501 - 0.45, 16_200.0)
    else:
        state.untreated = toward(state.untreated, 0.0 if treated else 1.0, 6.0 if treated else 35.0)
        chlorine = 0.0 if treated else 1.0 if state.untreated > 0.7 else 0.0
        state.orp_ro = toward(state.orp_ro, base + 151.0 * chlorine, 190.0 if chlorine else 52.0)
        state.orp_membrane = toward(state.orp_membrane, state.orp_ro - p.ait502_below_ait402, 15.0)
        state.ph_ro = toward(state.ph_ro, p.ait501 + drift.AIT501 + 0.345 * chlorine, 60.0)
    process.AIT402 = state.orp_ro
    process.AIT501 = state.ph_ro
    process.AIT502 = state.orp_membrane


@inner
def conductivity(process: PlantRecord, state: PlantRecord, drift: PlantRecord, p: PlantRecord) -> None:
    """AIT503 and AIT504: salt that a backwash stirs up or that is dosed, and what passes a membrane at rest."""
    state.since_backwash = 0.0 if process.P602 == ON else state.since_backwash + 1
    if 270 <= state.since_backwash < 330:
        state.stirred += 2.5 / 60.0
        state.salt += 6.9 / 60.0
    elif state.since_backwash >= 330:
        state.stirred = toward(state.stirred, 0.0, 25.0)
    if state.permeate > 0.5 and state.since_backwash > 390:
        state.salt = toward(state.salt, 0.0, 1_500.0)
    dosing = 7.6 / 60.0 * either_on(process.P201, process.P202)
    state.dosed_1 = toward(state.dosed_1, dosing, 375.0)
    state.dosed_2 = toward(state.dosed_2, state.dosed_1, 375.0)
    state.salt += state.dosed_2
    process.AIT503 = p.ait503 + drift.AIT503 + state.stirred + state.salt

    boosted = either_on(process.P501, process.P502)
    if boosted != state.was_boosted:
        state.kick += -9.0 if boosted else 14.4
        if boosted and state.cold > 600:
            state.flush = p.ait504_restart
    state.was_boosted = boosted
    state.cold = 0.0 if boosted else state.cold + (state.standstill > 0)
    state.kick = toward(state.kick, 0.0, 85.0)
    state.kicked = toward(state.kicked, state.kick, 85.0)
    state.flush = toward(state.flush, 0.0, 28.0)
    after_backwash = 0.3 * math.exp(-state.since_backwash / 600.0)
    process.AIT504 = p.ait504 + drift.AIT504 + state.kicked + state.flush + after_backwash
