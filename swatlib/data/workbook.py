"""Workbooks (.xlsx) to tables, one for each visible sheet that names tags."""

import io
import logging
import zipfile
import zlib
from dataclasses import replace
from xml.etree import ElementTree

import fastexcel
import numpy as np
import pyarrow as pa

from swatlib.data.names import tags_among
from swatlib.data.recording import DataError
from swatlib.data.table import HEADER_AMONG, NoRowsError, Table, find_header

OFFICIAL_HEADER = 1  # row, from 0: stages stand above the names


def read_workbook(place: str, content: bytes) -> list[Table | NoRowsError]:
    """The sheets: tables, and for each without tags, why it is none. DataError when the workbook can't be opened.

    Hidden sheets count only where no visible one names a tag.
    """
    for logger in ("fastexcel", "calamine"):  # they warn of each empty column
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    try:
        reader = fastexcel.read_excel(content)
        hidden = _hidden(place, content)
        found = [_try_sheet(reader, name, place) for name in reader.sheet_names if name not in hidden]
        if any(isinstance(each, Table) for each in found):
            return [*found, *(_hidden_sheet(place, name) for name in reader.sheet_names if name in hidden)]
        found += [_try_sheet(reader, name, place) for name in reader.sheet_names if name in hidden]
    except fastexcel.FastExcelError as error:
        raise DataError(f"{place} can't be opened as a workbook: copy it again, or save it again as .xlsx") from error
    if not found:
        raise DataError(f"{place} is a workbook without a sheet of cells")
    return [_noting(each, "the sheet is hidden, and no visible one names a tag") for each in found]


def _hidden(place: str, content: bytes) -> set[str]:
    """Names of the sheets that the workbook does not show."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if "xl/workbook.xml" not in parts.namelist():
            return set()
        try:
            book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ElementTree.ParseError) as error:
            raise DataError(f"{place} is damaged: copy it again, or save it again as .xlsx") from error
    sheets = book.findall(".//{*}sheet")
    return {sheet.get("name", "") for sheet in sheets if sheet.get("state", "visible") != "visible"}


def _hidden_sheet(place: str, name: str) -> NoRowsError:
    why = "it is hidden"
    return NoRowsError(f"{place}, sheet {name}: {why}; show it", f"{place}, sheet {name}", why)


def _noting(found: Table | NoRowsError, said: str) -> Table | NoRowsError:
    return replace(found, findings=(said, *found.findings)) if isinstance(found, Table) else found


def _try_sheet(reader: fastexcel.ExcelReader, name: str, workbook: str) -> Table | NoRowsError:
    place = f"{workbook}, sheet {name}"
    try:
        return _typed(reader, name, place) or _text(reader, name, place)
    except NoRowsError as error:
        return error


def _typed(reader: fastexcel.ExcelReader, name: str, place: str) -> Table | None:
    """The sheet read as numbers, faster than as text; None unless its header is official and no cell gets lost."""
    try:
        batch = reader.load_sheet(
            name, header_row=OFFICIAL_HEADER, eager=True, dtype_coercion="strict", schema_sample_rows=None
        )
    except fastexcel.UnsupportedColumnTypeCombinationError:  # such as FALSE among numbers, which would become 0
        return None
    names = batch.schema.names
    if not tags_among(names) or _renamed(names) or any(map(_may_have_lost, batch.columns)):
        return None
    return _table(place, names, batch.columns, OFFICIAL_HEADER)


def _renamed(names: list[str]) -> bool:
    """Whether the reader numbered names that stand in the header twice."""
    return any(name.rpartition("_")[0] in names for name in names if name.rpartition("_")[2].isdecimal())


def _may_have_lost(column: pa.Array) -> bool:
    """The reader takes a column's type from its first rows and leaves later cells of another type empty."""
    return column.null_count > 0 and not pa.types.is_string(column.type)


def _text(reader: fastexcel.ExcelReader, name: str, place: str) -> Table:
    batch = reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_arrow()
    head = [[cell or "" for cell in row.values()] for row in batch.slice(0, HEADER_AMONG).to_pylist()]
    header = find_header(place, head)
    return _table(place, head[header], batch.slice(header + 1).columns, header)


def _table(place: str, names: list[str], columns: list[pa.Array], header: int) -> Table:
    rows = np.arange(len(columns[0])) + header + 2
    unnamed = ["" if name.startswith("__UNNAMED__") else name for name in names]
    return Table(place, unnamed, [pa.chunked_array([c]) for c in columns], rows, (f"header in row {header + 1}",))
