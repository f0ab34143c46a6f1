import itertools

import pandas as pd
import pytest

from swatlib.detectors.pyod import names
from swatlib.pipeline import DEFAULT, Pipeline
from swatlib.settings import ROOT
from swatlib.studies import kept_budgets as budgets_module
from swatlib.studies import measured
from swatlib.studies.benchmark import HELD_BACK, BenchmarkResult, run_benchmark, table_sim_1
from swatlib.studies.kept_budgets import (
    ASKED,
    BUDGET_SEEDS,
    GIVEN_DAYS,
    SHORT_DAYS,
    as_foretold,
    budget_trials,
    kept_budgets,
    short_fits,
)
from swatlib.studies.later_days import FIT_DAYS, LAST_DAY, LATER_SEEDS
from swatlib.studies.pyod_field import RANDOM, field
from swatlib.studies.stress_trials import STRESS_SEEDS, stress_test
from swatlib.studies.stresses import STRESSES
from swatlib.views.checks import CHECK_KINDS
from swatlib.wording import listed


@pytest.mark.parametrize(
    ("benchmark", "runs"),
    [
        ("swat-2015", [f"seed {seed}" for seed in HELD_BACK]),
        ("swat-sim-1", [f"run {run}" for run in table_sim_1()["run"].unique()]),
    ],
)
def test_all_default_detectors_were_measured_on_all_runs(benchmark, runs):
    for table in filter(len, vars(measured.measured_benchmark(benchmark)).values()):
        detectors = table[table["kind"] == "detector"].groupby("detector", sort=False)
        assert detectors["run"].unique().map(list).to_dict() == dict.fromkeys(DEFAULT, runs)


def test_what_was_measured_is_what_the_code_gives_now():
    now = run_benchmark("swat-sim-1", (3,), lambda: Pipeline(("guard",)))
    kept = vars(measured.measured_benchmark("swat-sim-1")).items()
    for name, table in ((name, table) for name, table in kept if len(table)):
        then = table.query("run == 'run 3' and (detector == 'guard' or kind == 'baseline')").reset_index(drop=True)
        fresh = getattr(now, name)
        pd.testing.assert_frame_equal(fresh[then.columns], then, check_dtype=False)


@pytest.mark.parametrize("benchmark", ["swat-2015", "swat-sim-1"])
def test_the_curve_holds_what_the_benchmark_found_at_the_budget_in_use(benchmark):
    summed = measured.measured_benchmark(benchmark).summary().loc["detector"]
    curve = measured.measured_curve(benchmark)
    assert list(curve.index.unique("detector")) == list(DEFAULT)
    found = curve.xs(1.0, level="budget")["event_recall", "value"]
    assert found.to_list() == pytest.approx(summed["recall"].to_list())


def test_stress_and_later_days_were_measured_for_all_default_detectors():
    stress, days = measured.measured_stress(), measured.measured_days()
    asked = [(seed, name, detector) for seed in STRESS_SEEDS for name in STRESSES for detector in DEFAULT]
    assert list(stress[["seed", "stress", "detector"]].itertuples(index=False, name=None)) == asked
    assert stress["says"].str.contains("without a score").all()  # at least at the beginning
    later = days.groupby(["seed", "detector"], sort=False)["day"].agg(["min", "max", "size"])
    assert list(later.index) == [(seed, detector) for seed in LATER_SEEDS for detector in DEFAULT]
    assert (later == [FIT_DAYS + 1, LAST_DAY, LAST_DAY - FIT_DAYS]).all(axis=None)


def test_budgets_were_measured_for_all_default_detectors():
    kept = measured.measured_budgets()
    asked = itertools.product(BUDGET_SEEDS, SHORT_DAYS + GIVEN_DAYS, DEFAULT, ASKED)
    assert list(kept[["seed", "days_given", "detector", "budget"]].itertuples(index=False, name=None)) == [*asked]


def test_false_alarms_are_foretold_as_often_as_is_said_of_every_detector():
    table = measured.measured_budgets()
    days = table["days_given"].where(table["days_given"].isin(SHORT_DAYS), "days")
    held = as_foretold(table).groupby([table["detector"], days]).mean()
    assert set(held.index) == set(itertools.product(DEFAULT, (*SHORT_DAYS, "days")))
    assert set(held.index[held < 0.8]) == {("pca", 1.5)}  # docs/detectors.md says so


def test_one_plant_gives_now_what_was_measured(monkeypatch):
    monkeypatch.setattr(budgets_module, "GIVEN_DAYS", (2.25,))
    monkeypatch.setattr(budgets_module, "SHORT_DAYS", ())
    now = budget_trials((1_003,), lambda: Pipeline(("pca",)))
    then = measured.measured_budgets().query("seed == 1003 and detector == 'pca' and days_given == 2.25")
    pd.testing.assert_frame_equal(now, then.reset_index(drop=True)[now.columns], check_dtype=False)


def test_the_page_on_evaluation_has_the_table_of_budgets():
    said = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    table = measured.measured_budgets()
    days = table[table["days_given"].isin(GIVEN_DAYS)]
    kept = kept_budgets(table)
    lines = [
        f"| {name} | {' | '.join(f'{row.median:g} ({row.nine_in_ten:g})' for row in each.itertuples())} |"
        for name, each in kept.groupby("detector", sort=False)
    ]
    low, high, nine = (int(kept["kept"].str.contains(words).sum()) for words in ("low", "median high", "nine"))
    held = as_foretold(days)
    lines += [f"{held.sum()} of {len(held)} counts"]
    lines += [f"{len(kept) - low - high} of the {len(kept)} medians", f"{len(kept) - nine} of {len(kept)} nine plants"]
    assert [line for line in lines if line not in " ".join(said.split())] == []


def test_the_page_on_detectors_has_the_table_of_short_fits():
    said = (ROOT / "docs" / "detectors.md").read_text(encoding="utf-8")
    short = short_fits(measured.measured_budgets())
    rows = {
        name: [f"{row.median:g} ({row.nine_in_ten:g})" for row in each.itertuples()]
        for name, each in short.groupby("detector", sort=False)
    }
    rows["*to expect, at most*"] = [f"{most:.0f}" for most in short.groupby("hours")["expected_to"].median()]
    lines = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    lines.append(f"{short['foretold'].mean():.0%} of the counts are as foretold")
    assert [line for line in lines if line not in " ".join(said.split())] == []


def test_one_stress_gives_now_what_was_measured():
    now = stress_test(pipeline=lambda: Pipeline(("guard",)), stresses=("none", "freeze"))
    then = measured.measured_stress().query("detector == 'guard' and stress in ('none', 'freeze')")
    pd.testing.assert_frame_equal(now, then.reset_index(drop=True)[now.columns], check_dtype=False)


def test_the_ablation_left_out_every_check_of_the_same_guard():
    for benchmark in ("swat-2015", "swat-sim-1"):
        assert list(measured.measured_ablation(benchmark).index) == [
            "whole",
            "without hold",
            *(f"without {kind}" for kind in CHECK_KINDS),
        ]
    judged = measured.measured_benchmark("swat-sim-1")
    runs = [f"run {run}" for run in measured.ABLATED]
    some = BenchmarkResult(*(each[each["run"].isin(runs)] for each in (judged.attacks, judged.days, judged.runs)))
    whole = some.summary().loc[("detector", "guard")]
    pd.testing.assert_series_equal(
        measured.measured_ablation("swat-sim-1").loc["whole", whole.index], whole, check_names=False, check_dtype=False
    )


def test_the_guard_as_measured_meets_what_is_asked_on_seeds_held_back():
    judged = measured.measured_benchmark("swat-2015")
    found = judged.attacks.query("detector == 'guard' and visible").groupby("run")["found"].sum()
    guard = judged.summary().loc[("detector", "guard")]
    assert found.min() >= 29 and guard["false_alarms_per_day"] <= 1 and guard["in_alarm_outside"] <= 0.03
    assert guard["near"] >= 0.7 and guard["delay_median_s"] < 60


def test_the_guard_as_measured_meets_what_is_asked_on_drawn_attacks():
    guard = measured.measured_benchmark("swat-sim-1").summary().loc[("detector", "guard")]
    assert guard["found"] >= 175 and guard["false_alarms_per_day"] <= 1


def test_the_page_on_evaluation_says_what_was_measured():
    said = " ".join((ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8").split())
    judged = {name: measured.measured_benchmark(name) for name in ("swat-2015", "swat-sim-1")}
    held, drawn = (each.summary().loc[("detector", "guard")] for each in judged.values())
    found = judged["swat-2015"].attacks.query("detector == 'guard' and visible").groupby("run")["found"].sum()
    low, high = (round(100 * float(end)) for end in drawn["recall_95"].split("–"))
    stealthy = judged["swat-sim-1"].by_class().loc["stealthy"]
    phrases = [
        f"finds {listed(found)} of the {held['of'] / len(HELD_BACK):.0f} visible attacks",
        f"half of them within {held['delay_median_s']:.0f} s",
        f"in {held['near']:.0%} of them",
        f"with {held['false_alarms_per_day']:.1f} false alarms per day for a budget of one",
        f"in alarm {100 * held['in_alarm_outside']:.1f} % of the time outside attacks",
        f"it finds {drawn['found']} ({low} to {high} % when others are drawn)",
        f"alarms in {drawn['harmless_alarmed']:.0f} of {drawn['harmless']:.0f} harmless disturbances",
        f"with {drawn['false_alarms_per_day']:.1f} false alarms per day, {drawn['echoes']:.1f} of them within a minute",
        f"of the stealthy ones it finds {stealthy['guard'] * stealthy['of']:.0f} of {stealthy['of']:.0f}",
    ]
    assert [phrase for phrase in phrases if phrase not in said] == []


def test_the_page_on_detectors_says_what_the_ablations_found():
    said = " ".join((ROOT / "docs" / "detectors.md").read_text(encoding="utf-8").split())
    drawn, held = (measured.measured_ablation(name) for name in ("swat-sim-1", "swat-2015"))

    def figures(ablation, guard):
        row = ablation.loc[guard]
        return f"{row['found']:.0f} of {row['of']:.0f} with {row['false_alarms_per_day']:.2f}"

    whole, whole_2015 = (each.loc["whole", "false_alarms_per_day"] for each in (drawn, held))
    trend, creep = "without trend", "without creep"
    phrases = [
        f"{figures(drawn, trend)} in place of {whole:.2f} false alarms per day",
        f"{figures(held, trend)} in place of {whole_2015:.2f}",
        f"without `creep` {figures(drawn, creep)} and {figures(held, creep)}",
    ]
    assert [phrase for phrase in phrases if phrase not in said] == []


def test_the_field_has_every_detector_of_pyod():
    assert set(measured.measured_field().index.unique("detector")) == {RANDOM, *names()}


def test_a_detector_of_the_field_and_one_that_draws_give_now_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))
    shown = ["status", "average_precision", "found", "of"]
    now = field(("hbos", "loda"), (1_000,))[shown]
    pd.testing.assert_frame_equal(now, measured.measured_field().loc[now.index, shown], check_dtype=False)
