from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from swatlib.data import DataError
from swatlib.data.facts import tag_table
from swatlib.pipeline import Pipeline
from swatlib.studies.pair import recordings, without_startup


@pytest.fixture(scope="module")
def pair():
    return recordings(days_normal=1, days_attack=0.25, start="2015-12-27 10:00")


@pytest.fixture(scope="module")
def files(pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")

    def write(name, recording):
        path = folder / f"{name}.parquet"
        recording.frame.assign(attack=recording.label).to_parquet(path)
        return str(path)

    return write


def test_a_simulated_pair_meets_where_the_attacks_begin(pair):
    normal_days, attacked = pair
    assert (
        normal_days.frame.index[-1] + pd.Timedelta("1s") == attacked.frame.index[0] == pd.Timestamp("2015-12-28 10:00")
    )
    assert not normal_days.label.any() and attacked.label.any()
    assert (len(normal_days.frame), len(attacked.frame)) == (86_400, 21_600)


def test_files_come_with_the_tags_that_both_have(pair, files):
    normal_days, attacked = pair
    fewer = replace(attacked, frame=attacked.frame.drop(columns=["P201", "AIT503"]))
    normal, attack = recordings(files("normal_days", normal_days), files("fewer", fewer))
    assert list(normal.frame) == list(attack.frame) == list(fewer.frame)
    assert "P201, AIT503 left out: one of the recordings has no reading of them" in normal.findings


def test_a_tag_without_a_reading_in_one_of_two_files_is_left_out(pair, files):
    normal_days, attacked = pair
    empty = replace(attacked, frame=attacked.frame.assign(LIT101=np.float32(np.nan)))
    normal, attack = recordings(files("whole", normal_days), files("empty", empty))
    assert "LIT101" not in normal.frame and "LIT101" not in attack.frame
    assert "LIT101 left out: one of the recordings has no reading of them" in normal.findings


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"days_attack": 1e9}, "1 normal days and 1e.09 with attacks were asked for; no more than 3,660 days"),
        ({"days_attack": float("nan")}, "both must be above 0"),
        ({"days_attack": "1d"}, "days_attack is '1d'; give a number"),
        ({"seed": 1.5}, "seed is 1.5; give a whole number"),
        ({"seed": "one"}, "seed is 'one'; give a whole number"),
    ],
)
def test_days_and_seeds_that_are_none_are_said(given, says):
    with pytest.raises(ValueError, match=says):
        recordings(**{"start": "2015-12-27 10:00", "days_normal": 1, "days_attack": 0.25} | given)


def test_attacks_of_the_schedule_in_the_normal_days_are_refused_before_they_are_simulated():
    with pytest.raises(DataError, match=r"\d attacks of 2015 would fall into the normal days .* an earlier start"):
        recordings(start="2015-12-28 10:00", days_normal=1, days_attack=1)


def test_normal_rows_that_the_attack_file_holds_too_are_left_out(pair, files):
    normal_days, attacked = pair
    both = replace(normal_days, frame=pd.concat([normal_days.frame, attacked.frame]), label=None)
    normal, _ = recordings(files("both", replace(both, label=pd.Series(False, both.frame.index))), files("a", attacked))
    assert normal.frame.index.equals(normal_days.frame.index)
    assert "21,600 rows left out: the attack recording has rows of the same times" in normal.findings
    with pytest.raises(DataError, match="Every normal row is of a time that the attack recording holds too"):
        recordings(files("a", attacked), files("a", attacked))


def test_the_attack_file_has_no_say_in_what_is_fitted(pair, files):
    normal_days, attacked = pair
    noise = np.random.default_rng(0).normal(size=attacked.frame.shape).astype(np.float32)
    other = replace(attacked, frame=attacked.frame * 0 + noise, label=~attacked.label)
    fitted = [
        Pipeline(("kmeans", "pca")).fit(recordings(files("normal_days", normal_days), files(name, attack))[0])
        for name, attack in (("a", attacked), ("other", other))
    ]
    assert fitted[0].thresholds_ == fitted[1].thresholds_
    assert fitted[0].features.to_dict() == fitted[1].features.to_dict()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"normal": "a.xlsx"}, "Only one of `normal` and `attack` names a file"),
        ({"days_normal": 0}, "0 normal days and 1 with attacks were asked for"),
        ({"start": "banana"}, "start: 'banana' is no time from 1900 to 2189 on the clock of the plant; write it like"),
        ({"start": ""}, "start: '' is no time from "),
        ({"start": "10:00"}, "start: '10:00' is no time from "),
        (
            {"days_normal": 1.25, "days_attack": 0.3},
            "No attack falls into the attacked days from 2015-12-27 16:00:00 to 2015-12-27 23:12:00, and the first one "
            "is due at 2015-12-28 10:28:58; give start='2015-12-27 04:00', or more days_attack.",
        ),
        ({"start": "2017-06-01"}, "the first one is due at 2015-12-28 10:28:58; give start='2015-12-26 10:00'"),
    ],
)
def test_a_pair_that_cannot_be_is_refused(given, says):
    with pytest.raises(DataError, match=says):
        recordings(**given)


def test_swapped_files_are_suspected(pair, files):
    normal_days, attacked = pair
    with pytest.raises(DataError, match=r"file b.parquet holds [\d,]+ attack rows and the attack file a.parquet none"):
        recordings(files("b", attacked), files("a", normal_days))


def test_settled_rows_begin_after_six_hours(pair):
    assert without_startup(pair[0]).index[0] == pd.Timestamp("2015-12-27 16:00")
    short = pair[0].between("2015-12-27 10:00", "2015-12-27 14:00")
    assert without_startup(short).index[0] == pd.Timestamp("2015-12-27 11:00")


def test_the_tag_table_says_what_a_tag_is_and_where_it_moves(pair):
    row = tag_table(pair[0]).loc["P102"]
    assert row.to_dict() == {
        "stage": "P1",
        "description": "raw-water pump, standby",
        "unit": "",
        "min": 1.0,
        "mean": 1.0,
        "max": 1.0,
        "unchanged": 1.0,
    }


def test_a_recording_that_ends_with_the_start_up_is_refused_with_the_hours_it_takes(pair):
    with pytest.raises(DataError, match=r"0.7 hours of normal rows are needed, .* and 0.5 were given"):
        without_startup(pair[0].between("2015-12-27 10:00", "2015-12-27 10:30"))
