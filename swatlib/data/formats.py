"""Bytes to tables: the first bytes of a file decide its kind, never its name."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from swatlib.data import delimited, workbook
from swatlib.data.recording import DataError
from swatlib.data.table import HEADER_AMONG, NoRowsError, Table, find_header

_PICKLE = (
    "is a pickle, which is code and would run on loading: where it was made, turn it into a table with "
    "pandas.DataFrame(array, columns=names).to_csv('swat.csv') and give that"
)
_REFUSED = {
    **{b"\x80" + bytes([protocol]): _PICKLE for protocol in range(2, 6)},
    b"\x93NUMPY": "is an array without names: save it as CSV with the 51 tags in the header",
    b"\x89HDF": "is an HDF5 file: save its table as CSV or parquet",
    b"7z\xbc\xaf": "is a 7z archive: unpack it and give the table inside",
    b"Rar!": "is a RAR archive: unpack it and give the table inside",
    b"BZh": "is bzip2: unpack it and give the table inside",
    b"\xfd7zXZ": "is xz: unpack it and give the table inside",
}
_NO_ROWS = {
    b"%PDF": ("a PDF", "give the table it describes, as .xlsx or .csv"),
    **dict.fromkeys(
        (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF"),
        ("a picture", "give the table it shows, as .xlsx or .csv"),
    ),
}
_WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin")
_DOCUMENT_PARTS = ("word/document.xml", "ppt/presentation.xml")
_OLE_ADVICE = "open it in Excel or LibreOffice and save it as .xlsx without a password"

Found = list[Table | NoRowsError]


def tables(place: str, content: bytes) -> Found:
    """What is in a file, unpacked as often as need be: tables, and for each part without recorded rows, the reason.

    DataError when a part may hold rows and can't be read.
    """
    try:
        return _tables(place, content)
    except NoRowsError as error:
        return [error]


def _tables(place: str, content: bytes) -> Found:
    if not content:
        raise NoRowsError(
            f"{place} is empty (0 bytes): copy it again from where it came", place, "it is empty (0 bytes)"
        )
    for magic, (what, advice) in _NO_ROWS.items():
        if content.startswith(magic):
            raise NoRowsError(f"{place} is {what}: {advice}", place, f"it is {what}")
    for magic, refusal in _REFUSED.items():
        if content.startswith(magic):
            raise DataError(f"{place} {refusal}")
    if place.lower().endswith((".pkl", ".pickle")):
        raise DataError(f"{place} {_PICKLE}")
    for magic, reader in _READERS.items():
        if content.startswith(magic):
            return reader(place, content)
    return [delimited.read_delimited(place, content)]


def _old_office(place: str, content: bytes) -> Found:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise DataError(f"{place} is a password-protected workbook: {_OLE_ADVICE}")
    if "Workbook".encode("utf-16-le") in content:
        raise DataError(f"{place} is a workbook of Excel 97-2003 (.xls): {_OLE_ADVICE}")
    why = "is a password-protected workbook or one of Excel 97-2003"
    raise NoRowsError(f"{place} {why}: {_OLE_ADVICE}", place, "it is an old Office file without a workbook")


def _zip(place: str, content: bytes) -> Found:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise DataError(f"{place} is cut short: the end of the file is missing; copy it again") from error
    with archive:
        names = archive.namelist()
        if any(part in names for part in _WORKBOOK_PARTS):
            return workbook.read_workbook(place, content)
        if any(part in names for part in _DOCUMENT_PARTS):
            why = "a document"
            raise NoRowsError(f"{place} is {why}: give the table it describes, as .xlsx or .csv", place, f"it is {why}")
        members = [name for name in names if _visible(name)]
        if not members:
            why = "an archive without a file in it"
            raise NoRowsError(f"{place} is {why}", place, f"it is {why}")
        return [found for name in members for found in tables(f"{place}, {name}", _extract(place, archive, name))]


def _visible(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not name.endswith("/") and "__MACOSX" not in parts and not any(part.startswith(".") for part in parts)


def _extract(place: str, archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).flag_bits & 1:
        raise DataError(f"{place} is a password-protected archive: unpack it and give {name}")
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"{place}, {name} is damaged ({error}): copy the archive again, or unpack it") from error


def _gzip(place: str, content: bytes) -> Found:
    try:
        unpacked = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{place} is cut short or damaged ({error}): copy it again") from error
    return tables(place.removesuffix(".gz"), unpacked)


def _parquet(place: str, content: bytes) -> Found:
    return _columnar(place, content, lambda buffer: pyarrow.parquet.ParquetFile(buffer).read())


def _feather(place: str, content: bytes) -> Found:
    return _columnar(place, content, lambda buffer: pa.ipc.open_file(buffer).read_all())


def _columnar(place: str, content: bytes, read: Callable[[pa.BufferReader], pa.Table]) -> Found:
    try:
        table = read(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{place} is cut short or damaged: copy it again, or write it again") from error
    return _typed_table(place, table)


def _typed_table(place: str, table: pa.Table) -> Found:
    columns = [_simple(column) for column in table.columns]
    first = [_head(column) for column in columns]
    head = [table.column_names, *(list(cells) for cells in zip(*first, strict=True))]
    header = find_header(place, head, table.num_rows)
    rows = np.arange(header, table.num_rows) + 1
    return [Table(place, head[header], [column.slice(header) for column in columns], rows)]


def _head(column: pa.ChunkedArray) -> list[str]:
    """The first cells, where a header may stand among them."""
    cells = column.slice(0, HEADER_AMONG)
    return [cell or "" for cell in cells.to_pylist()] if pa.types.is_string(cells.type) else [""] * len(cells)


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers, booleans, timestamps as they are, everything else as text: lists and records as Python writes them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _simple(column.cast(kind.value_type))
    if any(is_kept(kind) for is_kept in _KEPT):
        return column
    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        cells = [None if cell is None else str(cell) for chunk in column.chunks for cell in _python(chunk)]
        return pa.chunked_array([pa.array(cells, pa.string())])


def _python(chunk: pa.Array) -> list:
    """Cells as Python objects; bytes where Python has no such date or text."""
    try:
        return chunk.to_pylist()
    except (ValueError, OverflowError):
        return [str(cell) if cell.is_valid else None for cell in chunk]


_KEPT = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_timestamp, pa.types.is_string)
_READERS = {
    b"\xd0\xcf\x11\xe0": _old_office,
    b"PK": _zip,
    b"\x1f\x8b": _gzip,
    b"PAR1": _parquet,
    b"ARROW1": _feather,
}
