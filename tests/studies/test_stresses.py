import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swatlib.data import DataError, Recording, attacks
from swatlib.plant import SENSORS
from swatlib.results import silences, unscored
from swatlib.results.silences import unjudged
from swatlib.simulation import simulate
from swatlib.studies.stress_trials import by_stress, stress_test
from swatlib.studies.stresses import STRESSES, stressed

ON_ROWS = [name for name in STRESSES if name not in {"set points", "restart"}]


@pytest.fixture(scope="module")
def recorded():
    """The hours of attacks 1 to 8, of a plant that can be simulated again."""
    return simulate("30 h", start="2015-12-27 10:00").between("2015-12-28 10:00")


@pytest.fixture(scope="module")
def nights():
    """The days up to the night in which a plant may be restarted."""
    return simulate("72 h", start="2015-12-27 10:00").between("2015-12-28 10:00")


@settings(max_examples=20)
@given(name=st.sampled_from(ON_ROWS), seed=st.integers(0, 10_000))
def test_a_stress_is_that_of_its_seed_and_leaves_the_recording_alone(recorded, name, seed):
    before = recorded.frame.copy()
    one, same = stressed(recorded, name, seed), stressed(recorded, name, seed)
    pd.testing.assert_frame_equal(one.frame, same.frame)
    pd.testing.assert_frame_equal(recorded.frame, before)
    assert one.findings == same.findings and (len(one.findings) > len(recorded.findings)) == (name != "none")


@settings(max_examples=20)
@given(name=st.sampled_from(ON_ROWS), seed=st.integers(0, 10_000))
def test_rows_stay_in_order_and_each_attack_keeps_its_rows(recorded, name, seed):
    one = stressed(recorded, name, seed)
    index = one.frame.index
    assert index.is_monotonic_increasing and index.is_unique and one.label.index.equals(index)
    assert list(one.events["attack"]) == list(recorded.events["attack"])
    inside = np.zeros(len(index), bool)
    for event in one.events.itertuples():
        inside |= (index >= event.start) & (index < event.end)
    assert np.array_equal(inside, one.label)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_actuators_are_touched_by_no_stress_of_sensors(recorded, seed):
    for name in ("drop-out", "freeze", "drift", "noise"):
        changed = (stressed(recorded, name, seed).frame != recorded.frame).any()
        assert 0 < changed.sum() <= STRESSES[name].times and {*changed.index[changed]} <= {*SENSORS}


def test_a_sensor_that_drops_out_lacks_readings_for_half_an_hour_to_two(recorded):
    missing = stressed(recorded, "drop-out", 3).frame.isna().sum()
    assert (missing[missing > 0] >= 1_000).all() and missing.max() <= 7_200


def test_lost_rows_are_a_hundredth_and_ten_gaps(recorded):
    index = stressed(recorded, "lost rows", 3).frame.index
    steps = np.diff(index) / pd.Timedelta("1s")
    assert 0.007 < 1 - len(index) / len(recorded.frame) < 0.3 and 8 <= np.count_nonzero(steps >= 30) <= 10


def test_the_clock_jumps_ahead_and_back(recorded):
    one = stressed(recorded, "clock", 3)
    steps = np.diff(one.frame.index) / pd.Timedelta("1s")
    assert np.count_nonzero(steps > 1) == 2 and "rows at times that came before are left out" in one.findings[-1]


def test_another_days_set_points_and_a_restart_simulate_the_plant_again(nights):
    for name in ("set points", "restart"):
        one = stressed(nights, name, 5)
        assert one.frame.index.equals(nights.frame.index) and not one.frame.equals(nights.frame)
        assert list(one.events["attack"]) == list(nights.events["attack"])
    still = one.frame["FIT201"].loc["2015-12-30 04:00":"2015-12-30 09:30"].lt(0.1)
    assert "the plant stands still for" in one.findings[-1]
    assert still.sum() >= 1_800 and one.frame.index[-1] in one.label.index
    assert not one.label.loc["2015-12-30 04:00":"2015-12-30 09:30"].any()


def test_what_was_not_simulated_has_no_other_set_points(recorded):
    with pytest.raises(DataError, match="this stress changes the plant, not its rows"):
        stressed(Recording(recorded.frame, recorded.label), "restart")
    with pytest.raises(DataError, match="this stress takes 10 sensors, and the recording has 1"):
        stressed(Recording(recorded.frame[["LIT101", "MV101"]], recorded.label), "freeze")
    with pytest.raises(ValueError, match="there is no stress 'drfit'; choose from none, drop-out"):
        stressed(recorded, "drfit")
    with pytest.raises(ValueError, match="there is no stress 'drfit'; choose from none, drop-out"):
        stress_test(stresses=("drfit",))


def test_rows_without_a_score_are_counted_and_said(recorded, fitted):
    frame = recorded.frame.iloc[:9_000].copy()
    frame.iloc[3_000:6_600, frame.columns.get_loc("FIT401")] = np.nan
    scores, of = fitted.score(frame), (fitted.history, fitted.gap)
    said = silences(frame, scores, *of)
    without = unscored(scores)
    assert [each.partition(":")[0] for each in said] == [
        "too little before them, at the beginning",
        "FIT401 missing for 60 min",
    ]
    assert without.min() > fitted.history + 3_500 and not scores.xs("alarm", axis=1, level=1)[3_100:6_600].any(
        axis=None
    )
    assert silences(frame.iloc[-100:], scores.iloc[-100:], *of) == []
    hidden = pd.DataFrame({"start": frame.index[[4_000]], "end": frame.index[[4_100]]})
    missing, attack = unjudged(frame, scores, hidden, *of)
    assert missing.startswith("FIT401 missing for 60 min: ")
    assert attack == "1 of 1 attack in rows without a score, and so not found"
    scores.loc[frame.index[4_050], ("guard", "score")] = 0.5
    assert len(unjudged(frame, scores, hidden, *of)) == 1  # the guard judged it
    assert unjudged(frame.iloc[:2_000], scores.iloc[:2_000], hidden.iloc[:0], *of) == []


def test_a_detector_that_leaves_out_rows_with_readings_is_named(recorded, fitted):
    frame, of = recorded.frame.iloc[:9_000], (fitted.history, fitted.gap)
    scores = fitted.score(frame)
    scores.loc[frame.index[4_000:6_000], ("pca", "score")] = np.nan
    first = f"too little before them, at the beginning: {fitted.history:,} rows without a score"
    said = "no score of pca in {} rows, though they have readings"
    assert silences(frame, scores, *of) == [first, said.format("2,000")]
    scores["pca", "score"] = np.nan
    assert unjudged(frame, scores, attacks(recorded).iloc[:0], *of) == [said.format(f"{9_000 - fitted.history:,}")]
    dropped = frame.drop(frame.index[5_000:5_100])
    assert silences(dropped, fitted.score(dropped), *of) == [
        f"too little before them, at the beginning and after 1 gap: {2 * fitted.history:,} rows without a score"
    ]


def test_the_table_has_a_row_a_stress_and_detector_beside_the_unstressed():
    table = stress_test(pipeline=small, stresses=("none", "drop-out"))
    assert table[["seed", "stress", "detector"]].to_numpy().tolist() == [
        [1, "none", "guard"],
        [1, "drop-out", "guard"],
    ]
    assert table["unscored"].diff().iloc[1] > 4 * 1_700 and "without a score" in table["says"].iloc[1]
    assert table["done"].iloc[1].count("missing for") == 4 and by_stress(table, "found").shape == (2, 1)


def test_a_stress_without_a_figure_keeps_its_row_and_all_the_order_in_which_they_were_met():
    table = pd.DataFrame({"stress": ["none", "noise", "clock"], "detector": "guard", "delay_median_s": [3, np.nan, 1]})
    assert by_stress(table, "delay_median_s")["guard"].fillna(-1).to_dict() == {"none": 3, "noise": -1, "clock": 1}


def small():
    from swatlib.pipeline import Pipeline

    return Pipeline(("guard",))  # which tests/studies/test_measured.py has fitted and judged too
