"""What is known of a run: `run.json`, which the index shows, and whether the run still runs.

The process of a run holds a lock in its folder, which the system takes from it however it ends. So a record that says
"running" without such a lock is that of a run that was killed, and is read as stopped.
"""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, TypeAdapter, ValidationError

from swatlib.atomic import write_text
from swatlib.report.notebook_parameters import ReportError

WAITING, UNDER_WAY, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"
RECORD_FILE = "run.json"
LOCK_FILE = ".running"
OF_A_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
MOST_SAID, MOST_OF_CELL = 200, 1_000  # characters that the index shows of an error, and of one of a cell
NO_PAGE = "its page can't be made"


def _iso(moment: str) -> str:
    datetime.fromisoformat(moment)
    return moment


@dataclass(frozen=True)
class UsedRecording:
    """A recording that a notebook used, as `swatlib.report.headline` publishes it."""

    name: str
    sha256: str
    rows: int
    start: str
    end: str


@dataclass
class Step:
    """One notebook of a run.

    given: those of the run's parameters that it has. parameters: all of its own, given or from its parameters cell.
    checksum: SHA-256 of the sources of its cells as they were executed. intervals: of those numbers that have one.
    key: the figures that the index shows first. unit: what `cells` counts.
    """

    name: str
    title: str
    cells: int
    given: dict[str, Any]
    parameters: dict[str, Any]
    checksum: str = ""
    status: str = WAITING
    cells_run: int = 0
    seconds: float = 0.0
    error: str | None = None
    numbers: dict[str, str | int | float | None] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    key: dict[str, dict[str, str | int | float | None]] = field(default_factory=dict)
    data: list[UsedRecording] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    page: str | None = None
    unit: str = "cell"


@dataclass
class ReportRun:
    """What `run.json` holds and the index shows, the notebooks in the order in which they were named.

    started: ISO 8601 with the offset from UTC. edited: code and notebooks that differ from the commit. of: the sweep
    that it is a point of.
    """

    name: str
    parameters: dict[str, Any]
    notebooks: list[Step]
    started: Annotated[str, AfterValidator(_iso)]
    commit: str
    versions: dict[str, str]
    machine: str
    edited: list[str] = field(default_factory=list)
    status: str = UNDER_WAY
    seconds: float = 0.0
    data: list[UsedRecording] = field(default_factory=list)
    of: str = ""


RECORD = TypeAdapter(ReportRun)


def first_line(error: Exception) -> str:
    """What an error says, or its kind where it says nothing; of one that quotes a whole cell, begin and end."""
    return begin_and_end((str(error).strip() or type(error).__name__).splitlines()[0], MOST_SAID)


def begin_and_end(text: str, most: int) -> str:
    """A text, or begin and end of one of more than `most` characters."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def trouble(error: str) -> str:
    """What follows the name of a notebook that failed: where it stopped, or why it has no page."""
    return f": {error}" if error.startswith(NO_PAGE) else f" stopped. {error}"


def failures(run: ReportRun) -> list[str]:
    """A sentence for each notebook that failed."""
    return [step.name + trouble(step.error) for step in run.notebooks if step.error]


def save_record(run: ReportRun, folder: Path) -> None:
    """Write `run.json`."""
    write_text(folder / RECORD_FILE, RECORD.dump_json(run, indent=1).decode())


def read_record(path: Path) -> dict[str, Any]:
    """The run that a `run.json` holds, under the name of its folder.

    Raises ReportError for one that can't be read, or that lacks something or holds another type.
    """
    runs = _is_held(path.parent)  # looked at before the record: a run that ends in between is read as it ended
    try:
        run = RECORD.validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        reason = _what_is_wrong(error) if isinstance(error, ValidationError) else error.strerror
        raise ReportError(
            f"{path.parent.name}/{path.name} can't be read: {reason}; delete its folder, or make that report anew"
        ) from error
    if run.status == UNDER_WAY and not runs:
        stop_record(run)
    return asdict(run) | {"name": path.parent.name}


def stop_record(run: ReportRun) -> None:
    """Note that a run was stopped, and with it those of its notebooks that were running."""
    run.status = STOPPED
    for step in run.notebooks:
        if step.status == UNDER_WAY:
            step.status = STOPPED


@contextmanager
def placed(place: Path) -> Iterator[None]:
    """An error of a disk that names no file, as that of a full one, names this place."""
    try:
        yield
    except OSError as error:
        if error.errno in OF_A_PLACE and error.filename is None:
            error.filename = str(place)
        raise


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """One process at a time; the system frees the lock however this one ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_held(folder: Path) -> bool:
    with suppress(FileNotFoundError, PermissionError), (folder / LOCK_FILE).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
