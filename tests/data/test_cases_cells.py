"""Labels inverted or passed over, and cells that a reader took for something else: the right value, or a reason."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import wild
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from wild import SIX_TAGS, refused

from swatlib.data import DataError, load, normal_frame

BERLIN = pd.date_range("2019-10-27 02:58", periods=240, freq="20s", tz="+02:00").tz_convert("Europe/Berlin")


def read(rows, tmp_path):
    return load(wild.csv(rows, tmp_path / "rows.csv"), cache=False)


def workbook(rows, path, header=True):
    book = Workbook(write_only=True)
    sheet = book.create_sheet("S")
    if header:
        sheet.append([None] * len(rows.columns))
    sheet.append(list(rows.columns))
    for row in rows.itertuples(index=False):
        sheet.append(list(row))
    book.save(path)
    return path


LABEL, TIME = "Normal/Attack", "Timestamp"


@pytest.mark.parametrize("name", ["anomaly", "attack", "label", "outlier", "class", "is_anomaly"])
@pytest.mark.parametrize("other", ["0", "1"])
def test_minus_one_is_no_label_as_programs_disagree_on_it(rows, recorded, tmp_path, name, other):
    rows = rows.rename(columns={LABEL: name}).assign(**{name: np.where(recorded.label, "-1", other)})
    said = refused(wild.csv(rows, tmp_path / "rows.csv"))
    assert f"label column '{name}' holds {other} and -1" in said and said.endswith("write Normal and Attack")


@pytest.mark.parametrize(
    "name", ["Normal_Attack", "class", "is_anomaly", "outlier", "ATT_FLAG", "Attack Label", "normal.attack"]
)
@pytest.mark.parametrize(
    ("normal", "attack"), [("Normal", "Attack"), ("0", "1"), ("False", "True"), ("normal", "A ttack")]
)
def test_a_label_is_found_under_its_other_names(rows, recorded, tmp_path, name, normal, attack):
    rows = rows.rename(columns={LABEL: name}).assign(**{name: np.where(recorded.label, attack, normal)})
    assert np.array_equal(read(rows, tmp_path).label, recorded.label)


@pytest.mark.parametrize(
    ("name", "words"), [("state", ("normal", "intrusion")), ("attack id", ("", "7")), ("ANOMALY SCORE 2", ("0", "3"))]
)
def test_what_reads_like_a_label_is_named_and_nothing_is_fitted_beside_it(rows, recorded, tmp_path, name, words):
    rows = rows.rename(columns={LABEL: name}).assign(**{name: np.where(recorded.label, *words[::-1])})
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "29/10/2015")
    loaded = read(rows, tmp_path)
    assert f"column {name!r} reads like a label, and is kept apart" in loaded.findings
    with pytest.raises(DataError, match="reads like a label and is none here"):
        normal_frame(loaded)


def test_a_column_that_says_normal_throughout_labels_nothing(rows, tmp_path):
    rows = rows.rename(columns={LABEL: "state"}).assign(state="normal")
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "29/10/2015")
    assert len(normal_frame(read(rows, tmp_path))) == 240


def numbers(rows):
    return rows.assign(**{tag: rows[tag].astype(float) for tag in SIX_TAGS}).astype(dict.fromkeys(SIX_TAGS, object))


def test_false_among_levels_of_a_workbook_is_no_number(rows, tmp_path):
    rows = numbers(rows)
    rows.loc[[100, 101], "LIT101"] = [False, True]
    assert "row 103: tag LIT101 reads 'false' where a number is wanted" in refused(workbook(rows, tmp_path / "a.xlsx"))


def test_one_after_true_and_false_in_a_workbook_is_the_code_one(rows, tmp_path):
    rows = numbers(rows).assign(P102=[False] * 200 + [True] * 20 + [1] * 20)
    pump = load(workbook(rows, tmp_path / "a.xlsx"), cache=False).frame["P102"]
    assert pump.tolist() == [1.0] * 200 + [2.0] * 20 + [1.0] * 20


@pytest.mark.parametrize(("cell", "level"), [("1,020.5", 1020.5), ("12,345", 12345.0), ("-1,000", -1000.0)])
def test_commas_group_thousands_beside_decimal_points(rows, tmp_path, cell, level):
    rows["LIT101"] = ["980.5"] * 239 + [cell]
    path = tmp_path / "rows.csv"
    rows.to_csv(path, sep=";", index=False)
    assert load(path, cache=False).frame["LIT101"].iloc[-1] == np.float32(level)


def test_a_comma_that_may_be_either_is_refused(rows, tmp_path):
    rows = rows.assign(LIT101=["980"] * 239 + ["1,000"], FIT101="0", FIT201="0")
    rows.to_csv(tmp_path / "rows.csv", sep=";", index=False)
    said = refused(tmp_path / "rows.csv")
    assert "row 241: tag LIT101 reads '1,000', whose comma or dot may group thousands or be decimal" in said


def test_decimal_commas_stay_decimal(rows, tmp_path):
    rows = rows.assign(LIT101=["980,5"] * 239 + ["1,000"], FIT101="0", FIT201="0")
    rows.to_csv(tmp_path / "rows.csv", sep=";", index=False)
    assert load(tmp_path / "rows.csv", cache=False).frame["LIT101"].iloc[[0, -1]].tolist() == [980.5, 1.0]


def test_offsets_put_the_rows_of_the_hour_that_comes_twice_in_order(rows, recorded, tmp_path):
    rows[TIME] = [time.isoformat() for time in BERLIN]
    loaded = read(rows, tmp_path)
    assert loaded.frame.index.tolist() == pd.date_range("2019-10-27 02:58", periods=240, freq="20s").tolist()
    assert np.array_equal(loaded.frame, recorded.frame) and np.array_equal(loaded.label, recorded.label)


def test_a_typed_zone_puts_them_in_order_too(recorded, tmp_path):
    table = pa.table({"time": pa.array(BERLIN), **{tag: recorded.frame[tag].to_numpy() for tag in SIX_TAGS}})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    loaded = load(tmp_path / "a.parquet", cache=False)
    assert loaded.frame.index.tolist() == pd.date_range("2019-10-27 02:58", periods=240, freq="20s").tolist()


def test_one_row_without_its_zone_is_refused(rows, tmp_path):
    rows[TIME] = [time.isoformat() for time in BERLIN]
    rows.loc[7, TIME] = "2019-10-27 03:00:20"
    assert "row 9: column 'Timestamp' has marks of a time zone and here none" in refused(
        wild.csv(rows, tmp_path / "a.csv")
    )


@pytest.mark.parametrize(
    ("form", "read_as"), [("15/12/28", "2015-12-28"), ("28/12/15", "2015-12-28"), ("12-28-15", "2015-12-28")]
)
def test_a_short_year_is_where_it_can_be_one(rows, tmp_path, form, read_as):
    rows[TIME] = rows[TIME].str.replace("28/12/2015", form)
    assert read(rows, tmp_path).frame.index[0] == pd.Timestamp(f"{read_as} 10:33:00")


def test_a_short_year_that_may_stand_first_or_last_is_refused(rows, tmp_path):
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "15/12/16")
    assert "may stand first or last; write four digits" in refused(wild.csv(rows, tmp_path / "rows.csv"))


def test_days_and_months_that_a_spreadsheet_exchanged_are_refused(rows, tmp_path):
    times = pd.date_range("2015-12-31 23:50", periods=240, freq="450s")
    typed = [
        datetime.datetime(time.year, time.day, time.month, *time.timetuple()[3:6]) if time.day < 13 else time
        for time in times
    ]
    rows[TIME] = [
        cell if isinstance(cell, datetime.datetime) and cell.day < 13 else f"{cell:%d/%m/%Y %I:%M:%S %p}"
        for cell in typed
    ]
    said = refused(workbook(numbers(rows), tmp_path / "a.xlsx", header=False))
    assert "a spreadsheet may have exchanged day and month" in said and said.endswith(
        "write all times with the year first"
    )


def test_a_far_year_is_named_by_its_row(rows, tmp_path):
    rows[TIME] = [*rows[TIME].iloc[:-1], "9999-12-31 23:59:59"]
    assert "row 241: column 'Timestamp' has the year 9999 (so 1 row)" in refused(wild.csv(rows, tmp_path / "rows.csv"))


@pytest.mark.parametrize("name", ["Date/Time", "Date Time", "date_time", "TIMESTAMP", "DateTime"])
def test_the_column_of_times_is_found_under_its_other_names(rows, recorded, tmp_path, name):
    assert read(rows.rename(columns={TIME: name}), tmp_path).frame.index.equals(recorded.frame.index)


@pytest.mark.parametrize(("date", "time"), [("%d/%m/%Y", "%I:%M:%S %p"), ("%Y-%m-%d", "%H:%M:%S")])
def test_date_and_time_in_two_columns_are_joined(rows, recorded, tmp_path, date, time):
    index = recorded.frame.index
    rows = rows.drop(columns=TIME)
    rows.insert(0, "Time", index.strftime(time))
    rows.insert(0, "Date", index.strftime(date))
    assert read(rows, tmp_path).frame.index.equals(index)


def test_date_and_time_in_two_columns_of_a_workbook_are_joined(rows, recorded, tmp_path):
    index = recorded.frame.index
    rows = numbers(rows).drop(columns=TIME)
    rows.insert(0, "Time", [each.time() for each in index])
    rows.insert(0, "Date", [each.to_pydatetime().replace(hour=0, minute=0, second=0) for each in index])
    loaded = load(workbook(rows, tmp_path / "a.xlsx", header=False), cache=False)
    assert loaded.frame.index.equals(index) and np.array_equal(loaded.label, recorded.label)


@pytest.mark.parametrize("name", ["LIT101 (mm)", "LIT101 [mm]", "LIT101(MM)"])
def test_a_unit_behind_a_name_is_no_part_of_it(rows, recorded, tmp_path, name):
    assert np.array_equal(read(rows.rename(columns={"LIT101": name}), tmp_path).frame, recorded.frame)


def test_another_unit_is_refused(rows, tmp_path):
    said = refused(wild.csv(rows.rename(columns={"LIT101": "LIT101 (m)"}), tmp_path / "rows.csv"))
    assert "LIT101 is given in 'm' where mm is wanted" in said


FORMS = [
    "%d/%m/%Y %I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
]


@given(
    start=st.datetimes(pd.Timestamp("2015-12-13"), pd.Timestamp("2015-12-28 23:00")),
    step=st.integers(1, 10),
    form=st.sampled_from(FORMS),
)
def test_times_in_every_form_read_back(tmp_path_factory, start, step, form):
    index = pd.date_range(pd.Timestamp(start).floor("s"), periods=30, freq=f"{step}s")
    path = tmp_path_factory.mktemp("times") / "rows.csv"
    pd.DataFrame({"Timestamp": index.strftime(form), "LIT101": range(500, 530)}).to_csv(path, index=False)
    assert load(path, cache=False).frame.index.tolist() == index.tolist()


@pytest.mark.parametrize("name", ["Attack/Normal", "is_normal", "benign"])
def test_numbers_under_a_name_that_speaks_of_normal_are_refused(rows, recorded, tmp_path, name):
    rows = rows.rename(columns={LABEL: name}).assign(**{name: np.where(recorded.label, "0", "1")})
    assert "leaves open which of them is the attack" in refused(wild.csv(rows, tmp_path / "rows.csv"))


@pytest.mark.parametrize("name", ["Zeit", "Time (UTC)", "Datum", "recorded at"])
def test_times_are_found_by_what_they_are(rows, recorded, tmp_path, name):
    assert read(rows.rename(columns={TIME: name}), tmp_path).frame.index.equals(recorded.frame.index)


def test_dots_that_may_group_thousands_are_refused(rows, tmp_path):
    rows = rows.assign(LIT101=["980"] * 239 + ["1.000"], FIT101="0", FIT201="0")
    rows.to_csv(tmp_path / "rows.csv", sep=";", index=False)
    assert "row 241: tag LIT101 reads '1.000', whose comma or dot" in refused(tmp_path / "rows.csv")


def test_three_decimals_in_every_row_are_decimals(rows, tmp_path):
    rows = rows.assign(LIT101=["980.000"] * 239 + ["1.000"], FIT101="0.000", FIT201="0.000")
    assert read(rows, tmp_path).frame["LIT101"].iloc[[0, -1]].tolist() == [980.0, 1.0]


def test_am_in_some_rows_only_is_refused(rows, tmp_path):
    rows.loc[7:, TIME] = rows.loc[7:, TIME].str.removesuffix(" AM")
    assert "row 9: column 'Timestamp' reads" in refused(wild.csv(rows, tmp_path / "rows.csv"))


def test_a_zone_in_some_rows_only_is_refused(rows, recorded, tmp_path):
    rows[TIME] = [f"{time.isoformat()}{'Z' * (number % 2)}" for number, time in enumerate(recorded.frame.index)]
    assert "marks of a time zone and here none" in refused(wild.csv(rows, tmp_path / "rows.csv"))


def test_a_flag_is_no_label_and_nothing_is_fitted_beside_it(rows, recorded, tmp_path):
    rows = rows.rename(columns={LABEL: "flag"}).assign(flag=np.where(recorded.label, "1", "0"))
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "29/10/2015")
    with pytest.raises(DataError, match="'flag' reads like a label"):
        normal_frame(read(rows, tmp_path))


def test_dates_that_were_all_exchanged_are_refused(rows, tmp_path):
    times = pd.date_range("2016-01-01 23:50", periods=240, freq="450s")
    rows[TIME] = [f"{time:%Y-%d-%m %H:%M:%S}" for time in times]
    assert "would not if day and month were exchanged" in refused(wild.csv(rows, tmp_path / "rows.csv"))


@pytest.mark.parametrize("words", [("Normal", "Attack 1"), ("normal", "Angriff"), ("benign", "under attack")])
def test_a_column_of_normal_and_words_of_ones_own_reads_like_a_label(words, rows, recorded, tmp_path):
    rows = rows.rename(columns={LABEL: "State"}).assign(State=np.where(recorded.label, *words[::-1]))
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "29/10/2015")
    with pytest.raises(DataError, match="'State' reads like a label"):
        normal_frame(read(rows, tmp_path))


@pytest.mark.parametrize("name", ["status", "Type", "", "outcome", "0"])
@pytest.mark.parametrize("words", [("0", "1"), ("False", "True"), ("-1", "1")])
def test_a_column_of_two_numbers_that_is_no_instrument_reads_like_a_label(name, words, rows, recorded, tmp_path):
    rows = rows.rename(columns={LABEL: name}).assign(**{name: np.where(recorded.label, *words[::-1])})
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "29/10/2015")
    with pytest.raises(DataError, match="reads like a label and is none here"):
        normal_frame(read(rows, tmp_path))


@pytest.mark.parametrize("name", ["LS 201", "LSH201.Alarm", "P207.Status", "P1_STATE", "P6 STATE"])
def test_a_switch_of_the_plant_is_no_label(name, rows, recorded, tmp_path):
    rows = rows.rename(columns={LABEL: name}).assign(**{name: np.where(recorded.label, "1", "0")})
    rows[TIME] = rows[TIME].str.replace("28/12/2015", "29/10/2015")
    assert len(normal_frame(read(rows, tmp_path))) == 240


def test_numbers_by_which_most_rows_are_attack_are_doubted(rows, recorded, tmp_path):
    rows[LABEL] = np.where(recorded.label, "0", "1")
    said = "most rows are attack by column 'Normal/Attack'; if 1 stands for normal, write Normal and Attack"
    assert said in read(rows, tmp_path).findings


@pytest.mark.parametrize("form", ["%Y-{0}-{1}", "{1}/{0}/%Y", "{0}/{1}/%Y"])
def test_days_and_months_exchanged_in_some_rows_are_refused(form, rows, tmp_path):
    times = pd.date_range("2016-01-12 23:58", periods=240, freq="s")
    rows[TIME] = [
        f"{time.strftime(form.format(*(('%d', '%m') if time.day < 13 else ('%m', '%d'))))} {time:%H:%M:%S}"
        for time in times
    ]
    assert "would not if day and month were exchanged" in refused(wild.csv(rows, tmp_path / "rows.csv"))


def test_am_throughout_in_times_past_noon_is_refused(recorded, tmp_path):
    index = pd.date_range("2015-12-28 09:00", periods=240, freq="min")
    rows = wild.cells(recorded.at(index), "{:%d/%m/%Y %I:%M:%S AM}".format)
    assert "back to hour 12 as AM throughout" in refused(wild.csv(rows, tmp_path / "rows.csv"))


@pytest.mark.parametrize(
    "name",
    ["LIT_101", "LIT101 mm", "LIT101_mm", "LIT101_Value", "LIT101.Value", "\N{ZERO WIDTH SPACE}LIT101", "ＬＩＴ１０１"],
)
def test_a_tag_is_found_under_its_other_spellings(name, rows, recorded, tmp_path):
    assert np.array_equal(read(rows.rename(columns={"LIT101": name}), tmp_path).frame, recorded.frame)


def test_a_clock_of_another_name_joins_the_date(rows, recorded, tmp_path):
    index = recorded.frame.index
    rows = rows.drop(columns=TIME).assign(date=index.strftime("%d/%m/%Y"), clock=index.strftime("%H:%M:%S"))
    assert read(rows, tmp_path).frame.index.equals(index)


@pytest.mark.parametrize("form", ["%d/%m/%Y %I:%M:%S\N{NARROW NO-BREAK SPACE}%p", "%Y-%m-%d %H:%M:%S+08"])
def test_times_as_browsers_and_databases_print_them_are_read(form, rows, recorded, tmp_path):
    rows[TIME] = recorded.frame.index.strftime(form)
    assert read(rows, tmp_path).frame.index.equals(recorded.frame.index)
