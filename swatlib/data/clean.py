"""A table to a recording: each column understood, rows without readings gone, times in order."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.data import facts, labels, readings, roles, times
from swatlib.data.order import FEW_ROWS, HANDFUL, once_in_time_order
from swatlib.data.recording import Recording, UnorderedRows
from swatlib.data.table import Table
from swatlib.data.values import switch_name

_FAR = np.timedelta64(366, "D")
_STATISTIC = re.compile(
    r"^\s*(count|mean|average|avg\.?|median|std\.?|stdev|standard deviation|var|variance|min\.?|max\.?|minimum|maximum|"
    r"sum|total|range|mode|unique|top|freq|skew|kurtosis|\d{1,2}(\.\d+)?\s*%)\s*$",
    re.IGNORECASE | re.ASCII,
)


def clean(table: Table) -> Recording:
    """The recording a table holds, without its source. DataError names the place, what was met, and what to do.

    NoRowsError when it holds a header alone, averages, or no row with a reading. Findings count what is in the
    recording: where rows of repeated times were left out, the rest is counted anew.
    """
    _refuse_without_rows(table)
    recording, kept = _understood(table)
    _refuse_stray_rows(recording, kept)
    places, said = once_in_time_order(recording, kept.error)
    looks_like = facts.looks_like(recording, len(kept), int(table.rows[-1]))
    if len(places) < len(kept):
        left_out = np.delete(kept.rows, places)
        recording, kept = _understood(table.keep(~np.isin(table.rows, left_out)))
        places, _ = once_in_time_order(recording, kept.error)
    ordered = recording.in_order(places if said else None)
    return ordered.noting(*said, *looks_like, *facts.findings(ordered))


def _refuse_stray_rows(recording: Recording, table: Table) -> None:
    """A handful of rows years from all others has a year that was mistyped."""
    times = recording.frame.index.to_numpy()
    order = np.argsort(times, kind="stable")
    after = np.flatnonzero(np.diff(times[order]) > _FAR) + 1
    for cut in after:
        stray = order[:cut] if cut <= HANDFUL else order[cut:]
        if len(stray) <= HANDFUL and len(stray) * FEW_ROWS <= len(times):
            row = int(stray.min())
            raise table.error(f"the time {pd.Timestamp(times[row])} is over a year from all others; mend it", row)


def _refuse_without_rows(table: Table) -> None:
    if not len(table):
        raise table.no_rows("it holds a header and no row", "it was cut short or never filled; copy it again")
    for column in table.columns:
        if pa.types.is_string(column.type) and _are_statistics(column):
            raise table.no_rows(
                "its rows are averages and the like, not recorded rows", "give the file that holds the recorded rows"
            )


def _are_statistics(column: pa.ChunkedArray) -> bool:
    """Whether every cell is the name of a statistic, as in the first column of a summary."""
    named = (_STATISTIC.match(cell.as_py()) for cell in column if cell.is_valid)
    return any(cell.is_valid for cell in column[:3]) and all(named)


def _understood(table: Table) -> tuple[UnorderedRows, Table]:
    """The rows with a reading, in the order of the file, with findings, and as a table."""
    role = roles.assign(table)
    values = readings.read_readings(table, role.tags)
    kept = table.keep(values.kept)
    stamps, utc_offset, said_times = _times(kept, role.time, role.date)
    label, said_label = labels.read_labels(kept, role.labels)
    index = pd.DatetimeIndex(stamps, name="time")
    extra = _extra(kept, role.extra, index)
    said_label += [f"column {name!r} reads like a label, and is kept apart" for name in labels.resembling(extra)]
    recording = UnorderedRows(
        frame=pd.DataFrame(values.matrix.T, index=index, columns=list(role.tags)),
        label=None if label is None else pd.Series(label, index=index, name="attack"),
        extra=extra,
        findings=(*table.findings, *role.findings, *values.findings, *said_times, *said_label),
        utc_offset=utc_offset,
    )
    return recording, kept


def _times(table: Table, column: int | None, date: int | None) -> tuple[np.ndarray, pd.Timedelta | None, list[str]]:
    """Times of the rows, how far their clock is ahead of UTC where the table states it, and findings."""
    if column is None:
        given = f"no column of times: rows were given one second each from {times.UNTIMED} on, in the order of the file"
        return times.invented(len(table)), None, [given]
    cells, name = table.columns[column], table.names[column]
    if date is not None:
        cells, name = times.joined(table.columns[date], cells), f"{table.names[date]} {name}"
    stamps, said = times.parse_times(table, cells, name)
    return stamps, times.stated_offset(cells), said


def _extra(table: Table, columns: list[int], index: pd.DatetimeIndex) -> pd.DataFrame | None:
    if not columns:
        return None
    names = roles.extra_names(table, columns)
    return pd.DataFrame(
        {name: _plain(table.columns[number]) for name, number in zip(names, columns, strict=True)}
    ).set_axis(index)


def _plain(column: pa.ChunkedArray) -> np.ndarray:
    """Numbers as float64, else text with records of a switch cut down to what they say."""
    text = column.cast(pa.string())
    try:
        return pc.fill_null(text.cast(pa.float64()), np.nan).to_numpy()
    except pa.ArrowInvalid:
        cells = text.combine_chunks().dictionary_encode()
        words = np.array([*map(switch_name, cells.dictionary.to_pylist()), None], object)
        return words[pc.fill_null(cells.indices, -1).to_numpy()]
