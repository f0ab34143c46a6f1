"""Simulated recordings in the cache folder: rows mapped into memory, shared by the processes that make and read them.

946,719 rows take 2 s of processor time to simulate, and 0.2 s to read, checksum included; a short recording saves the
second in which the compiled plant is loaded. Whoever writes into the file of an entry changes the rows that others see;
the package only renames and removes it. A process that is killed leaves what it has simulated, which goes after a day.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

from swatlib.cached import Form, cached
from swatlib.data import Recording, Source
from swatlib.data.recording import EVENT_COLUMNS
from swatlib.plant import TAG_NAMES
from swatlib.settings import settings
from swatlib.simulation.attacks import Duration, seconds
from swatlib.simulation.run import SimulatedPlant, recording_of, simulate

SIMULATED_FORMAT = 3
WRITTEN_AT_ONCE = 28_800  # seconds that are simulated, then written


def cached_simulation(
    duration: Duration,
    attacks: str | None = "2015",
    seed: int = 0,
    start: str = "2015-12-22 16:00",
    force: bool = False,
    parameters: str = "2015",
) -> Recording:
    """What `simulate` gives for these arguments, bit for bit; kept for next time. force: simulate anew."""
    span = seconds(duration)
    depends = [SIMULATED_FORMAT, span, attacks, seed, str(pd.Timestamp(start)), parameters]
    file = settings().cache_folder / "simulated" / f".{uuid4().hex}.npy"
    form = Form("", partial(_write, file), _read)
    make = partial(_simulate, file, span, attacks, seed, start, parameters)
    try:
        return cached("simulated", "rows", depends, form, make, force).the_value()
    finally:
        with suppress(OSError):
            file.unlink()


def _simulate(file: Path, *arguments: Any) -> Recording:
    """Rows that lie in the file, so that they are not in memory twice; in memory where it can't be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return recording_of(partial(_run_into, file), *arguments)
    except OSError:
        with suppress(OSError):
            file.unlink()
        return simulate(*arguments)


def _run_into(file: Path, plant: SimulatedPlant, span: int) -> np.ndarray:
    """The next rows of the plant, mapped from a new file. A file that could not be written to its end stays."""
    with file.open("wb") as out:
        form = np.lib.format.header_data_from_array_1_0(np.empty((0, len(TAG_NAMES)), np.float32))
        np.lib.format.write_array_header_1_0(out, form | {"shape": (span, len(TAG_NAMES))})
        for done in range(0, span, WRITTEN_AT_ONCE):
            out.write(plant.run(min(span - done, WRITTEN_AT_ONCE)).data)
    return _mapped(file)


def _mapped(file: Path) -> np.ndarray:
    return np.asarray(np.load(file, mmap_mode="c"))  # what is changed in memory stays there


def _write(file: Path, folder: Path, recording: Recording) -> None:
    folder.mkdir()
    if file.exists():
        file.rename(folder / "rows.npy")
    else:
        np.save(folder / "rows.npy", recording.frame.to_numpy())
    (source,), events = recording.source, recording.events
    about = {
        "source": asdict(source),
        "start": str(recording.frame.index[0]),
        "findings": recording.findings,
        "events": None if events is None else json.loads(events.to_json(orient="values", date_unit="ns")),
        "event_types": None if events is None else [str(kind) for kind in events.dtypes],
        "attacked": None if recording.label is None else np.flatnonzero(np.diff(recording.label, prepend=0)).tolist(),
    }
    (folder / "about.json").write_text(json.dumps([about, _digest(about)]))


def _read(folder: Path) -> Recording:
    about, digest = json.loads((folder / "about.json").read_text())
    rows = _mapped(folder / "rows.npy")
    source = Source(**about["source"])
    if digest != _digest(about) or source.sha256 != hashlib.sha256(rows.data).hexdigest():
        raise ValueError("its checksum is another")
    index = pd.date_range(about["start"], periods=len(rows), freq="s", name="time")
    events = pd.DataFrame(about["events"], columns=list(EVENT_COLUMNS))
    return Recording(
        frame=pd.DataFrame(rows, index=index, columns=list(TAG_NAMES), copy=False),
        label=None if about["attacked"] is None else _label(index, about["attacked"]),
        findings=tuple(about["findings"]),
        source=(source,),
        events=events.astype(dict(zip(EVENT_COLUMNS, about["event_types"], strict=True))),
    )


def _label(index: pd.DatetimeIndex, turns: list[int]) -> pd.Series:
    """The label that changes at these rows."""
    changes = np.zeros(len(index), bool)
    changes[turns] = True
    return pd.Series(np.logical_xor.accumulate(changes), index, name="attack")


def _digest(about: dict) -> str:
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()
