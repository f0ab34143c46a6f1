"""Which tables of a file are recordings, and which stand beside one: lists, averages, documents."""

from dataclasses import replace

from swatlib.data import facts
from swatlib.data.clean import clean
from swatlib.data.names import is_label
from swatlib.data.recording import DataError, Recording, usual_step
from swatlib.data.table import NoRowsError, Table
from swatlib.wording import count

FEWER = 10  # a companion has at most one row for so many of the recording
SLOWER = 10  # averages have at least so many times its interval between rows

Named = tuple[str, Recording]


def recorded_tables(found: list[Table | NoRowsError]) -> list[Named]:
    """The recordings of one file, each with its place; the first one's findings begin with what was passed over.

    NoRowsError when there is none; DataError when a table holds rows and can't be read.
    """
    cleaned, passed, widths = [], [], set()
    for each in found:
        try:
            if isinstance(each, NoRowsError):
                raise each
            cleaned.append((each.place, clean(each)))
            widths.add(len(each.names))
        except NoRowsError as error:
            passed.append(error)
    if not cleaned:
        raise passed[0]
    largest = max(cleaned, key=lambda named: len(named[1].frame))
    for beside in passed:
        _refuse_lost(beside, largest, widths)
    why = [_beside(recording, *largest) for _, recording in cleaned]
    kept = [named for named, reason in zip(cleaned, why, strict=True) if not reason]
    said = [error.passed for error in passed]
    said += [f"{place} passed over: {reason}" for (place, _), reason in zip(cleaned, why, strict=True) if reason]
    place, first = kept[0]
    return [(place, replace(first, findings=(*said, *first.findings))), *kept[1:]]


def _refuse_lost(passed: NoRowsError, largest: Named, widths: set[int]) -> None:
    """What names no tag may yet hold rows, under the header of another part, or the labels."""
    first = next(filter(any, passed.head), [])
    if len(first) in widths and sum(map(_is_number, first)) * 2 >= len(first):
        raise DataError(
            f"{passed.place} begins with {first[0]!r} where a header is wanted, and has as many cells a row as "
            f"{largest[0]}; put its header above these rows"
        )
    label = next((cell for cells in passed.head for cell in cells if is_label(cell)), None)
    if label is not None and largest[1].label is None and passed.rows * 2 >= len(largest[1].frame):
        raise DataError(
            f"{passed.place} holds labels and no tag, and {largest[0]} has no label; put its column {label!r} beside "
            "the readings"
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


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
