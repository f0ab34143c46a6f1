"""Each attack of a run beside its twin: the same plant, seed and other events, without this one attack."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from swatlib.plant import SENSORS, TAG_NAMES
from swatlib.simulation import Attack, SimulatedPlant
from swatlib.simulation.parameters import READING_STEP, transmitter_table
from swatlib.studies.benchmark.runs import ATTACKED_SECONDS, NORMAL_SECONDS, table_sim_1

STARTUP, FURTHER = 6 * 3_600, 7 * 86_400  # seconds while the tanks fill; normal days simulated after the attacked hours
RUN_UP = 1_800  # seconds kept before an attack: the history of every filter
_CHUNK = 10_000  # rows: as float64 they fit into memory that is kept

STEPS = dict.fromkeys(TAG_NAMES, 1.0) | dict(zip(SENSORS, transmitter_table()[:, READING_STEP].tolist(), strict=True))


@dataclass(frozen=True)
class Twin:
    """Rows of an attack and of the plant without it, from RUN_UP seconds before it to its end; in resolution steps."""

    attack: Attack
    attacked: np.ndarray
    without: np.ndarray

    @property
    def seconds(self) -> int:
        return len(self.attacked) - RUN_UP

    @property
    def difference(self) -> np.ndarray:
        """Of the rows under attack (seconds × 51)."""
        return (self.attacked - self.without)[RUN_UP:]

    @property
    def traces(self) -> list[str]:
        """Tags whose readings differ, by a step of the transmitter's resolution or more, in any second."""
        return [TAG_NAMES[column] for column in np.flatnonzero(np.any(self.difference, axis=0))]


@dataclass(frozen=True)
class TwinRun:
    """A plant without any attack, and the twins of its attacks.

    normal: its normal days before the attacked hours and after them; held: the attacked hours as they would have been.
    """

    normal: tuple[np.ndarray, np.ndarray]
    held: np.ndarray
    twins: list[Twin]


def twin_run(number: int, further: int = FURTHER, only: tuple[int, ...] = ()) -> TwinRun:
    """A run of swat-sim-1 with the twin of each of its attacks, or of those of these names."""
    events = table_sim_1().query("run == @number")
    plant_attacks = [
        Attack(row.effects, row.seconds, NORMAL_SECONDS + row.begin, row.event, row.when) for row in events.itertuples()
    ]
    names = only or tuple(events.loc[~events["harmless"], "event"])
    seed = int(events["seed"].iloc[0])
    before, held, after = plain_days(seed, further)
    return TwinRun((before, after), held, twins_of(plant_attacks, seed, names))


def plain_days(seed: int, further: int = FURTHER) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A plant without attack: the normal days of a run, its attacked hours, and so many seconds after them."""
    turn = NORMAL_SECONDS + ATTACKED_SECONDS
    rows = resolution_steps(SimulatedPlant(seed=seed).run(turn + further))
    return rows[STARTUP:NORMAL_SECONDS], rows[NORMAL_SECONDS:turn], rows[turn:]


def twins_of(
    plant_attacks: list[Attack], seed: int, names: tuple[int, ...], seconds: int = NORMAL_SECONDS + ATTACKED_SECONDS
) -> list[Twin]:
    """The twin of each attack with one of these names, on the plant of a seed, all of them over after these seconds."""
    plant = _plant(plant_attacks, seed)
    rows = plant.run(seconds)
    events = plant.events.set_index("attack")
    twins = []
    for attack in (each for each in plant_attacks if each.name in names):
        start, end = (_second(plant, events.at[attack.name, edge]) for edge in ("start", "end"))
        without = _plant([each for each in plant_attacks if each is not attack], seed).run(end)
        both = (resolution_steps(each[start - RUN_UP : end]) for each in (rows, without))
        twins.append(Twin(attack, *both))
    return twins


def resolution_steps(rows: np.ndarray) -> np.ndarray:
    """Readings in whole steps of their transmitter's resolution (float32).

    A simulated attack writes values between those that a transmitter can give; who looked for these would find
    each attack of that kind, and none by an attacker who rounds.
    """
    steps, sizes = np.empty(rows.shape, np.float32), np.array(list(STEPS.values()))
    for start in range(0, len(rows), _CHUNK):
        steps[start : start + _CHUNK] = np.floor(rows[start : start + _CHUNK] / sizes + 0.5)
    return steps


def _plant(plant_attacks: list[Attack], seed: int) -> SimulatedPlant:
    plant = SimulatedPlant(seed=seed)
    for attack in plant_attacks:
        plant.attack(attack)
    return plant


def _second(plant: SimulatedPlant, time: pd.Timestamp) -> int:
    return int((time - plant.start).total_seconds())
