"""Every form in which SWaT files circulate loads to the same Recording, and says what it found."""

import numpy as np
import pandas as pd
import pytest
import wild
from pandas.testing import assert_frame_equal, assert_series_equal

from swatlib.data import DataError, Recording, load
from swatlib.data.facts import gaps
from swatlib.data.times import MEDIANS_OF_TEN
from swatlib.plant import ACTUATORS, TAG_NAMES, TAGS
from swatlib.simulation import Attack, simulate


@pytest.fixture(scope="module")
def recorded():
    """Ten minutes from empty tanks, with an attack of two minutes; noon falls among them."""
    return simulate(600, attacks=[Attack("LIT101 spoof 700", 120, start=300)], start="2015-12-28 12:55", seed=3)


@pytest.fixture(scope="module")
def in_june(recorded):
    """The same rows as of a summer's noon."""
    return at(recorded, pd.date_range("2020-06-29 11:55", periods=600, freq="s", name="time"))


def at(recording, index):
    return Recording(recording.frame.set_axis(index), recording.label.set_axis(index))


def assert_holds(loaded, frame, label=None):
    assert_frame_equal(loaded.frame, frame, check_freq=False)
    if label is None:
        assert loaded.label is None
    else:
        assert_series_equal(loaded.label, label, check_freq=False)


@pytest.mark.parametrize("form", wild.LABELLED, ids=lambda form: form.__name__)
def test_labelled_form_loads_to_the_same_recording(form, recorded, tmp_path):
    assert_holds(load(form(recorded, tmp_path), cache=False), recorded.frame, recorded.label)


@pytest.mark.parametrize("form", wild.UNLABELLED, ids=lambda form: form.__name__)
def test_form_without_label_loads_to_the_same_rows(form, in_june, tmp_path):
    assert_holds(load(form(in_june, tmp_path), cache=False), in_june.frame)


@pytest.mark.parametrize("form", wild.SINCE_2021, ids=lambda form: form.__name__)
def test_form_with_statuses_of_0_and_1_gets_the_official_codes(form, in_june, tmp_path):
    frame = in_june.frame.copy()
    frame[list(ACTUATORS)] = frame[list(ACTUATORS)].clip(lower=1)  # nothing tells that a valve travels
    loaded = load(form(in_june, tmp_path), cache=False)
    assert_holds(loaded, frame)
    said = "MV101, MV201, MV301, MV302, MV303 and MV304 coded 0 and 1, taken as the official codes 1 closed and 2 open"
    assert said in loaded.findings
    assert {"P501.Speed", "P6_STATE", "LS215.Alarm", "MV504.Status"} <= set(loaded.extra)


def test_a_0_beside_the_official_codes_of_a_switch_is_kept_and_said(in_june, tmp_path):
    table = wild.cells(in_june, labels=None)
    table.loc[7, "P602"] = "0"
    loaded = load(wild.csv(table, tmp_path / "odd.csv"), cache=False)
    assert loaded.frame["P602"].iloc[7] == 0
    assert "P602 holds 0 in 1 row, kept; its codes are 1 off and 2 on" in loaded.findings


@pytest.mark.parametrize("form", wild.UNTIMED, ids=lambda form: form.__name__)
def test_form_without_times_gets_a_second_a_row(form, recorded, tmp_path):
    loaded = load(form(recorded, tmp_path), cache=False)
    index = pd.date_range("2000-01-01", periods=600, freq="s", name="time")
    assert_holds(loaded, recorded.frame.set_axis(index), recorded.label.set_axis(index))
    assert (
        "no column of times: rows were given one second each from 2000-01-01 00:00:00 on, in the order of the file"
        in loaded.findings
    )


def test_scaled_medians_are_called_so(recorded, tmp_path):
    loaded = load(wild.gdn(recorded, tmp_path), cache=False)
    frame, label = wild.medians_of_ten(recorded)
    index = pd.date_range("2000-01-01", periods=60, freq="s", name="time")
    assert_holds(loaded, frame.set_axis(index), label.set_axis(index))
    assert "readings are scaled (no level, in mm, reaches 10): units and codes are lost" in loaded.findings


def test_official_workbook_is_described(recorded, tmp_path):
    findings = load(wild.official_xlsx(recorded, tmp_path), cache=False).findings
    assert findings[:-1] == (
        "header in row 2",
        "7 names had a leading space (MV101, AIT201, MV201, P201, P202, P204 and MV303)",
        "times have the day first: 28/12/2015 12:55:00 PM is 28 December 2015 12:55:00",
        "37 labels read 'A ttack', counted as attacks",
        "label in column 'Normal/Attack': 120 of 600 rows are attack",
        "600 rows from 2015-12-28 12:55:00 to 2015-12-28 13:04:59",
    )
    assert "tags constant throughout: P102, P201" in findings[-1]


def test_july_2019_is_described(in_june, tmp_path):
    loaded = load(wild.july_2019_v1(in_june, tmp_path), cache=False)
    assert loaded.findings[1:5] == (
        "30 names brought to the official form, as 'FIT 101' to FIT101",
        "3 columns of no known tag kept apart: P1_STATE, LS 201 and P6 STATE",
        "P101, P102, P201, P202, P203, P204, P205, P206, P301, P302, P401, P402, P403, P404, UV401, P501, P502, P601, "
        "P602 and P603 given in words (Active and Inactive), taken as the official codes 1 off and 2 on",
        "times are marked Z, kept as they stand without the mark",
    )
    extra = pd.DataFrame({"P1_STATE": 3.0, "LS 201": "Inactive", "P6 STATE": 2.0}, index=in_june.frame.index)
    assert_frame_equal(loaded.extra, extra, check_freq=False)


def test_june_2020_is_described(in_june, tmp_path):
    findings = load(wild.june_2020(in_june, tmp_path), cache=False).findings
    assert findings[1:7] == (
        "51 names brought to the official form, as 'FIT101.Pv' to FIT101",
        "1,946 columns without name and cells left out",
        "second column of times 'Timestamp' kept apart, the first one used",
        "1 column of no known tag kept apart: LS201.Alarm",
        "1 row dropped: 'Bad Input' throughout (row 602)",
        "times have the month first: 6/29/20 11:55:00 is 29 June 2020 11:55:00",
    )


def test_rows_38_seconds_apart_are_called_so(in_june, tmp_path):
    subsample = at(in_june, pd.date_range("2017-06-13 04:23", periods=600, freq="38s", name="time"))
    loaded = load(wild.june_2017_csv(subsample, tmp_path), cache=False)
    assert_holds(loaded, subsample.frame)
    assert "rows are 38 s apart, not 1" in loaded.findings


LABELS = [
    ("Normal/Attack", "Normal", "Attack"),
    ("Normal/Attack", " normal", "A ttack"),
    ("Normal", "Normal", "Attack"),
    ("attack", "False", "True"),
    ("label", "0", "1"),
    ("Label", "0.0", "1.0"),
    ("y", "Normal", "Attack"),
    ("ATTACK", "0", "1"),
    ("Attack", "benign", "Spoofing"),
]


@pytest.mark.parametrize(("name", "normal", "attack"), LABELS)
def test_label_is_read_in_all_its_spellings(name, normal, attack, recorded, tmp_path):
    table = wild.cells(recorded, labels=(normal, attack), name=name)
    assert_holds(load(wild.csv(table, tmp_path / "labels.csv"), cache=False), recorded.frame, recorded.label)


@pytest.mark.parametrize("name", ["Normal", "normal ", "None", "0"])
def test_beside_benign_every_name_of_normal_operation_is_normal(name, recorded, tmp_path):
    table = wild.cells(recorded, labels=("Benign", "Spoofing"), name="Attack")
    table.loc[:9, "Attack"] = name
    loaded = load(wild.csv(table, tmp_path / "labels.csv"), cache=False)
    assert_holds(loaded, recorded.frame, recorded.label)
    assert f"names of normal operation: {name} and Benign" in loaded.findings


def test_a_hole_is_named(recorded, tmp_path):
    cut = Recording(
        recorded.frame.drop(recorded.frame.index[100:181]), recorded.label.drop(recorded.label.index[100:181])
    )
    loaded = load(wild.official_csv(cut, tmp_path), cache=False)
    assert_holds(loaded, cut.frame, cut.label)
    assert "81 s missing on 28 Dec between 12:56:39 and 12:58:01" in loaded.findings


def test_a_hole_between_fractions_of_a_second_is_as_long_as_its_ends_are_apart():
    times = pd.Timestamp("2019-07-20 04:30") + pd.to_timedelta([0, 1, 2, 3, 4.25, 6.75, 7.75], "s")
    assert gaps(times) == ["1.5 s missing on 20 Jul between 04:30:04.25 and 04:30:06.75"]


def test_missing_tags_are_named(recorded, tmp_path):
    lacking = Recording(recorded.frame.drop(columns=["P102", "FIT601"]), recorded.label)
    loaded = load(wild.csv(wild.cells(lacking), tmp_path / "lacking.csv"), cache=False)
    assert_holds(loaded, lacking.frame, recorded.label)
    assert "2 of the 51 tags missing: P102 and FIT601" in loaded.findings


def test_empty_and_bad_cells_stay_empty(recorded, tmp_path):
    table = wild.cells(recorded)
    table.loc[3, "LIT101"], table.loc[4, ["LIT101", "P101"]] = "", "Bad Input"
    expected = recorded.frame.copy()
    expected.iloc[3:5, 1], expected.iloc[4, 3] = np.nan, np.nan
    loaded = load(wild.csv(table, tmp_path / "holes.csv"), cache=False)
    assert_holds(loaded, expected, recorded.label)
    assert "LIT101 reads 'Bad Input' in 1 row, left empty" in loaded.findings
    assert "empty cells, left so: LIT101 in 2 rows and P101 in 1 row" in loaded.findings


def test_a_workbook_with_empty_cells_loses_none_of_the_others(recorded, tmp_path):
    table = wild.cells(recorded)
    table.loc[500, "LIT101"] = None
    expected = recorded.frame.copy()
    expected.iloc[500, 1] = np.nan
    stages = [["", "P1"]]
    assert_holds(load(wild.xlsx(table, tmp_path / "a.xlsx", above=stages), cache=False), expected, recorded.label)


def test_repeated_header_and_blank_lines_are_dropped(recorded, tmp_path):
    table = wild.cells(recorded)
    half, header = table[:300], table.columns.to_frame().T
    path = wild.csv(pd.concat([half, header, table[300:]]), tmp_path / "twice.csv", above=["", "made by hand", ""])
    loaded = load(path, cache=False)
    assert_holds(loaded, recorded.frame, recorded.label)
    assert "1 row dropped: the header once more (row 305)" in loaded.findings


def test_a_code_that_is_none_is_kept_and_named(recorded, tmp_path):
    table = wild.cells(recorded)
    table.loc[:9, "P101"] = "0"
    loaded = load(wild.csv(table, tmp_path / "codes.csv"), cache=False)
    assert loaded.frame["P101"].iloc[9] == 0
    assert "P101 holds 0 in 10 rows, kept; its codes are 1 off and 2 on" in loaded.findings


def test_full_columns_of_one_tag_are_joined_when_they_agree(recorded, tmp_path):
    table = wild.cells(recorded).assign(**{" LIT101": lambda table: table["LIT101"]})
    assert_holds(load(wild.csv(table, tmp_path / "twin.csv"), cache=False), recorded.frame, recorded.label)


def test_an_alarm_is_no_reading(recorded, tmp_path):
    table = wild.cells(recorded).assign(**{"LIT101.Alarm": "1"})
    loaded = load(wild.csv(table, tmp_path / "alarm.csv"), cache=False)
    assert_holds(loaded, recorded.frame, recorded.label)
    assert list(loaded.extra) == ["LIT101.Alarm"]


def test_several_files_become_one(recorded, tmp_path):
    """Attack rows in one file, normal ones and a piece once more in the other, as on Kaggle."""
    table = wild.cells(recorded)
    attacked = recorded.label.to_numpy()
    first = wild.csv(table[attacked], tmp_path / "attack.csv")
    second = wild.csv(pd.concat([table[~attacked], table[350:360]]), tmp_path / "normal.csv")
    loaded = load(first, second, cache=False)
    assert_holds(loaded, recorded.frame, recorded.label)
    assert [source.name for source in loaded.source] == ["normal.csv", "attack.csv"]
    assert "attack.csv: 120 rows from 2015-12-28 13:00:00 to 2015-12-28 13:01:59" in loaded.findings
    assert "together: 10 times occur in more than one file, kept once, with the same rows" in loaded.findings
    assert "together: 600 rows from 2015-12-28 12:55:00 to 2015-12-28 13:04:59" in loaded.findings


def test_of_differing_rows_the_file_that_begins_first_wins(recorded, tmp_path):
    table = wild.cells(recorded)
    early = wild.csv(table[:400], tmp_path / "early.csv")
    late = wild.csv(
        table[390:].assign(FIT101=lambda rows: rows["FIT101"].where(rows.index >= 393, "9")), tmp_path / "late.csv"
    )
    loaded = load(late, early, cache=False)
    assert_holds(loaded, recorded.frame, recorded.label)
    said = "10 times occur in more than one file, kept once, in 3 of them the rows differ and the first was taken"
    assert f"together: {said}" in loaded.findings


def test_files_without_times_follow_each_other(recorded, tmp_path):
    table = wild.cells(recorded).drop(columns="Timestamp")
    parts = [wild.csv(table[:200], tmp_path / "train.csv"), wild.csv(table[200:], tmp_path / "test.csv")]
    loaded = load(*parts, cache=False)
    index = pd.date_range("2000-01-01", periods=600, freq="s", name="time")
    assert_holds(loaded, recorded.frame.set_axis(index), recorded.label.set_axis(index))
    assert "train.csv and test.csv have no times and follow each other as given" in loaded.findings


def test_medians_of_ten_without_times_follow_each_other_ten_seconds_a_row(recorded, tmp_path):
    table = wild.cells(recorded)[["LIT101", "Normal/Attack"]]
    rows = [0] * MEDIANS_OF_TEN["train.csv of GDN"], [300] * MEDIANS_OF_TEN["test.csv of GDN"]
    paths = [wild.csv(table.iloc[part], tmp_path / f"{part[0]}.csv") for part in rows]
    loaded = load(*paths, cache=False)
    index = pd.date_range("2000-01-01", periods=len(loaded.frame), freq="10s", name="time")
    frame, label = (each.iloc[np.concatenate(rows)].set_axis(index) for each in (recorded.frame, recorded.label))
    assert_holds(loaded, frame[["LIT101"]], label)


def test_a_tag_that_one_file_lacks_is_empty_there(recorded, tmp_path):
    table = wild.cells(recorded)
    whole = wild.csv(table[:300], tmp_path / "whole.csv")
    lacking = wild.csv(table[300:].drop(columns="AIT504").assign(note="x"), tmp_path / "lacking.csv")
    loaded = load(whole, lacking, cache=False)
    expected = recorded.frame.copy()
    expected.iloc[300:, TAG_NAMES.index("AIT504")] = np.nan
    assert_holds(loaded, expected, recorded.label)
    assert loaded.extra["note"].isna().sum() == 300


def test_actuators_coded_in_two_ways_are_refused(in_june, tmp_path):
    table = wild.cells(in_june, labels=None)
    pumps = [tag for tag in table if tag in TAGS and TAGS[tag].kind == "pump"]
    table[pumps] = table[pumps].replace({"1": "0", "2": "1"})
    table.loc[7, "P603"] = "2"
    said = r" hold 0 in most rows, .* and P603 2 in 1 row, as where they are coded 1 and 2"
    with pytest.raises(DataError, match=said):
        load(wild.csv(table, tmp_path / "mixed.csv"), cache=False)


def test_a_short_file_in_which_a_valve_travels_is_read(in_june, tmp_path):
    table = wild.cells(in_june, labels=None).iloc[:10].assign(MV101="0", MV201="2")
    assert load(wild.csv(table, tmp_path / "short.csv"), cache=False).frame["MV101"].tolist() == [0] * 10
