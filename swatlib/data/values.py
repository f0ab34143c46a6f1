"""Cells of tag columns to numbers: decimal commas, grouped thousands, the words of switches."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.plant import CLOSED, OFF, ON, OPEN, TRAVELLING, Tag

NO_READING = {  # what historians and spreadsheets write where there is no reading, in lower case
    *("bad input", "bad", "bad data", "no data", "no result", "i/o timeout", "scan off", "comm fail", "not connect"),
    *("pt created", "intf shut", "shutdown", "configure", "calc failed", "out of serv", "error"),
    *("#div/0!", "#n/a", "#name?", "#null!", "#num!", "#ref!", "#value!"),
    *("n/a", "na", "null", "none", "nan", "missing", "-", "--", "---", "–", "—", "?"),
}
_SPACES = "\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}'\N{RIGHT SINGLE QUOTATION MARK} "
_SPACED = rf"^[-+]?\d{{1,3}}([{_SPACES}]\d{{3}})+([.,]\d+)?$"
# Below, D is the mark before decimals and G the one that groups thousands.
_GROUPED = r"^[-+]?[1-9]\d{0,2}(G\d{3})+(D\d+)?$"
_EITHER = r"^[-+]?[1-9]\d{0,2}(G\d{3})+$"  # 1,000 may be a thousand, or one with three decimals
_DECIMAL = (  # no grouping reads so
    r"^[-+]?(\d+D(\d{1,2}|\d{4,})([eE][-+]?\d+)?|0\d*D\d+|\d{4,}D\d+|D\d+|\d{1,3}((G\d{3})+D\d+|(G\d{3}){2,}))$"
)
_SWITCH_RECORD = re.compile(r"\{.*u?'Name': u?'(\w+)'.*\}")
_ACTIVE, _INACTIVE = ("active", "on", "true"), ("inactive", "off", "false")
_SWITCH = dict.fromkeys(_ACTIVE, ON) | dict.fromkeys(_INACTIVE, OFF)
_VALVE = dict.fromkeys((*_ACTIVE, "open", "opened"), OPEN) | dict.fromkeys((*_INACTIVE, "closed", "close"), CLOSED)
_WORDS = {"pump": _SWITCH, "lamp": _SWITCH, "valve": _VALVE | {"travelling": TRAVELLING, "moving": TRAVELLING}}


@dataclass(frozen=True)
class Cells:
    """Numbers of one column (NaN where empty); the places and texts of cells that are no number.

    `words`: what a switch said instead of its codes.
    """

    numbers: np.ndarray
    odd: np.ndarray
    texts: list[str]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Texts:
    """A column in which some cell is no plain number: its different texts, and the one in each row (-1: none)."""

    texts: pa.Array
    places: np.ndarray


class DoubtfulNumberError(ValueError):
    """A number like 1,000 where no cell of any column tells if its mark groups thousands or is decimal."""

    def __init__(self, column: int, row: int):
        super().__init__()
        self.column, self.row = column, row


def switch_name(text: str) -> str:
    """ "{u'IsSystem': False, u'Name': u'Inactive', u'Value': 0}" is "Inactive"; other text stays."""
    record = _SWITCH_RECORD.fullmatch(text.strip())
    return record[1] if record else text.strip()


def read_cells(columns: list[pa.ChunkedArray], tags: list[Tag]) -> tuple[list[Cells], list[str]]:
    """The cells of tag columns, and findings on how numbers are written. Words of a switch become official codes.

    All columns together tell whether point or comma is the decimal mark; the other one groups thousands, as spaces do.
    Raises DoubtfulNumberError where none tells.
    """
    columns = [column if _is_number(column) else column.cast(pa.string()) for column in columns]
    plain = [_plain(column) for column in columns]
    numeric = [column for column in columns if not _is_number(column)]
    point = any(_any(column, _form(_DECIMAL, ".")) for column in numeric)
    if point and None not in plain:
        return [cells for cells in plain if cells], []
    odd = {number: _texts(column) for number, column in enumerate(columns) if plain[number] is None}
    spaced = any(_any(each.texts, _SPACED) for each in odd.values())
    odd = {number: _without(each, _SPACED, f"[{_SPACES}]") for number, each in odd.items()} if spaced else odd
    comma = not point and any(_any(each.texts, _form(_DECIMAL, ",")) for each in odd.values())
    if not point and not comma:
        _refuse_doubtful(columns, odd)
    decimal, group = (",", ".") if comma else (".", ",")
    if comma:  # 1.020 was read as a number
        dotted = (n for n, column in enumerate(columns) if n not in odd and _has_groups(column))
        odd |= {number: _texts(columns[number]) for number in dotted}
    grouped = any(_any(each.texts, _form(_GROUPED, decimal)) for each in odd.values())
    if grouped:
        odd = {number: _without(each, _form(_GROUPED, decimal), re.escape(group)) for number, each in odd.items()}
    if comma:
        odd = {n: Texts(pc.replace_substring(each.texts, ",", "."), each.places) for n, each in odd.items()}
    marks = [*(["a space"] if spaced else []), *([f"a {'dot' if comma else 'comma'}"] if grouped else [])]
    said = ["numbers have a decimal comma"] if comma else []
    said += [f"thousands are grouped by {' and '.join(marks)}"] if marks else []
    return [
        _mixed(odd[number], tag) if number in odd else cells or _mixed(_texts(column), tag)
        for number, (cells, column, tag) in enumerate(zip(plain, columns, tags, strict=True))
    ], said


def _is_number(column: pa.ChunkedArray) -> bool:
    return pa.types.is_floating(column.type) or pa.types.is_integer(column.type)


def _plain(column: pa.ChunkedArray) -> Cells | None:
    """Numbers of a column that holds nothing else; None when a cell is otherwise."""
    try:
        return Cells(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(), np.empty(0, int), [])
    except pa.ArrowInvalid:
        return None


def _any(column: pa.ChunkedArray | pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())


def _form(pattern: str, decimal: str) -> str:
    group = "," if decimal == "." else "."
    return pattern.replace("D", re.escape(decimal)).replace("G", re.escape(group))


def _texts(column: pa.ChunkedArray) -> Texts:
    cells = column.combine_chunks().dictionary_encode()
    return Texts(pc.utf8_trim_whitespace(cells.dictionary), pc.fill_null(cells.indices, -1).to_numpy())


def _without(cells: Texts, pattern: str, marks: str) -> Texts:
    """Cells of this form without the marks in them."""
    bare = pc.replace_substring_regex(cells.texts, marks, "")
    return Texts(pc.if_else(pc.match_substring_regex(cells.texts, pattern), bare, cells.texts), cells.places)


def _has_groups(column: pa.ChunkedArray) -> bool:
    return not _is_number(column) and _any(column, _form(_EITHER, ","))


def _refuse_doubtful(columns: list[pa.ChunkedArray], odd: dict[int, Texts]) -> None:
    for number, each in odd.items():
        doubtful = pc.match_substring_regex(each.texts, _form(_EITHER, ".")).to_numpy(zero_copy_only=False)
        if doubtful.any():
            raise DoubtfulNumberError(number, int(np.isin(each.places, np.flatnonzero(doubtful)).argmax()))
    for number, column in enumerate(columns):
        if _has_groups(column) and _any(column, r"^\d{1,3}$"):  # a writer of three decimals gives them to each number
            doubtful = pc.match_substring_regex(column, _form(_EITHER, ","))
            raise DoubtfulNumberError(number, pc.index(doubtful, True).as_py())


def _mixed(cells: Texts, tag: Tag) -> Cells:
    """Each different text is looked at once."""
    try:
        values: list[float | None] = cells.texts.cast(pa.float64()).to_pylist()
        return Cells(np.array([*values, np.nan], float)[cells.places], np.empty(0, int), [])
    except pa.ArrowInvalid:
        texts = cells.texts.to_pylist()
    values = [_value(each, _WORDS.get(tag.kind, {})) for each in texts]
    numbers = np.array([np.nan if value is None else value for value in values] + [np.nan])[cells.places]
    odd = np.flatnonzero(np.array([value is None for value in values] + [False])[cells.places])
    words = tuple(each for each, value in zip(texts, values, strict=True) if value is not None and _is_word(each))
    return Cells(numbers, odd, [texts[place] for place in cells.places[odd]], words)


def _is_word(text: str) -> bool:
    return text[:1].isalpha() or text.startswith("{")


def _value(text: str, words: dict[str, int]) -> float | None:
    """None for text that is neither number nor the word of a switch."""
    if not text:
        return np.nan
    try:
        return float(text.replace("_", "?").replace("\N{MINUS SIGN}", "-"))  # Python would take 1_000 for a number
    except ValueError:
        return words.get(switch_name(text).casefold())
