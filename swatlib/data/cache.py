"""Recordings as parquet under the checksum of the file they came from, so that a workbook is parsed once."""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swatlib.atomic import replacing
from swatlib.data.recording import Recording
from swatlib.plant import TAG_NAMES
from swatlib.settings import settings

_ABOUT = b"swatlib"
_TIME, _LABEL, _EXTRA = "time", "attack", "extra "


def entry(sha256: str) -> Path:
    """Where the recording of a file with this checksum is cached."""
    return settings().cache_folder / "recordings" / f"{sha256}-{reader()}.parquet"


@cache
def reader() -> str:
    """Digest of the code and libraries that make a recording of a file: another reader may read it otherwise."""
    here = Path(__file__).parent
    sources = [path.read_bytes() for path in (here.parent / "plant.py", *sorted(here.glob("*.py")))]
    libraries = [version(name).encode() for name in ("fastexcel", "pyarrow")]
    return hashlib.sha256(b"".join([*sources, *libraries])).hexdigest()[:16]


def fetch(sha256: str) -> tuple[Recording | None, list[str]]:
    """The recording cached under a checksum, if there is one, and a finding when it is there but broken."""
    path = entry(sha256)
    if not path.is_file():
        return None, []
    try:
        return _read(path), []
    except (pa.ArrowException, OSError, ValueError, KeyError):
        return None, [f"the cached copy {path} is broken and was made anew"]


def keep(sha256: str, recording: Recording) -> list[str]:
    """Cache a recording without its source; a finding when the folder can't be written to."""
    try:
        with replacing(entry(sha256)) as temporary:
            _write(temporary, recording)
    except OSError as error:
        return [f"no copy was cached for next time: {error}"]
    return []


def _write(path: Path, recording: Recording) -> None:
    columns = {_TIME: pa.array(recording.frame.index.to_numpy())}
    columns |= {name: pa.array(recording.frame[name].to_numpy()) for name in recording.frame}
    if recording.label is not None:
        columns[_LABEL] = pa.array(recording.label.to_numpy())
    if recording.extra is not None:
        columns |= {_EXTRA + name: pa.array(recording.extra[name], from_pandas=False) for name in recording.extra}
    offset = None if recording.utc_offset is None else recording.utc_offset.total_seconds()
    about = {_ABOUT: json.dumps({"findings": recording.findings, "utc_offset": offset})}
    pq.write_table(pa.table(columns).replace_schema_metadata(about), path, compression="lz4")


def _read(path: Path) -> Recording:
    table = pq.read_table(path)
    index = pd.DatetimeIndex(table[_TIME].to_numpy(), name="time")
    names = [name for name in TAG_NAMES if name in table.column_names]
    values = np.empty((len(names), len(index)), np.float32)
    for row, name in zip(values, names, strict=True):
        row[:] = table[name].to_numpy()
    extra = [name for name in table.column_names if name.startswith(_EXTRA)]
    about = json.loads(table.schema.metadata[_ABOUT])
    return Recording(
        frame=pd.DataFrame(values.T, index=index, columns=names, copy=False),
        label=pd.Series(table[_LABEL].to_numpy(), index, name="attack") if _LABEL in table.column_names else None,
        findings=tuple(about["findings"]),
        extra=pd.DataFrame({name.removeprefix(_EXTRA): table[name].to_numpy() for name in extra}, index)
        if extra
        else None,
        utc_offset=None if about["utc_offset"] is None else pd.Timedelta(about["utc_offset"], "s"),
    )
