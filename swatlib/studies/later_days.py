"""Another day: what a pipeline's budget turns into on the normal days after its fit, and when a refit is due."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.cluster import HERE, Crew, told_done, values_of
from swatlib.data import Recording, normal_frame
from swatlib.pipeline import Pipeline
from swatlib.results import cached_fit, cached_tables
from swatlib.results.fit_cache import pipeline_part
from swatlib.simulation import cached_simulation
from swatlib.wording import count, number

LATER_SEEDS = (11, 12)  # of the plant; free for development
FIT_DAYS, LAST_DAY = 5, 20
RECENT_DAYS, BY_CHANCE = 5, 0.01  # days that are looked back on; how rarely chance alone makes a refit seem due
_Point = tuple[int, Pipeline, bool]  # seed, pipeline to fit, whether to compute anew


@dataclass(frozen=True)
class RefitAdvice:
    """Whether the last days hold more false alarms than the budget and chance explain.

    most: false alarms that a detector which keeps its budget exceeds in these days with a probability of `chance`.
    """

    alarms: int
    days: float
    budget: float
    most: int
    chance: float

    @property
    def due(self) -> bool:
        return self.alarms > self.most

    def __str__(self) -> str:
        seen = f"{count(self.alarms, 'false alarm')} in the last {number(self.days)} days"
        bound = f"for a budget of {self.budget:g} a day {self.most} are within chance"
        return f"{'a refit is due' if self.due else 'no refit is due'}: {seen}, {bound} ({1 - self.chance:.0%})"


def refit_advice(days: pd.DataFrame, budget: float, last: int = RECENT_DAYS, chance: float = BY_CHANCE) -> RefitAdvice:
    """Whether a refit is due after normal days, by the Poisson law of alarms that come one by one.

    days: in order of time, `false_alarms` and `scored_days` (time with a score, in days) of each, as `alarms_by_day`
    gives them for one detector.
    """
    from scipy.stats import poisson

    recent = days.tail(last)
    scored = float(recent["scored_days"].sum())
    most = int(poisson.isf(chance, budget * scored)) if scored else 0
    return RefitAdvice(int(recent["false_alarms"].sum()), scored, budget, most, chance)


def first_due(days: pd.DataFrame, budget: float, last: int = RECENT_DAYS, chance: float = BY_CHANCE) -> float:
    """The first `day` after which `refit_advice` calls a refit due, NaN if there is none. days: with a column `day`."""
    for stop in range(1, len(days) + 1):
        if refit_advice(days.iloc[:stop], budget, last, chance).due:
            return float(days["day"].iloc[stop - 1])
    return math.nan


def alarms_by_day(fitted: Pipeline, recording: Recording) -> pd.DataFrame:
    """One row a detector and day of normal rows, counted from the first row: what the fitted pipeline makes of them.

    false_alarms: episodes that begin on the day. in_alarm: share of its scored rows. scored_days: rows with a score, in
    days. A day is scored with the rows before it, so that its beginning is judged too. DataError for attack rows,
    ValueError for rows of another pace.
    """
    frame = normal_frame(recording)
    fitted.require_period(recording.period)
    elapsed = ((frame.index - frame.index[0]) // pd.Timedelta("1d")).to_numpy()
    edges = [*np.flatnonzero(np.diff(elapsed, prepend=-1)), len(frame)]
    a_day = fitted.period_ / pd.Timedelta("1d")
    rows, standing = [], dict.fromkeys(fitted.detectors, False)
    for start, stop in itertools.pairwise(edges):
        scores = fitted.score_last(frame.iloc[max(start - fitted.history, 0) : stop], stop - start)
        for name in fitted.detectors:
            alarm, scored = scores[name]["alarm"].to_numpy(), int(scores[name]["score"].notna().sum())
            begins = int(np.count_nonzero(np.diff(alarm.astype(np.int8), prepend=np.int8(standing[name])) == 1))
            standing[name] = bool(alarm[-1])
            share = alarm.sum() / scored if scored else math.nan
            rows.append((name, int(elapsed[start]) + 1, begins, share, scored * a_day))
    table = pd.DataFrame(rows, columns=["detector", "day", "false_alarms", "in_alarm", "scored_days"])
    return table.sort_values("detector", key=lambda names: names.map(list(fitted.detectors).index), kind="stable")


def another_day(
    seeds: tuple[int, ...] = (),
    pipeline: Callable[[], Pipeline] = Pipeline,
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
    crew: Crew = HERE,
) -> pd.DataFrame:
    """Fitted on days 1 to FIT_DAYS of a plant, judged on its normal days up to LAST_DAY; one row a seed, detector, day.

    Columns as `alarms_by_day`, with `seed`, `budget` and the `day` since the plant's start. seeds: each once;
    LATER_SEEDS if there is none.
    """
    points = [(seed, pipeline(), force) for seed in dict.fromkeys(seeds or LATER_SEEDS)]
    names = [f"seed {seed}" for seed, *_ in points]
    tables = crew.run(points, _judged, ended=told_done(progress, names))
    return pd.concat(values_of(tables, names), ignore_index=True)


def later_summary(table: pd.DataFrame) -> pd.DataFrame:
    """A detector a row: false alarms a day soon after the fit and at the end, and after which day a refit was due.

    `refit_due` is the earliest such day of any seed, `refits_due` of how many seeds there is one. table: of
    `another_day`, or of `alarms_by_day` with its `seed` and `budget`.
    """
    rows = {}
    for name, each in table.groupby("detector", sort=False):
        (budget,) = each["budget"].unique()
        early, late = (
            each[each["day"] <= each["day"].min() + RECENT_DAYS - 1],
            each[each["day"] > each["day"].max() - RECENT_DAYS],
        )
        due = [first_due(days, budget) for _, days in each.groupby("seed")]
        rows[name] = {
            "budget": budget,
            "false_alarms_per_day": _rate(each),
            "first_days": _rate(early),
            "last_days": _rate(late),
            "most_in_a_day": each["false_alarms"].max(),
            "in_alarm": each["in_alarm"].mean(),
            "refit_due": np.nanmin(due) if np.isfinite(due).any() else math.nan,
            "refits_due": int(np.isfinite(due).sum()),
            "seeds": len(due),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("detector")


def _rate(days: pd.DataFrame) -> float:
    return days["false_alarms"].sum() / days["scored_days"].sum()


def _judged(point: _Point) -> pd.DataFrame:
    seed, pipeline, force = point
    depends = [seed, FIT_DAYS, LAST_DAY, pipeline_part(pipeline)]
    return cached_tables("later days", depends, lambda: {"days": _judge(seed, pipeline, force)}, force)["days"]


def _judge(seed: int, pipeline: Pipeline, force: bool) -> pd.DataFrame:
    whole = cached_simulation(LAST_DAY * SECONDS_PER_DAY, None, seed)
    turn = whole.frame.index[FIT_DAYS * SECONDS_PER_DAY]
    fitted = cached_fit(pipeline, whole.between(end=turn), force)
    table = alarms_by_day(fitted, whole.between(turn))
    return table.assign(seed=seed, budget=pipeline.budget, day=table["day"] + FIT_DAYS)
