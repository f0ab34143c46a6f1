"""Cells of tag columns to numbers: decimal commas, the words of switches."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.plant import CLOSED, OFF, ON, OPEN, TRAVELLING, Tag

_COMMA = r"^([-+]?\d+),(\d+(?:[eE][-+]?\d+)?)$"
_GROUPS = r"^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$"  # 1,000 may be a thousand, or one with three decimals
_DOT = r"\d\.\d"
_DECIMAL = r"^[-+]?(\d+S(\d{1,2}|\d{4,})([eE][-+]?\d+)?|0\d*S\d+|\d{4,}S\d+)$"  # no grouping reads so
_THREE = r"^[-+]?[1-9]\d{0,2}(\.\d{3})+$"
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


def switch_name(text: str) -> str:
    """ "{u'IsSystem': False, u'Name': u'Inactive', u'Value': 0}" is "Inactive"; other text stays."""
    record = _SWITCH_RECORD.fullmatch(text.strip())
    return record[1] if record else text.strip()


def grouped(columns: list[pa.ChunkedArray]) -> tuple[int, int] | None:
    """Column and row of a number like 1,000 or 1.000 where no cell tells if its mark groups thousands or is decimal."""
    texts = {number: column for number, column in enumerate(columns) if pa.types.is_string(column.type)}
    if any(_any(column, _DECIMAL.replace("S", r"\.")) for column in texts.values()):
        return None
    commas = {number: column for number, column in texts.items() if _any(column, _COMMA)}
    if not any(_any(column, _DECIMAL.replace("S", ",")) for column in commas.values()):
        for number, column in commas.items():
            return number, pc.index(pc.match_substring_regex(column, _COMMA), True).as_py()
    for number, column in texts.items():
        if _any(column, r"^\d{1,3}$") and _any(column, _THREE):  # a writer of three decimals gives them to each number
            return number, pc.index(pc.match_substring_regex(column, _THREE), True).as_py()
    return None


def read_cells(columns: list[pa.ChunkedArray], tags: list[Tag]) -> tuple[list[Cells], bool]:
    """The cells of tag columns, and whether they have decimal commas. Words of a switch become official codes.

    Beside numbers with a decimal point, commas group thousands.
    """
    columns = [column if _is_number(column) else column.cast(pa.string()) for column in columns]
    cells = [_plain(column) for column in columns]
    if all(each is not None for each in cells):
        return [each for each in cells if each is not None], False
    comma = _has_decimal_comma(columns)
    return [
        each or _plain(_tidy(column, comma)) or _mixed(_tidy(column, comma), tag)
        for each, column, tag in zip(cells, columns, tags, strict=True)
    ], comma


def _is_number(column: pa.ChunkedArray) -> bool:
    return pa.types.is_floating(column.type) or pa.types.is_integer(column.type)


def _plain(column: pa.ChunkedArray) -> Cells | None:
    """Numbers of a column that holds nothing else; None when a cell is otherwise."""
    try:
        return Cells(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(), np.empty(0, int), [])
    except pa.ArrowInvalid:
        return None


def _has_decimal_comma(columns: list[pa.ChunkedArray]) -> bool:
    """Whether some cells read like 2,5 and none like 2.5."""
    texts = [column for column in columns if not _is_number(column)]
    return any(_any(column, _COMMA) for column in texts) and not any(_any(column, _DOT) for column in texts)


def _any(column: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())


def _tidy(column: pa.ChunkedArray, comma: bool) -> pa.ChunkedArray:
    column = pc.utf8_trim_whitespace(column.cast(pa.string()))
    if comma:
        return pc.replace_substring_regex(column, _COMMA, r"\1.\2")
    return pc.if_else(pc.match_substring_regex(column, _GROUPS), pc.replace_substring(column, ",", ""), column)


def _mixed(text: pa.ChunkedArray, tag: Tag) -> Cells:
    """Each different text is looked at once."""
    cells = text.combine_chunks().dictionary_encode()
    places = pc.fill_null(cells.indices, -1).to_numpy()
    texts = cells.dictionary.to_pylist()
    values = [_value(each, _WORDS.get(tag.kind, {})) for each in texts]
    numbers = np.array([np.nan if value is None else value for value in values] + [np.nan])[places]
    odd = np.flatnonzero(np.array([value is None for value in values] + [False])[places])
    words = tuple(each for each, value in zip(texts, values, strict=True) if value is not None and _is_word(each))
    return Cells(numbers, odd, [texts[place] for place in places[odd]], words)


def _is_word(text: str) -> bool:
    return text[:1].isalpha() or text.startswith("{")


def _value(text: str, words: dict[str, int]) -> float | None:
    """None for text that is neither number nor the word of a switch."""
    if not text:
        return np.nan
    try:
        return float(text.replace("_", "?"))  # Python would take 1_000 for a number
    except ValueError:
        return words.get(switch_name(text).casefold())
