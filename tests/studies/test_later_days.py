import numpy as np
import pandas as pd
import pytest

from swatlib.data import DataError
from swatlib.pipeline import Pipeline
from swatlib.studies.later_days import alarms_by_day, first_due, later_summary, refit_advice


def days(*alarms, scored=1.0):
    return pd.DataFrame({"day": range(6, 6 + len(alarms)), "false_alarms": alarms, "scored_days": scored})


def test_a_refit_is_due_when_the_last_days_exceed_the_budget_beyond_chance():
    quiet, loud = days(1, 2, 0, 1, 1), days(1, 2, 5, 4, 3)
    assert str(refit_advice(quiet, 1)) == (
        "no refit is due: 5 false alarms in the last 5.00 days, for a budget of 1 a day 11 are within chance (99%)"
    )
    assert str(refit_advice(loud, 1)).startswith("a refit is due: 15 false alarms in the last 5.00 days")
    assert not refit_advice(loud, 3).due and not refit_advice(days(9, 0, 0, 0, 0, 0), 1).due


def test_only_time_with_a_score_counts():
    assert refit_advice(days(1, 1, 1, scored=0.01), 1).due
    assert refit_advice(days(0, 0, scored=0.0), 1).due is False


def test_the_bound_is_exceeded_by_chance_alone_as_rarely_as_said():
    drawn = np.random.default_rng(0).poisson(1.0, (2_000, 5))
    assert np.mean([refit_advice(days(*row), 1.0).due for row in drawn]) < 0.015


def test_the_first_day_after_which_a_refit_is_due():
    assert first_due(days(0, 1, 20, 0), 1) == 8 and np.isnan(first_due(days(0, 1, 2, 0), 1))


def test_the_summary_has_the_beginning_and_the_end():
    one = days(0, 0, 0, 0, 0, 4, 4, 4, 4, 4).assign(detector="pca", budget=1.0, in_alarm=0.1)
    summary = later_summary(pd.concat([one.assign(seed=1), one.assign(seed=2, false_alarms=0)]))
    shown = ["false_alarms_per_day", "first_days", "last_days", "refit_due", "refits_due", "seeds"]
    assert summary.loc["pca", shown].to_list() == [1, 0, 2, 13, 1, 2]


@pytest.fixture(scope="module")
def pca(normal):
    return Pipeline(("pca", "kmeans"), startup=0).fit(normal.between(end="2015-12-24"))


def test_normal_days_cut_at_midnight_hold_the_alarms_of_the_whole(pca, whole_2015):
    later = whole_2015.between("2015-12-24 12:00", "2015-12-26")
    table, scores = alarms_by_day(pca, later), pca.score(later.frame)
    assert table[["detector", "day"]].to_numpy().tolist() == [
        [name, day] for name in ("pca", "kmeans") for day in (1, 2)
    ]
    for name in pca.detectors:
        alarm, each = scores[name]["alarm"], table[table["detector"] == name]
        assert each["false_alarms"].sum() == (alarm & ~alarm.shift(fill_value=False)).sum()
        assert each["scored_days"].sum() == pytest.approx(scores[name]["score"].notna().sum() / 86_400)
        assert (each["in_alarm"] * each["scored_days"]).sum() == pytest.approx(alarm.sum() / 86_400)


def test_days_with_attacks_are_no_normal_days(pca, attacked):
    with pytest.raises(DataError, match="rows are labelled attack"):
        alarms_by_day(pca, attacked)


def test_rows_of_another_pace_give_no_alarms_by_day(normal, fitted):
    with pytest.raises(ValueError, match="the frame has a row every 10 s, the pipeline was fitted on one every 1 s"):
        alarms_by_day(fitted, normal.take(slice(None, None, 10)))
