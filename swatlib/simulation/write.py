"""A recording in the form in which the official files of 2015 come, quirks included."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from swatlib.atomic import replacing
from swatlib.data import Recording
from swatlib.plant import ACTUATORS, STAGES, TAG_NAMES, TAGS
from swatlib.wording import count, listed

TIME, LABEL = " Timestamp", "Normal/Attack"
SPACED_IN_ATTACK_FILE = ("MV101", "AIT201", "MV201", "P201", "P202", "P204", "MV303")
MISSPELT = 37
CHUNK = 10_000
ROWS_OF_A_SHEET = 1_048_576  # of an .xlsx file, two of them taken by the header


def write_like_swat(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as the official .xlsx or .csv; returns the path.

    A recording with attacks gets the header of the attack file: seven names with a leading space, and 37 of its labels
    read `A ttack`. One without gets that of the normal file, and one without a label no column of labels. The workbook
    has the stages in the row above the header. Whatever is written reads back as the same rows. ValueError for what
    the form has no place for: any other suffix, a missing tag, an empty reading, columns of no tag, a fraction of a
    second, an actuator between two codes, more rows than a workbook takes. The write is atomic.
    """
    path = Path(path)
    writers = {".xlsx": _write_xlsx, ".csv": _write_csv}
    if path.suffix not in writers:
        raise ValueError(f"can't write {path.name}: the official files end in .xlsx or .csv")
    _refuse_what_has_no_place(recording)
    if path.suffix == ".xlsx" and len(recording.frame) > ROWS_OF_A_SHEET - 2:
        raise ValueError(
            f"a workbook takes {ROWS_OF_A_SHEET - 2:,} rows, the recording has {len(recording.frame):,}; write a .csv"
        )
    with replacing(path) as unfinished:
        writers[path.suffix](recording, unfinished)
    return path


def _refuse_what_has_no_place(recording: Recording) -> None:
    frame = recording.frame
    if lacks := [name for name in TAG_NAMES if name not in frame]:
        raise ValueError(f"the official form has all {len(TAG_NAMES)} tags, the recording lacks {', '.join(lacks)}")
    if empty := int((~np.isfinite(frame[list(TAG_NAMES)].to_numpy())).any(axis=1).sum()):
        raise ValueError(f"the official form has no empty cell, {empty:,} rows of the recording have one; drop them")
    if recording.extra is not None:
        raise ValueError(
            f"the official form has tags alone, the recording has {listed(recording.extra)} too; "
            "set its `extra` to None to leave them out"
        )
    times = frame.index
    if len(fractions := times[times != times.floor("s")]):
        raise ValueError(
            f"the official form has whole seconds, {count(len(fractions), 'row')} of the recording are between two, "
            f"such as {fractions[0]}; give the rows times of whole seconds"
        )
    for name in ACTUATORS:
        if len(between := frame.loc[frame[name] % 1 != 0, name]):
            raise ValueError(
                f"the official form has whole numbers for actuators, {name} is {between.iloc[0]:g} at "
                f"{between.index[0]}; leave such rows out"
            )


def _write_csv(recording: Recording, path: Path) -> None:
    header = _header(recording)
    labels = _labels(recording)
    for first in range(0, max(len(recording.frame), 1), CHUNK * 5):
        rows = slice(first, first + CHUNK * 5)
        _table(recording, labels, rows).to_csv(
            path, header=header if first == 0 else False, mode="a" if first else "w", index=False, lineterminator="\n"
        )


def _write_xlsx(recording: Recording, path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, _stage_row())
        sheet.write_row(1, 0, _header(recording))
        labels = _labels(recording)
        for first in range(0, len(recording.frame), CHUNK):
            table = _table(recording, labels, slice(first, first + CHUNK))
            for number, cells in enumerate(table.itertuples(index=False, name=None), first + 2):
                for column, cell in enumerate(cells):
                    write = sheet.write_string if isinstance(cell, str) else sheet.write_number
                    write(number, column, cell)


def _stage_row() -> list[str]:
    """Empty above the time, then each stage above its first tag."""
    firsts = {next(name for name in TAG_NAMES if TAGS[name].stage == stage): stage for stage in STAGES}
    return ["", *(firsts.get(name, "") for name in TAG_NAMES)]


def _header(recording: Recording) -> list[str]:
    attacked = recording.label is not None and recording.label.any()
    spaced = SPACED_IN_ATTACK_FILE if attacked else ()
    labelled = [] if recording.label is None else [LABEL]
    return [TIME, *(f" {name}" if name in spaced else name for name in TAG_NAMES), *labelled]


def _labels(recording: Recording) -> np.ndarray | None:
    if recording.label is None:
        return None
    attacked = recording.label.to_numpy()
    labels = np.where(attacked, "Attack", "Normal").astype(object)
    rows = np.flatnonzero(attacked)
    if len(rows) >= MISSPELT:
        labels[rows[-MISSPELT:]] = "A ttack"
    return labels


def _table(recording: Recording, labels: np.ndarray | None, rows: slice) -> pd.DataFrame:
    """The rows as they stand in the file; a float32 becomes the shortest decimal that reads back as itself."""
    part = recording.frame.iloc[rows]
    table: dict[str, list[str] | np.ndarray] = {TIME: _times(part.index)}
    for name in TAG_NAMES:
        if TAGS[name].is_sensor:
            table[name] = pa.array(part[name].to_numpy()).cast(pa.string()).cast(pa.float64()).to_numpy()
        else:
            table[name] = part[name].to_numpy().astype(int)
    return pd.DataFrame(table if labels is None else {**table, LABEL: labels[rows]})


def _times(index: pd.Index) -> list[str]:
    """ " 28/12/2015 10:00:00 AM": day first, twelve hours, neither day nor hour padded."""
    return [f" {t.day}/{t.month}/{t.year} {t.hour % 12 or 12}:{t:%M:%S %p}" for t in index]
