"""A recording in the form in which the official files of 2015 come, quirks included."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import xlsxwriter

from swatlib.atomic import replacing
from swatlib.data import Recording
from swatlib.plant import STAGES, TAG_NAMES, TAGS

TIME, LABEL = " Timestamp", "Normal/Attack"
SPACED_IN_ATTACK_FILE = ("MV101", "AIT201", "MV201", "P201", "P202", "P204", "MV303")
MISSPELT = 37
CHUNK = 10_000


def write_like_swat(recording: Recording, path) -> Path:
    """Write `recording` as the official .xlsx or .csv; returns the path.

    A recording with attacks gets the header of the attack file: seven names with a leading space, and 37 of its labels
    read `A ttack`. One without gets that of the normal file. The workbook has the stages in the row above the header.
    ValueError for any other suffix, a missing tag, an empty reading. The file is there whole or not at all.
    """
    path = Path(path)
    writers = {".xlsx": _write_xlsx, ".csv": _write_csv}
    if path.suffix not in writers:
        raise ValueError(f"can't write {path.name}: the official files end in .xlsx or .csv")
    _refuse_incomplete(recording.frame)
    with replacing(path) as unfinished:
        writers[path.suffix](recording, unfinished)
    return path


def _refuse_incomplete(frame: pd.DataFrame) -> None:
    if lacks := [name for name in TAG_NAMES if name not in frame]:
        raise ValueError(f"the official form has all {len(TAG_NAMES)} tags, the recording lacks {', '.join(lacks)}")
    if holes := int(frame.isna().any(axis=1).sum()):
        raise ValueError(f"the official form has no empty cell, {holes:,} rows of the recording have one; drop them")


def _write_csv(recording: Recording, path: Path) -> None:
    header = _header(recording)
    labels = _labels(recording)
    for first in range(0, max(len(labels), 1), CHUNK * 5):
        rows = slice(first, first + CHUNK * 5)
        _table(recording, labels, rows).to_csv(
            path, header=header if first == 0 else False, mode="a" if first else "w", index=False, lineterminator="\n"
        )


def _write_xlsx(recording: Recording, path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, _stage_row())
        sheet.write_row(1, 0, _header(recording))
        labels = _labels(recording)
        for first in range(0, len(labels), CHUNK):
            table = _table(recording, labels, slice(first, first + CHUNK))
            for number, (time, *values, label) in enumerate(table.itertuples(index=False, name=None), first + 2):
                sheet.write_string(number, 0, time)
                for column, value in enumerate(values, 1):
                    sheet.write_number(number, column, value)
                sheet.write_string(number, column + 1, label)


def _stage_row() -> list[str]:
    """Empty above the time, then each stage above its first tag."""
    firsts = {next(name for name in TAG_NAMES if TAGS[name].stage == stage): stage for stage in STAGES}
    return ["", *(firsts.get(name, "") for name in TAG_NAMES), ""]


def _header(recording: Recording) -> list[str]:
    attacked = recording.label is not None and recording.label.any()
    spaced = SPACED_IN_ATTACK_FILE if attacked else ()
    return [TIME, *(f" {name}" if name in spaced else name for name in TAG_NAMES), LABEL]


def _labels(recording: Recording) -> np.ndarray:
    attacked = np.zeros(len(recording.frame), bool) if recording.label is None else recording.label.to_numpy()
    labels = np.where(attacked, "Attack", "Normal").astype(object)
    rows = np.flatnonzero(attacked)
    if len(rows) >= MISSPELT:
        labels[rows[-MISSPELT:]] = "A ttack"
    return labels


def _table(recording: Recording, labels: np.ndarray, rows: slice) -> pd.DataFrame:
    """The rows as they stand in the file; a float32 becomes the shortest decimal that reads back as itself."""
    part = recording.frame.iloc[rows]
    table = {TIME: _times(part.index)}
    for name in TAG_NAMES:
        if TAGS[name].is_sensor:
            table[name] = pa.array(part[name].to_numpy()).cast(pa.string()).cast(pa.float64()).to_numpy()
        else:
            table[name] = part[name].to_numpy().astype(int)
    return pd.DataFrame({**table, LABEL: labels[rows]})


def _times(index: pd.DatetimeIndex) -> list[str]:
    """ " 28/12/2015 10:00:00 AM": day first, twelve hours, neither day nor hour padded."""
    return [f" {t.day}/{t.month}/{t.year} {t.hour % 12 or 12}:{t:%M:%S %p}" for t in index]
