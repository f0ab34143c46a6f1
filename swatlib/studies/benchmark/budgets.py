"""Detectors on the runs of a benchmark at every budget: what each attack and each day gives, and the curve of all."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.data import attacks
from swatlib.metrics.bootstrap import DRAWS, LEVEL
from swatlib.metrics.budget_curve import CURVE_COLUMNS, alarms_at
from swatlib.metrics.case import Case, make_case, rate
from swatlib.metrics.event_based import delays_s, standing_at, weighted_medians
from swatlib.studies.benchmark.runs import BenchmarkRun


def at_budgets(
    run: BenchmarkRun, scores: pd.DataFrame, thresholds: pd.DataFrame, on_delay: tuple[int, int], hold: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a detector, budget and attack (`visible`, `found`, `delay_s`), and one a detector, budget and day.

    scores, thresholds, on_delay, hold: as in `metrics.budget_curve`. delay_s: NaN where an alarm stood already. Of a
    day: `false_alarms`, `normal_days` (time with a score, outside attacks), and how much of it was `in_alarm_days`.
    """
    parts: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    plain = make_case(run.attacked.label, scores.iloc[:, 0].isna() & False, events=attacks(run.attacked))
    for name, levels in thresholds.iterrows():
        score = scores[name, "score"].to_numpy(np.float64)
        for level, alarm in alarms_at(score, levels.unique(), on_delay, hold):
            case = plain.with_answer(alarm, score)
            tables = _by_attack(case, attacks(run.attacked)), _by_day(case)
            for budget in levels.index[levels == level]:
                who = {"run": run.name, "kind": "detector", "detector": name, "budget": budget, "threshold": level}
                parts.append((tables[0].assign(**who), tables[1].assign(**who)))
    found, days = (pd.concat(each, ignore_index=True) for each in zip(*parts, strict=True))
    return found, days


def curve_of_runs(found: pd.DataFrame, days: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """The curve of all runs together, as `metrics.budget_curve` gives that of one recording, of visible attacks alone.

    found, days: as `at_budgets` gives them. Attacks are drawn by name, days whatever run they are of.
    """
    found = found[found["visible"]]
    generator = np.random.default_rng(seed)
    names = pd.Index(found["attack"].unique())
    keys = pd.MultiIndex.from_frame(days[["run", "day"]].drop_duplicates())
    over_attacks, over_days = (
        generator.multinomial(len(each), np.full(len(each), 1 / len(each)), draws) for each in (names, keys)
    )
    # the first draw is each attack and each day once: the value itself
    over_attacks, over_days = (np.vstack([np.ones(each.shape[1], int), each]) for each in (over_attacks, over_days))
    rows, by = {}, ["detector", "budget"]
    days_of = dict(iter(days.groupby(by, sort=False)))
    for key, one in found.groupby(by, sort=False):
        when = days_of[key].set_index(["run", "day"]).loc[keys]
        drawn = [*_of_attacks(one, over_attacks[:, names.get_indexer(one["attack"])]), *_of_days(when, over_days)]
        rows[key] = [one["threshold"].mean(), *(end for values in drawn for end in _ends(values))]
    return pd.DataFrame(rows, CURVE_COLUMNS).T.rename_axis(by)


def _by_attack(case: Case, events: pd.DataFrame) -> pd.DataFrame:
    delays = delays_s(case.alarm, case.spans, case.onsets, case.seconds)
    return pd.DataFrame(
        {
            "attack": events["attack"].to_numpy(),
            "visible": events["visibility"].to_numpy() != "invisible",
            "found": case.hits > 0,
            "delay_s": np.where(standing_at(case.alarm, case.spans[:, 0]), np.nan, delays),
        }
    )


def _by_day(case: Case) -> pd.DataFrame:
    """An alarm is of the day that it begins in."""
    day = (case.seconds // SECONDS_PER_DAY).astype(int)
    false = np.array([start for start, stop in case.alarms if not case.in_event[start:stop].any()], int)
    counts = {
        "false_alarms": np.bincount(day[false], minlength=day[-1] + 1),
        "normal_days": case.row_days * np.bincount(day[case.quiet], minlength=day[-1] + 1),
        "in_alarm_days": case.row_days * np.bincount(day[case.quiet & case.alarm], minlength=day[-1] + 1),
    }
    return pd.DataFrame(counts).rename_axis("day").reset_index()


def _of_attacks(one: pd.DataFrame, weights: np.ndarray) -> Iterator[np.ndarray]:
    """Attacks found and their median delay, of each draw."""
    yield weights @ one["found"].to_numpy(float) / weights.sum(axis=1)
    timed = one["delay_s"].notna().to_numpy()
    yield weighted_medians(one["delay_s"].to_numpy()[timed], weights[:, timed])


def _of_days(days: pd.DataFrame, weights: np.ndarray) -> Iterator[np.ndarray]:
    """Normal time in alarm and false alarms per day, of each draw."""
    normal = weights @ days["normal_days"].to_numpy()
    for of in ("in_alarm_days", "false_alarms"):
        yield np.asarray(rate(weights @ days[of].to_numpy(), normal))


def _ends(values: np.ndarray) -> Iterator[float]:
    """Value, low and high, of draws that the value comes before."""
    yield float(values[0])
    yield from pd.Series(values[1:]).quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
