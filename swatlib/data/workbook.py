"""Workbooks (.xlsx) to tables, one for each visible sheet that names tags."""

import io
import logging
import re
import zipfile
import zlib
from collections import defaultdict
from dataclasses import replace
from xml.etree import ElementTree

import fastexcel
import numpy as np
import pyarrow as pa

from swatlib.data.names import tag, tags_among
from swatlib.data.recording import DataError
from swatlib.data.table import HEADER_AMONG, NoRowsError, Table, find_header

OFFICIAL_HEADER = 1  # row, from 0: stages stand above the names
_RELATIONS = "xl/_rels/workbook.xml.rels"
_FORMULA = re.compile(  # a formula that gave an empty text has t="str"
    rb"""<c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]+\d+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"""
)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ElementTree.ParseError)
_ERROR = re.compile(r"Error\((\w+)\)")
_ERRORS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
}


def read_workbook(place: str, content: bytes) -> list[Table | NoRowsError]:
    """The sheets: tables, and for each without tags, why it is none. DataError when the workbook can't be opened.

    Hidden sheets count only where no visible one names a tag.
    """
    for logger in ("fastexcel", "calamine"):  # they warn of each empty column
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    try:
        reader = fastexcel.read_excel(content)
        hidden = _hidden(content)
        found = [_try_sheet(reader, name, place, content) for name in reader.sheet_names if name not in hidden]
        if any(isinstance(each, Table) for each in found):
            return [*found, *(_hidden_sheet(place, name) for name in reader.sheet_names if name in hidden)]
        found += [_try_sheet(reader, name, place, content) for name in reader.sheet_names if name in hidden]
    except fastexcel.FastExcelError as error:
        raise DataError(f"{place} can't be opened as a workbook: copy it again, or save it again as .xlsx") from error
    except _DAMAGE as error:  # that the reader did not notice
        raise DataError(f"{place} is damaged: copy it again, or save it again as .xlsx") from error
    if not found:
        raise DataError(f"{place} is a workbook without a sheet of cells")
    return [_noting(each, "the sheet is hidden, and no visible one names a tag") for each in found]


def _hidden(content: bytes) -> set[str]:
    """Names of the sheets that the workbook does not show."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if "xl/workbook.xml" not in parts.namelist():
            return set()
        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
    sheets = book.findall(".//{*}sheet")
    return {sheet.get("name", "") for sheet in sheets if sheet.get("state", "visible") != "visible"}


def _hidden_sheet(place: str, name: str) -> NoRowsError:
    why = "it is hidden"
    return NoRowsError(f"{place}, sheet {name}: {why}; show it", f"{place}, sheet {name}", why)


def _noting(found: Table | NoRowsError, said: str) -> Table | NoRowsError:
    return replace(found, findings=(said, *found.findings)) if isinstance(found, Table) else found


def _try_sheet(reader: fastexcel.ExcelReader, name: str, workbook: str, content: bytes) -> Table | NoRowsError:
    place = f"{workbook}, sheet {name}"
    try:
        table = _typed(reader, name, place) or _text(reader, name, place)
    except NoRowsError as error:
        return error
    if any(column.null_count for column in table.columns) and (cell := _uncalculated(content, name)):
        raise DataError(
            f"{place}: cell {cell} holds a formula whose value was never calculated; open the workbook in Excel or "
            "LibreOffice and save it again"
        )
    return table


def _uncalculated(content: bytes, name: str) -> str | None:
    """The first cell of a sheet that holds a formula and no value."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if not {"xl/workbook.xml", _RELATIONS} <= set(parts.namelist()):
            return None
        sheets = ElementTree.fromstring(parts.read("xl/workbook.xml")).findall(".//{*}sheet")
        relations = {
            each.get("Id"): each.get("Target", "") for each in ElementTree.fromstring(parts.read(_RELATIONS)).iter()
        }
        keys = next((sheet.attrib.values() for sheet in sheets if sheet.get("name") == name), ())
        target = next((relations[key] for key in keys if key in relations), "")
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        found = _FORMULA.search(parts.read(part)) if part in parts.namelist() else None
    return found[1].decode() if found else None


def _typed(reader: fastexcel.ExcelReader, name: str, place: str) -> Table | None:
    """The sheet read as numbers, faster than as text; None unless its header is official and no cell gets lost."""
    try:
        batch = reader.load_sheet(
            name, header_row=OFFICIAL_HEADER, eager=True, dtype_coercion="strict", schema_sample_rows=None
        )
    except fastexcel.FastExcelError:  # such as FALSE among numbers, which would become 0, or an error in a cell
        return None
    names = batch.schema.names
    if not tags_among(names) or _renamed(names) or any(map(_may_have_lost, names, batch.columns)):
        return None
    return _table(place, names, batch.columns, OFFICIAL_HEADER)


def _renamed(names: list[str]) -> bool:
    """Whether the reader numbered names that stand in the header twice."""
    return any(name.rpartition("_")[0] in names for name in names if name.rpartition("_")[2].isdecimal())


def _may_have_lost(name: str, column: pa.Array) -> bool:
    """The reader takes a column's type from its first rows and leaves later cells of another type, or errors, empty."""
    return column.null_count > 0 and (tag(name) is not None or not pa.types.is_string(column.type))


def _text(reader: fastexcel.ExcelReader, name: str, place: str) -> Table:
    sheet = reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    batch, errors = sheet.to_arrow_with_errors()
    columns = _with_errors(batch.columns, errors.errors if errors else [])
    head = [[cell or "" for cell in row.values()] for row in batch.slice(0, HEADER_AMONG).to_pylist()]
    header = find_header(place, head, len(batch))
    return _table(place, head[header], [column.slice(header + 1) for column in columns], header)


def _with_errors(columns: list[pa.Array], errors: list[fastexcel.CellError]) -> list[pa.Array]:
    """Cells that show an error hold its text, such as #DIV/0!."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for each in errors:
        kind = _ERROR.search(each.detail)
        found[each.position[1]][each.position[0]] = _ERRORS.get(kind[1] if kind else "", "#VALUE!")
    return [_filled(column, found[number]) if number in found else column for number, column in enumerate(columns)]


def _filled(column: pa.Array, texts: dict[int, str]) -> pa.Array:
    cells = column.to_pylist()
    for row, text in texts.items():
        cells[row] = text
    return pa.array(cells, pa.string())


def _table(place: str, names: list[str], columns: list[pa.Array], header: int) -> Table:
    rows = np.arange(len(columns[0])) + header + 2
    unnamed = ["" if name.startswith("__UNNAMED__") else name for name in names]
    return Table(place, unnamed, [pa.chunked_array([c]) for c in columns], rows, (f"header in row {header + 1}",))
