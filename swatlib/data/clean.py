"""A table to a recording: each column understood, rows without readings gone, times in order."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.data import facts as shape
from swatlib.data import labels, readings, roles, times
from swatlib.data.order import once_in_time_order
from swatlib.data.recording import Recording
from swatlib.data.table import Table
from swatlib.data.values import switch_name


def clean(table: Table) -> Recording:
    """The recording a table holds, without its source. DataError names the place, what was met, and what to do."""
    if not len(table):
        raise table.error("it holds a header and no row: it was cut short or never filled; copy it again")
    role = roles.assign(table)
    values = readings.read_readings(table, role.tags)
    table = table.keep(values.kept)
    stamps, said_times = _times(table, role.time)
    label, said_label = labels.read_labels(table, role.labels)
    index = pd.DatetimeIndex(stamps, name="time")
    recording = once_in_time_order(
        Recording(
            frame=pd.DataFrame(values.matrix.T, index=index, columns=list(role.tags)),
            label=None if label is None else pd.Series(label, index=index, name="attack"),
            extra=_extra(table, role.extra, index),
        )
    )
    said = [*table.findings, *role.findings, *values.findings, *said_times, *said_label, *recording.findings]
    return replace(recording, findings=(*said, *shape.findings(recording, len(table))))


def _times(table: Table, column: int | None) -> tuple[np.ndarray, list[str]]:
    if column is not None:
        return times.parse(table, table.columns[column], table.names[column])
    said = f"no column of times: rows were given one second each from {times.UNTIMED} on, in the order of the file"
    return times.invented(len(table)), [said]


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
