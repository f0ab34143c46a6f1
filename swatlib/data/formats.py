"""Bytes to tables: the kind of a file is told by its first bytes, never by its name."""

import gzip
import io
import zipfile
import zlib
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from swatlib.data import delimited, workbook
from swatlib.data.recording import DataError
from swatlib.data.table import HEAD, NoTagError, Table, find_header
from swatlib.wording import listed

_PICKLE = (
    "is a pickle, which is code and would run on loading: where it was made, turn it into a table with "
    "pandas.DataFrame(array, columns=names).to_csv('swat.csv') and give that"
)
_REFUSED = {
    **{b"\x80" + bytes([protocol]): _PICKLE for protocol in range(2, 6)},
    b"\x93NUMPY": "is an array without names: save it as CSV with the 51 tags in the header",
    b"\x89HDF": "is an HDF5 file: save its table as CSV or parquet",
    b"%PDF": "is a PDF: give the table it describes, as .xlsx or .csv",
    b"7z\xbc\xaf": "is a 7z archive: unpack it and give the table inside",
    b"Rar!": "is a RAR archive: unpack it and give the table inside",
    b"BZh": "is bzip2: unpack it and give the table inside",
    b"\xfd7zXZ": "is xz: unpack it and give the table inside",
}
_WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin")
_OLE_ADVICE = "open it in Excel or LibreOffice and save it as .xlsx without a password"


def tables(place: str, content: bytes) -> list[Table]:
    """The tables in a file, unpacked as often as need be. DataError says why there is none."""
    if not content:
        raise DataError(f"{place} is empty (0 bytes): copy it again from where it came")
    for magic, what in _REFUSED.items():
        if content.startswith(magic):
            raise DataError(f"{place} {what}")
    if place.lower().endswith((".pkl", ".pickle")):
        raise DataError(f"{place} {_PICKLE}")
    for magic, reader in _READERS.items():
        if content.startswith(magic):
            return reader(place, content)
    return [delimited.read_delimited(place, content)]


def _old_office(place: str, content: bytes) -> list[Table]:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise DataError(f"{place} is a password-protected workbook: {_OLE_ADVICE}")
    if "Workbook".encode("utf-16-le") in content:
        raise DataError(f"{place} is a workbook of Excel 97-2003 (.xls): {_OLE_ADVICE}")
    raise DataError(f"{place} is a password-protected workbook or one of Excel 97-2003: {_OLE_ADVICE}")


def _zip(place: str, content: bytes) -> list[Table]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise DataError(f"{place} is cut short: the end of the file is missing; copy it again") from error
    with archive:
        names = archive.namelist()
        if any(part in names for part in _WORKBOOK_PARTS):
            return workbook.read_workbook(place, content)
        return _members(place, archive, [name for name in names if _visible(name)])


def _visible(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not name.endswith("/") and "__MACOSX" not in parts and not any(part.startswith(".") for part in parts)


def _members(place: str, archive: zipfile.ZipFile, names: list[str]) -> list[Table]:
    found, passed = [], {}
    for name in names:
        try:
            found += tables(f"{place}, {name}", _extract(place, archive, name))
        except NoTagError as error:
            passed[name] = error
    if not found:
        raise next(iter(passed.values()), DataError(f"{place} is an archive without a file in it"))
    said = (f"{listed(passed)} in the archive: no tag named, passed over",) if passed else ()
    return [replace(found[0], findings=(*said, *found[0].findings)), *found[1:]]


def _extract(place: str, archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).flag_bits & 1:
        raise DataError(f"{place} is a password-protected archive: unpack it and give {name}")
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"{place}, {name} is damaged ({error}): copy the archive again, or unpack it") from error


def _gzip(place: str, content: bytes) -> list[Table]:
    try:
        unpacked = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{place} is cut short or damaged ({error}): copy it again") from error
    return tables(place.removesuffix(".gz"), unpacked)


def _parquet(place: str, content: bytes) -> list[Table]:
    try:
        table = pyarrow.parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{place} is cut short or damaged ({reason}): copy it again, or write it again") from error
    head = [table.column_names, *([str(cell) for cell in row.values()] for row in table.slice(0, HEAD).to_pylist())]
    header = find_header(place, head)
    columns = table.slice(header).columns
    return [Table(place, head[header], columns, np.arange(header, table.num_rows) + 1)]


_READERS = {
    b"\xd0\xcf\x11\xe0": _old_office,
    b"PK": _zip,
    b"\x1f\x8b": _gzip,
    b"PAR1": _parquet,
}
