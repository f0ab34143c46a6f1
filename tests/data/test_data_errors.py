"""What can't be read says where, what was met, and what to do."""

import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest
import wild

from swatlib.data import DataError, load

HEADER = "Timestamp,FIT101,LIT101,P101,Normal/Attack\n"
ROWS = "".join(f"28/12/2015 10:00:{second:02} AM,2.5,{500 + second},2,Normal\n" for second in range(5))
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def refused(tmp_path, name, content, *more):
    """The sentence with which a file of this name and content is refused."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        load(path, *more, cache=False)
    return str(error.value)


def zip_of(tmp_path, **members):
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.read_bytes()


def test_the_rows_used_here_are_fine(tmp_path):
    (tmp_path / "fine.csv").write_text(HEADER + ROWS)
    assert load(tmp_path / "fine.csv", cache=False).frame.shape == (5, 3)


NO_TABLE = [
    ("empty.csv", b"", "empty.csv is empty (0 bytes): copy it again"),
    ("blank.csv", "\n\n", "blank.csv: no SWaT tag is named in its first rows;"),
    ("header.csv", HEADER, "header.csv holds a header and no row"),
    (
        "notes.txt",
        "Dear all,\nthe data is below.\n",
        "notes.txt: no SWaT tag is named in its first rows, which begin 'Dear",
    ),
    (
        "weather.csv",
        "time,wind\n1,2\n",
        "which begin 'time' and 'wind'; a row of names like FIT101, LIT101, MV101 is needed",
    ),
    ("noise.csv", bytes(range(256)) * 9, "noise.csv is not a table: it holds binary data"),
    ("list.pkl", b"(lp0\nI1\na.", "list.pkl is a pickle, which is code"),
    ("SWaT_test.pkl", b"\x80\x04\x95\x05", "to_csv('swat.csv') and give that"),
    ("swat.npy", b"\x93NUMPY\x01\x00", "swat.npy is an array without names"),
    ("swat.h5", b"\x89HDF\r\n", "swat.h5 is an HDF5 file"),
    ("swat.pdf", b"%PDF-1.7", "swat.pdf is a PDF"),
    (
        "locked.xlsx",
        OLE + "EncryptedPackage".encode("utf-16-le"),
        "locked.xlsx is a password-protected workbook: open it",
    ),
    ("old.xls", OLE + "Workbook".encode("utf-16-le"), "old.xls is a workbook of Excel 97-2003 (.xls): open it"),
    ("office.xlsx", OLE, "office.xlsx is a password-protected workbook or one of Excel 97-2003"),
    ("odd.parquet", b"PAR1 and no more", "odd.parquet is cut short or damaged"),
    (
        "short.csv",
        HEADER + ROWS[:-12],
        "short.csv, row 6: 3 cells where the header has 5, and the file ends there: it is cut",
    ),
    ("wide.csv", HEADER + "1,2,3,4,5,6\n" + ROWS, "wide.csv, row 2: 6 cells where the header has 5"),
]


@pytest.mark.parametrize(("name", "content", "said"), NO_TABLE, ids=[case[0] for case in NO_TABLE])
def test_what_is_no_table_is_refused(name, content, said, tmp_path):
    assert said in refused(tmp_path, name, content)


def edited(row, column, text):
    """The rows with one cell changed, counted from the header as row 1."""
    lines = [line.split(",") for line in (HEADER + ROWS).splitlines()]
    lines[row - 1][column] = text
    return "\n".join(map(",".join, lines))


BAD_CELLS = [
    ((4, 0, "yesterday"), "bad.csv, row 4: column 'Timestamp' reads 'yesterday', which is no date with a time"),
    ((4, 0, "31/11/2015 10:00:00 AM"), "bad.csv, row 4: column 'Timestamp' reads '31/11/2015 10:00:00 AM'"),
    ((4, 0, "28/12/2015 10:61:00 AM"), "bad.csv, row 4: column 'Timestamp' reads '28/12/2015 10:61:00 AM'"),
    (
        (4, 0, ""),
        "bad.csv, row 4: column 'Timestamp' is empty (so 1 of 5 rows); write times like 28/12/2015 10:00:00 AM",
    ),
    (
        (3, 2, "high"),
        "bad.csv, row 3: tag LIT101 reads 'high' where a number is wanted; mend the cell or delete the row",
    ),
    ((3, 2, "1e99"), "bad.csv, row 3: column LIT101 reads 1e+99, which no instrument can"),
    (
        (5, 3, "ajar"),
        "bad.csv, row 5: tag P101 reads 'ajar' where a number (1 off and 2 on) or a word such as Active is",
    ),
    ((2, 0, "28/12/2015 25:00:00"), "bad.csv, row 2: column 'Timestamp' reads '28/12/2015 25:00:00'"),
    (
        (6, 4, "Service"),
        "bad.csv, row 6: label column 'Normal/Attack' reads 'Service', neither normal nor attack (1 row",
    ),
    ((6, 4, ""), "bad.csv, row 6: label column 'Normal/Attack' is empty"),
    ((6, 4, "2"), "bad.csv, row 6: label column 'Normal/Attack' reads '2'"),
]


@pytest.mark.parametrize(("edit", "said"), BAD_CELLS)
def test_a_bad_cell_is_named_with_its_row(edit, said, tmp_path):
    assert said in refused(tmp_path, "bad.csv", edited(*edit))


def test_a_bad_cell_is_found_past_blank_lines(tmp_path):
    content = edited(4, 2, "high").replace("\n", "\n\n", 2)
    assert "bad.csv, row 6: tag LIT101 reads 'high'" in refused(tmp_path, "bad.csv", content)


def test_a_bad_cell_late_in_a_workbook_is_named_with_sheet_and_row(tmp_path):
    rows = [[f"28/12/2015 10:{i // 60:02}:{i % 60:02} AM", 2.5, "high" if i == 1_090 else 500] for i in range(1_100)]
    table = pd.DataFrame(rows, columns=["Timestamp", "FIT101", "LIT101"])
    path = wild.xlsx(table, tmp_path / "late.xlsx", above=[["", "P1"]], sheet="Attack")
    with pytest.raises(DataError, match=r"late.xlsx, sheet Attack, row 1093: tag LIT101 reads 'high'"):
        load(path, cache=False)


def test_times_without_am_or_pm_are_refused(tmp_path):
    content = "Time,FIT101\n" + "".join(f"28/12/2015 {h}:{m:02}:00,1\n" for h in (11, 12, 1) for m in range(60))
    said = refused(tmp_path, "halves.csv", content)
    assert "halves.csv, row 122: column 'Time' runs from hour 12 back to hour 1 without AM or PM" in said


def test_times_that_lost_their_seconds_are_refused(tmp_path):
    said = refused(tmp_path, "minutes.csv", "Time,FIT101\n" + "28/12/2015 10:00,1\n" * 3)
    assert "minutes.csv, row 3: column 'Time' reads '28/12/2015 10:00' in several rows and has no seconds" in said


@pytest.mark.parametrize(
    ("name", "normal", "attack", "said"),
    [
        (
            "label",
            "-1",
            "1",
            "labels.csv: label column 'label' holds -1 and 1, and -1 marks the anomaly in some programs",
        ),
        (
            "Normal",
            "1",
            "0",
            "labels.csv: label column 'Normal' holds 1 and 0, and its name leaves open which of them is the attack",
        ),
    ],
)
def test_numbers_of_unclear_meaning_are_no_label(name, normal, attack, said, tmp_path):
    header, rows = HEADER.replace("Normal/Attack", name), ROWS.replace(",Normal\n", f",{normal}\n", 4)
    assert said in refused(tmp_path, "labels.csv", header + rows.replace(",Normal\n", f",{attack}\n"))


def test_labels_that_disagree_are_refused(tmp_path):
    lines = (HEADER + ROWS).splitlines()
    content = "\n".join([lines[0] + ",label", *(line + ",0" for line in lines[1:-1]), lines[-1] + ",1"])
    assert "two.csv, row 6: label columns 'Normal/Attack' and 'label' disagree (so 1 row)" in refused(
        tmp_path, "two.csv", content
    )


def test_columns_of_one_tag_that_differ_are_refused(tmp_path):
    lines = (HEADER + ROWS).splitlines()
    content = "\n".join([lines[0] + ", LIT101", *(line + ",500" for line in lines[1:])])
    said = refused(tmp_path, "twins.csv", content)
    assert "twins.csv, row 3: columns 'LIT101' and ' LIT101' both hold LIT101 and differ (so 4 rows)" in said


def test_a_column_without_any_number_is_refused(tmp_path):
    content = "Time,FIT101\n" + "28/12/2015 10:00:00,none\n" * 3
    assert "no row holds a reading (FIT101 reads 'none')" in refused(tmp_path, "words.csv", content)


def test_cut_archives_are_refused(tmp_path):
    whole = zip_of(tmp_path, a=HEADER + ROWS)
    assert "cut.zip is cut short" in refused(tmp_path, "cut.zip", whole[:-30])
    assert "cut.csv.gz is cut short" in refused(tmp_path, "cut.csv.gz", gzip.compress((HEADER + ROWS).encode())[:-20])


def test_a_cut_workbook_and_a_cut_parquet_are_refused(tmp_path):
    table = pd.DataFrame({"Time": ["28/12/2015 10:00:00"], "FIT101": [1.0]})
    table.to_parquet(tmp_path / "whole.parquet")
    workbook = wild.xlsx(table, tmp_path / "whole.xlsx").read_bytes()
    assert "cut.xlsx is cut short" in refused(tmp_path, "cut.xlsx", workbook[: len(workbook) // 2])
    parquet = (tmp_path / "whole.parquet").read_bytes()
    assert "cut.parquet is cut short" in refused(tmp_path, "cut.parquet", parquet[: len(parquet) // 2])


def test_damaged_and_locked_members_are_refused(tmp_path):
    whole = zip_of(tmp_path, a=HEADER + ROWS)
    assert "hurt.zip, a is damaged" in refused(tmp_path, "hurt.zip", whole.replace(b"FIT101", b"FIT102"))
    locked = whole.replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")
    assert "locked.zip is a password-protected archive: unpack it and give a" in refused(tmp_path, "locked.zip", locked)


def test_archives_and_workbooks_without_a_table_are_refused(tmp_path):
    assert "none.zip, notes: no SWaT tag" in refused(tmp_path, "none.zip", zip_of(tmp_path, notes="nothing"))
    assert "void.zip is an archive without a file" in refused(tmp_path, "void.zip", zip_of(tmp_path))
    workbook = wild.xlsx(pd.DataFrame({"wind": [1]}), tmp_path / "wind.xlsx", sheet="Air").read_bytes()
    assert "wind.xlsx, sheet Air: no SWaT tag" in refused(tmp_path, "wind.xlsx", workbook)
    workbook = zip_of(tmp_path, **{"xl/workbook.xml": "<workbook"})
    assert "torn.xlsx can't be opened as a workbook" in refused(tmp_path, "torn.xlsx", workbook)


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    (tmp_path / "labelled.csv").write_text(HEADER + ROWS)
    lacking = (HEADER + ROWS).replace(",Normal/Attack", "").replace(",Normal", "")
    said = refused(tmp_path, "plain.csv", lacking, tmp_path / "labelled.csv")
    assert "plain.csv has no label, and labelled.csv does: load them one by one" in said
    untimed = "\n".join(line.partition(",")[2] for line in (HEADER + ROWS).splitlines())
    said = refused(tmp_path, "untimed.csv", untimed, tmp_path / "labelled.csv")
    assert "untimed.csv has no times and can't be put in order, and labelled.csv does" in said


def test_paths_that_lead_nowhere_are_refused(tmp_path):
    (tmp_path / "attack.csv").write_text(HEADER + ROWS)
    with pytest.raises(DataError, match=r"atack.csv does not exist. Did you mean 'attack.csv'\?"):
        load(tmp_path / "atack.csv")
    with pytest.raises(DataError, match=r"is a folder: give the files in it one by one, such as attack.csv"):
        load(tmp_path)
    with pytest.raises(DataError, match="no file given: load takes one path or several"):
        load()


def test_infinite_readings_are_refused(tmp_path):
    frame = pd.DataFrame({"LIT101": [1.0, np.inf]}, pd.date_range("2015-12-28", periods=2, freq="s", name="time"))
    frame.to_parquet(tmp_path / "inf.parquet")
    with pytest.raises(DataError, match=r"inf.parquet, row 2: column LIT101 reads inf, which no instrument can"):
        load(tmp_path / "inf.parquet", cache=False)
