"""Times written with the name of a month, without separators, clock first, or as a count, brought to year first.

Each of these has one meaning. What has none stays as it is and is refused by `times`.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.arrays import SECONDS_PER_DAY

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_MONTH = f"(?P<month>{MONTH[1:]}"
_WEEKDAY, _DAY, _YEAR = r"(?i)^(?:[a-z]{3,9}[,.]?\s+)?", r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4})"
_BETWEEN, _REST = r"[-/., ]+", r"(?:[T,]? *(?P<rest>\d{1,2}:.*))?$"
_NAMED = (
    _WEEKDAY + _DAY + _BETWEEN + _MONTH + _BETWEEN + r"(?P<year>\d{4}|\d{2})" + _REST,
    _WEEKDAY + _MONTH + _BETWEEN + _DAY + _BETWEEN + _YEAR + _REST,
    _WEEKDAY + _MONTH + r" +" + _DAY + r" +(?P<rest>\d{1,2}:\S+(?: [ap]m)?) +" + _YEAR + "$",
    r"(?i)^" + _YEAR + _BETWEEN + _MONTH + _BETWEEN + _DAY + _REST,
)
_COMPACT = r"^(\d{4})(\d{2})(\d{2})[T _-]?(\d{2})(\d{2})(\d{2})((?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)$"
_OTHER_SPACES = "\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s*[AaPp]\.?[Mm]\.?)?"
_CLOCK_FIRST = rf"^({CLOCK})[\s,]+(\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}})$"
_NUMBER = r"^\d+(\.\d+)?([eE]\+?\d+)?$"

_UNITS = {1: "seconds", 1_000: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}
_COUNTED = 946_684_800, 4_102_444_800  # seconds since 1970 of the years 2000 and 2100
_SERIAL = 36_526, 73_050  # days since 30 December 1899 of the same
_SERIAL_START = np.datetime64("1899-12-30", "ms")
_TO_THE_SECOND, _TO_THE_MILLISECOND = 5, 8  # decimals of a day that are needed


def respelled(text: pa.Array) -> pa.Array:
    """29-Oct-2015 10:00:00, 20151029 100000 and 10:00:00 29/10/2015 with the date first, other texts as they are."""
    text = pc.replace_substring_regex(text, f"[{_OTHER_SPACES}]", " ")
    ways = [_with_number_of_month(text, pattern) for pattern in _NAMED]
    for pattern, order in ((_COMPACT, r"\1-\2-\3 \4:\5:\6\7"), (_CLOCK_FIRST, r"\2 \1")):
        ways.append(_where(text, pattern, pc.replace_substring_regex(text, pattern, order)))
    return pc.coalesce(*ways, text)


def _with_number_of_month(text: pa.Array, pattern: str) -> pa.Array:
    found = pc.extract_regex(text, pattern)
    if found.null_count == len(found):
        return pa.nulls(len(text), pa.string())
    day, month, year, rest = (pc.struct_field(found, name) for name in ("day", "month", "year", "rest"))
    first = pc.utf8_lower(pc.utf8_slice_codeunits(month, 0, 3)).dictionary_encode()
    numbers = pa.array([f"{_MONTHS.index(each) + 1:02}" for each in first.dictionary.to_pylist()], pa.string())
    year = pc.if_else(pc.equal(pc.utf8_length(year), 2), pc.binary_join_element_wise("20", year, ""), year)
    date = pc.binary_join_element_wise(year, numbers.take(first.indices), day, "-")
    return pc.if_else(pc.equal(rest, ""), date, pc.binary_join_element_wise(date, rest, " "))


def _where(text: pa.Array, pattern: str, then: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(text, pattern), then, None)


def counted(text: pa.Array) -> tuple[np.ndarray, str] | None:
    """Times of a column that counts seconds (or parts of them) since 1970, or days as a spreadsheet does, and how.

    None when it counts neither, or some cell is no number.
    """
    if text.null_count or not len(text) or not pc.all(pc.match_substring_regex(text, _NUMBER)).as_py():
        return None
    numbers = text.cast(pa.float64()).to_numpy()
    for unit, name in _UNITS.items():
        if (numbers >= _COUNTED[0] * unit).all() and (numbers < _COUNTED[1] * unit).all():
            return _since_1970(text, unit), f"{name} since 1970, read as the clock of UTC"
    if (numbers >= _SERIAL[0]).all() and (numbers < _SERIAL[1]).all():
        return _of_spreadsheet(text, numbers)
    return None


def _since_1970(text: pa.Array, unit: int) -> np.ndarray:
    try:
        return (text.cast(pa.int64()).to_numpy() * (10**9 // unit)).astype("M8[ns]")
    except pa.ArrowInvalid:  # with a fraction
        microseconds = np.round(text.cast(pa.float64()).to_numpy() * (10**6 / unit)).astype(np.int64)
        return microseconds.astype("M8[us]").astype("M8[ns]")


def _of_spreadsheet(text: pa.Array, numbers: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Five decimals of a day tell the second, eight the millisecond; None with fewer."""
    decimals = pc.max(pc.utf8_length(pc.replace_substring_regex(text, r"^\d+\.?", ""))).as_py()
    if decimals < _TO_THE_SECOND:
        return None
    scale = 1_000 if decimals >= _TO_THE_MILLISECOND else 1
    milliseconds = np.round(numbers * SECONDS_PER_DAY * scale).astype(np.int64) * (1_000 // scale)
    return (_SERIAL_START + milliseconds).astype("M8[ns]"), "days of a spreadsheet, since 30 December 1899"
