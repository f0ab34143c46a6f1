"""Which attacks a clairvoyant finds, who knows each in advance and may be wrong once a day, or far more seldom."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from swatlib.alarms import BLOCKS_PER_DAY, block_maxima
from swatlib.cluster import HERE, Crew, told_done, values_of
from swatlib.plant import TAGS
from swatlib.results import cached_tables
from swatlib.studies.benchmark.drawing import ATTACKS
from swatlib.studies.benchmark.result import BenchmarkResult
from swatlib.studies.benchmark.runs import run_numbers, table_sim_1
from swatlib.studies.ceiling.filters import Seen, filters
from swatlib.studies.ceiling.twins import FURTHER, RUN_UP, TwinRun, twin_run
from swatlib.studies.ceiling.whitening import Whitening
from swatlib.tails import EXPONENTIAL, Tail

SHARED_BY = len(ATTACKS) * len(TAGS)  # kinds × tags: who watches them all has one false alarm a day for all of them
EVEN = 0.5  # probability that a threshold keeps its budget: neither careful nor careless
FINDINGS = ("by", "once_a_day", "shared", "false_alarms_per_day")


@dataclass(frozen=True)
class Measured:
    """A filter's largest scores: of each half hour of normal days and of hours held apart, and during the attack."""

    name: str
    normal: np.ndarray
    held: np.ndarray
    peak: float

    def level(self, per_day: float) -> float:
        """The score that normal days reach so often."""
        return Tail(self.normal, EXPONENTIAL).reached(-math.expm1(-per_day / BLOCKS_PER_DAY), EVEN)


def ceiling_trials(
    runs: tuple[int, ...] = (),
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
    crew: Crew = HERE,
) -> pd.DataFrame:
    """One row an attack of swat-sim-1; runs: all if there is none.

    traces: tags that read otherwise than without the attack, by a step of their resolution or more. once_a_day, shared:
    whether the clairvoyant finds it with one false alarm a day for this attack alone, or one a day shared by SHARED_BY
    such templates, extrapolated from the tail. by: the filters that do. false_alarms_per_day: of the first, in hours
    without attack that set no threshold.
    """
    points = [(number, force) for number in run_numbers("swat-sim-1", runs)]
    names = [f"run {number}" for number, _ in points]
    tables = crew.run(points, _judged, ended=told_done(progress, names))
    return pd.concat(values_of(tables, names), ignore_index=True)


def judge_twins(run: TwinRun) -> Iterator[dict]:
    """What the clairvoyant makes of each attack of a run: FINDINGS, as in `ceiling_trials`."""
    whitening = Whitening().fit(*run.normal)
    normal, held = [Seen.by(whitening, part) for part in run.normal], Seen.by(whitening, run.held)
    for twin in run.twins:
        attacked = Seen.by(whitening, twin.attacked)
        yield _findings(
            [
                Measured(
                    name,
                    np.concatenate([block_maxima(score(part)) for part in normal]),
                    block_maxima(score(held)),
                    float(np.nanmax(score(attacked)[RUN_UP:])),
                )
                for name, score in filters(twin, whitening).items()
            ]
        )


def by_kind(table: pd.DataFrame, judged: BenchmarkResult) -> pd.DataFrame:
    """One row a kind of attack and one of all: how many there are, leave no trace, and are found by whom.

    table: of `ceiling_trials`; judged: of `run_benchmark`, of whose runs those of the table count.
    """
    found = judged.attacks.query("kind == 'detector'").pivot_table("found", "attack", "detector", aggfunc="max")
    found = found.loc[table["attack"]].astype(bool)
    each = pd.DataFrame(
        {
            "attacks": 1,
            "no_trace": table["traces"].eq("").to_numpy(),
            "once_a_day": table["once_a_day"].to_numpy(),
            "shared": table["shared"].to_numpy(),
            "guard": found["guard"].to_numpy(),
            "any_detector": found.any(axis=1).to_numpy(),
        }
    ).astype(int)
    kinds = each.groupby(table["class"].to_numpy(), sort=False).sum().reindex(list(ATTACKS)).dropna().astype(int)
    return pd.concat([kinds, kinds.sum().rename("all").to_frame().T]).rename_axis("kind")


def _findings(measured: list[Measured]) -> dict:
    """The budget is divided among the filters."""
    if not measured:
        return dict(zip(FINDINGS, ("", False, False, 0.0), strict=True))
    levels = [each.level(1 / len(measured)) for each in measured]
    seldom = [each.level(1 / len(measured) / SHARED_BY) for each in measured]
    above, rarely = ([each.peak > level for each, level in zip(measured, of, strict=True)] for of in (levels, seldom))
    by = [each.name for each, found in zip(measured, rarely if any(rarely) else above, strict=True) if found]
    blocks = min(len(each.held) for each in measured)
    false = [each.held[-blocks:] > level for each, level in zip(measured, levels, strict=True)]
    rate = float(np.any(false, axis=0).mean() * BLOCKS_PER_DAY)
    return dict(zip(FINDINGS, (";".join(by), any(above), any(rarely), rate), strict=True))


def _judged(point: tuple[int, bool]) -> pd.DataFrame:
    number, force = point
    depends = [number, FURTHER, SHARED_BY]
    return cached_tables("ceiling", depends, lambda: {"ceiling": judge_run(number)}, force)["ceiling"].fillna("")


def judge_run(number: int, only: tuple[int, ...] = ()) -> pd.DataFrame:
    """The rows of `ceiling_trials` of one run, or of its attacks of these names, computed."""
    run, events = twin_run(number, only=only), table_sim_1().set_index("event")
    rows = [
        {
            "run": number,
            "attack": twin.attack.name,
            "class": events.at[twin.attack.name, "class"],
            "effects": events.at[twin.attack.name, "effects"],
            "seconds": twin.seconds,
            "traces": ";".join(twin.traces),
            **findings,
        }
        for twin, findings in zip(run.twins, judge_twins(run), strict=True)
    ]
    return pd.DataFrame(rows)
