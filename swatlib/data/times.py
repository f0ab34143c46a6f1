"""Times in any of the forms met, to naive datetime64[ns]: what stands in the file is what comes out.

With a year of four digits first (ISO 8601 and its relatives) a date is never ambiguous. Of 2/1/2016 the whole column
decides whether day or month stands first. The mark of a time zone is cut off; where the marks differ, as when clocks
are set back, all times are brought to the first one.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.data.recording import DataError
from swatlib.data.table import Table
from swatlib.data.time_spellings import CLOCK, MONTH, counted, respelled
from swatlib.wording import count, listed

UNTIMED = pd.Timestamp("2000-01-01")  # first row of a file without times: outside every period of SWaT
MEDIANS_OF_TEN = {"train.csv of GDN": 47_515, "test.csv of GDN": 44_986}  # rows, give or take a few

_ZONE = r"\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
# only behind a clock: the end of the date in 10:00 2015-12-28 is no zone
_MARKED = rf"(?:{CLOCK}|\d{{8}}[T _-]?\d{{6}}(?:\.\d{{1,9}})?){_ZONE}$"
_CLOCK = (
    r"[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    rf"\s*(?:(?P<half>[AaPp])\.?[Mm]\.?)?(?:{_ZONE})?\s*$"
)
_YEAR_FIRST = r"^(?P<year>\d{4})[-/.](?P<first>\d{1,2})[-/.](?P<last>\d{1,2})" + _CLOCK
_YEAR_LAST = r"^(?P<first>\d{1,2})[-/.](?P<last>\d{1,2})[-/.](?P<year>\d{4}|\d{2}),?" + _CLOCK
_ALLOWED = "28/12/2015 10:00:00 AM, 2015-12-28 10:00:00 or 2019-07-20T04:30:00Z"
FAR_YEARS = 1900, 2199  # before and after them no row was recorded
SHORT_YEARS = 2010, pd.Timestamp.now().year  # what a year of two digits can be: the testbed was built in 2015
_DATE = (
    rf"(?i)^(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/. ](\d{{1,2}}|{MONTH})[-/. ](\d{{4}}|\d{{2}}))"
    r"([T ]0{1,2}:00(:00(\.0+)?)?)?$"
)
_TIME_OF_DAY = r"^((1899-12-3[01]|1900-01-0[01])[T ])?\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s*([AaPp]\.?[Mm]\.?)?$"
_SECOND, _DAY = 1_000_000_000, SECONDS_PER_DAY * 1_000_000_000  # nanoseconds
_HALF_DAY, _ABOUT = np.timedelta64(12, "h"), np.timedelta64(2, "h")

Fields = dict[str, np.ndarray]


def look_like_times(column: pa.ChunkedArray) -> bool:
    """Whether the first cells are times; for a column whose name does not tell."""
    if pa.types.is_timestamp(column.type):
        return True
    head = _text(column.slice(0, 5)).drop_null()
    if not len(head):
        return False
    either = (pc.match_substring_regex(respelled(head), form) for form in (_YEAR_FIRST, _YEAR_LAST))
    return bool(pc.all(pc.or_(*either)).as_py())


def is_dates(column: pa.ChunkedArray) -> bool:
    """Whether every cell is a date without a time of day."""
    return _all_match(column, _DATE)


def is_times_of_day(column: pa.ChunkedArray) -> bool:
    """Whether every cell is a time of day without a date."""
    return _all_match(column, _TIME_OF_DAY)


def is_part_of_a_time(column: pa.ChunkedArray) -> bool:
    """Whether every cell is a date, or every cell a time of day."""
    return is_dates(column) or is_times_of_day(column)


def joined(dates: pa.ChunkedArray, times_of_day: pa.ChunkedArray) -> pa.ChunkedArray:
    """One column of a column of dates and one of times of day."""
    date = pc.replace_substring_regex(_text(dates), r"[T ]0{1,2}:00.*$", "")
    time = pc.replace_substring_regex(_text(times_of_day), r"^\d{4}-\d\d-\d\d[T ]", "")
    return pa.chunked_array([pc.binary_join_element_wise(date, time, " ")])


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    cells = _text(column).drop_null()
    return len(cells) > 0 and bool(pc.all(pc.match_substring_regex(cells, pattern)).as_py())


def invented(rows: int) -> np.ndarray:
    """Times for rows that have none, from `UNTIMED` on: ten seconds each in a file of medians, else one."""
    step = 10 if any(abs(rows - usual) <= 10 for usual in MEDIANS_OF_TEN.values()) else 1
    return pd.date_range(UNTIMED, periods=rows, freq=f"{step}s").to_numpy()


def parse_times(table: Table, column: pa.ChunkedArray, name: str) -> tuple[np.ndarray, list[str]]:
    """Times of a column, in the order of the rows, and findings. DataError names the first row that has none."""
    if pa.types.is_timestamp(column.type):
        return _typed(table, column, name)
    text = _text(column)
    if pc.match_substring_regex(text.slice(0, 1), r"^[\d.eE+]+$").to_pylist() == [True] and (count_of := counted(text)):
        times, how = count_of
        return times, [f"times are {how}: {text[0].as_py()} is {_moment(times[0])}"]
    times, findings = np.full(len(text), "NaT", "M8[ns]"), []
    zones = _Zones(table, text, name)
    findings += zones.findings
    _refuse_mixed_dates(table, text, name)
    for way in (_YEAR_FIRST, _YEAR_LAST):
        findings += _read(table, text, way, times, name)
    if np.isnat(times).any():
        other = respelled(text)
        for way in (_YEAR_FIRST, _YEAR_LAST):
            findings += _read(table, other, way, times, name)
    times -= zones.late
    if np.isnat(times).any():
        raise _unreadable(table, text, name, np.flatnonzero(np.isnat(times)))
    _refuse_exchanged(table, times, name)
    return times, findings


def stated_offset(column: pa.ChunkedArray) -> pd.Timedelta | None:
    """How far the clock of the times that `parse_times` gives, that of the first row, is ahead of UTC, where stated."""
    first = column.slice(0, 1)
    if not pa.types.is_timestamp(column.type):
        mark = pc.struct_field(pc.extract_regex(_text(first), _MARKED), "zone")[0].as_py()
        return pd.Timedelta(_offset(mark), "min") if mark else None
    if column.type.tz is None:
        return None
    local, utc = _local_and_utc(first)
    return pd.Timedelta(local[0] - utc[0])


def _read(table: Table, text: pa.Array, pattern: str, times: np.ndarray, name: str) -> list[str]:
    """Fill in the times that are still unknown and match the pattern; findings."""
    rows = np.flatnonzero(np.isnat(times))
    if not len(rows):
        return []
    rows, fields = _fields(text, rows, pattern)
    if not len(rows):
        return []
    clock, said = _clock(fields)
    _refuse_far(table, fields["year"], rows, name)
    days, said_date = (_year_first if pattern == _YEAR_FIRST else _year_last)(table, fields, clock)
    times[rows] = days.astype("M8[ns]") + clock.astype("m8[ns]")
    _refuse_lost_parts(table, fields, rows, times[rows], name)
    return [*said_date, *said]


def _text(column: pa.ChunkedArray) -> pa.Array:
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text


def _typed(table: Table, column: pa.ChunkedArray, name: str) -> tuple[np.ndarray, list[str]]:
    if column.null_count:
        raise table.error(
            f"column {name!r} is empty (so {count(column.null_count, 'row')}), and every row needs its time; fill it",
            int(np.flatnonzero(column.is_null().to_numpy())[0]),
        )
    _refuse_far_years(table, column, name)
    zone = column.type.tz
    if zone is None:
        times = column.cast(pa.timestamp("ns")).to_numpy().copy()
        _refuse_exchanged(table, times, name)
        return times, []
    local, utc = _local_and_utc(column)
    offsets, said = local - utc, f"times are of the zone {zone}, kept as its clock showed them"
    if (offsets != offsets[0]).any():
        said = f"times are of the zone {zone}, whose clock changes within them; all kept at the offset of the first row"
    return utc + offsets[0], [said]


def _local_and_utc(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The moments of a column with a zone on its clock, and on that of UTC."""
    utc = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit))
    local, utc = (each.cast(pa.timestamp("ns")).to_numpy() for each in (pc.local_timestamp(column), utc))
    return local, utc


def _refuse_far_years(table: Table, column: pa.ChunkedArray, name: str) -> None:
    """Timestamps that nanoseconds can't hold."""
    _refuse_far(table, pc.year(column).to_numpy(), np.arange(len(column)), name)


def _refuse_far(table: Table, years: np.ndarray, rows: np.ndarray, name: str) -> None:
    far = np.flatnonzero((years >= 100) & ((years < FAR_YEARS[0]) | (years > FAR_YEARS[1])))
    if len(far):
        raise table.error(
            f"column {name!r} has the year {years[far[0]]} (so {count(len(far), 'row')}); mend it, or delete the row",
            int(rows[far[0]]),
        )


def _unreadable(table: Table, text: pa.Array, name: str, bad: np.ndarray) -> DataError:
    met = text[int(bad[0])].as_py()
    met = "is empty" if met is None else f"reads {met!r}, which is no date with a time"
    return table.error(
        f"column {name!r} {met} (so {len(bad):,} of {count(len(text), 'row')}); write times like {_ALLOWED}",
        int(bad[0]),
    )


def _fields(text: pa.Array, rows: np.ndarray, pattern: str) -> tuple[np.ndarray, Fields]:
    """Which of the rows match, and their fields: integers, "a" or "p" or "" as half, the text."""
    chosen = text if len(rows) == len(text) else text.take(pa.array(rows))
    found = pc.extract_regex(chosen, pattern)
    hit = found.is_valid()
    found, chosen = found.filter(hit), chosen.filter(hit)
    parts = dict(zip((field.name for field in found.type), found.flatten(), strict=True))
    fields = {key: _integers(parts[key]) for key in ("year", "first", "last", "hour", "minute", "second")}
    fields["nanosecond"] = _integers(pc.utf8_rpad(parts["fraction"], 9, "0"))
    fields["half"] = pc.utf8_lower(parts["half"]).to_numpy(zero_copy_only=False).astype("U1")
    fields["text"] = chosen
    fields["to_the_second"] = pc.not_equal(parts["second"], "").to_numpy(zero_copy_only=False)
    return rows[hit.to_numpy(zero_copy_only=False)], fields


def _integers(digits: pa.Array) -> np.ndarray:
    return pc.if_else(pc.equal(digits, ""), "0", digits).cast(pa.int64()).to_numpy()


def _clock(fields: Fields) -> tuple[np.ndarray, list[str]]:
    """Nanoseconds since midnight, and findings. An hour past 12 is of 24 hours whatever stands behind it."""
    hour, half = fields["hour"], fields["half"]
    hour = hour + 12 * ((half == "p") & (hour < 12)) - 12 * ((half == "a") & (hour == 12))
    possible = (hour < 24) & (fields["minute"] < 60) & (fields["second"] < 60)
    seconds = (hour * 60 + fields["minute"]) * 60 + fields["second"]
    clock = np.where(possible, seconds * _SECOND + fields["nanosecond"], np.iinfo("i8").min)
    findings = []
    fractions = int(np.count_nonzero(fields["nanosecond"]))
    if fractions:
        findings.append(f"{count(fractions, 'time')} with a fraction of a second, kept")
    return clock, findings


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """datetime64[D]; NaT where the calendar has no such day."""
    year = np.where(year < 100, year + 2000, year)
    months = (year - 1970).astype("M8[Y]").astype("M8[M]") + (np.clip(month, 1, 12) - 1)
    days = months.astype("M8[D]") + (day - 1)
    days[(days.astype("M8[M]") != months) | (month < 1) | (month > 12)] = "NaT"
    return days


def _year_first(table: Table, fields: Fields, clock: np.ndarray) -> tuple[np.ndarray, list[str]]:
    return _days(fields["year"], fields["first"], fields["last"]), []


def _year_last(table: Table, fields: Fields, clock: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Dates whose order the column decides: by a number past 12, else by the order in which the rows run on."""
    year, first, last = fields["year"], fields["first"], fields["last"]
    if (year < 100).any() and _short_year_stands_first(table, fields):
        days = _days(first, last, year)
        return days, [f"times have the year first, in two digits: {_example(fields, days, clock)}"]
    day_first, month_first = _days(year, last, first), _days(year, first, last)
    if (first > 12).any():
        return day_first, [f"times have the day first: {_example(fields, day_first, clock)}"]
    if (last > 12).any():
        return month_first, [f"times have the month first: {_example(fields, month_first, clock)}"]
    if (first == last).all():
        return day_first, []
    jumps = [np.abs(np.diff(days.astype("i8") * _DAY + clock)).max(initial=0) for days in (day_first, month_first)]
    days, order = (day_first, "day") if jumps[0] <= jumps[1] else (month_first, "month")
    why = "the rows then follow each other without a jump"
    if jumps[0] == jumps[1]:
        why = "taken as in the official files, since no row tells; if it is the month, write times with the year first"
    return days, [f"times have the {order} first ({why}): {_example(fields, days, clock)}"]


def _short_year_stands_first(table: Table, fields: Fields) -> bool:
    """Whether 15/12/28 begins with its year. DataError where it may as well end with it."""
    begins, ends = (
        bool(((2000 + each >= SHORT_YEARS[0]) & (2000 + each <= SHORT_YEARS[1])).all())
        for each in (fields["first"], fields["year"])
    )
    if begins and ends and not np.isnat(_days(fields["first"], fields["last"], fields["year"])).any():
        raise table.error(
            f"times read like {fields['text'][0].as_py()!r}, whose year may stand first or last; write four digits"
        )
    return begins and not ends


class _Zones:
    """Marks of time zones in a column of text. `late`: by how much each row's clock is ahead of the first row's."""

    def __init__(self, table: Table, text: pa.Array, name: str):
        marks = pc.struct_field(pc.extract_regex(text, _MARKED), "zone")
        met = sorted(set(pc.unique(pc.fill_null(marks, "")).to_pylist()))
        self.late, self.findings = np.zeros(len(text), "m8[ns]"), []
        if met == [""]:
            return
        offsets = {mark: _offset(mark) for mark in met if mark}
        if len(set(offsets.values())) == 1 and "" not in met:
            self.findings = [f"times are marked {listed(offsets)}, kept as they stand without the mark"]
            return
        cells = pc.fill_null(marks, "").dictionary_encode()
        if "" in met:
            row = int(np.flatnonzero(pc.equal(pc.fill_null(marks, ""), "").to_numpy(zero_copy_only=False))[0])
            raise table.error(
                f"column {name!r} has marks of a time zone and here none; write it as in the other rows", row
            )
        minutes = np.array([offsets[mark] for mark in cells.dictionary.to_pylist()])[cells.indices.to_numpy()]
        self.late = ((minutes - minutes[0]) * 60 * _SECOND).astype("m8[ns]")
        self.findings = [f"times are marked {listed(offsets)}, brought to the {marks[0].as_py()} of the first row"]


def _offset(mark: str) -> int:
    """Minutes ahead of UTC."""
    if mark[0] not in "+-":
        return 0
    digits = mark[1:].replace(":", "")
    return int(f"{mark[0]}1") * (60 * int(digits[:2]) + int(digits[2:] or 0))


def _refuse_mixed_dates(table: Table, text: pa.Array, name: str) -> None:
    """A spreadsheet takes 2/1/2016 for a date, by its own order of day and month, and leaves 31/12/2015 as text."""
    year_last = pc.match_substring_regex(text, _YEAR_LAST).to_numpy(zero_copy_only=False)
    typed = pc.match_substring_regex(text, r"^\d{4}-(0\d|1[0-2])-(0\d|1[0-2]) ").to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(typed == np.True_)
    if len(rows) and (year_last == np.True_).any():
        first = int(rows[0])
        raise table.error(
            f"column {name!r} reads {text[first].as_py()!r} among times with the year last, so that a spreadsheet may "
            f"have exchanged day and month (so {count(len(rows), 'row')}); write all times with the year first",
            first,
        )


def _refuse_exchanged(table: Table, times: np.ndarray, name: str) -> None:
    """Times that jump by weeks, and by an hour at most once day and month of the one or the other row are exchanged."""
    jumps = np.flatnonzero(np.abs(np.diff(times)) > np.timedelta64(20, "D"))
    before, after = times[jumps], times[jumps + 1]
    pairs = ((_exchanged(before), after), (before, _exchanged(after)), (_exchanged(before), _exchanged(after)))
    near = [np.abs(one - other) <= np.timedelta64(1, "h") for one, other in pairs]
    if len(jumps) and np.logical_or.reduce(near).all():
        raise table.error(
            f"column {name!r} jumps by weeks, and would not if day and month were exchanged, as a spreadsheet may have "
            "done; export it again with the year first",
            int(jumps[0]) + 1,
        )


def _exchanged(times: np.ndarray) -> np.ndarray:
    """Times whose day is the month and whose month the day; NaT where the day is past 12."""
    days, years = times.astype("M8[D]"), times.astype("M8[Y]")
    months = days.astype("M8[M]")
    day, month = (days - months).astype(int), months.astype(int) % 12
    other = (years.astype("M8[M]") + np.minimum(day, 11)).astype("M8[D]") + month
    return np.where(day < 12, other.astype("M8[ns]") + (times - days), np.datetime64("NaT"))


def _example(fields: Fields, days: np.ndarray, clock: np.ndarray) -> str:
    """How the first time that is one was read."""
    moments = days.astype("M8[ns]") + clock.astype("m8[ns]")
    row = int(np.isnat(moments).argmin())
    return f"{fields['text'][row].as_py()} is {_moment(moments[row])}"


def _moment(time: np.datetime64) -> str:
    moment = pd.Timestamp(time)
    return "none" if moment is pd.NaT else f"{moment.day} {moment:%B %Y %H:%M:%S}"


def _refuse_lost_parts(table: Table, fields: Fields, rows: np.ndarray, times: np.ndarray, name: str) -> None:
    """`times` and `fields` are those of the rows at `rows`.

    Times that lost their AM and PM, or their seconds, can't be put in order any more."""
    steps, hour = np.diff(times), fields["hour"]
    bare = np.flatnonzero((fields["half"] == "") & (hour >= 1) & (hour <= 12))
    if len(bare) and (fields["half"] != "").any():
        raise table.error(
            f"column {name!r} reads {fields['text'][int(bare[0])].as_py()!r} without AM or PM, which other rows have "
            f"(so {count(len(bare), 'row')}); export it again with AM/PM in every row",
            int(rows[bare[0]]),
        )
    back = np.flatnonzero(steps < np.timedelta64(0))
    half_days = back[(steps[back] > -_HALF_DAY - _ABOUT) & (steps[back] < -_HALF_DAY + _ABOUT)]
    halves = fields["half"]
    alike = (halves == halves[0]).all()  # none is marked, or all are marked AM
    if len(half_days) and alike and hour.min() >= 1 and hour.max() <= 12:
        at = half_days[0]
        which = f"as {halves[0].upper()}M throughout" if halves[0] else "without AM or PM"
        raise table.error(
            f"column {name!r} runs from hour {hour[at]} back to hour {hour[at + 1]} {which}, so "
            "half of the times are unknown; export it again with AM/PM or in 24 hours",
            int(rows[at + 1]),
        )
    same = np.flatnonzero(steps == np.timedelta64(0))
    if len(same) and not fields["to_the_second"].any():
        raise table.error(
            f"column {name!r} reads {fields['text'][int(same[0])].as_py()!r} in several rows and has no seconds; "
            "format it as d/m/yyyy hh:mm:ss and export it again",
            int(rows[same[0] + 1]),
        )
