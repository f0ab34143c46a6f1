import numpy as np
import pandas as pd
import pytest

from swatlib.benchmark import SIM_1_SEED, benchmark, by_class, judge, near, results, summary, table_sim_1
from swatlib.pipeline import Pipeline
from swatlib.plant import SENSORS, STAGES, TAGS
from swatlib.simulation import Attack
from swatlib.simulation.draw import ATTACKS, HARMLESS, RANGES, draw


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
    return next(iter(benchmark("swat-sim-1", (3,))))


def test_a_run_has_normal_days_of_its_own_and_labels_its_attacks_alone(run, table):
    events = table[table["run"] == 3]
    assert (run.normal.label.any(), len(run.normal.events)) == (False, 0)
    assert run.attacked.events["attack"].to_list() == events.loc[~events["harmless"], "event"].to_list()
    assert run.harmless["attack"].to_list() == events.loc[events["harmless"], "event"].to_list()
    calm = [run.attacked.label.loc[each.start : each.end].any() for each in run.harmless.itertuples()]
    assert not any(calm)


def answers(run, alarm):
    lead = pd.Categorical(np.where(alarm, "LIT101", None), categories=list(TAGS))
    columns = {"score": alarm.astype(float), "alarm": alarm, "lead": lead}
    return pd.concat({"one": pd.DataFrame(columns, run.attacked.frame.index)}, axis=1)


def test_who_knows_the_label_finds_all_and_raises_no_false_alarm(run):
    attacks, figures = judge(run, answers(run, run.attacked.label.to_numpy()))
    whole = summary(attacks, figures).loc["one"]
    assert whole[["found", "of", "false_alarms_per_day", "precision", "harmless_alarmed", "standing"]].to_list() == [
        10,
        10,
        0,
        1,
        0,
        0,
    ]
    assert by_class(attacks)["one"].eq(1).all()


def test_who_always_alarms_is_given_away_by_what_stood_before(run):
    attacks, figures = judge(run, answers(run, np.ones(len(run.attacked.frame), bool)))
    assert (attacks["standing"].all(), figures["in_alarm_outside"].item(), figures["harmless_alarmed"].item()) == (
        True,
        1,
        2,
    )


def test_near_is_an_attacked_tag_or_one_of_its_stage():
    assert [near("LIT101", "MV101"), near("LIT101", "MV101;P302"), near("LIT101", "P302"), near(None, "P302")] == [
        True,
        True,
        False,
        False,
    ]


def test_an_unknown_benchmark_or_run_is_refused():
    with pytest.raises(ValueError, match="there is no benchmark 'swat-2016'; choose swat-2015 or swat-sim-1"):
        benchmark("swat-2016")
    with pytest.raises(ValueError, match="swat-sim-1 has no run 21; it has 1 to 20"):
        benchmark("swat-sim-1", (21,))


def test_the_guard_finds_most_and_stays_quiet_on_one_run():
    attacks, figures = results("swat-sim-1", (3,), lambda: Pipeline(("guard",)))
    whole = summary(attacks, figures).loc["guard"]
    assert whole["found"] >= 8 and whole["false_alarms_per_day"] < 3 and whole["in_alarm_outside"] < 0.05
