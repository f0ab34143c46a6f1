from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from swatlib.metrics import alarms_at
from swatlib.plant import SENSORS, STAGES, TAGS
from swatlib.simulation import Attack
from swatlib.studies.benchmark import SIM_1_SEED, ablation, benchmark_runs, evaluate_run, near, runs, table_sim_1
from swatlib.studies.benchmark.budgets import at_budgets
from swatlib.studies.benchmark.drawing import ATTACKS, HARMLESS, RANGES, draw


@pytest.fixture(scope="module")
def table():
    return table_sim_1()


def test_the_table_is_what_its_seed_draws(table):
    pd.testing.assert_frame_equal(table, draw(SIM_1_SEED), check_dtype=False)


def test_there_are_200_attacks_in_20_runs_and_40_disturbances(table):
    assert table.groupby("run").size().to_list() == [12] * 20
    assert table[~table["harmless"]].groupby("class").size().to_dict() == ATTACKS
    assert table[table["harmless"]].groupby("class").size().to_dict() == HARMLESS
    assert sum(ATTACKS.values()) == 200


def test_every_event_can_be_read_and_every_stage_is_attacked(table):
    events = [Attack(row.effects, row.seconds, row.begin, row.event, row.when) for row in table.itertuples()]
    attacked = {
        point
        for event, harmless in zip(events, table["harmless"], strict=True)
        if not harmless
        for point in event.points.split(";")
    }
    assert {TAGS[point].stage for point in attacked} == set(STAGES)
    assert set(RANGES) == set(SENSORS)


@pytest.fixture(scope="module")
def run():
    return next(iter(benchmark_runs("swat-sim-1", (3,))))


def test_a_run_has_normal_days_of_its_own_and_labels_its_attacks_alone(run, table):
    events = table[table["run"] == 3]
    assert (run.normal.label.any(), len(run.normal.events)) == (False, 0)
    assert run.attacked.events["attack"].to_list() == events.loc[~events["harmless"], "event"].to_list()
    assert run.harmless["attack"].to_list() == events.loc[events["harmless"], "event"].to_list()
    harmless = [run.attacked.label.loc[each.start : each.end].any() for each in run.harmless.itertuples()]
    assert not any(harmless)


def answers(run, alarm):
    lead = pd.Categorical(np.where(alarm, "LIT101", None), categories=list(TAGS))
    columns = {"score": alarm.astype(float), "alarm": alarm, "lead": lead}
    return pd.concat({"one": pd.DataFrame(columns, run.attacked.frame.index)}, axis=1)


def test_who_knows_the_label_finds_all_and_raises_no_false_alarm(run):
    judged = evaluate_run(run, answers(run, run.attacked.label.to_numpy()))
    whole = judged.summary().loc[("detector", "one")]
    assert whole[["found", "of", "false_alarms_per_day", "precision", "harmless_alarmed", "standing"]].to_list() == [
        10,
        10,
        0,
        1,
        0,
        0,
    ]
    assert judged.by_class()["one"].eq(1).all()


def test_who_always_alarms_is_given_away_by_what_stood_before(run):
    judged = evaluate_run(run, answers(run, np.ones(len(run.attacked.frame), bool)))
    shares = judged.runs[["in_alarm_outside", "harmless_alarmed"]]
    assert judged.attacks["standing"].all() and shares.to_numpy().tolist() == [[1, 2]]


def test_a_false_alarm_counts_on_its_day_and_as_an_echo_right_after_an_attack(run):
    events, alarm = run.attacked.events, run.attacked.label.to_numpy(copy=True) & False
    echo = run.attacked.frame.index.get_loc(events["end"].iloc[0]) + 30
    alarm[echo : echo + 5] = alarm[100_000:100_010] = True
    days = evaluate_run(run, answers(run, alarm)).days
    assert days[["day", "false_alarms", "echoes"]].to_numpy().tolist() == [[0, 1, 1], [1, 1, 0]]
    assert days["normal_days"].sum() == pytest.approx((~run.attacked.label).sum() / 86_400)


def test_intervals_are_of_attacks_and_of_days(run):
    judged = evaluate_run(run, answers(run, run.attacked.label.to_numpy()))
    halved = replace(judged, attacks=judged.attacks.assign(found=np.arange(10) < 5))
    quiet, drawn = judged.days["normal_days"], halved.draws()["detector", "one"]
    assert halved.summary()["recall_95"].item() == "0.20–0.80"
    assert drawn["event_recall"].mean() == pytest.approx(0.5, abs=0.02) and quiet.gt(0).all()
    noisy = replace(judged, days=judged.days.assign(false_alarms=[4, 0])).draws()["detector", "one"]
    assert set(noisy["false_alarms_per_day"].round(6)) == {0, round(4 / quiet.sum(), 6), round(4 / quiet[0], 6)}


def test_at_the_budget_in_use_the_curve_of_runs_is_the_summary(run):
    score = np.random.default_rng(0).normal(size=len(run.attacked.frame)).cumsum()
    levels, (on_delay, hold) = pd.DataFrame({0.5: [150.0], 1.0: [90.0]}, ["one"]), ((8, 10), 60)
    (_, alarm), *_ = alarms_at(score, [90.0], on_delay, hold)
    scores = answers(run, alarm)
    scores["one", "score"] = score
    judged = evaluate_run(run, scores)
    found, days = at_budgets(run, scores, levels, on_delay, hold)
    curve, whole = replace(judged, budget_attacks=found, budget_days=days).curve(), judged.summary().iloc[0]
    metrics = ["event_recall", "delay_median_s", "false_positive_rate", "false_alarms_per_day"]
    expected = whole[["recall", "delay_median_s", "in_alarm_outside", "false_alarms_per_day"]].astype(float)
    at = curve.loc[("one", 1.0)]
    np.testing.assert_allclose([at[metric, "value"] for metric in metrics], expected, equal_nan=True)
    assert at["threshold", "value"] == 90 and list(curve.loc["one"].index) == [0.5, 1.0]
    assert 0 < whole["in_alarm_outside"] < 1 and at["false_positive_rate", "low"] <= at["false_positive_rate", "value"]


def test_near_is_an_attacked_tag_or_one_of_its_stage():
    assert [near("LIT101", "MV101"), near("LIT101", "MV101;P302"), near("LIT101", "P302"), near(None, "P302")] == [
        True,
        True,
        False,
        False,
    ]


def test_an_unknown_benchmark_or_run_is_refused():
    with pytest.raises(ValueError, match="there is no benchmark 'swat-2016'; choose swat-2015 or swat-sim-1"):
        benchmark_runs("swat-2016")
    with pytest.raises(ValueError, match="swat-sim-1 has no run 21; it has 1 to 20"):
        benchmark_runs("swat-sim-1", (21,))


def test_a_run_named_twice_counts_once(monkeypatch):
    monkeypatch.setattr(runs, "run_2015", lambda seed: seed)
    assert list(benchmark_runs("swat-2015", (2, 1, 2))) == [2, 1]


def test_a_check_that_is_none_can_not_be_left_out():
    with pytest.raises(ValueError, match="there is no check 'jmup' to leave out; choose from jump, creep"):
        ablation("swat-sim-1", (3,), ("jmup",))
    with pytest.raises(ValueError, match="-1 is no seed of swat-2015; give whole numbers from 0 on"):
        benchmark_runs("swat-2015", (-1,))
