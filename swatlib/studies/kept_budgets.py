"""swat-budgets: what a budget turns into on plants of normal days alone, on the days after those given."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pandas as pd

from swatlib.alarms import expected_alarms
from swatlib.arrays import SECONDS_PER_DAY
from swatlib.cluster import HERE, Crew, told_done, values_of
from swatlib.data import Recording
from swatlib.metrics.budget_curve import alarms_at
from swatlib.pipeline import Pipeline
from swatlib.results import cached_tables
from swatlib.results.fit_cache import pipeline_part
from swatlib.simulation import simulate

BUDGET_SEEDS = tuple(range(1000, 1020))  # of the plant; the rule of the threshold was chosen on them
GIVEN_DAYS, FURTHER_DAYS = (2.25, 5.75), 2  # from the plant's start, of which six hours are start-up; judged on
SHORT_DAYS = (1 / 6, 0.5, 1.0, 1.5)  # given up to the end of the longest of these
ASKED = (0.5, 1.0, 4.0)  # false alarms per day
WITHIN, NINE_WITHIN = 2, 4  # goals: times the budget, both ways for the median of the plants, at most for nine in ten
BUDGET_COLUMNS = ["seed", "days_given", "detector", "budget", "threshold", "false_alarms_per_day", "in_alarm"]
BUDGET_COLUMNS += ["expected_from", "expected_to"]
_Point = tuple[int, Pipeline, bool]  # seed, pipeline to fit, whether to compute anew


def budget_trials(
    seeds: tuple[int, ...] = (),
    pipeline: Callable[[], Pipeline] = Pipeline,
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
    crew: Crew = HERE,
) -> pd.DataFrame:
    """One row a seed, normal days given, detector and budget: what each fit makes of the two days after it.

    Columns `seed`, `days_given`, `detector`, `budget`, `threshold`, `false_alarms_per_day`, `in_alarm` (share of the
    scored rows), `expected_from` and `expected_to` (false alarms per day that the fit foretold). Budgets are those
    ASKED and that of the pipeline, days given SHORT_DAYS and GIVEN_DAYS. seeds: each once;
    BUDGET_SEEDS if there is none.
    """
    points = [(seed, pipeline(), force) for seed in dict.fromkeys(seeds or BUDGET_SEEDS)]
    names = [f"seed {seed}" for seed, *_ in points]
    tables = crew.run(points, _judged, ended=told_done(progress, names))
    return pd.concat(values_of(tables, names), ignore_index=True)


def kept_budgets(table: pd.DataFrame) -> pd.DataFrame:
    """One row a detector, GIVEN_DAYS and budget: `median` false alarms per day of the plants, and `nine_in_ten`.

    foretold: share of the plants `as_foretold`. kept: "yes" where the median lies within WITHIN times the budget, above
    or below, and nine plants in ten do not exceed NINE_WITHIN times the budget; else which of them is "low" or "high".
    table: of `budget_trials`.
    """
    days = table[table["days_given"].isin(GIVEN_DAYS)]
    by = days.assign(foretold=as_foretold(days)).groupby(["detector", "days_given", "budget"], sort=False)
    rates = by["false_alarms_per_day"]
    summed = pd.DataFrame({"median": rates.median(), "nine_in_ten": rates.agg(nine_in_ten)})
    summed["foretold"] = by["foretold"].mean()
    summed["kept"] = [_kept(row.median, row.nine_in_ten, row.Index[-1]) for row in summed.itertuples()]
    return summed


def short_fits(table: pd.DataFrame, budget: float = 1.0) -> pd.DataFrame:
    """One row a detector and `hours` given, of SHORT_DAYS: false alarms per day that such fits foretell and raise.

    expected_to: how many they foretell at most, the median of the plants. median, nine_in_ten: what came. foretold:
    share of the plants `as_foretold`. table: of `budget_trials`.
    """
    hours = (24 * table["days_given"]).round().astype(int)  # a sixth of a day read from a file may differ in a bit
    asked = hours.isin([round(24 * days) for days in SHORT_DAYS]) & (table["budget"] == budget)
    short = table[asked].assign(hours=hours)
    by = short.assign(foretold=as_foretold(short)).groupby(["detector", "hours"], sort=False)
    rates, foretold = by["false_alarms_per_day"], by["foretold"].mean()
    came = {"median": rates.median(), "nine_in_ten": rates.agg(nine_in_ten), "foretold": foretold}
    return pd.DataFrame({"expected_to": by["expected_to"].median()} | came)


def as_foretold(table: pd.DataFrame) -> pd.Series:
    """Whether the alarms of the days judged lie within those foretold, give or take what chance adds to a count.

    table: of `budget_trials`. Chance: the tenth at either end of a Poisson law.
    """
    from scipy.stats import poisson

    alarms = table["false_alarms_per_day"] * FURTHER_DAYS
    least = poisson.ppf(0.1, table["expected_from"] * FURTHER_DAYS)
    return (least <= alarms) & (alarms <= poisson.ppf(0.9, table["expected_to"] * FURTHER_DAYS))


def nine_in_ten(rates: pd.Series) -> float:
    """The least of the rates that nine plants in ten do not exceed."""
    return float(np.quantile(rates, 0.9, method="inverted_cdf"))


def _kept(median: float, most: float, budget: float) -> str:
    said = {
        "median low": median < budget / WITHIN,
        "median high": median > budget * WITHIN,
        "nine in ten high": most > budget * NINE_WITHIN,
    }
    return ", ".join(words for words, holds in said.items() if holds) or "yes"


def _judged(point: _Point) -> pd.DataFrame:
    seed, pipeline, force = point
    depends = [seed, SHORT_DAYS, GIVEN_DAYS, FURTHER_DAYS, ASKED, pipeline_part(pipeline)]
    return cached_tables("budgets", depends, lambda: {"budgets": _judge(seed, pipeline)}, force)["budgets"]


def _judge(seed: int, pipeline: Pipeline) -> pd.DataFrame:
    last = max(GIVEN_DAYS)
    whole = simulate(round((last + FURTHER_DAYS) * SECONDS_PER_DAY), None, seed)
    given = [(days, last) for days in SHORT_DAYS] + [(days, days) for days in GIVEN_DAYS]
    return pd.concat([_after(*each, whole, deepcopy(pipeline)).assign(seed=seed) for each in given])[BUDGET_COLUMNS]


def _after(days: float, end: float, whole: Recording, pipeline: Pipeline) -> pd.DataFrame:
    """Fitted on so many days of a recording up to the day `end`, judged on the days after it."""
    first, turn, rows = (round(each * SECONDS_PER_DAY) for each in (end - days, end, FURTHER_DAYS))
    fitted = pipeline.fit(whole.take(slice(first, turn)))
    more = fitted.history  # of the rows before, so that the first row has its delays
    scores = fitted.score_last(whole.frame.iloc[turn - 2 * more : turn + rows], more + rows)
    judged = [
        (name, budget, level, *_alarms(alarm[more:]), *_foretold(fitted, name, level))
        for name, levels in fitted.thresholds(sorted({*ASKED, fitted.budget})).iterrows()
        for budget, level in levels.items()
        for _, alarm in alarms_at(scores[name, "score"].to_numpy(np.float64), [level], fitted.on_delay, fitted.hold)
    ]
    return pd.DataFrame(judged, columns=BUDGET_COLUMNS[2:]).assign(days_given=days)


def _foretold(fitted: Pipeline, name: str, level: float) -> tuple[float, float]:
    scale = fitted.models_[name].tail_scale
    return expected_alarms(np.array(fitted.maxima_[name]), level, fitted.blocks_per_day_[name], scale)


def _alarms(alarm: np.ndarray) -> tuple[float, float]:
    """False alarms per day, and share of the rows in alarm."""
    return np.count_nonzero(np.diff(alarm.astype(np.int8), prepend=0) == 1) / FURTHER_DAYS, float(alarm.mean())
