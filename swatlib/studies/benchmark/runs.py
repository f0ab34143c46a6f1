"""The runs of a benchmark: normal days to fit on, attacked ones to judge by, all simulated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import pandas as pd

from swatlib.arrays import mask_of
from swatlib.data import Recording, attacks
from swatlib.metrics.case import event_intervals
from swatlib.simulation import Attack, cached_simulation, simulate

SECONDS_2015, ATTACKED_2015 = 946_719, pd.Timestamp("2015-12-28 10:00")
NORMAL_SECONDS, ATTACKED_SECONDS = 280_800, 115_200  # of a run of swat-sim-1: 3.25 days and 32 hours
# Seeds of swat-2015. Those opened before judged earlier guards or plants: on the first edition of the simulated plant
# 101 to 103 a guard with nine kinds of check, of which the ablation on developed seeds kept six, 201 to 203 one whose
# scales and thresholds went no further than what the fit had seen; on the second edition 211 to 213 one that took the
# end of an attack for another event, 221 to 223 one that saw no ramp without noise, 231 to 233 the next one, on
# transmitters with other figures, 241 to 253 one that forgave each second of many jumps, 261 to 263 one whose threshold
# knew of no usual tail, 271 to 273 one for which a jump was over after 16 minutes, 281 to 283 one that did not watch
# sensors which stand still for minutes, 301 to 303 one without `trend`, 291 to 293 one whose threshold was set
# on three tenths of the normal days, 311 to 313 one whose usual tail was 0.35 bits. The held-back came after that, 331
# to 333 after the prior of the tail's shape had become wider too.
DEVELOPED_ON, HELD_BACK = tuple(range(10)), (321, 322, 323, 331, 332, 333)
_OPENED = 101, 201, 211, 221, 231, 241, 251, 261, 271, 281, 291, 301, 311  # and the two after each
OPENED_BEFORE = tuple(first + more for first in _OPENED for more in range(3))
SIM_1_VERSION, SIM_1_SEED = 2, 20_261_127  # the first version was drawn from 20,151,228 for the first edition


@dataclass(frozen=True)
class BenchmarkRun:
    """Normal days to fit on, attacked ones to judge by, and events in them that are no attack.

    `classes`: class of each attack, by its name in the events.
    """

    name: str
    normal: Recording
    attacked: Recording
    classes: dict
    harmless: pd.DataFrame


def benchmark_runs(name: str, numbers: tuple[int, ...] = ()) -> Iterator[BenchmarkRun]:
    """Runs of the benchmark `name`, one after the other: memory holds one. numbers: as in `run_numbers`."""
    return (benchmark_run(name, number) for number in run_numbers(name, numbers))


def run_numbers(name: str, numbers: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Seeds of swat-2015 (default 1, 2, 3), runs of swat-sim-1 (default all, in their order); each once.

    Raises ValueError for an unknown name or run.
    """
    numbers = tuple(dict.fromkeys(numbers))
    if name == "swat-2015":
        if numbers and min(numbers) < 0:
            raise ValueError(f"{min(numbers)} is no seed of swat-2015; give whole numbers from 0 on")
        return numbers or (1, 2, 3)
    if name != "swat-sim-1":
        raise ValueError(f"there is no benchmark {name!r}; choose swat-2015 or swat-sim-1")
    runs = table_sim_1()["run"]
    if unknown := set(numbers) - set(runs):
        raise ValueError(f"swat-sim-1 has no run {min(unknown)}; it has 1 to {runs.max()}")
    return tuple(int(run) for run in sorted(set(numbers or runs)))


@lru_cache(maxsize=1)
def benchmark_run(name: str, number: int) -> BenchmarkRun:
    """One run of a benchmark, simulated. The last one is kept, since several studies ask for it: change none of it."""
    if name == "swat-2015":
        return run_2015(number)
    table = table_sim_1()
    return _run_sim_1(table[table["run"] == number])


def table_sim_1() -> pd.DataFrame:
    """swat-sim-1 as data: one row an event, as `swatlib.studies.benchmark.drawing` describes them."""
    with files("swatlib.studies.benchmark").joinpath("swat_sim_1.csv").open() as file:
        return pd.read_csv(file, keep_default_na=False)


def run_2015(seed: int) -> BenchmarkRun:
    """The schedule of 2015 on the plant of a seed: 5.75 normal days before it, five attacked ones."""
    whole = cached_simulation(SECONDS_2015, seed=seed)
    attacked = whole.between(ATTACKED_2015)
    kinds = {
        event.attack: "forced" if event.action.startswith("FORCE") else "spoof"
        for event in attacks(attacked).itertuples()
    }
    return BenchmarkRun(f"seed {seed}", whole.between(end=ATTACKED_2015), attacked, kinds, attacks(attacked).iloc[:0])


def _run_sim_1(events: pd.DataFrame) -> BenchmarkRun:
    seed = int(events["seed"].iloc[0])
    plant_attacks = [
        Attack(row.effects, row.seconds, NORMAL_SECONDS + row.begin, row.event, row.when) for row in events.itertuples()
    ]
    whole = simulate(NORMAL_SECONDS + ATTACKED_SECONDS, plant_attacks, seed)
    turn = whole.frame.index[NORMAL_SECONDS]
    harmless = events.loc[events["harmless"], "event"]
    attacked = without_events(whole.between(turn), harmless)
    normal = whole.between(end=turn)
    kinds = dict(zip(events["event"], events["class"], strict=True))
    harmless = attacks(whole)[attacks(whole)["attack"].isin(harmless)]
    return BenchmarkRun(f"run {events['run'].iloc[0]}", normal, attacked, kinds, harmless)


def without_events(recording: Recording, names: Iterable[object]) -> Recording:
    """The recording with events of these names neither listed nor labelled."""
    events = attacks(recording)
    events = events[~events["attack"].isin(list(names))].reset_index(drop=True)
    index = recording.frame.index
    label = pd.Series(mask_of(event_intervals(events, index), len(index)), index, name="attack")
    return replace(recording, events=events, label=label)
