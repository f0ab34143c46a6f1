import pandas as pd
import pytest
from typer.testing import CliRunner

from swatlib.cli.app import app
from swatlib.pipeline import Pipeline
from swatlib.simulation import simulate
from swatlib.studies import kept_budgets as module
from swatlib.studies.kept_budgets import budget_trials, kept_budgets, short_fits


def trials(*rates, budget=1.0):
    rows = [(seed, 2.25, "pca", budget, rate, 0.5 * budget, 2 * budget) for seed, rate in enumerate(rates)]
    told = ["expected_from", "expected_to"]
    return pd.DataFrame(rows, columns=["seed", "days_given", "detector", "budget", "false_alarms_per_day", *told])


@pytest.mark.parametrize(
    ("rates", "median", "nine_in_ten", "kept"),
    [
        ((0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 9.0), 1.0, 4.0, "yes"),
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5), 0.25, 0.5, "median low"),
        ((2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 4.5, 4.5), 2.5, 4.5, "median high, nine in ten high"),
    ],
)
def test_a_budget_is_kept_when_the_median_and_nine_plants_in_ten_are_near_it(rates, median, nine_in_ten, kept):
    summed = kept_budgets(trials(*rates))
    assert summed.loc[("pca", 2.25, 1.0), ["median", "nine_in_ten", "kept"]].to_list() == [median, nine_in_ten, kept]
    assert kept_budgets(trials(*[2 * rate for rate in rates], budget=2.0))["kept"].to_list() == [kept]


def test_fits_on_hours_are_found_in_a_table_that_was_read_from_a_file(tmp_path):
    table = trials(0.5, 1.0, 9.0).assign(days_given=4 / 24)
    table.to_csv(tmp_path / "budgets.csv")
    pd.testing.assert_frame_equal(short_fits(pd.read_csv(tmp_path / "budgets.csv")), short_fits(table))


def test_what_is_counted_are_the_alarms_of_a_pipeline_with_that_budget(monkeypatch):
    monkeypatch.setattr(module, "GIVEN_DAYS", (0.5,))
    monkeypatch.setattr(module, "SHORT_DAYS", ())
    monkeypatch.setattr(module, "FURTHER_DAYS", 1)
    table = budget_trials((1,), lambda: Pipeline(("pca", "kmeans"), startup=0, budget=24.0))
    asked = [(name, budget) for name in ("pca", "kmeans") for budget in (0.5, 1.0, 4.0, 24.0)]
    assert list(zip(table["detector"], table["budget"], strict=True)) == asked
    whole = simulate("36h", None, 1)
    scores = Pipeline(("pca", "kmeans"), startup=0, budget=24.0).fit(whole.take(slice(43_200))).score(whole.frame)
    for row in table[table["budget"] == 24].itertuples():
        alarm = scores[row.detector, "alarm"].iloc[43_200:]
        begins = (alarm & ~alarm.shift(fill_value=False)).sum()
        assert (row.false_alarms_per_day, row.in_alarm) == (begins, pytest.approx(alarm.mean()))


def test_the_verb_shows_and_keeps_what_was_judged(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))
    monkeypatch.setattr(module, "budget_trials", lambda *_, **__: trials(0.5, 1.0, 9.0))
    shown = CliRunner().invoke(app, ["benchmark", "swat-budgets", "--detector", "pca", "--run", "0"])
    assert (shown.exit_code, "nine in ten high" in " ".join(shown.output.split())) == (0, True)
    kept = pd.read_csv(tmp_path / "benchmark" / "swat-budgets-0" / "summary.csv")
    assert kept[["detector", "median", "nine_in_ten"]].to_numpy().tolist() == [["pca", 1.0, 9.0]]
