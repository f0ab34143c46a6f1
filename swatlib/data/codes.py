"""Actuators coded 0 and 1, as in the releases from 2021 on, brought to the official codes."""

import numpy as np

from swatlib.arrays import intervals_of
from swatlib.plant import CLOSED, OFF, ON, OPEN, TAGS
from swatlib.wording import count, listed

LONGEST_TRAVEL = 120  # rows: a valve that stands at 0 for longer is closed, not travelling


def official_codes(matrix: np.ndarray, tags: list[str], worded: set[str]) -> list[str]:
    """Bring rows of the matrix (tags × rows) to the official codes where they are coded 0 and 1; findings.

    Officially a switch is never 0, and no plant stands without one that is on or a valve that is open, 2. `worded` tags
    have official codes already.
    """
    switches, valves = _groups(tags, worded)
    findings = []
    switched = _coded_0_1(matrix, switches) and any((matrix[row] == 0).any() for row in switches)
    if switched:
        matrix[switches] += OFF
        findings.append(_said(tags, switches, f"{OFF} off and {ON} on"))
    if _coded_0_1(matrix, valves) and (switched or any(_stands_at_0(matrix[row]) for row in valves)):
        matrix[valves] += CLOSED
        findings.append(_said(tags, valves, f"{CLOSED} closed and {OPEN} open"))
    return findings


def mixed_codes(matrix: np.ndarray, tags: list[str], worded: set[str]) -> str | None:
    """What says that some switches are coded 0 and 1 and others 1 and 2, so that 1 has two meanings; else None."""
    switches, _ = _groups(tags, worded)  # a valve that travels is 0 in either code
    at_0 = [row for row in switches if 2 * np.count_nonzero(matrix[row] == 0) > matrix.shape[1]]
    twos = {row: int(np.count_nonzero(matrix[row] == 2)) for row in switches}
    if not at_0 or not any(twos.values()):
        return None
    held = listed((f"{tags[row]} 2 in {count(number, 'row')}" for row, number in twos.items() if number), 3)
    return (
        f"{listed((tags[row] for row in at_0), 3)} hold{'s' if len(at_0) == 1 else ''} 0 in most rows, as where "
        f"switches are coded 0 and 1, and {held}, as where they are coded 1 and 2; write one of the two throughout"
    )


def _groups(tags: list[str], worded: set[str]) -> tuple[list[int], list[int]]:
    """Rows of the switches, pumps and lamps, and of the valves."""
    kinds = {tag: TAGS[tag].kind for tag in tags if tag not in worded}
    switches = [row for row, tag in enumerate(tags) if kinds.get(tag) in ("pump", "lamp")]
    return switches, [row for row, tag in enumerate(tags) if kinds.get(tag) == "valve"]


def _coded_0_1(matrix: np.ndarray, rows: list[int]) -> bool:
    return len(rows) > 0 and all(bool(_is_0_1(matrix[row]).all()) for row in rows)


def _is_0_1(column: np.ndarray) -> np.ndarray:
    return (column == 0) | (column == 1) | np.isnan(column)


def _stands_at_0(column: np.ndarray) -> bool:
    spans = intervals_of(column == 0)
    return bool((spans[:, 1] - spans[:, 0]).max(initial=0) > LONGEST_TRAVEL)


def _said(tags: list[str], rows: list[int], codes: str) -> str:
    return f"{listed((tags[row] for row in rows), 30)} coded 0 and 1, taken as the official codes {codes}"
