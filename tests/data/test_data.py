"""Names, times, events, corrected labels and the cache of `swatlib.data`."""

import datetime as dt
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import wild
from hypothesis import assume, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from swatlib.data import DataError, Recording, attacks, correct_labels, load, loading
from swatlib.data.cache import reader
from swatlib.data.events import labelled_by_time, normal_frame
from swatlib.data.names import plain, tag
from swatlib.data.table import Table
from swatlib.data.times import parse_times
from swatlib.plant import TAG_NAMES
from swatlib.settings import ROOT
from swatlib.simulation import Attack, simulate

CLOCKS = ("%I:%M:%S %p", "%I:%M:%S.%f %p", "%H:%M:%S", "%H:%M:%S.%f")
moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2068, 12, 31))


def parsed(texts):
    """Times and findings of a column with these cells."""
    table = Table("made.csv", ["Time"], [pa.chunked_array([texts])], np.arange(len(texts)) + 2)
    return parse_times(table, table.columns[0], "Time")


@given(
    st.sampled_from(TAG_NAMES),
    st.text(" -"),
    st.booleans(),
    st.sampled_from(("", ".Pv", ".Status", " Status", ".Alarm")),
)
def test_a_decorated_name_is_its_tag(name, blanks, lower, suffix):
    name = name.replace("DPIT", "DIT").replace("UV401", "UV01")
    inside = blanks.join((name[:2], name[2:]))
    met = f" SWAT_SUTD:RSLinx Enterprise:P1.HMI_{inside.lower() if lower else inside}{suffix} "
    assert tag(met) == name.replace("DIT", "DPIT").replace("UV01", "UV401")


@given(st.sampled_from(["P1_STATE", "P6 STATE", "LS201.Alarm", "AIT301", "P207", "MV501", "Unnamed: 0", "P1", ""]))
def test_what_is_no_tag_stays_none(name):
    assert (tag(name), plain(plain(name))) == (None, plain(name))


@given(
    st.lists(moments, min_size=1),
    st.sampled_from(CLOCKS),
    st.sampled_from(("%d/%m/%Y ", "%m/%d/%Y ")),
    st.integers(13, 28),
)
def test_a_day_past_the_twelfth_decides_the_order(times, clock, date, day):
    times = [dt.datetime(2015, 12, day), *times]
    texts = [f"{t:{date}{clock}}" for t in times]
    expected = [dt.datetime.strptime(text, date + clock) for text in texts]
    assert parsed(texts)[0].tolist() == pd.DatetimeIndex(expected).asi8.tolist()


@given(st.lists(moments, min_size=1), st.sampled_from("T "), st.integers(0, 7), st.sampled_from(("", "Z", "+08:00")))
def test_iso_times_come_out_as_they_stand(times, between, digits, zone):
    fraction = [f".{t.microsecond:06}0"[: digits + 1] if digits else "" for t in times]
    texts = [f"{t:%Y-%m-%d}{between}{t:%H:%M:%S}{part}{zone}" for t, part in zip(times, fraction, strict=True)]
    expected = [text.removesuffix(zone) if zone else text for text in texts]
    assert parsed(texts)[0].tolist() == pd.to_datetime(expected, format="ISO8601").asi8.tolist()


@given(st.integers(1, 12), st.integers(1, 11), st.booleans())
def test_rows_that_run_over_midnight_decide_the_order(month, day, day_first):
    assume(month != day)
    times = pd.date_range(dt.datetime(2016, month, day, 23, 59, 58), periods=4, freq="s")
    texts = [f"{t:%d/%m/%Y %H:%M:%S}" if day_first else f"{t:%m/%d/%Y %H:%M:%S}" for t in times]
    assert parsed(texts)[0].tolist() == times.asi8.tolist()


def test_an_order_that_no_row_tells_is_taken_as_official_and_said():
    times, findings = parsed(["2/1/2016 1:41:09 PM", "2/1/2016 1:41:10 PM"])
    assert times.astype("M8[s]").astype(str).tolist() == ["2016-01-02T13:41:09", "2016-01-02T13:41:10"]
    assert findings == [
        "times have the day first (taken as in the official files, since no row tells; if it is the month, write times "
        "with the year first): 2/1/2016 1:41:09 PM is 2 January 2016 13:41:09"
    ]


def test_zones_and_fractions_are_named():
    texts = ["2019-07-20T04:30:00Z", "2019-07-20T04:30:02.004013Z", "2019-07-20T04:30:03.0050048Z"]
    times, findings = parsed(texts)
    assert times.tolist() == pd.to_datetime([text[:-1] for text in texts], format="ISO8601").asi8.tolist()
    assert findings == [
        "times are marked Z, kept as they stand without the mark",
        "2 times with a fraction of a second, kept",
    ]


def labelled(start, seconds, windows):
    """A recording of one tag at rest, labelled in windows of first and last second."""
    index = pd.date_range(start, periods=seconds, freq="s", name="time")
    label = pd.Series(False, index, name="attack")
    for first, last in windows:
        label[first:last] = True
    return Recording(pd.DataFrame({"LIT101": np.float32(500)}, index), label)


def table(name, *times):
    return pd.read_csv(ROOT / "swatlib" / "data" / "tables" / f"{name}.csv", parse_dates=list(times))


@pytest.fixture(scope="module")
def official():
    """The whole attack period with the official label: 54,621 rows in 35 runs."""
    runs = table("label_runs_2015", "start", "end")
    return labelled("2015-12-28 10:00", 450_000, zip(runs["start"], runs["end"], strict=True))


def test_official_rows_have_the_official_list(official):
    events = attacks(official)
    listed = table("attacks_2015", "start", "end").dropna(subset="end")
    assert official.label.sum() == 54_621
    assert events["attack"].tolist() == listed["attack"].tolist()
    assert events["start"].tolist() == listed["start"].tolist()
    assert (events["end"] - listed["end"].to_numpy()).value_counts().to_dict() == {
        pd.Timedelta("1s"): 35,
        pd.Timedelta(0): 1,
    }
    assert events.loc[events["attack"] == 21, ["points", "visibility"]].to_numpy().tolist() == [
        ["MV101;LIT101", "LIT101 jump"]
    ]


def test_a_cut_has_the_attacks_of_its_time(official):
    assert attacks(official.between("2015-12-31", "2015-12-31 02:00"))["attack"].tolist() == [27, 28]


def test_true_windows_replace_the_official_ones(official):
    corrected = correct_labels(official)
    events = attacks(corrected).set_index("attack")
    stamps = lambda *times: [pd.Timestamp(f"2015-12-{time}") for time in times]  # noqa: E731
    assert events.loc[1, ["start", "end"]].tolist() == stamps("28 10:28:58", "28 10:44:33")
    assert events.loc[10, ["start", "end"]].tolist() == stamps("28 14:16:01", "28 14:18:41")
    assert events.loc[11, ["start", "end"]].tolist() == stamps("28 14:18:41", "28 14:28:04")
    assert events.loc[4, ["start", "end"]].tolist() == stamps("28 11:47:39", "28 11:54:09")
    assert not corrected.label["2015-12-29 06:30:00":"2015-12-29 06:42:00"].any()
    assert corrected.label.sum() == (events["end"] - events["start"]).sum() / pd.Timedelta("1s") == 52_532
    assert corrected.findings == (
        "windows of 33 attacks replaced by the true ones: 54,621 rows were labelled attack, 52,532 are now",
        "attacks 4, 14 and 29 left no trace, official windows kept",
        "721 rows of 29 Dec 06:30 to 06:42 labelled attack and none, label dropped",
    )


def test_only_official_labels_of_2015_are_corrected(official):
    edited = replace(official, label=official.label.shift(60, fill_value=False))
    cases = {
        "have no label": replace(official, label=None),
        "are of 2019-07-20 07:00:00 to": labelled("2019-07-20 07:00", 60, []),
        "not the official ones of 2015": edited,
        "known exactly": correct_labels(official),
    }
    for said, recording in cases.items():
        with pytest.raises(DataError, match=said):
            correct_labels(recording)


def test_labels_off_the_official_list_are_their_own_events():
    windows = [("2015-12-28 10:30", "2015-12-28 10:31:59"), ("2015-12-28 10:40", "2015-12-28 10:40:00")]
    events = attacks(labelled("2015-12-28 10:00", 3_600, windows))
    assert events.astype(str).to_numpy().tolist() == [
        ["run 1", "2015-12-28 10:30:00", "2015-12-28 10:32:00", "", "", ""],
        ["run 2", "2015-12-28 10:40:00", "2015-12-28 10:40:01", "", "", ""],
    ]


def test_a_hole_ends_a_run_of_labels():
    recording = labelled("2020-06-29 10:00", 600, [("2020-06-29 10:01:00", "2020-06-29 10:08:00")])
    rows = np.r_[0:120, 300:600]
    cut = replace(recording, frame=recording.frame.iloc[rows], label=recording.label.iloc[rows])
    assert attacks(cut)["start"].astype(str).tolist() == ["2020-06-29 10:01:00", "2020-06-29 10:05:00"]
    assert attacks(cut)["end"].astype(str).tolist() == ["2020-06-29 10:02:00", "2020-06-29 10:08:01"]


def test_july_2019_has_its_six_attacks_in_utc():
    events = attacks(replace(labelled("2019-07-20 04:30", 15_000, []), label=None))
    assert events[["attack", "points"]].to_numpy().tolist() == [
        [1, "FIT401"], [2, "LIT301"], [3, "P601"], [4, "MV201;P101"], [5, "MV501"], [6, "P301"],
    ]  # fmt: skip
    assert events.loc[0, ["start", "end"]].astype(str).tolist() == ["2019-07-20 07:08:46", "2019-07-20 07:10:32"]


def test_an_attack_that_falls_into_a_hole_of_the_recording_is_none_of_its():
    march = labelled("2026-03-11 09:30", 28_000, [])
    fourth = attacks(replace(march, label=None)).iloc[3]
    holed = march.take(np.asarray((march.frame.index < fourth["start"]) | (march.frame.index >= fourth["end"])))
    assert 4 not in attacks(replace(holed, label=None))["attack"].tolist()


@pytest.mark.parametrize(
    ("start", "has_label", "says"),
    [
        ("2026-03-11 09:30", True, "has 11 attacks at these times, and no row is labelled attack"),
        ("2019-07-20 12:30", False, "in UTC, has 6 attacks 8 hours from these unlabelled times"),
        ("2026-03-11 01:30", False, "in local time, has 11 attacks 8 hours from these unlabelled times"),
    ],
)
def test_nothing_is_fitted_where_the_published_list_contradicts_that_there_is_no_attack(start, has_label, says):
    rows = labelled(start, 28_000, [])
    met = labelled_by_time(rows if has_label else replace(rows, label=None))
    assert says in met.findings[0] and (met.label is None or not met.label.any())
    with pytest.raises(DataError, match=f"{says}, so attacks might be fitted on"):
        normal_frame(met)


def test_days_beside_those_of_the_lists_are_normal_days():
    for start in ("2026-03-10 09:30", "2019-07-19 12:30", "2015-12-23"):
        for rows in (labelled(start, 600, []), replace(labelled(start, 600, []), label=None)):
            assert normal_frame(labelled_by_time(rows)) is rows.frame


@pytest.mark.parametrize("held", [attacks, normal_frame, correct_labels, labelled_by_time])
def test_times_with_a_zone_are_held_against_no_list(held, official):
    day = official.between(end="2015-12-29")
    recording = day.at(day.frame.index.tz_localize("Asia/Singapore"))
    with pytest.raises(DataError, match=r"^the times have the zone Asia/Singapore, and the published lists of attacks"):
        held(recording)
    assert_frame_equal(attacks(recording.at(recording.frame.index.tz_localize(None))), attacks(day))


def test_unknown_days_without_label_have_no_events():
    events = attacks(replace(labelled("2021-03-01", 60, []), label=None))
    assert (list(events), len(events)) == (["attack", "start", "end", "points", "action", "visibility"], 0)


def test_a_simulated_recording_has_its_own_events():
    recording = simulate(60, attacks=[Attack("LIT101 spoof 700", 10, start=20)])
    assert_frame_equal(attacks(recording), recording.events)


ODD_LABELS = {
    "lacks 4 cells and is of type float64": lambda index: pd.Series(np.nan, index),
    "lacks 1 cell and is of type boolean": lambda index: pd.Series([True, False, pd.NA, False], index, dtype="boolean"),
    "lacks 2 cells and is of type object": lambda index: pd.Series([None, "Attack"] * 2, index, dtype=object),
    "reads 'Normal' and is of type": lambda index: pd.Series(["Normal", "Attack"] * 2, index),
    "reads -1 and is of type int64": lambda index: pd.Series([-1, 1] * 2, index),
    "is of type ndarray": lambda index: np.zeros(4, bool),
    "(4 rows) is not on the index of the frame (4)": lambda index: pd.Series(False, index + pd.Timedelta("1s")),
}


@pytest.mark.parametrize("said", ODD_LABELS)
def test_a_label_made_by_hand_is_bool_or_refused(said):
    frame = pd.DataFrame({"LIT101": np.float32(500)}, pd.date_range("2016-03-01", periods=4, freq="s"))
    with pytest.raises(DataError, match=f"^the label {re.escape(said)}.*; give a Series of bool, True where"):
        Recording(frame, ODD_LABELS[said](frame.index))


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ([0, 2, 1, 3], "row 3 (2016-03-01 00:00:01) is not after the row before it (2016-03-01 00:00:02)"),
        ([3, 2, 1, 0], "row 2 (2016-03-01 00:00:02) is not after the row before it (2016-03-01 00:00:03)"),
        ([0, 1, 1, 2], "row 3 (2016-03-01 00:00:01) is not after the row before it (2016-03-01 00:00:01)"),
        ([0, None, 2, 3], "row 2 (NaT) is not after the row before it (2016-03-01 00:00:00)"),
    ],
)
def test_rows_made_by_hand_are_in_the_order_of_their_times_or_refused(odd, says):
    frame = pd.DataFrame({"LIT101": np.float32(500)}, pd.Timestamp("2016-03-01") + pd.to_timedelta(odd, "s"))
    with pytest.raises(DataError, match=f"^{re.escape(says)}; give rows in the order of their times"):
        Recording(frame)


def test_rows_made_by_hand_have_times():
    with pytest.raises(DataError, match="index of type RangeIndex; give the frame a DatetimeIndex"):
        Recording(pd.DataFrame({"LIT101": np.float32([1, 2])}))


def test_events_move_with_their_rows():
    start = pd.Timestamp("2016-03-01")
    seconds = lambda *after: start + pd.to_timedelta(after, "s")  # noqa: E731
    frame = pd.DataFrame({"LIT101": np.float32([1, 2, 3])}, seconds(0, 10, 40))
    events = pd.DataFrame({"attack": [1, 2, 3], "start": seconds(-5, 10, 20), "end": seconds(10, 20, 41)})
    moved = Recording(frame, events=events).at(seconds(0, 3610, 3640))
    expected = pd.DataFrame({"attack": [1, 2, 3], "start": seconds(-5, 3610, 3640), "end": seconds(3610, 3640, 3641)})
    assert_frame_equal(moved.events, expected)


def test_days_count_rows_by_their_spacing():
    index = pd.date_range("2017-06-13", periods=100, freq="38s", name="time")
    assert Recording(pd.DataFrame({"LIT101": np.float32(0)}, index)).days == pytest.approx(3_800 / 86_400)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The cache folder, and a file with twins, extra columns and misspelt labels."""
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    recording = simulate(300, attacks=[Attack("LIT101 spoof 700", 60, start=100)], start="2015-12-28 10:00")
    rows = wild.cells(recording, labels=("Normal", "A ttack")).assign(note="x", P1_STATE="3")
    rows.loc[7, "note"] = None
    return tmp_path / "cache" / "recordings", wild.csv(rows, tmp_path / "rows.csv")


def assert_same(one, other):
    assert_frame_equal(one.frame, other.frame, check_freq=False)
    assert_series_equal(one.label, other.label, check_freq=False)
    assert_frame_equal(one.extra, other.extra, check_freq=False)
    assert (one.findings, one.source, one.checksum) == (other.findings, other.source, other.checksum)


def test_the_cache_gives_the_same_recording(kept):
    folder, path = kept
    fresh = load(path, cache=False)
    assert not folder.exists()
    assert_same(load(path), fresh)
    (entry,) = folder.iterdir()
    assert entry.name == f"{fresh.source[0].sha256}-{reader()}.parquet"
    path.rename(path.with_name("renamed.csv"))
    again = load(path.with_name("renamed.csv"))
    assert_same(replace(again, source=fresh.source), fresh)
    assert again.source[0].name == "renamed.csv"


def test_the_cache_is_read(kept):
    folder, path = kept
    load(path)
    (entry,) = folder.iterdir()
    written = entry.stat().st_mtime_ns
    load(path)
    assert [each.stat().st_mtime_ns for each in folder.iterdir()] == [written]


def test_of_two_that_read_a_file_at_once_one_parses_it(kept, monkeypatch):
    _, path = kept
    parsed, tables = [], loading.formats.tables
    monkeypatch.setattr(
        loading.formats, "tables", lambda *given: [parsed.append(given), time.sleep(0.5), tables(*given)][2]
    )
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(load, [path, path])
    assert len(parsed) == 1
    assert_same(one, other)


@pytest.mark.parametrize("content", [b"", b"PAR1 broken", b"PAR1"])
def test_a_broken_entry_is_named_and_made_anew(kept, content):
    folder, path = kept
    fresh = load(path)
    (entry,) = folder.iterdir()
    entry.write_bytes(content)
    mended = load(path)
    assert mended.findings[:-1] == fresh.findings
    assert f"the cached copy {entry} is broken" in mended.findings[-1]
    assert_same(load(path), fresh)


def test_a_folder_that_can_not_be_written_to_is_named(kept):
    folder, path = kept
    folder.parent.mkdir()
    folder.write_text("in the way")
    assert "no copy was cached for next time" in load(path).findings[-1]


def test_another_parquet_in_the_place_of_an_entry_is_no_entry(kept):
    folder, path = kept
    fresh = load(path)
    (entry,) = folder.iterdir()
    pd.DataFrame({"wind": [1.0]}).to_parquet(entry)
    assert "is broken" in load(path).findings[-1]
    assert_same(load(path), fresh)


def test_a_stretch_is_asked_for_on_the_clock_of_the_rows():
    there = simulate("1h", attacks=None, start="2015-12-28 10:00")
    zoned = replace(there, label=None, events=None, frame=there.frame.tz_localize("Asia/Singapore"))
    for start in ("2015-12-28 10:50", "2015-12-28 02:50+00:00"):
        assert len(zoned.between(start).frame) == 600
    with pytest.raises(ValueError, match="the rows have times without a zone; give 2015-12-28 10:50:00 instead"):
        there.between("2015-12-28 10:50+08:00")
    berlin = replace(zoned, frame=there.frame.set_axis(there.frame.index.tz_localize("Europe/Berlin")))
    for start in ("2020-10-25 02:30", "2020-03-29 02:30"):
        with pytest.raises(
            ValueError, match="is twice or never on the clock of Europe/Berlin; give it with its offset"
        ):
            berlin.between(start)


def test_rows_whose_attacks_are_known_are_fitted_with_a_zone_too():
    there = simulate("1h", attacks=None)
    zoned = there.at(there.frame.index.tz_localize("Asia/Singapore"))
    assert normal_frame(zoned) is zoned.frame
    with pytest.raises(ValueError, match="2 times for 3,600 rows; give one for each"):
        there.at(there.frame.index[:2])
