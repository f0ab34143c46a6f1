import pandas as pd
import pytest

from swatlib.detectors.pyod import names
from swatlib.pipeline import DEFAULT, Pipeline
from swatlib.settings import ROOT
from swatlib.studies import measured
from swatlib.studies.benchmark import HELD_BACK, run_benchmark, table_sim_1
from swatlib.studies.pyod_field import RANDOM, field
from swatlib.views.checks import CHECK_KINDS


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


def test_the_ablation_left_out_every_check_of_the_same_guard():
    whole = measured.measured_benchmark("swat-sim-1").summary().loc[("detector", "guard")]
    for benchmark in ("swat-2015", "swat-sim-1"):
        assert list(measured.measured_ablation(benchmark).index) == [
            "whole",
            "without hold",
            *(f"without {kind}" for kind in CHECK_KINDS),
        ]
    pd.testing.assert_series_equal(
        measured.measured_ablation("swat-sim-1").loc["whole", whole.index], whole, check_names=False, check_dtype=False
    )


def test_the_guard_as_measured_meets_what_is_asked_on_seeds_held_back():
    judged = measured.measured_benchmark("swat-2015")
    found = judged.attacks.query("detector == 'guard' and visible").groupby("run")["found"].sum()
    guard = judged.summary().loc[("detector", "guard")]
    assert found.min() >= 27 and guard["false_alarms_per_day"] <= 2
    assert guard["near"] >= 0.7 and guard["delay_median_s"] < 60


def test_the_page_on_evaluation_says_what_was_measured():
    said = " ".join((ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8").split())
    held, drawn = (
        measured.measured_benchmark(name).summary().loc[("detector", "guard")] for name in ("swat-2015", "swat-sim-1")
    )
    seeds = len(HELD_BACK)
    low, high = (round(100 * float(end)) for end in drawn["recall_95"].split("–"))
    stealthy = measured.measured_benchmark("swat-sim-1").by_class().loc["stealthy"]
    phrases = [
        f"finds {held['found'] / seeds:.0f} of the {held['of'] / seeds:.0f} visible attacks each time",
        f"half of them within {held['delay_median_s']:.0f} s",
        f"with {held['false_alarms_per_day']:.1f} false alarms per day for a budget of one",
        f"in alarm {100 * held['in_alarm_outside']:.1f} % of the time outside attacks",
        f"it finds {drawn['found']} ({low} to {high} % when others are drawn)",
        f"with {drawn['false_alarms_per_day']:.1f} false alarms per day, most of them within a minute",
        f"stealthy ones ({stealthy['guard'] * stealthy['of']:.0f} of {stealthy['of']:.0f}) remain hard",
    ]
    assert [phrase for phrase in phrases if phrase not in said] == []
    assert held["near"] == 1 and drawn["harmless_alarmed"] == 0
    assert drawn["echoes"] > drawn["false_alarms_per_day"] / 2


def test_the_field_has_every_detector_of_pyod():
    assert set(measured.measured_field().index.unique("detector")) == {RANDOM, *names()}


def test_a_detector_of_the_field_gives_now_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))
    shown = ["status", "average_precision", "found", "of"]
    now = field(("hbos",), (1_000,))[shown]
    pd.testing.assert_frame_equal(now, measured.measured_field().loc[now.index, shown], check_dtype=False)
