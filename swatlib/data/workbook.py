"""Workbooks (.xlsx) to tables, one for each sheet that names tags."""

import logging
from dataclasses import replace

import fastexcel
import numpy as np
import pyarrow as pa

from swatlib.data.names import tags_among
from swatlib.data.recording import DataError
from swatlib.data.table import HEAD, NoTagError, Table, find_header

OFFICIAL_HEADER = 1  # row, from 0: stages stand above the names


def read_workbook(place: str, content: bytes) -> list[Table]:
    """The sheets that hold tags. DataError when none does, or the workbook can't be opened."""
    for logger in ("fastexcel", "calamine"):  # they warn of each empty column
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    try:
        reader = fastexcel.read_excel(content)
        found = {name: _try_sheet(reader, name, f"{place}, sheet {name}") for name in reader.sheet_names}
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{place} can't be opened as a workbook ({reason}): save it again as .xlsx") from error
    tables = [table for table in found.values() if isinstance(table, Table)]
    if not tables:
        raise next(iter(found.values()), DataError(f"{place} is a workbook without a sheet of cells"))
    passed = tuple(f"sheet {name} names no tag, passed over" for name in found if isinstance(found[name], NoTagError))
    return [replace(tables[0], findings=(*passed, *tables[0].findings)), *tables[1:]]


def _try_sheet(reader: fastexcel.ExcelReader, name: str, place: str) -> Table | NoTagError:
    try:
        return _typed(reader, name, place) or _text(reader, name, place)
    except NoTagError as error:
        return error


def _typed(reader: fastexcel.ExcelReader, name: str, place: str) -> Table | None:
    """The sheet read as numbers, faster than as text; None unless its header is official and no cell gets lost."""
    batch = reader.load_sheet(name, header_row=OFFICIAL_HEADER, eager=True)
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
    head = [[cell or "" for cell in row.values()] for row in batch.slice(0, HEAD).to_pylist()]
    header = find_header(place, head)
    return _table(place, head[header], batch.slice(header + 1).columns, header)


def _table(place: str, names: list[str], columns: list[pa.Array], header: int) -> Table:
    rows = np.arange(len(columns[0])) + header + 2
    unnamed = ["" if name.startswith("__UNNAMED__") else name for name in names]
    return Table(place, unnamed, [pa.chunked_array([c]) for c in columns], rows, (f"header in row {header + 1}",))
