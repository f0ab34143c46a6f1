"""Files that lost rows in silence, or were refused for what stands beside the rows: the right rows, or a reason."""

import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import wild
from openpyxl import Workbook
from pandas.testing import assert_frame_equal, assert_series_equal
from wild import SIX_TAGS, refused

from swatlib.data import DataError, load


def assert_whole(path, recorded, *said):
    loaded = load(path, cache=False)
    assert loaded.frame.index.equals(recorded.frame.index)
    assert np.array_equal(loaded.frame, recorded.frame) and np.array_equal(loaded.label, recorded.label)
    assert not set(said) - set(loaded.findings)


def lines_of(rows, tmp_path):
    return wild.csv(rows, tmp_path / "rows.csv").read_text().splitlines()


def write(lines, tmp_path):
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "rows.csv"


@pytest.mark.parametrize("last", [True, False])
def test_a_quote_that_is_never_closed_is_named(rows, tmp_path, last):
    rows.insert(len(rows.columns) if last else 1, "note", "ok")
    lines = lines_of(rows, tmp_path)
    lines[40] = lines[40].replace("ok", '"pump 3 restarted')
    assert (
        refused(write(lines, tmp_path))
        == "rows.csv: the quote opened in row 41 is never closed; close it, or delete it"
    )


@pytest.mark.parametrize("place", [0, 1, 4, 8])
@pytest.mark.parametrize("closed", [41, 42, 90])
def test_a_quote_that_the_quote_of_another_row_closes_is_named(rows, tmp_path, place, closed):
    rows.insert(place, "note", "ok")
    lines = lines_of(rows, tmp_path)
    for row in (40, closed):
        lines[row] = lines[row].replace("ok", '"valve stuck')
    said = f"rows.csv: the quote opened in row 41 is closed only in row {closed + 1}, after other rows; close"
    assert refused(write(lines, tmp_path)).startswith(said)


def test_line_breaks_within_quotes_are_read_however_long_the_file(tmp_path):
    note = "operator wrote\nin two lines, as he is used to, about nothing of note"
    for count in (1_000, 20_000):
        index = pd.date_range("2016-03-01", periods=count, freq="s")
        table = pd.DataFrame({"Timestamp": index.astype(str), "LIT101": np.arange(count) / 64, "note": note})
        table.to_csv(tmp_path / "notes.csv", index=False)
        loaded = load(tmp_path / "notes.csv", cache=False)
        assert loaded.frame["LIT101"].tolist() == table["LIT101"].tolist()
        assert set(loaded.extra["note"]) == {note}
        assert f"{count:,} rows with line breaks within quotes" in loaded.findings


def test_a_bad_cell_after_line_breaks_is_named_with_its_row(rows, tmp_path):
    rows["note"] = "one\ntwo"
    rows.loc[9, "LIT101"] = "high"
    assert "rows.csv, row 20: tag LIT101 reads 'high'" in refused(wild.csv(rows, tmp_path / "rows.csv"))


def test_empty_lines_are_counted(rows, recorded, tmp_path):
    lines = lines_of(rows, tmp_path)
    path = write([*lines[:100], "", "", *lines[100:], ""], tmp_path)
    assert_whole(path, recorded, "3 empty lines passed over")


def test_a_header_with_line_breaks_and_old_line_ends_are_read(rows, recorded, tmp_path):
    lines = lines_of(rows, tmp_path)
    path = write([lines[0].replace("Timestamp", '"Time\nstamp"'), *lines[1:]], tmp_path)
    assert_whole(path, recorded)
    path.write_bytes(("\r".join(lines) + "\r").encode())
    assert_whole(path, recorded)


def test_times_that_lost_their_seconds_in_part_are_refused(recorded, tmp_path):
    index = pd.date_range("2015-12-31 23:58:00", periods=240, freq="s")
    table = wild.cells(recorded.at(index))
    table.loc[120:, "Timestamp"] = [f"{t.day}/{t.month}/{t.year} {t.hour}:{t:%M}" for t in index[120:]]
    said = refused(wild.csv(table, tmp_path / "part.csv"))
    assert said.startswith("part.csv, row 123: ") and "have probably lost their seconds" in said


def test_times_without_a_time_of_day_are_refused(rows, tmp_path):
    rows["Timestamp"] = "2015-12-28 00:00:00"
    assert "dates without a time of day" in refused(wild.csv(rows, tmp_path / "days.csv"))


def test_times_that_lost_am_and_pm_are_refused_though_a_row_stands_out_of_order(recorded, tmp_path):
    index = pd.date_range("2015-12-28 12:00", periods=240, freq="6min")
    table = wild.cells(recorded.at(index), "{:%d/%m/%Y %I:%M:%S}".format)
    table.loc[[5, 6], "Timestamp"] = table.loc[[6, 5], "Timestamp"].to_numpy()
    assert "without AM or PM" in refused(wild.csv(table, tmp_path / "halves.csv"))


def test_a_handful_of_repeated_times_is_said_and_what_is_left_is_counted(rows, tmp_path):
    again = rows.iloc[200:203].assign(LIT101="1")
    loaded = load(wild.csv(pd.concat([rows, again]), tmp_path / "again.csv"), cache=False)
    assert len(loaded.frame) == 240 and loaded.label.sum() == 107
    assert "label in column 'Normal/Attack': 107 of 240 rows are attack" in loaded.findings
    said = "3 times occur more than once, kept once, in 3 of them the rows differ and the first was taken"
    assert said in loaded.findings
    again = rows.iloc[200:206].assign(LIT101="1")
    said = "again.csv, row 242: 6 rows hold other readings than an earlier row of the same time, which would be lost"
    assert said in refused(wild.csv(pd.concat([rows, again]), tmp_path / "again.csv"))


def test_of_repeated_rows_with_two_labels_the_attack_stays_and_it_is_said(rows, recorded, tmp_path):
    normal, attack = rows.iloc[100:103].assign(LIT101="1"), {"Normal/Attack": "Attack"}
    again = pd.concat([rows.iloc[230:232].assign(**{"Normal/Attack": "Normal"}), normal, normal.assign(**attack)])
    loaded = load(wild.csv(pd.concat([rows, again[:4], again[6:7]]), tmp_path / "again.csv"), cache=False)
    label, frame = recorded.label.copy(), recorded.frame.copy()
    label.iloc[101], frame.iloc[101, 1] = True, 1
    assert_frame_equal(loaded.frame, frame, check_freq=False)
    assert_series_equal(loaded.label, label, check_freq=False)
    said = (
        "5 times occur more than once, kept once, in 2 of them the rows differ and the first was taken, "
        "in 3 of them the labels differ and attack was taken"
    )
    assert said in loaded.findings


@pytest.mark.parametrize("reading", ["as it was", "1"])
def test_rows_that_differ_in_their_label_are_refused_as_such(reading, rows, tmp_path):
    one = wild.csv(rows, tmp_path / "one.csv")
    other = rows.assign(**{"Normal/Attack": "Normal"})
    other.loc[:9, "LIT101"] = other["LIT101"].iloc[:10] if reading == "as it was" else reading
    than = "than an earlier row of the same time"
    said = {
        "as it was": f"107 rows have another label {than} and no other reading; give the rows with the right label",
        "1": f"117 rows hold other readings or another label {than}, which would be lost; the rows are of two",
    }
    with pytest.raises(DataError, match=f"one.csv and other.csv can't be joined: {said[reading]}"):
        load(one, wild.csv(other, tmp_path / "other.csv"), cache=False)


def test_files_that_contradict_each_other_are_refused(rows, tmp_path):
    one = wild.csv(rows, tmp_path / "one.csv")
    other = wild.csv(rows.assign(LIT101="1"), tmp_path / "other.csv")
    with pytest.raises(DataError, match=r"one.csv and other.csv can't be joined: 240 rows hold other readings"):
        load(one, other, cache=False)


def archive(tmp_path, rows, **members):
    path = tmp_path / "swat.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.write(wild.csv(rows, tmp_path / "SWaT.csv"), "SWaT.csv")
        for name, content in members.items():
            made.writestr(name.replace("_", "."), content)
    return path


LIST = "Attack #,Start Time,Attack Point\n1,28/12/2015 10:29:14,MV-101\n2,28/12/2015 10:51:08,P-102\n"
COMPANIONS = {
    "readme_pdf": (b"%PDF-1.7", "it is a PDF"),
    "plant_png": (b"\x89PNG\r\n\x1a\n", "it is a picture"),
    "plant_jpg": (b"\xff\xd8\xff\xe0", "it is a picture"),
    "Thumbs_db": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "it is an old Office file without a workbook"),
    "notes_bin": (bytes(64), "it holds binary data of no known kind"),
    "empty_csv": (b"", "it is empty (0 bytes)"),
    "readme_txt": (b"Rows of a plant\n", "no tag is named in it"),
    "header_csv": (b"Timestamp,FIT101,LIT101\n", "a header and no row"),
    "attacks_csv": (LIST.encode(), "no row holds a reading (MV101 reads 'P-102')"),
}


@pytest.mark.parametrize("name", COMPANIONS)
def test_what_stands_beside_the_rows_in_an_archive_is_passed_over_and_said(name, rows, recorded, tmp_path):
    content, why = COMPANIONS[name]
    said = f"swat.zip, {name.replace('_', '.')} passed over: {why}"
    assert_whole(archive(tmp_path, rows, **{name: content}), recorded, said)


def test_a_part_that_may_hold_rows_is_not_passed_over(rows, tmp_path):
    broken = wild.csv(rows.assign(LIT101="high"), tmp_path / "broken.csv").read_text()
    assert "tag LIT101 reads 'high'" in refused(archive(tmp_path, rows, more_csv=broken))
    assert "swat.zip, more.7z is a 7z archive" in refused(archive(tmp_path, rows, more_7z=b"7z\xbc\xaf\x27\x1c"))


def book_of(tmp_path, **sheets):
    """A workbook of tables, each with whether its sheet is visible."""
    book = Workbook()
    book.remove(book.active)
    for name, (table, state) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for line in [list(table), *table.to_numpy().tolist()]:
            sheet.append([number(cell) for cell in line])
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def number(cell):
    try:
        return float(cell)
    except (TypeError, ValueError):
        return cell


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_visible_sheet_goes_before_a_hidden_one(state, rows, recorded, tmp_path):
    other = rows.assign(**dict.fromkeys(SIX_TAGS, "9"))
    path = book_of(tmp_path, backup=(other, state), Data=(rows, "visible"))
    assert_whole(path, recorded, "book.xlsx, sheet backup passed over: it is hidden")
    path = book_of(tmp_path, Notes=(pd.DataFrame({"note": ["ok"]}), "visible"), Data=(rows, state))
    assert_whole(path, recorded, "the sheet is hidden, and no visible one names a tag")


def test_a_sheet_of_averages_is_passed_over_and_said(rows, recorded, tmp_path):
    summary = recorded.frame.astype("float64").describe().reset_index()
    path = book_of(tmp_path, Data=(rows, "visible"), Averages=(summary, "visible"))
    said = "book.xlsx, sheet Averages passed over: its rows are averages and the like, not recorded rows"
    assert_whole(path, recorded, said)
    assert "its rows are averages and the like" in refused(book_of(tmp_path, Averages=(summary, "visible")))


def test_averages_with_times_are_passed_over_and_said(rows, recorded, tmp_path):
    minutes = recorded.frame.astype("float64").resample("1min").mean()
    table = minutes.set_axis(minutes.index.strftime("%d/%m/%Y %H:%M:%S")).rename_axis("Timestamp").reset_index()
    path = book_of(tmp_path, Minutes=(table, "visible"), Data=(rows, "visible"))
    said = "book.xlsx, sheet Minutes passed over: 4 rows without the label that book.xlsx, sheet Data has"
    assert_whole(path, recorded, said)
    labelled = table.assign(**{"Normal/Attack": "Normal"})
    path = book_of(tmp_path, Minutes=(labelled, "visible"), Data=(rows, "visible"))
    said = "4 rows that are 10 times or more as far apart as those of book.xlsx, sheet Data"
    assert_whole(path, recorded, f"book.xlsx, sheet Minutes passed over: {said}")


ODD_COLUMNS = {
    "lists": pa.array([["a", "b"]] * 240),
    "records": pa.array([{"a": 1}] * 240),
    "bytes": pa.array([b"\xff\xfe"] * 240),
    "spans": pa.array(np.arange(240), pa.duration("s")),
    "decimals": pa.array(np.arange(240)).cast(pa.decimal128(30, 2)),
    "dates": pa.array(np.arange(240, dtype="int32"), pa.date32()),
    "clocks": pa.array(np.arange(240, dtype="int32"), pa.time32("s")),
    "words": pa.array(["a"] * 240).dictionary_encode(),
    "nothing": pa.nulls(240),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_a_parquet_column_of_any_type_is_kept_apart(name, recorded, tmp_path):
    frame = recorded.frame.assign(label=recorded.label).reset_index()
    table = pa.Table.from_pandas(frame, preserve_index=False).append_column("note", ODD_COLUMNS[name])
    pa.parquet.write_table(table, tmp_path / "odd.parquet")
    assert_whole(tmp_path / "odd.parquet", recorded)


@pytest.mark.parametrize("name", ["lists", "records", "bytes", "dates"])
def test_a_tag_of_an_odd_type_is_refused(name, recorded, tmp_path):
    table = pa.table({"time": recorded.frame.index, "FIT101": recorded.frame["FIT101"], "LIT101": ODD_COLUMNS[name]})
    pa.parquet.write_table(table, tmp_path / "odd.parquet")
    assert "odd.parquet, row 1: tag LIT101 reads " in refused(tmp_path / "odd.parquet")


def test_a_far_year_in_parquet_is_named_with_its_row(recorded, tmp_path):
    times = recorded.frame.index.to_numpy().astype("M8[us]")
    times[-1] = np.datetime64("9999-12-31T23:59:59")
    pa.parquet.write_table(pa.table({"time": times, "LIT101": recorded.frame["LIT101"]}), tmp_path / "far.parquet")
    assert "far.parquet, row 240: column 'time' has the year 9999" in refused(tmp_path / "far.parquet")


def test_times_that_lost_am_and_pm_in_part_are_refused(recorded, tmp_path):
    index = pd.date_range("2015-12-28 10:00", periods=240, freq="1min")
    table = wild.cells(recorded.at(index))
    table.loc[90:, "Timestamp"] = table.loc[90:, "Timestamp"].str.removesuffix(" AM").str.removesuffix(" PM")
    assert "without AM or PM" in refused(wild.csv(table, tmp_path / "part.csv"))


def test_a_table_that_ends_where_spreadsheets_end_is_suspected(tmp_path):
    index = pd.date_range("2016-03-01", periods=65_535, freq="s")
    pd.DataFrame({"Timestamp": index, "LIT101": np.arange(65_535) / 64}).to_csv(tmp_path / "cut.csv", index=False)
    said = "ends in row 65,536, where a spreadsheet cuts longer tables: rows may be missing"
    assert said in load(tmp_path / "cut.csv", cache=False).findings


def test_a_quote_left_open_in_the_header_takes_no_row_in(rows, tmp_path):
    lines = [f"{line},ok" for line in lines_of(rows, tmp_path)]
    lines[0] = lines[0].removesuffix("ok") + '"note'
    assert "rows.csv: the quote opened in row 1 is closed only" in refused(write(lines, tmp_path))


def test_a_clock_that_was_set_back_is_named_where_no_time_is_repeated(recorded, tmp_path):
    index = pd.date_range("2019-10-27 02:30", periods=240, freq="20s")
    times = index.where(np.arange(240) < 90, index - pd.Timedelta("3595s"))
    table = wild.cells(recorded).assign(Timestamp=times.astype(str))
    said = refused(wild.csv(table, tmp_path / "back.csv"))
    assert said.startswith(
        "back.csv, row 92: the times of two parts of the rows overlap at other seconds; the clock was"
    )


def test_a_part_without_its_header_is_not_passed_over(rows, tmp_path):
    path = archive(tmp_path, rows[:80], more_csv=rows[80:].to_csv(index=False, header=False))
    said = (
        "swat.zip, more.csv begins with ' 28/12/2015 10:34:20 AM' where a header is wanted, and has as many cells a row"
    )
    assert said in refused(path)


def test_labels_in_a_part_of_their_own_are_not_passed_over(rows, tmp_path):
    labels = rows[["Timestamp", "Normal/Attack"]].to_csv(index=False)
    path = archive(tmp_path, rows.drop(columns="Normal/Attack"), labels_csv=labels)
    assert "swat.zip, labels.csv holds labels and no tag, and swat.zip, SWaT.csv has no label" in refused(path)


def test_tags_that_stand_in_two_sheets_are_not_lost(rows, tmp_path):
    one, other = rows.drop(columns="FIT201"), rows[["Timestamp", "FIT201", "Normal/Attack"]]
    said = refused(book_of(tmp_path, P1=(one, "visible"), P2=(other, "visible")))
    assert (
        "240 rows hold readings that an earlier row of the same time lacks, which would be lost; put such tags" in said
    )


@pytest.mark.parametrize("row", [0, 100, 239])
@pytest.mark.parametrize("year", ["2005", "2025", "2105"])
def test_a_mistyped_year_is_named_with_its_row(year, row, rows, tmp_path):
    rows.loc[row, "Timestamp"] = rows.loc[row, "Timestamp"].replace("2015", year)
    assert f"row {row + 2}: the time {year}-12-28" in refused(wild.csv(rows, tmp_path / "year.csv"))


def test_marks_of_byte_order_within_the_text_are_left_out_and_said(rows, recorded, tmp_path):
    lines = lines_of(rows, tmp_path)
    path = write([*lines[:100], "\N{ZERO WIDTH NO-BREAK SPACE}" + lines[100], *lines[101:]], tmp_path)
    assert_whole(path, recorded, "1 byte-order mark within the text left out")
    path.write_bytes("\n".join(lines).encode("utf-32"))
    assert_whole(path, recorded, "text is UTF-32")


def test_a_counter_with_gaps_that_is_called_a_time_says_so(rows, tmp_path):
    rows["Timestamp"] = [*range(100), *range(500, 640)]
    said = "column 'Timestamp' counts the rows with 1 gap, which its times then lack, left out"
    assert said in load(wild.csv(rows, tmp_path / "gap.csv"), cache=False).findings


def test_feather_is_read(recorded, tmp_path):
    recorded.frame.assign(attack=recorded.label).reset_index().to_feather(tmp_path / "rows.feather")
    assert_whole(tmp_path / "rows.feather", recorded)
    (tmp_path / "rows.feather").write_bytes((tmp_path / "rows.feather").read_bytes()[:900])
    assert "rows.feather is cut short or damaged" in refused(tmp_path / "rows.feather")
