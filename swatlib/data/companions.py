"""Which tables of a file are recordings, and which stand beside one: lists, averages, documents."""

from dataclasses import replace

from swatlib.data import facts
from swatlib.data.clean import clean
from swatlib.data.recording import Recording, usual_step
from swatlib.data.table import NoRowsError, Table
from swatlib.wording import count

FEWER = 10  # a companion has at most one row for so many of the recording
SLOWER = 10  # averages have at least so many times its interval between rows

Named = tuple[str, Recording]


def recorded_tables(found: list[Table | NoRowsError]) -> list[Named]:
    """The recordings of one file, each with its place; the first one's findings begin with what was passed over.

    NoRowsError when there is none; DataError when a table holds rows and can't be read.
    """
    cleaned, passed = [], []
    for each in found:
        try:
            if isinstance(each, NoRowsError):
                raise each
            cleaned.append((each.place, clean(each)))
        except NoRowsError as error:
            passed.append(error)
    if not cleaned:
        raise passed[0]
    largest = max(cleaned, key=lambda named: len(named[1].frame))
    why = [_beside(recording, *largest) for _, recording in cleaned]
    kept = [named for named, reason in zip(cleaned, why, strict=True) if not reason]
    said = [error.passed for error in passed]
    said += [f"{place} passed over: {reason}" for (place, _), reason in zip(cleaned, why, strict=True) if reason]
    place, first = kept[0]
    return [(place, replace(first, findings=(*said, *first.findings))), *kept[1:]]


def _beside(recording: Recording, place: str, largest: Recording) -> str:
    """Why a table is a companion of the largest one; empty when it is a recording too."""
    rows = len(recording.frame)
    if recording is largest or rows * FEWER > len(largest.frame):
        return ""
    if recording.label is None and largest.label is not None:
        return f"{count(rows, 'row')} without the label that {place} has"
    if facts.is_untimed(recording) and not facts.is_untimed(largest):
        return f"{count(rows, 'row')} without the times that {place} has"
    if usual_step(recording.frame.index) >= SLOWER * usual_step(largest.frame.index):
        return f"{count(rows, 'row')} that are {SLOWER} times or more as far apart as those of {place}"
    return ""
