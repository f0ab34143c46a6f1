"""The forms in which SWaT files circulate, written from simulated rows; no real row is in them.

A form is a function of a recording and a folder that returns the path it wrote.
"""

import gzip
import io
import math
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from swatlib.data import DataError, Recording, load
from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES, TAGS
from swatlib.simulation import write_like_swat

SIX_TAGS = ("FIT101", "LIT101", "MV101", "P101", "P102", "FIT201")
SWITCHES = tuple(name for name in ACTUATORS if TAGS[name].kind != "valve")
SPACED = ("MV101", "AIT201", "MV201", "P201", "P202", "P204", "MV303")
NEW_NAMES = {name: f"{name[:-3]} {name[-3:]}" if TAGS[name].stage in ("P1", "P3") else name for name in TAG_NAMES}


def cells(recording: Recording, times=None, labels=("Normal", "Attack"), name="Normal/Attack") -> pd.DataFrame:
    """Text cells: times first, then tags, then labels if wanted; a float32 by its shortest decimal."""
    index = recording.frame.index
    table = pd.DataFrame({"Timestamp": list(map(times or official_time, index))})
    for tag in recording.frame:
        numbers = pa.array(recording.frame[tag].to_numpy())
        table[tag] = numbers.cast(pa.int64() if tag in ACTUATORS else pa.float32()).cast(pa.string()).to_pylist()
    if labels is not None:
        table[name] = np.where(recording.label, labels[1], labels[0])
    return table


def refused(path: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(DataError) as error:
        load(path, cache=False)
    assert "\n" not in str(error.value)
    return str(error.value)


def official_time(t: pd.Timestamp) -> str:
    return f" {t.day}/{t.month}/{t.year} {t.hour % 12 or 12}:{t:%M:%S %p}"


def utc(t: pd.Timestamp) -> str:
    """0, 6 or 7 digits of a fraction, as in July 2019."""
    return f"{t:%Y-%m-%dT%H:%M:%S}" + ("", ".000000", ".0000000")[t.second % 3] + "Z"


def csv(table: pd.DataFrame, path: Path, above=(), **options) -> Path:
    """`above`: rows before the header, as text."""
    text = "".join(f"{line}\n" for line in above) + table.to_csv(index=False, lineterminator="\n", **options)
    path.write_text(text)
    return path


def xlsx(table: pd.DataFrame, path: Path, above=(), below=(), sheet="Sheet1") -> Path:
    """Numbers as numbers; `above` and `below`: rows of cells around the header."""
    with xlsxwriter.Workbook(path, {"strings_to_numbers": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate([*above, list(table), *below, *table.to_numpy().tolist()]):
            for column, cell in enumerate(row):
                if cell is not None:
                    page.write(number, column, cell)
    return path


def small_xlsx(table: pd.DataFrame, path: Path) -> Path:
    """As `xlsx` writes a table alone, but each text in its cell: the parts of an empty book around rows of our own."""
    rows = [list(table), *table.to_numpy().tolist()]
    data = "".join(f'<row r="{number}">{_row(cells, number)}</row>' for number, cells in enumerate(rows, 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, part in _empty_book().items():
            book.writestr(name, part.replace("<sheetData/>", f"<sheetData>{data}</sheetData>"))
    return path


@cache
def _empty_book() -> dict[str, str]:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        book.add_worksheet("Sheet1")
    with zipfile.ZipFile(made) as parts:
        return {name: parts.read(name).decode() for name in parts.namelist()}


def _row(cells: list, number: int) -> str:
    return "".join(_cell(f"{_column(place)}{number}", cell) for place, cell in enumerate(cells))


_column = cache(xl_col_to_name)


def _cell(place: str, cell) -> str:
    if cell is None or cell == "":
        return ""
    with suppress(ValueError):
        if math.isfinite(float(cell)):
            return f'<c r="{place}"><v>{float(cell):.16G}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


def official_xlsx(recording, folder):
    return write_like_swat(recording, folder / "SWaT_Dataset_Attack_v0.xlsx")


def official_csv(recording, folder):
    return write_like_swat(recording, folder / "SWaT_Dataset_Attack_v0.csv")


def stages_above_header(recording, folder):
    stages = ",".join(["", *(TAGS[name].stage for name in TAG_NAMES), ""])
    return csv(cells(recording), folder / "both_headers.csv", above=[stages])


def header_read_one_row_too_high(recording, folder):
    table = cells(recording)
    names = ["Unnamed: 0", "P1", *(f"Unnamed: {number}" for number in range(2, 53))]
    return csv(pd.concat([table.columns.to_frame().T, table]), folder / "too_high.csv", header=names)


def saved_with_its_index(recording, folder):
    path = folder / "indexed.csv"
    cells(recording).to_csv(path)
    return path


def saved_twice_with_its_index(recording, folder):
    saved_with_its_index(recording, folder)
    table = pd.read_csv(folder / "indexed.csv", dtype=str)
    table.to_csv(folder / "indexed.csv")
    return folder / "indexed.csv"


def spaces_around_all_names(recording, folder):
    return csv(cells(recording).rename(columns=" {} ".format), folder / "spaced.csv")


def padded_24_hours(recording, folder):
    return csv(cells(recording, "{:%d/%m/%Y %H:%M:%S}".format), folder / "24.csv")


def month_first(recording, folder):
    return csv(cells(recording, "{:%m/%d/%Y %I:%M:%S %p}".format), folder / "american.csv")


def iso(recording, folder):
    return csv(cells(recording, str), folder / "iso.csv")


def decimal_comma(recording, folder):
    table = cells(recording)
    table[list(SENSORS)] = table[list(SENSORS)].apply(lambda column: column.str.replace(".", ","))
    return csv(table, folder / "locale.csv", sep=";")


def byte_order_mark(recording, folder):
    path = csv(cells(recording), folder / "bom.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return path


def utf_16_with_tabs(recording, folder):
    path = csv(cells(recording), folder / "unicode.txt", sep="\t")
    path.write_bytes(path.read_text().encode("utf-16"))
    return path


def windows_line_ends(recording, folder):
    path = csv(cells(recording), folder / "windows.csv")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return path


def twin_columns(recording, folder):
    """The mirror on Kaggle: spaced names filled in the first rows, unspaced ones in the last."""
    table = cells(recording)
    half = len(table) // 2
    upper, lower = table[:half].rename(columns={name: f" {name}" for name in SPACED}), table[half:]
    return csv(pd.concat([upper, lower]), folder / "normal.csv")


def rows_out_of_order(recording, folder):
    table = cells(recording)
    third = len(table) // 3
    return csv(pd.concat([table[third:], table[: 2 * third]]), folder / "merged.csv")


def zipped(recording, folder):
    with zipfile.ZipFile(folder / "swat.zip", "w") as archive:
        archive.write(official_xlsx(recording, folder), "SWaT/attack.xlsx")
        archive.writestr("__MACOSX/._attack.xlsx", b"\0\5\26\7")
        archive.writestr("SWaT/README.txt", "Rows of a simulated plant\n")
    return folder / "swat.zip"


def zipped_in_two(recording, folder):
    table = cells(recording)
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.write(csv(table[300:], folder / "b.csv"), "b.csv")
        archive.write(csv(table[:300], folder / "a.csv"), "a.csv")
    return folder / "two.zip"


def gzipped(recording, folder):
    path = folder / "attack.csv.gz"
    path.write_bytes(gzip.compress(official_csv(recording, folder).read_bytes()))
    return path


def parquet_with_index(recording, folder):
    recording.frame.assign(attack=recording.label).to_parquet(folder / "indexed.parquet")
    return folder / "indexed.parquet"


def parquet_with_column(recording, folder):
    table = recording.frame.astype("float64").assign(label=recording.label.astype("int8")).reset_index()
    table.to_parquet(folder / "column.parquet", index=False)
    return folder / "column.parquet"


def parquet_with_nameless_index(recording, folder):
    table = recording.frame.assign(y=recording.label.map({False: "Normal", True: "Attack"}).astype("category"))
    table.rename_axis(None).to_parquet(folder / "nameless.parquet")
    return folder / "nameless.parquet"


def parquet_with_the_header_in_its_first_row(recording, folder):
    """What pandas makes of the official workbook when told of no header row."""
    table = cells(recording)
    stages = ["Unnamed: 0", "P1", *(f"Unnamed: {number}" for number in range(2, 53))]
    pd.concat([table.columns.to_frame().T, table]).set_axis(stages, axis=1).to_parquet(
        folder / "strings.parquet", index=False
    )
    return folder / "strings.parquet"


def cells_of_dates(recording, folder):
    """A workbook whose times are dates to the spreadsheet, header in the first row."""
    path = folder / "dates.xlsx"
    table = recording.frame.astype("float64").assign(Attack=recording.label).reset_index()
    table.to_excel(path, index=False, engine="xlsxwriter")
    return path


def july_2019_labelled(recording, folder):
    """Rows 1 and 3 of the file are none; attacks by their kind, and as 0 and 1."""
    table = cells(recording, utc, labels=None).rename(columns=NEW_NAMES | {"Timestamp": "GMT +0"})
    table.insert(1, "Attack", np.where(recording.label, "Spoofing", "benign"))
    table.insert(2, "Label", recording.label.astype(int).to_numpy())
    above, below = [["SWaT July 2019"]], [["", "", "", *["unit"] * 51]]
    return xlsx(table, folder / "SWaT_labelled.xlsx", above=above, below=below)


LABELLED = (
    official_xlsx,
    official_csv,
    stages_above_header,
    header_read_one_row_too_high,
    saved_with_its_index,
    saved_twice_with_its_index,
    spaces_around_all_names,
    padded_24_hours,
    month_first,
    iso,
    decimal_comma,
    byte_order_mark,
    utf_16_with_tabs,
    windows_line_ends,
    twin_columns,
    rows_out_of_order,
    zipped,
    zipped_in_two,
    gzipped,
    parquet_with_index,
    parquet_with_column,
    parquet_with_nameless_index,
    parquet_with_the_header_in_its_first_row,
    cells_of_dates,
    july_2019_labelled,
)


def _vendor(name: str) -> str:
    kind = "Pv" if name in SENSORS else "Status"
    return f"SWAT_SUTD:RSLinx Enterprise:{TAGS[name].stage}.HMI_{name.replace('DPIT', 'DIT')}.{kind}"


def june_2017(recording, folder):
    """Blank first row, vendor paths, 12 hours with milliseconds."""
    table = cells(recording, lambda t: f"{t:%d/%m/%Y} {t.hour % 12 or 12}:{t:%M:%S}.000 {t:%p}", labels=None)
    names = {"Timestamp": "Time"} | {name: _vendor(name) for name in TAG_NAMES}
    return xlsx(table.rename(columns=names), folder / "2017.xlsx", above=[[]])


def june_2017_csv(recording, folder):
    table = cells(recording, "{:%d/%m/%Y %I:%M:%S.000 %p}".format, labels=None)
    return csv(table.rename(columns={"Timestamp": "Time", **{n: f"HMI_{n}" for n in TAG_NAMES}}), folder / "2017.csv")


def _july_2019(recording, words) -> pd.DataFrame:
    table = cells(recording, utc, labels=None)
    table[list(SWITCHES)] = table[list(SWITCHES)].replace({"1": words[0], "2": words[1]})
    table.insert(6, "P1_STATE", "3")
    table.insert(12, "LS 201", words[0])
    table["P6 STATE"] = "2"
    status = {name: f"{name} Status" for name in SWITCHES}
    return table.rename(columns=NEW_NAMES | status | {"Timestamp": "GMT +0"})


def july_2019_v1(recording, folder):
    words = [
        f"{{u'IsSystem': False, u'Name': u'{name}', u'Value': {n}}}" for n, name in enumerate(("Inactive", "Active"))
    ]
    return csv(_july_2019(recording, words), folder / "SWaT_dataset_Jul 19 v1.csv")


def july_2019_v2(recording, folder):
    return xlsx(_july_2019(recording, ["Inactive", "Active"]), folder / "SWaT_dataset_Jul 19 v2.xlsx")


def _suffixed(recording, times) -> pd.DataFrame:
    table = cells(recording, times, labels=None)
    table["LS201"] = "0"
    suffix = {name: f"{name}.{'Pv' if name in SENSORS else 'Status'}" for name in TAG_NAMES}
    return table.rename(columns=suffix | {"Timestamp": "t_stamp", "LS201": "LS201.Alarm"})


def december_2019(recording, folder):
    """Header in the tenth row of sheet Dec2019."""
    table = _suffixed(recording, lambda t: f"{t}")
    return xlsx(table, folder / "Dec2019.xlsx", above=[["SWaT"], *[[]] * 8], sheet="Dec2019")


def june_2020(recording, folder):
    """Month first, thousands of empty columns, a second column of times, a last row of `Bad Input`."""
    table = _suffixed(recording, lambda t: f"{t.month}/{t.day}/{t:%y %H:%M:%S}")
    nothing = pd.DataFrame("", index=table.index, columns=[f"Unnamed: {number}" for number in range(54, 2000)])
    table = pd.concat([table, table["t_stamp"].rename("Timestamp"), nothing], axis=1)
    last = table.iloc[-1:].copy()
    last.iloc[0, 1:52] = "Bad Input"
    return csv(pd.concat([table, last]), folder / "22June2020.csv")


def june_2020_xlsx(recording, folder):
    table = _suffixed(recording, str)
    table.loc[len(table)] = ["Bad Input"] * table.shape[1]
    return xlsx(table, folder / "22June2020.xlsx")


def _since_2021(recording) -> pd.DataFrame:
    """86 columns: levels first in each stage, speeds, alarms and states beside the 51 tags, statuses 0 and 1."""
    table = cells(recording, "{:%d-%b-%Y %H:%M:%S}".format, labels=None)
    table[list(ACTUATORS)] = (recording.frame[list(ACTUATORS)] == 2).astype(int).astype(str).to_numpy()
    suffix = {name: f"{name}.{'Pv' if name in SENSORS else 'Status'}" for name in TAG_NAMES}
    table = table.rename(columns=suffix | {"Timestamp": "t_stamp"})
    more = [f"P{stage}_STATE" for stage in range(1, 7)] + ["P501.Speed", "P502.Speed", "AIT301.Pv", "LIT601.Pv"]
    alarms = [f"LS{number}.Alarm" for number in range(201, 216)]
    further = [f"{tag}.Status" for tag in ("P207", "P208", "MV501", "MV502", "MV503", "MV504")]
    extra = {**dict.fromkeys([*more, *further], "1"), **dict.fromkeys(alarms, "Inactive")}
    return table.assign(**extra)


def march_2026(recording, folder):
    """`Bad Input` stands in a few cells of columns of every kind."""
    table = _since_2021(recording)
    table.loc[[3, 7], ["LS201.Alarm", "P1_STATE"]] = "Bad Input"
    table = pd.concat([table, table.iloc[-1:].assign(**dict.fromkeys(table.columns[1:], "Bad Input"))])
    return csv(table, folder / "11-Mar-2026_0900_1700.csv")


def february_2026_xlsx(recording, folder):
    return xlsx(_since_2021(recording), folder / "SWaT.A10_OTDataset_19-Feb-2026_0930_1735.xlsx")


UNLABELLED = (
    june_2017,
    june_2017_csv,
    july_2019_v1,
    july_2019_v2,
    december_2019,
    june_2020,
    june_2020_xlsx,
)
SINCE_2021 = (march_2026, february_2026_xlsx)


def time_series_library(recording, folder):
    table = cells(recording, labels=(0, 1)).drop(columns="Timestamp")
    return csv(table, folder / "swat2.csv")


def tsb_ad(recording, folder):
    table = cells(recording, labels=("0.0", "1.0"), name="Label").drop(columns="Timestamp")
    return csv(table, folder / "057_SWaT_id_2_Sensor_tr_23700_1st_23800.csv")


UNTIMED = (time_series_library, tsb_ad)


def gdn(recording, folder):
    """Min-max scaled, the median of ten rows in one, counted."""
    frame, label = medians_of_ten(recording)
    frame.assign(attack=label.astype(int)).reset_index(drop=True).to_csv(folder / "test.csv")
    return folder / "test.csv"


def medians_of_ten(recording) -> tuple[pd.DataFrame, pd.Series]:
    span = recording.frame.max() - recording.frame.min()
    scaled = (recording.frame - recording.frame.min()) / span.replace(0, 1)
    groups = np.arange(len(scaled)) // 10
    return scaled.groupby(groups).median().astype(np.float32), recording.label.groupby(groups).max()
