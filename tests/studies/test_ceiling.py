import numpy as np
import pandas as pd
import pytest

from swatlib.plant import SENSORS, TAG_NAMES
from swatlib.results import cached_tables
from swatlib.settings import ROOT
from swatlib.simulation import Attack, SimulatedPlant
from swatlib.studies.benchmark import table_sim_1
from swatlib.studies.ceiling import SHARED_BY, TwinRun, by_kind, judge_run, judge_twins, twins_of
from swatlib.studies.ceiling.filters import Seen, difference_filter, line_filter
from swatlib.studies.ceiling.twins import RUN_UP, STARTUP, STEPS, resolution_steps
from swatlib.studies.ceiling.whitening import PAST, Whitening
from swatlib.studies.measured import measured_benchmark, measured_ceiling

HOUR, SEED = 3_600, 1_300
ATTACKS = [  # gross; none at all, since P102 is off; below the resolution; of one noise; a line without noise
    Attack("FIT401 spoof 1.5", 300, 21 * HOUR, "gross"),
    Attack("P102 force off", 300, 22 * HOUR, "nothing"),
    Attack("AIT401 bias .001", 300, 23 * HOUR, "too small"),
    Attack("AIT503 bias .09", 300, 24 * HOUR, "small"),
    Attack("FIT401 ramp .000002", 600, 25 * HOUR, "line"),
]


@pytest.fixture(scope="module")
def run():
    rows = resolution_steps(SimulatedPlant(seed=SEED).run(44 * HOUR))
    parts = rows[STARTUP : 20 * HOUR], rows[30 * HOUR :]
    names = tuple(attack.name for attack in ATTACKS)
    return TwinRun(parts, rows[20 * HOUR : 30 * HOUR], twins_of(ATTACKS, SEED, names, 26 * HOUR))


@pytest.fixture(scope="module")
def whitening(run):
    return Whitening().fit(*run.normal)


@pytest.fixture(scope="module")
def judged(run):
    return pd.DataFrame(judge_twins(run), [twin.attack.name for twin in run.twins])


def test_twins_are_the_same_until_the_attack(run):
    assert [(twin.attacked[:RUN_UP] == twin.without[:RUN_UP]).all() for twin in run.twins] == [True] * 5
    assert [twin.traces for twin in run.twins] == [["FIT401"], [], [], ["AIT503"], ["FIT401"]]
    assert [twin.seconds for twin in run.twins] == [300, 300, 300, 300, 600]


def test_a_value_between_two_steps_of_a_transmitter_is_the_nearest():
    rows = np.zeros((2, len(TAG_NAMES)))
    step, column = STEPS["LIT101"], TAG_NAMES.index("LIT101")
    rows[:, column] = 10.4 * step, 10.6 * step
    assert resolution_steps(rows)[:, column].tolist() == [10, 11]


def test_who_knows_it_finds_a_gross_attack_and_a_line_and_none_without_a_trace(judged):
    found = judged[["once_a_day", "shared"]].to_numpy().tolist()
    assert found == [[True, True], [False, False], [False, False], [False, False], [True, True]]
    assert judged.loc["line", "by"] == "line"


def test_a_whitened_reading_does_not_follow_from_the_one_before(run, whitening):
    known = whitening.residual(run.held)[PAST:] / whitening.scale(run.held)[PAST:]
    after = [np.corrcoef(np.clip(column[:-1], -4, 4), np.clip(column[1:], -4, 4))[0, 1] for column in known.T]
    assert [tag for tag, follows in zip(SENSORS, after, strict=True) if abs(follows) > 0.3] == [
        "AIT401"
    ]  # moves hourly
    assert known.std(axis=0).min() > 0.5 and np.median(np.abs(after)) < 0.1


def test_what_is_added_to_normal_rows_is_found_where_it_was_added(run, whitening):
    twin, rows = run.twins[0], run.held.copy()
    score = difference_filter(twin, whitening)
    rows[9_000 : 9_000 + twin.seconds] += twin.difference
    assert np.nanargmax(score(Seen.by(whitening, rows))) == 9_000 + twin.seconds - 1
    without = score(Seen.by(whitening, run.held))
    assert np.isnan(without[: PAST + twin.seconds - 1]).all() and np.isfinite(without[PAST + twin.seconds - 1 :]).all()


def test_the_line_of_an_attack_is_met_by_its_own_rows_alone(run, whitening):
    twin = run.twins[4]
    attacked, without = (line_filter(twin)(Seen.by(whitening, rows)) for rows in (twin.attacked, twin.without))
    assert np.nanargmax(attacked) == len(attacked) - 1
    assert attacked[-1] == pytest.approx(-np.log(0.1 / 600)) and np.nanmax(without) < 2


def test_all_attacks_were_measured_and_hours_without_attack_alarm_as_often_as_promised():
    table = measured_ceiling()
    drawn = table_sim_1().query("not harmless")
    assert table["attack"].to_list() == drawn["event"].to_list()
    assert table["class"].to_list() == drawn["class"].to_list()
    assert table["false_alarms_per_day"].mean() == pytest.approx(1, abs=0.3)
    assert not table.loc[table["traces"] == "", ["once_a_day", "shared"]].any(axis=None)
    assert (table["once_a_day"] | ~table["shared"]).all()


def test_the_page_on_evaluation_has_the_table_of_the_ceiling():
    said = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    kinds = by_kind(measured_ceiling(), measured_benchmark("swat-sim-1"))
    lines = [f"| {kind} | {' | '.join(map(str, counts))} |" for kind, *counts in kinds.itertuples()]
    lines += [f"gives {measured_ceiling()['false_alarms_per_day'].mean():.2f} false alarms per day"]
    lines += [f"one a day for {SHARED_BY} such templates"]
    assert [line for line in lines if line not in said and line not in " ".join(said.split())] == []


@pytest.mark.slow
def test_an_attack_of_a_run_gives_now_what_was_measured():
    forced = 117  # a pump, in run 10
    then = measured_ceiling().query("attack == @forced").reset_index(drop=True)
    now = cached_tables("ceiling", [10, forced], lambda: {"now": judge_run(10, (forced,))})["now"].fillna("")
    pd.testing.assert_frame_equal(now, then, check_dtype=False)
