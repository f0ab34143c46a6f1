"""CSV text to a table: encoding, delimiter and header found by looking, every cell kept as text."""

import codecs
import csv
import io
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from swatlib.data.names import tags_among
from swatlib.data.recording import DataError
from swatlib.data.table import HEAD, Table, find_header
from swatlib.wording import count

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read_delimited(place: str, content: bytes) -> Table:
    """The table in a file of text. DataError when it is no table, names no tag, or breaks off within a row."""
    content, encoding = _utf8(place, content)
    lines = list(islice(io.BytesIO(content), HEAD))
    delimiter, cells = _split(place, lines)
    header = find_header(place, cells)
    begin = sum(map(len, lines[: header + 1]))
    names = cells[header]
    columns = _columns(place, content, begin, len(names), delimiter, header + 2)
    said = (
        *encoding,
        *([f"cells are parted by a {DELIMITERS[delimiter]}"] if delimiter != "," else ()),
        f"header in row {header + 1}",
    )
    return Table(place, names, columns, _row_numbers(content, begin, header + 2, len(columns[0])), said)


def _utf8(place: str, content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The text in UTF-8 without a byte-order mark, and what was found about its encoding."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(place, content, "utf-16").encode(), ("text is UTF-16",)
    if b"\0" in content[:65_536]:
        raise DataError(
            f"{place} is not a table: it holds binary data of no known kind; give an .xlsx, .csv or .parquet file"
        )
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :], ("text begins with a byte-order mark",)
    if content.isascii() or _is_utf8(content):
        return content, ()
    return content.decode("latin-1").encode(), ("text is not UTF-8, read as Latin-1",)


def _decode(place: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is cut short: {encoding} text ends in half a character; copy it again") from error


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _split(place: str, lines: list[bytes]) -> tuple[str, list[list[str]]]:
    """The delimiter under which a row names most tags, and the first rows split at it."""
    text = [line.decode().rstrip("\r\n") for line in lines]
    try:
        ways = {each: list(_cells(text, each)) for each in DELIMITERS}
    except csv.Error as error:
        raise DataError(f"{place} is not a table: {error}; give an .xlsx, .csv or .parquet file") from error
    best = max(ways, key=lambda each: max(map(tags_among, ways[each]), default=0))
    return best, ways[best]


def _cells(lines: list[str], delimiter: str):
    for line in lines:
        yield next(csv.reader([line], delimiter=delimiter), [])


def _columns(
    place: str, content: bytes, begin: int, width: int, delimiter: str, first_row: int
) -> list[pa.ChunkedArray]:
    names = [str(number) for number in range(width)]
    broken = []

    def note(row) -> str:
        broken.append(row)
        return "skip"

    if not content[begin:].strip():
        raise DataError(f"{place} holds a header and no row: it was cut short or never filled; copy it again")
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(memoryview(content)[begin:])),
            read_options=pyarrow.csv.ReadOptions(column_names=names),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(f"{place} is not a table ({error}): give an .xlsx, .csv or .parquet file") from error
    if broken:
        raise _broken(place, content, broken, begin, first_row)
    return table.columns


def _broken(place: str, content: bytes, broken: list, begin: int, first_row: int) -> DataError:
    where, row = min(((content.find(row.text.encode(), begin), row) for row in broken), key=lambda each: each[0])
    number = first_row + content.count(b"\n", begin, where)
    met = f"{place}, row {number}: {count(row.actual_columns, 'cell')} where the header has {row.expected_columns:,}"
    if row.actual_columns < row.expected_columns and not content[where + len(row.text.encode()) :].strip():
        return DataError(f"{met}, and the file ends there: it is cut short; copy it again, or delete this last row")
    return DataError(f"{met} (so {count(len(broken), 'row')} in all): mend or delete such rows")


def _row_numbers(content: bytes, begin: int, first: int, rows: int) -> np.ndarray:
    """Where each row stands in the file; the reader passes over empty lines."""
    gaps = (b"\n\n", b"\n\r\n")
    if content[begin : begin + 1] not in (b"\r", b"\n") and all(content.find(gap, begin) < 0 for gap in gaps):
        return np.arange(first, first + rows)
    filled = [bool(line.strip(b"\r")) for line in content[begin:].split(b"\n")]
    return first + np.flatnonzero(filled)[:rows]
