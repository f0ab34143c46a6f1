"""How many notebooks run side by side, and in which order they start."""

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import psutil

from swatlib.report.notebook_parameters import ReportError
from swatlib.report.run_record import DONE, RECORD_FILE, Step, read_record

BYTES_A_NOTEBOOK = 1.5e9  # at the peak of a kernel on the eleven days of 2015, with room for what it starts
FITTING, PLAYING = 20.0, 50.0  # cells that each cell counts more: for a detector fitted, for a plant that plays
PLAYS = 40.0  # seconds that a plant plays at least, however fast cells are
OF_FIT = ("normal", "start", "days_normal", "seed", "budget")  # parameters that a fit depends on
LIMITS = Path("/sys/fs/cgroup")  # of the container that this runs in

Fit = tuple[str | None, ...]


def cores() -> int:
    """Processors that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes that can be had without swapping, within the limit of a container."""
    free = psutil.virtual_memory().available
    try:
        limit, used = ((LIMITS / f"memory.{each}").read_text() for each in ("max", "current"))
        return min(free, int(limit) - int(used))
    except (OSError, ValueError):  # no container, or one without a limit
        return free


def default_jobs(notebooks: int) -> int:
    """As many as there are processors and as fit into the free memory; at least one, at most one a notebook."""
    return max(1, min(cores(), int(free_memory() / BYTES_A_NOTEBOOK), notebooks))


def place_order(steps: Sequence[Step], seconds: Mapping[str, float]) -> list[int]:
    """Places of the steps in the order in which they start: the shortest, so that there is a page soon, then the rest,
    the longest first, so that none is left alone at the end.

    seconds: what each took in an earlier run, by name. One that is not known counts by its cells, far more for each
    detector that it fits, and for a plant that it plays; a detector that a longer one fits is there when it is asked.
    """
    fits = [_fits(step) for step in steps]
    cells = {step.name: _cells(step, len(fitted)) for step, fitted in zip(steps, fits, strict=True)}
    known = [name for name in cells if name in seconds]
    a_cell = sum(map(seconds.__getitem__, known)) / sum(map(cells.__getitem__, known)) if known else 1.0

    def guess(place: int, fitted: Set[Fit] = frozenset()) -> float:
        step = steps[place]
        least = PLAYS if known and "wait" in step.given else 0.0
        return seconds.get(step.name, max(least, a_cell * _cells(step, len(fits[place] - fitted))))

    shortest, *others = sorted(range(len(steps)), key=guess)
    others.reverse()
    before = [set[Fit]().union(*(fits[place] for place in others[:rank])) for rank in range(len(others))]
    beside = {place: guess(place, fitted) for place, fitted in zip(others, before, strict=True)}
    return [shortest, *sorted(others, key=lambda place: -beside[place])]


def _fits(step: Step) -> Set[Fit]:
    """Each detector that a notebook fits, with all that its fit depends on."""
    if "budget" not in step.parameters:
        return set()
    names = step.parameters.get("detectors") or [step.parameters.get("detector")]
    rows = [str(step.parameters.get(each, "")) for each in OF_FIT] if "start" in step.parameters else [step.name]
    return {(name, *rows) for name in names}


def _cells(step: Step, fits: int) -> float:
    """How many cells that neither fit nor play take as long as this notebook."""
    return step.cells * (1 + FITTING * fits + PLAYING * ("wait" in step.given))


def seconds_before(steps: Iterable[Step], reports: Path) -> dict[str, float]:
    """What each notebook took when it last ran to its end: with the same parameters, if it ever did, else with any."""
    given = {step.name: step.parameters for step in steps}
    found: dict[str, tuple[bool, str, float]] = {}
    for run in _earlier(reports):
        for step in run["notebooks"]:
            name = step["name"]
            if name in given and step["status"] == DONE:
                same = _plain(step["parameters"]) == _plain(given[name])
                found[name] = max(found.get(name, (False, "", 0.0)), (same, run["started"], step["seconds"]))
    return {name: seconds for name, (_, _, seconds) in found.items()}


def _earlier(reports: Path) -> Iterable[dict[str, Any]]:
    for path in reports.glob(f"*/{RECORD_FILE}"):
        try:
            yield read_record(path)
        except ReportError:  # the index says so
            continue


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives them back: a tuple is a list."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
