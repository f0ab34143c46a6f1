import csv
from dataclasses import replace
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from swatlib.data import load
from swatlib.plant import STAGES, TAG_NAMES
from swatlib.simulation import Attack, simulate, write_like_swat


@pytest.fixture(scope="module")
def short():
    return simulate(3_000, attacks=[Attack("LIT101 spoof 700", start=2_000, duration=100)], start="2015-12-28 11:30")


def test_csv_has_the_quirks_of_the_attack_file(short, tmp_path):
    with write_like_swat(short, tmp_path / "attack.csv").open(newline="") as file:
        header, first, *rows = csv.reader(file)
    spaced = {" Timestamp", " MV101", " AIT201", " MV201", " P201", " P202", " P204", " MV303"}
    assert {name for name in header if name.startswith(" ")} == spaced
    assert [name.strip() for name in header] == ["Timestamp", *TAG_NAMES, "Normal/Attack"]
    assert first[0] == " 28/12/2015 11:30:00 AM" and rows[1_799][0] == " 28/12/2015 12:00:00 PM"
    labels = pd.Series([row[-1] for row in [first, *rows]]).value_counts().to_dict()
    assert labels == {"Normal": 2_900, "Attack": 63, "A ttack": 37}


def test_csv_reads_back_as_the_same_numbers(short, tmp_path):
    path = write_like_swat(short, tmp_path / "attack.csv")
    read = pd.read_csv(path).iloc[:, 1:-1].astype("float32")
    assert np.array_equal(read.to_numpy(), short.frame.to_numpy())


def test_workbook_has_the_stages_above_the_header_and_times_as_text(short, tmp_path):
    path = write_like_swat(short.between("2015-12-28 12:00"), tmp_path / "attack.xlsx")
    stages, header, first, *_ = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    assert [stage for stage in stages if stage] == list(STAGES)
    assert dict(zip(header, stages, strict=True))["DPIT301"] == "P3"
    assert header[0] == " Timestamp" and first[0] == " 28/12/2015 12:00:00 PM"
    assert np.array_equal(np.float32(first[1:-1]), short.frame.loc["2015-12-28 12:00:00"].to_numpy())


def test_normal_file_has_one_space_and_one_label(tmp_path):
    path = write_like_swat(simulate(50, attacks=[], start="2016-01-02 01:41:09"), tmp_path / "normal.csv")
    frame = pd.read_csv(path)
    assert [name for name in frame if name.startswith(" ")] == [" Timestamp"]
    assert set(frame["Normal/Attack"]) == {"Normal"}
    assert frame[" Timestamp"].iloc[0] == " 2/1/2016 1:41:09 AM"
    assert datetime.strptime(frame[" Timestamp"].iloc[-1], " %d/%m/%Y %I:%M:%S %p") == datetime(2016, 1, 2, 1, 41, 58)


def test_other_suffixes_are_refused_and_nothing_is_left(short, tmp_path):
    with pytest.raises(ValueError, match=r"attack\.parquet.*\.xlsx or \.csv"):
        write_like_swat(short, tmp_path / "attack.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_lacks_a_tag_or_a_reading_is_refused_and_nothing_is_left(short, tmp_path):
    fewer, holed = short.frame.drop(columns=["P201", "AIT503"]), short.frame.copy()
    holed.iloc[3, 0] = np.nan
    for frame, says in ((fewer, "the recording lacks P201, AIT503"), (holed, "1 rows of the recording have one")):
        with pytest.raises(ValueError, match=says):
            write_like_swat(replace(short, frame=frame), tmp_path / "attack.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["attack.csv", "attack.xlsx"])
def test_rows_without_a_label_are_written_without_one(short, name, tmp_path):
    written = replace(short, label=None, events=None).between(end="2015-12-28 11:31")
    read = load(write_like_swat(written, tmp_path / name), cache=False)
    assert read.label is None and np.array_equal(read.frame, written.frame)


def test_what_the_form_has_no_place_for_is_refused(short, tmp_path):
    half, between = short.frame.copy(), short.frame.index + pd.Timedelta("250ms")
    half.iloc[5, TAG_NAMES.index("P101")] = 1.5
    cases = {
        "3,000 rows of the recording are between two, such as 2015-12-28 11:30:00.250000": short.at(between),
        "P101 is 1.5 at 2015-12-28 11:30:05": replace(short, frame=half),
        "the recording has P1_STATE too": replace(short, extra=pd.DataFrame({"P1_STATE": 2.0}, short.frame.index)),
    }
    for says, recording in cases.items():
        with pytest.raises(ValueError, match=says):
            write_like_swat(recording, tmp_path / "attack.csv")
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_workbook_takes_are_refused(short, tmp_path, monkeypatch):
    monkeypatch.setattr("swatlib.simulation.write.ROWS_OF_A_SHEET", 3_001)
    with pytest.raises(ValueError, match=r"a workbook takes 2,999 rows, the recording has 3,000; write a \.csv"):
        write_like_swat(short, tmp_path / "attack.xlsx")
