"""What was computed once, in the cache folder, under a hash of all that it depends on; shared by all processes.

Of several that ask for one thing, one makes it and the others wait; the lock of one that was killed ends with it. A
broken entry is named and made anew. An entry is written under another name and renamed. When all entries together
take more than MOST_BYTES, those used longest ago go. Nothing is unpickled.
"""

import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from swatlib.atomic import in_file_name
from swatlib.provenance import code_digest, edited, versions
from swatlib.settings import settings

MOST_BYTES = 4_000_000_000
SCRATCH_S = 24 * 3600  # after which what a killed process left is removed
# Of each kind of entry, a folder, the modules of this package that change nothing of it: what makes it imports none.
_SHOWING = ("studies", "plots", "report", "cli", "live", "servers")
_JUDGING = (
    "alarms",
    "alarm_episodes",
    "views",
    "detectors",
    "saved",
    "normal_parts",
    "origins",
    "pipeline",
    "metrics",
    "results",
)
KINDS: dict[str, tuple[str, ...]] = {
    "simulated": (*_JUDGING, *_SHOWING),
    "fits": _SHOWING,
    "results": _SHOWING,
    "tables": _SHOWING[1:],
}
EDITED = "the code was edited after this session began: nothing was cached; restart it to see the change"

T = TypeVar("T")


@dataclass(frozen=True)
class Form(Generic[T]):
    """How a value lies on disk: one file or a folder, written to a path that is free.

    read: raises OSError, ValueError or KeyError for an entry that is broken.
    """

    suffix: str
    write: Callable[[Path, T], None]
    read: Callable[[Path], T]


@dataclass(frozen=True)
class Cached(Generic[T]):
    """values: by name. computed: names of those that were made now. notes: faults of the cache, a sentence each."""

    values: dict[str, T]
    computed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def the_value(self) -> T:
        """The only value; a fault of the cache is a warning."""
        warn_of(self.notes)
        (value,) = self.values.values()
        return value


def warn_of(notes: Iterable[str]) -> None:
    """Warn of faults of the cache; that code was edited is no fault, and hides nothing where all is made anew."""
    for note in notes:
        if note != EDITED:
            warnings.warn(note, stacklevel=3)


def cached(kind: str, name: str, depends: Any, form: Form[T], make: Callable[[], T], force: bool = False) -> Cached[T]:
    """One value, as `cached_together` gives it."""
    return cached_together(kind, {name: depends}, form, lambda names: dict.fromkeys(names, make()), force=force)


def cached_together(
    kind: str,
    depends: Mapping[str, Any],
    form: Form[T],
    make: Callable[[tuple[str, ...]], Mapping[str, T]],
    batches: Sequence[tuple[str, ...]] | None = None,
    force: bool = False,
) -> Cached[T]:
    """Values by name, read where they are there, else made and kept for next time.

    Parameters
    ----------
    kind
        One of KINDS.
    depends
        By name, what the value depends on beside the code and the versions of packages, as JSON takes it.
    make
        Makes those of the names that are missing; what it raises is passed on.
    batches
        Names to make at once; all of them if not given.
    force
        Make all anew.
    """
    if edited(KINDS[kind]):  # what this process computes is not what the code on disk would
        return Cached(dict(make(tuple(depends))), tuple(depends), (EDITED,))
    code = code_digest(KINDS[kind])
    paths = {name: _path(kind, name, [each, code], form.suffix) for name, each in depends.items()}
    work = _Work(paths, form, make)
    if force:
        work.make_now(tuple(paths))
    for batch in batches or [tuple(paths)]:
        work.make_missing(batch)
    while waiting := work.missing(paths):  # another process makes them
        with making(paths[waiting[0]], wait=True):
            work.look(waiting)
        work.make_missing(waiting)
    return Cached({name: work.values[name] for name in paths}, tuple(work.computed), tuple(work.notes))


class _Work(Generic[T]):
    """Values that are found or made, and what was said about it."""

    def __init__(self, paths: Mapping[str, Path], form: Form[T], make: Callable[..., Mapping[str, T]]) -> None:
        self.paths, self.form, self.make = paths, form, make
        self.values: dict[str, T] = {}
        self.computed: list[str] = []
        self.notes: list[str] = []

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in self.values)

    def make_missing(self, names: Sequence[str]) -> None:
        """Look for them, and make those which nobody else is making, under their locks."""
        self.look(names)
        with ExitStack() as locks:
            free = [name for name in self.missing(names) if locks.enter_context(making(self.paths[name], wait=False))]
            self.look(free)  # made since
            self.make_now(self.missing(free))

    def look(self, names: Sequence[str]) -> None:
        for name in self.missing(names):
            path = self.paths[name]
            if not path.exists():
                continue
            try:
                self.values[name] = self.form.read(path)
            except (OSError, ValueError, KeyError) as error:
                said = str(error).partition("\n")[0] or type(error).__name__
                self.notes.append(f"the cached {path.parent.name} {path.name} are broken ({said}) and were made anew")
                _remove(path)
                continue
            with suppress(OSError):  # a cache that can only be read serves as well
                os.utime(path)

    def make_now(self, names: tuple[str, ...]) -> None:
        if not names:
            return
        self.values |= self.make(names)
        self.computed += names
        try:
            for name in names:
                _store(self.paths[name], self.values[name], self.form)
            _make_room()
        except OSError as error:
            self.notes.append(f"no {self.paths[names[0]].parent.name} were cached: {error}")


def _path(kind: str, name: str, depends: Any, suffix: str) -> Path:
    parts = [kind, name, depends, versions()]
    hashed = hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
    return settings().cache_folder / kind / f"{in_file_name(name)}-{hashed[:32]}{suffix}"


@contextmanager
def making(path: Path, wait: bool) -> Iterator[bool]:
    """Whether this process may make the entry at `path`. It may where no lock can be made: then each makes its own."""
    lock, free = FileLock(path.with_name(f".{path.name}.lock")), True
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        free = False
    except (OSError, NotImplementedError):
        pass
    try:
        yield free
    finally:
        if lock.is_locked:
            with suppress(OSError):  # one who waits for this file looks for the entry next
                Path(lock.lock_file).unlink()
            lock.release()


def _store(path: Path, value: T, form: Form[T]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        made = Path(scratch) / path.name
        form.write(made, value)
        if path.is_dir():
            path.rename(Path(scratch) / "replaced")
        made.rename(path)


def _make_room() -> None:
    """Remove the entries used longest ago while all of them take too much, and what killed processes left behind."""
    found = [path for kind in KINDS for path in (settings().cache_folder / kind).glob("*")]
    known = [(path, *_use(path)) for path in found]
    for path, _, used in known:
        if path.name.startswith(".") and used < time.time() - SCRATCH_S:
            _remove(path)
    entries = sorted((each for each in known if not each[0].name.startswith(".")), key=lambda each: -each[2])
    total = 0
    for path, size, _ in entries:
        total += size
        if total > MOST_BYTES:
            _remove(path)


def _use(path: Path) -> tuple[int, float]:
    """Bytes of an entry, and when it was used last; another process may be removing it."""
    try:
        parts = [path, *path.iterdir()] if path.is_dir() else [path]
        return sum(part.stat().st_size for part in parts), path.stat().st_mtime
    except OSError:
        return 0, time.time()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def rows_digest(*parts: np.ndarray | pd.Series | pd.Index | pd.DataFrame | None) -> str:
    """Digest of values, with the names of columns: of numbers by their bytes, else as texts."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, pd.DataFrame):
            digest.update(json.dumps([str(name) for name in part.columns]).encode())
            alike = part.dtypes.nunique() == 1 and isinstance(part.dtypes.iloc[0], np.dtype)
            for each in [part.index.to_numpy(), *([part.to_numpy()] if alike else (part[name] for name in part))]:
                digest.update(_bytes(each))
        else:
            digest.update(b"none" if part is None else _bytes(part))
    return digest.hexdigest()


def _bytes(values: Any) -> bytes | memoryview:
    array: np.ndarray = values if isinstance(values, np.ndarray) else values.to_numpy()
    if array.dtype == object:
        return json.dumps(array.tolist(), default=str).encode()
    array = array.T if array.T.flags.c_contiguous else np.ascontiguousarray(array)  # no copy of a large table
    return array.reshape(-1).view(np.uint8).data
