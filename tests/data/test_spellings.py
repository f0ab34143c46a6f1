"""Times and numbers that are written in a rarer way and have one meaning are read, and it is said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import wild
from openpyxl import Workbook
from pandas.testing import assert_frame_equal
from wild import refused

from swatlib.data import DataError, Recording, attacks, load, normal_frame
from swatlib.data.events import labelled_by_time

TIME = "Timestamp"
NBSP, THIN, NARROW = "\N{NO-BREAK SPACE}", "\N{THIN SPACE}", "\N{NARROW NO-BREAK SPACE}"


def read(rows, tmp_path, **options):
    return load(wild.csv(rows, tmp_path / "rows.csv", **options), cache=False)


@pytest.mark.parametrize(
    "form",
    [
        "%d-%b-%Y %H:%M:%S",
        "%d %B %Y, %I:%M:%S %p",
        "%a, %d %b %Y %H:%M:%S GMT",
        "%a %b %d %H:%M:%S %Y",
        "%b %d, %Y %I:%M:%S %p",
        "%d-%b-%y %H:%M:%S",
        "%Y-%b-%d %H:%M:%S",
        "%Y%m%d %H%M%S",
        "%Y%m%dT%H%M%SZ",
        "%Y%m%d%H%M%S",
        "%H:%M:%S %d/%m/%Y",
        "%I:%M:%S %p %m/%d/%Y",
        "%H:%M:%S %Y-%m-%d",
        "%H:%M:%S %d-%m-%Y",
    ],
)
@pytest.mark.parametrize("start", ["2015-12-28 10:33", "2015-10-29 11:58:30", "2015-12-28 23:58"])
def test_a_time_is_read_however_it_is_spelled(form, start, recorded, tmp_path):
    index = pd.date_range(start, periods=240, freq="s")
    rows = wild.cells(recorded, labels=None).assign(**{TIME: index.strftime(form)})
    assert read(rows, tmp_path).frame.index.tolist() == index.tolist()


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S", "%d-%m-%Y %I:%M:%S %p ", "%Y%m%dT%H%M%S", "%d-%b-%Y %H:%M:%S "])
@pytest.mark.parametrize("zones", [("+0800", "-0430"), ("+08:00", "-04:30")])
def test_a_zone_is_read_after_a_clock_however_that_is_spelled(form, zones, recorded, tmp_path):
    first, other = (pd.date_range(start, periods=120, freq="s") for start in ("2015-12-28 22:00", "2015-12-28 09:32"))
    rows = wild.cells(recorded, labels=None)
    rows[TIME] = [*first.strftime(form + zones[0]), *other.strftime(form + zones[1])]
    loaded = read(rows, tmp_path)
    assert loaded.frame.index.equals(pd.date_range("2015-12-28 22:00", periods=240, freq="s", name="time"))
    assert f"times are marked {zones[0]} and {zones[1]}, brought to the {zones[0]} of the first row" in loaded.findings


@pytest.mark.parametrize(("unit", "said"), [("s", "seconds"), ("ms", "milliseconds"), ("us", "micro"), ("ns", "nano")])
@pytest.mark.parametrize("name", [TIME, "epoch", "unix_time", "timestamp_ms"])
def test_a_count_since_1970_is_read_and_said(name, unit, said, rows, recorded, tmp_path):
    index = recorded.frame.index
    rows[TIME] = index.astype(f"M8[{unit}]").astype("int64").astype(str)
    loaded = read(rows.rename(columns={TIME: name}), tmp_path)
    assert loaded.frame.index.equals(index) and np.array_equal(loaded.label, recorded.label)
    (finding,) = [each for each in loaded.findings if each.startswith(f"times are {said}")]
    assert finding.endswith("since 1970, read as the clock of UTC: " + rows[TIME][0] + " is 28 December 2015 10:33:00")


@pytest.mark.parametrize("digits", [5, 6, 8, 10])
def test_days_of_a_spreadsheet_are_read_where_they_tell_the_second(digits, rows, recorded, tmp_path):
    days = (recorded.frame.index - pd.Timestamp("1899-12-30")) / pd.Timedelta("1d")
    rows[TIME] = [f"{day:.{digits}f}" for day in days]
    assert read(rows, tmp_path).frame.index.equals(recorded.frame.index)
    rows[TIME] = [f"{day:.4f}" for day in days]
    assert "which is no date with a time" in refused(wild.csv(rows, tmp_path / "rows.csv"))


@pytest.mark.parametrize("mark", [" ", NBSP, THIN, NARROW, "'"])
@pytest.mark.parametrize(("point", "sep"), [(".", ","), (",", ";")])
def test_spaces_group_thousands(mark, point, sep, rows, recorded, tmp_path):
    rows["LIT101"] = [f"{1000 + row:,}{point}5".replace(",", mark, 1) for row in range(240)]
    rows["FIT101"] = rows["FIT201"] = f"2{point}5"
    loaded = read(rows, tmp_path, sep=sep)
    assert loaded.frame["LIT101"].tolist() == [1000.5 + row for row in range(240)]
    assert "thousands are grouped by a space" in loaded.findings


def test_dots_group_thousands_beside_decimal_commas(rows, tmp_path):
    rows["LIT101"] = ["1.020,5"] * 120 + ["1.020"] * 120
    rows["FIT101"] = rows["FIT201"] = "2,5"
    loaded = read(rows, tmp_path, sep=";")
    assert loaded.frame["LIT101"].tolist() == [1020.5] * 120 + [1020.0] * 120
    assert {"numbers have a decimal comma", "thousands are grouped by a dot"} <= set(loaded.findings)


@pytest.mark.parametrize("text", ["Bad Input", "I/O Timeout", "#DIV/0!", "-", "No Data", "none"])
def test_a_cell_that_says_there_is_no_reading_is_left_empty_and_said(text, rows, recorded, tmp_path):
    rows.loc[[3, 9], "LIT101"] = text
    loaded = read(rows, tmp_path)
    assert np.flatnonzero(loaded.frame["LIT101"].isna()).tolist() == [3, 9]
    assert f"LIT101 reads {text!r} in 2 rows, left empty" in loaded.findings


@pytest.fixture
def sheet(rows, tmp_path):
    """A sheet whose cells can be changed, header in row 1, and a function that saves it."""
    book = Workbook()
    page = book.active
    for line in [list(rows), *rows.to_numpy().tolist()]:
        page.append([float(cell) if cell.replace(".", "").isdigit() else cell for cell in line])
    return page, lambda: book.save(tmp_path / "book.xlsx") or tmp_path / "book.xlsx"


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!"])
@pytest.mark.parametrize("stages", [True, False])
def test_an_error_in_a_cell_of_a_workbook_is_left_empty_and_said(error, stages, sheet):
    page, save = sheet
    page["C5"] = error
    if stages:
        page.insert_rows(1)
    loaded = load(save(), cache=False)
    assert np.flatnonzero(loaded.frame["LIT101"].isna()).tolist() == [3]
    assert f"LIT101 reads {error!r} in 1 row, left empty" in loaded.findings


def test_a_formula_that_was_never_calculated_is_refused(sheet):
    page, save = sheet
    page["C5"] = "=C4*2"
    assert "cell C5 holds a formula whose value was never calculated" in refused(save())


def test_march_2026_has_its_eleven_attacks(recorded):
    later = recorded.at(pd.date_range("2026-03-11 12:00", periods=240, freq="2min"))
    events = attacks(Recording(later.frame))
    assert events["attack"].tolist() == list(range(1, 12))
    assert events.loc[0, "points"] == "MV501;MV502;MV503;MV504"


@pytest.mark.parametrize(
    ("start", "step", "first", "last", "said"),
    [
        ("2019-07-20 07:00", "20s", "07:09:00", "08:16:00", "6 attacks in the list of 20 July 2019"),
        ("2026-03-11 12:00", "2min", "13:00:00", "16:40:00", "11 attacks in the list of 11 March 2026"),
    ],
)
def test_recordings_without_a_label_are_labelled_by_the_published_times(
    start, step, first, last, said, recorded, tmp_path
):
    later = recorded.at(pd.date_range(start, periods=240, freq=step, name="time"))
    loaded = load(wild.csv(wild.cells(later, labels=None), tmp_path / "later.csv"), cache=False)
    inside = [any(e.start <= time < e.end for e in attacks(loaded).itertuples()) for time in loaded.frame.index]
    assert loaded.label.tolist() == inside
    labelled = loaded.frame.index[loaded.label].strftime("%H:%M:%S")
    assert (labelled[0], labelled[-1]) == (first, last)
    rows_said = f"no label in the file: {sum(inside)} of 240 rows labelled attack by the times of {said}"
    assert rows_said in loaded.findings


def in_zone(start, end, zone, recorded, tmp_path, kind="csv"):
    """240 unlabelled rows from `start` to `end`, loaded from a file that states the zone."""
    index = pd.date_range(start, end, periods=240, name="time", tz=zone).floor("s")
    if kind == "parquet":
        recorded.frame.set_axis(index).to_parquet(tmp_path / "later.parquet")
        return load(tmp_path / "later.parquet")
    rows = wild.cells(recorded, labels=None).assign(**{TIME: [time.isoformat() for time in index]})
    return load(wild.csv(rows, tmp_path / "later.csv"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("start", "end", "zone", "hours", "first"),
    [
        ("2019-07-20 15:00", "2019-07-20 17:00", "Asia/Singapore", 8, "2019-07-20 15:08:46"),
        ("2019-07-20 07:00", "2019-07-20 09:00", "UTC", 0, "2019-07-20 07:08:46"),
        ("2026-03-11 12:00", "2026-03-11 17:00", "Asia/Singapore", 8, "2026-03-11 13:00:00"),
        ("2026-03-11 00:00", "2026-03-11 23:59", "UTC", 0, "2026-03-11 05:00:00"),
        ("2026-03-11 00:00", "2026-03-11 05:00", "America/New_York", -4, "2026-03-11 01:00:00"),
    ],
)
def test_rows_are_labelled_by_the_zone_that_the_file_states(
    start, end, zone, hours, first, kind, recorded, tmp_path, monkeypatch
):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    for _ in ("parsed", "cached"):
        loaded = in_zone(start, end, zone, recorded, tmp_path, kind)
        events = attacks(loaded)
        inside = [any(e.start <= time < e.end for e in events.itertuples()) for time in loaded.frame.index]
        assert (loaded.utc_offset, events["start"].min()) == (pd.Timedelta(hours, "h"), pd.Timestamp(first))
        assert any(inside) and loaded.label.tolist() == inside
        assert any(f"by the clock of UTC{hours:+03}:00 that the file states" in said for said in loaded.findings)


@pytest.mark.parametrize(
    ("start", "end", "zone", "said"),
    [
        ("2019-07-20 06:00", "2019-07-20 14:00", "Asia/Singapore", None),
        (
            "2026-03-11 09:00",
            "2026-03-11 17:00",
            "UTC",
            "the published list, in UTC, has 11 attacks 8 hours from these",
        ),
    ],
)
def test_of_stated_zones_only_utc_is_doubted(start, end, zone, said, recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    loaded = in_zone(start, end, zone, recorded, tmp_path)
    assert loaded.label is None
    if said is None:
        assert normal_frame(loaded) is loaded.frame
    else:
        with pytest.raises(DataError, match=said):
            normal_frame(loaded)


def test_a_label_that_agrees_with_a_list_tells_the_clock_better_than_the_zone_in_the_file(recorded):
    later = recorded.at(pd.date_range("2026-03-11 12:00", periods=240, freq="2min", name="time"))
    labelled = labelled_by_time(Recording(later.frame))
    marked = replace(labelled, utc_offset=pd.Timedelta(0))
    assert_frame_equal(attacks(marked), attacks(labelled))
    assert attacks(marked)["attack"].tolist() == list(range(1, 12))


def test_files_that_state_other_zones_are_brought_to_the_clock_of_the_first(rows, recorded, tmp_path):
    times = recorded.frame.index.tz_localize("Asia/Singapore")
    rows[TIME] = [time.isoformat() for time in [*times[:100], *times[100:].tz_convert("UTC")]]
    paths = [wild.csv(part, tmp_path / f"{len(part)}.csv") for part in (rows[:100], rows[100:])]
    loaded = load(*paths, cache=False)
    assert loaded.frame.index.equals(recorded.frame.index) and np.array_equal(loaded.frame, recorded.frame)
    assert loaded.utc_offset == pd.Timedelta("8h")
    assert "140.csv: times brought to the UTC+08:00 of 100.csv" in loaded.findings


def test_a_label_in_the_file_is_not_replaced_by_the_published_times(recorded, tmp_path):
    later = recorded.at(pd.date_range("2026-03-11 12:00", periods=240, freq="2min", name="time"))
    loaded = load(wild.csv(wild.cells(later), tmp_path / "later.csv"), cache=False)
    assert loaded.label.tolist() == recorded.label.tolist()
    assert not any("no label in the file" in finding for finding in loaded.findings)


def test_a_normal_day_of_those_months_gets_no_label(recorded, tmp_path):
    before = recorded.at(pd.date_range("2026-03-11 09:00", periods=240, freq="s", name="time"))
    assert load(wild.csv(wild.cells(before, labels=None), tmp_path / "later.csv"), cache=False).label is None


def test_bad_input_in_a_column_of_statuses_of_0_and_1_is_left_empty(recorded, tmp_path):
    table = wild.cells(recorded, labels=None).assign(P101="1")
    table.loc[[3, 7], "P101"] = "Bad Input"
    table.loc[100:, "P101"] = "0"
    loaded = load(wild.csv(table, tmp_path / "later.csv"), cache=False)
    assert loaded.frame["P101"].isna().to_numpy().nonzero()[0].tolist() == [3, 7]
    assert set(loaded.frame["P101"].dropna()) == {1.0, 2.0}
    assert "P101 reads 'Bad Input' in 2 rows, left empty" in loaded.findings
