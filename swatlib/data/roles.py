"""Which column of a table is which: tags, time, labels, what merely counts rows, and the rest."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swatlib.data import times
from swatlib.data.names import is_label, is_time, is_unnamed, other_unit, tag
from swatlib.data.table import Table
from swatlib.plant import TAG_NAMES, TAGS
from swatlib.wording import count, listed


@dataclass(frozen=True)
class Roles:
    """Positions of columns. `tags` in plant order, with more than one column where a tag is spread over several.

    `date` is the column of dates where `time` holds times of day.
    """

    tags: dict[str, list[int]]
    time: int | None
    date: int | None
    labels: list[int]
    extra: list[int]
    findings: list[str]


def assign(table: Table) -> Roles:
    """The role of each column. DataError when a column called time holds numbers that don't count rows."""
    empty = [number for number, column in enumerate(table.columns) if column.null_count == len(column)]
    filled = sorted(set(range(len(table.names))) - set(empty))
    counters = [number for number in filled if _may_count(table.names[number]) and _counts(table.columns[number])]
    tagged = {number for number in filled if tag(table.names[number]) or is_label(table.names[number])}
    clocks = _clocks(table, [number for number in filled if number not in tagged.union(counters)])
    date, clocks = _parted(table, clocks)
    tags = _tags(table, filled)
    labels = [number for number in filled if is_label(table.names[number])]
    taken = {*counters, *clocks[:1], date, *labels, *(number for numbers in tags.values() for number in numbers)}
    extra = [number for number in filled if number not in taken]
    unknown = [number for number in extra if number not in clocks]
    findings = [
        *_said_names(table, tags),
        *_said_left_out(table, empty, counters),
        *_said_missing(tags),
        *_said_extra(table, clocks[1:], unknown),
    ]
    if date is not None:
        findings.append(f"columns {table.names[date]!r} and {table.names[clocks[0]]!r} put together to one time")
    return Roles(tags, next(iter(clocks), None), date, labels, extra, findings)


def extra_names(table: Table, columns: list[int]) -> list[str]:
    """Names for what is kept apart: stripped, and distinguished by the column's number."""
    names = [table.names[number].strip() or f"column {number + 1}" for number in columns]
    return [
        name if names.count(name) == 1 else f"{name} (column {number + 1})"
        for name, number in zip(names, columns, strict=True)
    ]


def _may_count(name: str) -> bool:
    return is_unnamed(name) or is_time(name)


def _counts(column: pa.ChunkedArray) -> bool:
    """Whether the column is a row of ascending whole numbers, such as an index that was saved along."""
    if pa.types.is_timestamp(column.type):
        return False
    try:
        numbers = column.cast(pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return bool(np.all(numbers == np.round(numbers)) and np.all(np.diff(numbers) > 0) and numbers[-1] < 1e8)


def _clocks(table: Table, columns: list[int]) -> list[int]:
    """Columns that hold times, the one to go by first."""
    named = [number for number in columns if is_time(table.names[number])]
    if named and all(times.is_dates(table.columns[number]) for number in named):
        return [*named, *(number for number in columns if times.is_times_of_day(table.columns[number]))]
    if named:
        return named
    timed = [number for number in columns if times.look_like_times(table.columns[number])]
    return timed or [number for number in columns if times.is_part_of_a_time(table.columns[number])]


def _parted(table: Table, clocks: list[int]) -> tuple[int | None, list[int]]:
    """The column of dates where another holds times of day, and the columns of times, those times of day first."""
    dates = [number for number in clocks if times.is_dates(table.columns[number])]
    times_of_day = [number for number in clocks if times.is_times_of_day(table.columns[number])]
    if not dates or not times_of_day:
        return None, clocks
    rest = [number for number in clocks if number not in (dates[0], times_of_day[0])]
    return dates[0], [times_of_day[0], *rest]


def _tags(table: Table, filled: list[int]) -> dict[str, list[int]]:
    """An alarm that goes by the name of a tag gives way to the column that holds its readings."""
    claims: dict[str, list[int]] = {name: [] for name in TAG_NAMES}
    for number in filled:
        if name := tag(table.names[number]):
            claims[name].append(number)
    for name, columns in claims.items():
        for unit in (other_unit(table.names[number], TAGS[name]) for number in columns):
            if unit is not None:
                raise table.error(
                    f"{name} is given in {unit!r} where {TAGS[name].unit} is wanted; convert it, name it {name}"
                )
    alarms = {number for number in filled if table.names[number].strip().casefold().endswith(".alarm")}
    readings = {name: [number for number in columns if number not in alarms] for name, columns in claims.items()}
    return {name: readings[name] or claims[name] for name in TAG_NAMES if claims[name]}


def _said_names(table: Table, tags: dict[str, list[int]]) -> list[str]:
    said = []
    used = {number: name for name, numbers in tags.items() for number in numbers}
    spaced = [used[number] for number in used if table.names[number].startswith(" ")]
    if spaced:
        said.append(f"{count(len(spaced), 'name')} had a leading space ({listed(spaced)})")
    other = {table.names[number].strip(): name for number, name in used.items() if table.names[number].strip() != name}
    if other:
        met, name = next(iter(other.items()))
        said.append(f"{count(len(other), 'name')} brought to the official form, as {met!r} to {name}")
    return said


def _said_left_out(table: Table, empty: list[int], counters: list[int]) -> list[str]:
    named = [table.names[number].strip() for number in empty if not is_unnamed(table.names[number])]
    said = [f"column {table.names[number]!r} counts the rows{_gaps(table, number)}, left out" for number in counters]
    if len(empty) > len(named):
        said.append(f"{count(len(empty) - len(named), 'column')} without name and cells left out")
    if named:
        said.append(f"{count(len(named), 'column')} without a cell left out ({listed(named)})")
    return said


def _gaps(table: Table, number: int) -> str:
    """Where a counter that is called a time does not go on evenly."""
    steps = np.diff(table.columns[number].cast(pa.float64()).to_numpy())
    gaps = int((steps != np.median(steps)).sum()) if is_time(table.names[number]) and len(steps) else 0
    return f" with {count(gaps, 'gap')}, which its times then lack" if gaps else ""


def _said_missing(tags: dict[str, list[int]]) -> list[str]:
    missing = [name for name in TAG_NAMES if name not in tags]
    return [f"{len(missing)} of the 51 tags missing: {listed(missing)}"] if missing else []


def _said_extra(table: Table, clocks: list[int], extra: list[int]) -> list[str]:
    said = [
        f"second column of times {table.names[number].strip()!r} kept apart, the first one used" for number in clocks
    ]
    if extra:
        said.append(f"{count(len(extra), 'column')} of no known tag kept apart: {listed(extra_names(table, extra))}")
    return said
