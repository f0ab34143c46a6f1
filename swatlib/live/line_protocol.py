"""Columns to lines of text, in Arrow's own loops: tens of thousands of rows of 51 tags per second."""

import unicodedata
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

NAME_LENGTH = 200  # characters of a plant's name

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, line and paragraph separators


def name_fault(name: object) -> str | None:
    """Why a name can't be the value of a tag, None if it can: line protocol has no escape for these characters."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LENGTH:
        return f"is {name!r:.60}; wanted: a text of 1 to {NAME_LENGTH} characters"
    wrong = next((each for each in name if each == "\\" or unicodedata.category(each) in _UNPRINTABLE), None)
    wrong = wrong or ("${" if "${" in name else None)  # which Flux fills in
    return wrong and f"holds {wrong!r}; wanted: no line break, no control character, no backslash and no ${{"


def escaped(name: str) -> str:
    """A tag's value with a backslash before comma, equals sign and space; line breaks become spaces."""
    return "".join("\\" + each if each in ",= " else each for each in " ".join(name.splitlines()))


def string(words: str) -> str:
    """Words as the value of a field, in quotes: line breaks and whatever else can't be printed become spaces."""
    plain = "".join(" " if unicodedata.category(each) in _UNPRINTABLE else each for each in words)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text(values: npt.ArrayLike) -> pa.StringArray:
    """Numbers as the shortest text that reads back as the same number of the same width; null: not finite."""
    numbers = np.asarray(values)
    # readings and thresholds repeat: to find a number again takes a seventh of making its text; bits tell -0.0 from 0.0
    found = pa.array(numbers.view(f"i{numbers.itemsize}")).dictionary_encode()
    distinct = np.asarray(found.dictionary).view(numbers.dtype)
    return pa.array(distinct, mask=~np.isfinite(distinct)).cast(pa.string()).take(found.indices)


def columns_as_text(values: np.ndarray) -> list[pa.StringArray]:
    """The columns of a table of numbers as `text`, all made at once."""
    whole = text(values.T.ravel())
    return [whole.slice(len(values) * number, len(values)) for number in range(values.shape[1])]


def fields(columns: Mapping[str, pa.Array], between: str) -> pa.StringArray:
    """One text a row: `name` + `between` + value of every column, one or more, joined by commas; nulls are left out."""
    first, *_ = columns.values()
    leads = not first.null_count  # else the comma before the first field that is there goes
    parts: list[pa.Array | str] = []
    for number, (name, values) in enumerate(columns.items()):
        head = f"{',' if number or not leads else ''}{name}{between}"
        parts += [pc.fill_null(side_by_side(head, values), "")] if values.null_count else [head, values]
    rows = side_by_side(*parts)
    return rows if leads else pc.utf8_slice_codeunits(rows, 1)


def side_by_side(*parts: pa.Array | str) -> pa.StringArray:
    """The parts of each row side by side."""
    return pc.binary_join_element_wise(*parts, "")


def nanoseconds(times: pd.DatetimeIndex) -> np.ndarray:
    """Times as int64 nanoseconds since 1970; naive ones are taken as UTC."""
    aware = times.tz_localize("UTC") if times.tz is None else times
    return aware.as_unit("ns").asi8
