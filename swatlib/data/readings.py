"""Tag columns to one matrix of readings, and what becomes of rows and cells that hold none."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from swatlib.data.codes import mixed_codes, official_codes
from swatlib.data.facts import is_scaled
from swatlib.data.names import plain
from swatlib.data.table import Table
from swatlib.data.values import NO_READING, Cells, DoubtfulNumberError, read_cells, switch_name
from swatlib.plant import TAGS
from swatlib.wording import count, listed


@dataclass(frozen=True)
class Readings:
    """`matrix`: (tags × rows kept), float32. `kept`: which rows of the table hold a reading at all."""

    matrix: np.ndarray
    kept: np.ndarray
    findings: list[str]


def read_readings(table: Table, tags: dict[str, list[int]]) -> Readings:
    """Readings of the tags, each from the columns given for it.

    Rows without any reading are dropped and named: empty ones, rows of `Bad Input`, a header that comes again, what
    stands between header and first reading. DataError: other text in a tag column, columns of one tag that differ,
    actuators of which some are coded 0 and 1 and others 1 and 2.
    """
    columns = [(tag, number) for tag, numbers in tags.items() for number in numbers]
    cells, said = _cells(table, columns)
    by_column = dict(zip((number for _, number in columns), cells, strict=True))
    matrix = np.empty((len(tags), len(table)), np.float32)
    for row, (tag, numbers) in zip(matrix, tags.items(), strict=True):
        row[:] = _float32(table, tag, _joined(table, tag, numbers, by_column))
    findings = [*said, *_said_spread(table, tags), *_said_words(columns, by_column)]
    kept = np.asarray(~np.isnan(matrix).all(axis=0))
    odd = {(tag, number): by_column[number] for tag, number in columns if len(by_column[number].odd)}
    findings += [*_dropped(table, odd, kept), *_left_empty(table, odd, kept)]
    matrix = matrix if kept.all() else matrix[:, kept]
    worded = {tag for tag, number in columns if by_column[number].words}
    if not is_scaled(list(tags), matrix):
        if mixed := mixed_codes(matrix, list(tags), worded):
            raise table.error(mixed)
        findings += official_codes(matrix, list(tags), worded)
    return Readings(matrix, kept, [*findings, *_said_empty(list(tags), matrix)])


def _cells(table: Table, columns: list[tuple[str, int]]) -> tuple[list[Cells], list[str]]:
    try:
        return read_cells([table.columns[number] for _, number in columns], [TAGS[tag] for tag, _ in columns])
    except DoubtfulNumberError as doubtful:
        tag, number = columns[doubtful.column]
        raise table.error(
            f"tag {tag} reads {table.columns[number][doubtful.row].as_py()!r}, whose comma or dot may group thousands "
            "or be decimal; write numbers without grouping",
            doubtful.row,
        ) from None


def _joined(table: Table, tag: str, columns: list[int], cells: dict[int, Cells]) -> np.ndarray:
    """A tag's numbers from all its columns, which must agree where more than one is filled."""
    numbers = cells[columns[0]].numbers
    for other in columns[1:]:
        more = cells[other].numbers
        differ = np.flatnonzero((numbers != more) & ~np.isnan(numbers) & ~np.isnan(more))
        if len(differ):
            raise table.error(
                f"columns {table.names[columns[0]]!r} and {table.names[other]!r} both hold {tag} and differ "
                f"(so {count(len(differ), 'row')}); delete the wrong one",
                int(differ[0]),
            )
        numbers = np.where(np.isnan(numbers), more, numbers)
    return numbers


def _float32(table: Table, tag: str, numbers: np.ndarray) -> np.ndarray:
    beyond = np.flatnonzero(np.abs(numbers) > np.finfo(np.float32).max)
    if len(beyond):
        raise table.error(f"column {tag} reads {numbers[beyond[0]]}, which no instrument can; mend it", int(beyond[0]))
    return numbers.astype(np.float32)


def _dropped(table: Table, odd: dict[tuple[str, int], Cells], kept: np.ndarray) -> list[str]:
    """What rows without any reading hold instead; DataError when that is not known."""
    if not kept.any():
        raise table.no_rows(f"no row holds a reading{_first_text(odd)}", "give the file that holds the recorded rows")
    texts: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for (tag, _), cells in odd.items():
        for row, text in zip(cells.odd, cells.texts, strict=True):
            if not kept[row]:
                texts[row].append((tag, text))
    kinds: dict[str | None, list[int]] = defaultdict(list)
    for row in np.flatnonzero(~kept).tolist():
        kinds[_kind(texts.get(row, []), row < int(kept.argmax()))].append(row)
    for row in kinds.pop(None, []):
        raise _text_error(table, row, *texts[row][0])
    return [
        f"{count(len(rows), 'row')} dropped: {kind} (row{'s' * (len(rows) > 1)} {listed(table.rows[rows], 5)})"
        for kind, rows in kinds.items()
    ]


def _kind(texts: list[tuple[str, str]], ahead: bool) -> str | None:
    """What a row without a reading is; None when it is unknown."""
    if not texts:
        return "no reading in them"
    if _are_no_readings(text for _, text in texts):
        return f"{listed(sorted({repr(text) for _, text in texts}))} throughout"
    if all(plain(text) == tag for tag, text in texts):
        return "the header once more"
    return "between header and readings" if ahead else None


def _are_no_readings(texts: Iterable[str]) -> bool:
    return all(text.casefold() in NO_READING for text in texts)


def _left_empty(table: Table, odd: dict[tuple[str, int], Cells], kept: np.ndarray) -> list[str]:
    """Cells such as `Bad Input` in rows that hold other readings; DataError for any other text."""
    said = []
    for (tag, _), cells in odd.items():
        here = [(row, text) for row, text in zip(cells.odd, cells.texts, strict=True) if kept[row]]
        for row, text in here:
            if not _are_no_readings([text]):
                raise _text_error(table, row, tag, text)
        if here:
            met = listed(sorted({repr(text) for _, text in here}))
            said.append(f"{tag} reads {met} in {count(len(here), 'row')}, left empty")
    return said


def _text_error(table: Table, row: int, tag: str, text: str):
    codes = listed(f"{code} {meaning}" for code, meaning in TAGS[tag].codes.items())
    allowed = f"a number ({codes}) or a word such as Active" if codes else "a number"
    return table.error(f"tag {tag} reads {text!r} where {allowed} is wanted; mend the cell or delete the row", int(row))


def _first_text(odd: dict[tuple[str, int], Cells]) -> str:
    return next((f" ({tag} reads {cells.texts[0]!r})" for (tag, _), cells in odd.items()), "")


def _said_spread(table: Table, tags: dict[str, list[int]]) -> list[str]:
    spread = {tag: numbers for tag, numbers in tags.items() if len(numbers) > 1}
    if not spread:
        return []
    tag, numbers = next(iter(spread.items()))
    names = listed(repr(table.names[number]) for number in numbers)
    return [f"{count(len(spread), 'tag')} spread over several columns, put together, as {tag} from {names}"]


def _said_words(columns: list[tuple[str, int]], cells: dict[int, Cells]) -> list[str]:
    """One sentence for each kind of switch."""
    said: tuple[dict[str, list[str]], dict[str, set[str]]] = defaultdict(list), defaultdict(set)
    for tag, number in columns:
        if cells[number].words:
            codes = listed(f"{code} {meaning}" for code, meaning in TAGS[tag].codes.items())
            said[0][codes].append(tag)
            said[1][codes].update(map(switch_name, cells[number].words))
    return [
        f"{listed(tags, 30)} given in words ({listed(sorted(said[1][codes]))}), taken as the official codes {codes}"
        for codes, tags in said[0].items()
    ]


def _said_empty(tags: list[str], matrix: np.ndarray) -> list[str]:
    if not np.isnan(matrix.sum()):
        return []
    empty = [
        f"{tag} in {count(rows, 'row')}" for tag, rows in zip(tags, np.isnan(matrix).sum(axis=1), strict=True) if rows
    ]
    return [f"empty cells, left so: {listed(empty)}"]
