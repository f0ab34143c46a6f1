"""A table as it stands in a file: names and columns, not yet understood, and where each row is found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from swatlib.data.names import tags_among
from swatlib.data.recording import DataError
from swatlib.wording import listed

HEADER_AMONG = 40  # rows among which the header must be
_LONG = re.compile(r"'[^']{80,}'")  # a cell may hold a text of any length


class NoRowsError(DataError):
    """A file, sheet or archive member that holds no recorded row: it is refused alone and passed over beside others.

    `passed`: the finding when it is passed over. `head`: its first rows where no tag is named in them; `rows`: how many
    it has then.
    """

    def __init__(self, said: str, place: str, why: str, head: Sequence[list[str]] = (), rows: int = 0):
        super().__init__(said)
        self.passed = f"{place} passed over: {why}"
        self.place, self.head, self.rows = place, head, rows


@dataclass(frozen=True)
class Table:
    """`names` and `columns` (text, or typed where the file has types); `rows`: their numbers in the file, from 1.

    `place`: file, and sheet or archive member, as errors name them.
    """

    place: str
    names: list[str]
    columns: list[pa.ChunkedArray]
    rows: np.ndarray
    findings: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rows)

    def error(self, said: str, position: int | None = None) -> DataError:
        """A DataError that begins with the place and, given a position among the rows, the row's number."""
        row = "" if position is None else f", row {self.rows[position]}"
        return DataError(f"{self.place}{row}: {_LONG.sub(_shortened, said)}")

    def no_rows(self, why: str, advice: str) -> NoRowsError:
        """The error that this table holds no recorded row."""
        return NoRowsError(f"{self.place}: {why}; {advice}", self.place, why)

    def keep(self, mask: np.ndarray) -> "Table":
        """The rows where `mask` holds."""
        if mask.all():
            return self
        chosen = pa.array(mask)
        return replace(self, columns=[column.filter(chosen) for column in self.columns], rows=self.rows[mask])


def _shortened(cell: re.Match[str]) -> str:
    return f"{cell[0][:60]}…'"


def find_header(place: str, head: list[list[str]], rows: int) -> int:
    """Which of the first rows names most tags, from 0. NoRowsError when none of the table with so many rows does."""
    named = [tags_among(cells) for cells in head]
    if not any(named):
        met = listed([repr(cell) for cell in next(filter(any, head), []) if cell], 5)
        why = f"no SWaT tag is named in its first rows{met and f', which begin {met}'}"
        advice = "a row of names like FIT101, LIT101, MV101 is needed above the readings"
        raise NoRowsError(f"{place}: {why}; {advice}", place, "no tag is named in it", head, rows)
    return int(np.argmax(named))
