"""CSV text to a table: encoding, delimiter and header found by looking, every cell kept as text.

Every line of the file is accounted for: it is a row, a part of a quoted cell, or an empty line that a finding counts.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from swatlib.data.names import tag, tags_among
from swatlib.data.recording import DataError
from swatlib.data.table import HEADER_AMONG, NoRowsError, Table, find_header
from swatlib.wording import count

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_END = "\0"  # a line after the last one: an open quote takes it in
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_delimited(place: str, content: bytes) -> Table:
    """The table in a file of text.

    NoRowsError: it is no table, names no tag, has no row. DataError: a row with more or fewer cells than the header,
    a quote that is never closed or closed only after other rows.
    """
    content, encoding = _utf8(place, content)
    lines = list(islice(_lines(content), HEADER_AMONG))
    delimiter, records = _split(place, lines)
    header = find_header(place, [cells for _, cells in records], content.count(b"\n"))
    ends, names = records[header]
    begins = records[header - 1][0] + 1 if header else 1
    if ends > begins:
        _refuse_swallowed(place, names, begins, ends, names, delimiter)
    body = content[sum(len(line.encode()) for line in lines[:ends]) :]
    if not body.strip():
        why = "a header and no row"
        raise NoRowsError(f"{place} holds {why}: it was cut short or never filled; copy it again", place, why)
    columns, rows, said = _read(place, body, names, delimiter, ends + 1)
    parted = [f"cells are parted by a {DELIMITERS[delimiter]}"] if delimiter != "," else []
    return Table(place, names, columns, rows, (*encoding, *parted, f"header in row {ends}", *said))


def _utf8(place: str, content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The text in UTF-8 without a byte-order mark, and what was found about its encoding."""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _decode(place, content, "utf-32").encode(), ("text is UTF-32",)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(place, content, "utf-16").encode(), ("text is UTF-16",)
    if b"\0" in content[:65_536]:
        why = "binary data of no known kind"
        raise NoRowsError(
            f"{place} is not a table: it holds {why}; give an .xlsx, .csv or .parquet file", place, f"it holds {why}"
        )
    marked = content.startswith(codecs.BOM_UTF8)
    said: tuple[str, ...] = ("text begins with a byte-order mark",) if marked else ()
    content = content.removeprefix(codecs.BOM_UTF8)
    if within := content.count(codecs.BOM_UTF8):
        said += (f"{count(within, 'byte-order mark')} within the text left out",)
        content = content.replace(codecs.BOM_UTF8, b"")
    if content.isascii() or _is_utf8(content):
        return content, said
    return content.decode("latin-1").encode(), (*said, "text is not UTF-8, read as Latin-1")


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


def _lines(content: bytes) -> Iterator[str]:
    r"""Lines with their ends, which may be \n, \r\n or \r."""
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")


def _split(place: str, lines: list[str]) -> tuple[str, list[tuple[int, list[str]]]]:
    """The delimiter under which a row names most tags, and the first rows split at it, each with its last line.

    A quote left open above the header must not take the header in: then each line is a row.
    """
    try:
        ways = {each: _records(lines, each) for each in DELIMITERS}
        if not any(tags_among(cells) for records in ways.values() for _, cells in records):
            ways = {each: _lines_alone(lines, each) for each in DELIMITERS}
    except csv.Error as error:
        why = "a line without cells that is too long"
        raise NoRowsError(
            f"{place} is not a table: it begins with {why}; give an .xlsx, .csv or .parquet file", place, why
        ) from error
    best = max(ways, key=lambda each: max(((tags_among(cells), len(cells)) for _, cells in ways[each]), default=(0, 0)))
    return best, ways[best]


def _records(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter)
    return [(reader.line_num, cells) for cells in reader]


def _lines_alone(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    return [(number, next(csv.reader([line], delimiter=delimiter), [])) for number, line in enumerate(lines, 1)]


def _read(
    place: str, body: bytes, names: list[str], delimiter: str, first: int
) -> tuple[list[pa.ChunkedArray], np.ndarray, list[str]]:
    """Columns, the row of the file in which each of their rows begins, and findings."""
    one_line_a_row = _is_one_line_a_row(body)
    rows, said = (_lines_of(body, first), []) if one_line_a_row else _scan(place, body, names, delimiter, first)
    table = _columns(place, body, len(names), delimiter, not one_line_a_row)
    if table is None or table.num_rows != len(rows):
        _scan(place, body, names, delimiter, first)  # names the row at fault
        raise DataError(
            f"{place} holds {count(len(rows), 'row')}, and not all of them could be read; save it again as CSV"
        )
    return table.columns, rows, said


def _is_one_line_a_row(body: bytes) -> bool:
    """Whether no line is empty, none ends in a bare \r, and no quote can join lines."""
    if b'"' in body or body[:1] in (b"\r", b"\n") or b"\n\n" in body or b"\n\r" in body:
        return False
    return body.count(b"\r") == body.count(b"\r\n")


def _lines_of(body: bytes, first: int) -> np.ndarray:
    return np.arange(first, first + body.count(b"\n") + (not body.endswith(b"\n")))


def _columns(place: str, body: bytes, width: int, delimiter: str, quoted: bool) -> pa.Table | None:
    """Columns of text; None when a row has more or fewer cells than the header."""
    names = [str(number) for number in range(width)]
    broken = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        broken.append(row.number)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            read_options=pyarrow.csv.ReadOptions(column_names=names),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, invalid_row_handler=note, newlines_in_values=quoted
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(f"{place} is not a table: a row of it is too long; give an .xlsx or .parquet file") from error
    return None if broken else table


def _scan(place: str, body: bytes, names: list[str], delimiter: str, first: int) -> tuple[np.ndarray, list[str]]:
    """The row of the file in which each record begins, line by line, and findings. DataError as `read_delimited`."""
    reader = csv.reader(chain(_lines(body), [_END]), delimiter=delimiter)
    starts, broken, empty, over_lines, begin = [], [], 0, 0, first
    try:
        for cells in reader:
            if cells == [_END]:
                break
            if first + reader.line_num - begin > 1:
                _refuse_swallowed(place, cells, begin, first + reader.line_num - 1, names, delimiter)
                over_lines += 1
            if cells and len(cells) != len(names):
                broken.append((begin, len(cells)))
            starts += [begin] if cells else []
            empty += not cells
            begin = first + reader.line_num
    except csv.Error as error:
        raise _unclosed(place, begin) from error
    if broken:
        raise _broken(place, broken, len(names), starts[-1])
    said = [f"{count(over_lines, 'row')} with line breaks within quotes"] if over_lines else []
    return np.array(starts), [*said, *([f"{count(empty, 'empty line')} passed over"] if empty else [])]


def _refuse_swallowed(place: str, cells: list[str], begin: int, last: int, names: list[str], delimiter: str) -> None:
    """A record over several lines is right when a cell holds line breaks, wrong when the cell holds other rows."""
    tags = [number for number, name in enumerate(names) if tag(name)]
    opened = begin
    for number, cell in enumerate(cells):
        lines = _LINE_END.split(cell)
        if cell.endswith(_END):
            raise _unclosed(place, opened)
        if len(lines) > 1 and _holds_rows(lines, number, len(names), tags, delimiter):
            raise DataError(
                f"{place}: the quote opened in row {opened} is closed only in row {last}, after other rows; "
                f"close it in row {opened}, or delete it"
            )
        opened += len(lines) - 1


def _holds_rows(lines: list[str], column: int, width: int, tags: list[int], delimiter: str) -> bool:
    """Whether a line of a cell has the cells of a row from there on, or of a row up to there, and a reading in them."""
    split = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    first, *between, last = split
    return (
        (len(first) == width - column and _reads(first, tags, column))
        or any(len(cells) == width and _reads(cells, tags) for cells in between)
        or (len(last) > column and _reads(last, tags))
    )


def _reads(cells: list[str], tags: list[int], begin: int = 0) -> bool:
    """Whether a cell in the column of a tag is a number."""
    return any(_is_number(cells[number - begin]) for number in tags if 0 <= number - begin < len(cells))


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?\s*", text))


def _unclosed(place: str, row: int) -> DataError:
    return DataError(f"{place}: the quote opened in row {row} is never closed; close it, or delete it")


def _broken(place: str, broken: list[tuple[int, int]], width: int, last: int) -> DataError:
    row, cells = broken[0]
    met = f"{place}, row {row}: {count(cells, 'cell')} where the header has {width:,}"
    if cells < width and row == last:
        return DataError(f"{met}, and the file ends there: it is cut short; copy it again, or delete this last row")
    return DataError(f"{met} (so {count(len(broken), 'row')} in all): mend or delete such rows")
