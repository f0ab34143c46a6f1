"""Where the normal rows of a pipeline came from, and the same rows again: of files, or of the simulated plant.

Whatever comes back is held to the digest of the rows that were fitted on, so that a refit joins new days to these
rows or says why it can't.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from swatlib.cached import rows_digest
from swatlib.data import DataError, Recording, Source, load
from swatlib.simulation import cached_simulation
from swatlib.wording import count, listed


@dataclass(frozen=True)
class Origin:
    """Rows that a pipeline was fitted on: `rows` of them from `first` to `last`, and their digest."""

    sources: tuple[Source, ...]
    first: str
    last: str
    rows: int
    digest: str

    def __str__(self) -> str:
        names = ", ".join(source.name for source in self.sources)
        return f"{names}: {count(self.rows, 'row')} from {self.first} to {self.last}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        return cls(**{**saved, "sources": tuple(Source(**each) for each in saved["sources"])})


def origin_of(recording: Recording) -> Origin:
    """Origin of a recording's rows."""
    index = recording.frame.index
    return Origin(recording.source, str(index[0]), str(index[-1]), len(index), _digest(recording.frame))


def same_rows(origin: Origin, tags: Sequence[str], files: Iterable[str | Path] = ()) -> Recording:
    """The recording that an origin tells of, loaded or simulated again.

    tags: those it had. files: where files lie now that were read from elsewhere. Raises DataError in one sentence where
    a file is missing or has changed, or other rows come out.
    """
    again = _simulated(origin) if origin.sources and origin.sources[0].simulated else _loaded(origin, files)
    index = again.frame.index
    again = again.take((index >= pd.Timestamp(origin.first)) & (index <= pd.Timestamp(origin.last)))
    frame = again.frame[[tag for tag in tags if tag in again.frame]]
    if len(frame) != origin.rows or _digest(frame) != origin.digest:
        raise DataError(
            f"the rows of {origin} come out otherwise now, so nothing can be added to them; "
            "fit on all normal days together"
        )
    return replace(again, frame=frame)


def refuse_strangers(origins: Iterable[Origin], files: Iterable[str | Path]) -> None:
    """Raises DataError for a file that is none of those of the origins, as they were."""
    sources = [source for origin in origins for source in origin.sources]
    known = {source.sha256 for source in sources}
    if strangers := [path for path in map(Path, files) if _sha256(path) not in known]:
        raise DataError(
            f"{strangers[0]} is not what the pipeline was fitted on ({listed(source.name for source in sources)}), or "
            "has changed since; leave it out, or add it as new days"
        )


def _simulated(origin: Origin) -> Recording:
    (source,) = origin.sources
    again = cached_simulation(**json.loads(source.simulated))
    if again.source[0].sha256 != source.sha256:
        raise DataError(
            f"the simulator of this version gives other rows for {source.name!r}, so nothing can be added to them; "
            "fit on all normal days together"
        )
    return again


def _loaded(origin: Origin, files: Iterable[str | Path]) -> Recording:
    given = {_sha256(Path(path)): Path(path) for path in files}
    return load(*(given.get(source.sha256) or _unchanged(source) for source in origin.sources))


def _unchanged(source: Source) -> Path:
    if not source.path:
        raise DataError(
            f"{source.name!r} was neither read from a file nor simulated without parameters and attacks of one's own, "
            "so its rows can't be found; fit on all normal days together"
        )
    path = Path(source.path)
    if not path.is_file():
        raise DataError(
            f"{source.name} is not at {path.parent} any more; say where it lies with `--normal {path.name}`"
        )
    if _sha256(path) != source.sha256:
        raise DataError(
            f"{path} has changed since the pipeline was fitted on it; give the file of that time with `--normal`, or "
            "fit on all normal days together"
        )
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(frame: pd.DataFrame) -> str:
    """Of times and readings in one order in memory: that of a frame depends on how it was made."""
    values = np.ascontiguousarray(frame.to_numpy(np.float32))
    return rows_digest(pd.Series(list(frame.columns), dtype=object), frame.index, values)
