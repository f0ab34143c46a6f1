"""A benchmark drawn at random: attacks of nine classes over all stages, and disturbances that are no attack.

What `draw` gave for the seed of swat-sim-1 stands in tables/swat_sim_1.csv; a test draws it again.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from swatlib.plant import SENSORS, STAGES, TAGS
from swatlib.simulation.parameters import fast_noise

RUNS, SLOT_S, FIRST_S = 20, 9_000, 3_600  # runs; seconds from one event to the next; seconds before the first
ATTACKS = {  # of each class
    "constant": 25,
    "ramp": 25,
    "freeze": 20,
    "replay": 20,
    "bias": 25,
    "noise": 20,
    "forced": 30,
    "several": 15,
    "stealthy": 20,
}
HARMLESS = {"stand-by": 14, "slow sensor": 13, "cleaning": 13}
LONGEST_REPLAY = 5_400

# where a sensor moves on normal days (statistics of ten quiet hours of December 2015)
_RANGES = """
FIT101 0 2.7; LIT101 490 815; AIT201 250 265; AIT202 8.3 8.5; AIT203 310 340; FIT201 0 2.48; DPIT301 0 20.5
FIT301 0 2.35; LIT301 790 1012; AIT401 148.7 148.9; AIT402 150 156; FIT401 1.717 1.744; LIT401 780 1001
AIT501 7.83 7.87; AIT502 141 147; AIT503 256 276; AIT504 11.8 14; FIT501 1.727 1.753; FIT502 1.25 1.36
FIT503 .727 .735; FIT504 .302 .309; PIT501 244 253; PIT502 .8 1.85; PIT503 184 192; FIT601 0 1.74
"""
RANGES = {
    tag: (float(low), float(high)) for tag, low, high in map(str.split, _RANGES.replace("\n", ";").split(";")[1:-1])
}

# the noise that attacks are drawn in units of; seven sensors have had another since swat-sim-1 was drawn
DRAWN_NOISE = fast_noise() | {
    "AIT201": 0.066,
    "AIT401": 0.0042,
    "AIT501": 0.0012,
    "AIT503": 0.088,
    "AIT504": 0.11,
    "PIT501": 0.2,
    "FIT601": 0.0021,
}
CYCLING = ("FIT101", "LIT101", "AIT202", "AIT203", "FIT201", "DPIT301", "FIT301", "LIT301", "LIT401", "AIT503")
LEVEL_SENSORS = ("LIT101", "LIT301", "LIT401")

# what is forced, and when that changes something
FORCED = {
    "MV101 force open": "MV101 = 1 and LIT101 > 600",
    "MV101 force closed": "MV101 = 2 and LIT101 < 700",
    "P101 force off; P102 force off": "P101 = 2 and LIT301 < 900",
    "P102 force on": "P101 = 2",
    "MV201 force closed": "MV201 = 2 and LIT301 < 900",
    "MV201 force open": "MV201 = 1 and LIT301 > 900",
    "P203 force off": "P203 = 2 and LIT301 < 850",
    "P205 force off": "P205 = 2 and LIT301 < 850",
    "P201 force on": "P101 = 2 and LIT301 < 850",
    "P302 force off": "UF_STEP = 7 and UF_SECONDS > 200",
    "MV302 force closed": "UF_STEP = 7 and UF_SECONDS > 200",
    "MV304 force open": "UF_STEP = 7 and UF_SECONDS > 200",
    "MV303 force open": "UF_STEP = 7 and UF_SECONDS > 200",
    "MV301 force closed": "UF_STEP = 7 and UF_SECONDS > 1600",
    "P602 force on": "UF_STEP = 7 and UF_SECONDS > 200",
    "P402 force off": "",
    "UV401 force off": "",
    "P403 force on": "",
    "P501 force off": "",
    "P401 force on": "",
}
STAND_BY = {
    "P101 force off": "P101 = 2 and LIT301 < 850",  # its PLC starts P102
    "P402 force off; P401 force on": "",
    "P501 force off; P502 force on": "",
}


def draw(seed: int) -> pd.DataFrame:
    """One row an event: run, seed (of the simulated plant), event, class, harmless, begin, seconds, effects, when.

    `begin` counts from the end of the normal days. Same seed, same table.
    """
    rng = np.random.default_rng(seed)
    kinds = [(kind, False) for kind, number in ATTACKS.items() for _ in range(number)]
    disturbances = [(kind, True) for kind, number in HARMLESS.items() for _ in range(number)]
    rng.shuffle(kinds)
    rng.shuffle(disturbances)
    rows: list[tuple] = []
    for run in range(RUNS):
        share = kinds[run::RUNS] + disturbances[run::RUNS]
        for slot in rng.permutation(len(share)):
            kind, harmless = share[slot]
            place = len(rows) % len(share)
            effects, when = MAKERS[kind](rng)
            span = int(rng.integers(240, 1_200))
            begin = FIRST_S + place * SLOT_S
            rows.append((run + 1, 2_000 + run, len(rows) + 1, kind, harmless, begin, span, effects, when))
    return pd.DataFrame(
        rows, columns=["run", "seed", "event", "class", "harmless", "begin", "seconds", "effects", "when"]
    )


def _sensor(rng) -> str:
    """Every stage with a sensor is as likely."""
    stage = rng.choice(list(STAGES))
    return str(rng.choice([tag for tag in SENSORS if TAGS[tag].stage == stage]))


def _round(value: float) -> str:
    return f"{value:.4g}"


def _span(tag: str) -> float:
    low, high = RANGES[tag]
    return high - low


def _constant(rng, tag=None):
    tag = tag or _sensor(rng)
    low, high = RANGES[tag]
    off = rng.uniform(0.2, 1.0) * _span(tag)
    value = high + off if rng.random() < 0.5 or low - off < 0 else low - off
    return f"{tag} spoof {_round(value)}", ""


def _ramp(rng):
    tag = _sensor(rng)
    rate = rng.uniform(0.3, 1.5) if tag in LEVEL_SENSORS else rng.uniform(0.2, 1.0) * _span(tag) / 300
    return f"{tag} ramp {_round(rate * rng.choice([-1, 1]))}", ""


def _freeze(rng):
    return f"{_sensor(rng)} freeze", ""


def _replay(rng):
    return f"{rng.choice(CYCLING)} replay {rng.integers(1_800, LONGEST_REPLAY)}", ""


def _bias(rng):
    tag = _sensor(rng)
    return f"{tag} bias {_round(rng.uniform(0.2, 0.8) * _span(tag) * rng.choice([-1, 1]))}", ""


def _noise(rng):
    tag = _sensor(rng)
    return f"{tag} noise {_round(rng.uniform(3, 10) * DRAWN_NOISE[tag])}", ""


def _forced(rng):
    effects = str(rng.choice(list(FORCED)))
    return effects, FORCED[effects]


def _several(rng):
    """An actuator, and the level or another sensor that would show it."""
    effects, when = _forced(rng)
    hidden, _ = MAKERS[rng.choice(["freeze", "constant", "bias"])](rng)
    return f"{effects}; {hidden}", when


def _stealthy(rng):
    """Inside the normal range: two noises off, a drift over the whole attack, a usual value that stands still."""
    tag, kind = _sensor(rng), rng.integers(3)
    if kind == 0:
        return f"{tag} bias {_round(rng.uniform(1, 3) * DRAWN_NOISE[tag] * rng.choice([-1, 1]))}", ""
    if kind == 1:
        return f"{tag} ramp {_round(rng.uniform(0.1, 0.3) * _span(tag) / 1_200 * rng.choice([-1, 1]))}", ""
    return f"{tag} spoof {_round(float(np.mean(RANGES[tag])))}", ""


def _stand_by(rng):
    effects = str(rng.choice(list(STAND_BY)))
    return effects, STAND_BY[effects]


def _slow(rng):
    tag = str(rng.choice([tag for tag in SENSORS if tag not in LEVEL_SENSORS]))
    return f"{tag} slow {rng.integers(3, 12)}", ""


def _cleaning(_):
    return "P602 wash", "UF_STEP = 7 and UF_SECONDS > 300"


MAKERS: dict[str, Callable] = {
    "constant": _constant,
    "ramp": _ramp,
    "freeze": _freeze,
    "replay": _replay,
    "bias": _bias,
    "noise": _noise,
    "forced": _forced,
    "several": _several,
    "stealthy": _stealthy,
    "stand-by": _stand_by,
    "slow sensor": _slow,
    "cleaning": _cleaning,
}
