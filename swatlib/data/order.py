"""Rows in time order, each moment once, within a file and across files."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from swatlib.data import facts as shape
from swatlib.data.recording import SECOND, DataError, Recording
from swatlib.plant import TAG_NAMES
from swatlib.wording import count, listed


def once_in_time_order(recording: Recording, where: str = "more than once") -> Recording:
    """Rows sorted by time; of rows with the same time the first stays. What was done is added to the findings."""
    index = recording.frame.index
    if index.is_monotonic_increasing and index.is_unique:
        return recording
    findings = []
    if not index.is_monotonic_increasing:
        recording = _rows(recording, np.argsort(index.to_numpy(), kind="stable"))
        findings.append("rows were not in the order of time, sorted")
    repeated = recording.frame.index.duplicated()
    if repeated.any():
        differ = _differing(recording, repeated)
        same = f"in {differ:,} of them the rows differ and the first was taken" if differ else "with the same rows"
        findings.append(f"{count(repeated.sum(), 'time')} occur {where}, kept once, {same}")
        recording = _rows(recording, np.flatnonzero(~repeated))
    return recording.noting(*findings)


def _rows(recording: Recording, places: np.ndarray) -> Recording:
    parts = {"frame": recording.frame, "label": recording.label, "extra": recording.extra}
    return replace(recording, **{name: None if part is None else part.iloc[places] for name, part in parts.items()})


def _differing(recording: Recording, repeated: np.ndarray) -> int:
    """How many repeated rows are not what the first row of their time is."""
    places = np.arange(len(repeated))
    first = np.maximum.accumulate(np.where(repeated, 0, places))[repeated]
    values = recording.frame.to_numpy()
    again, before = values[repeated], values[first]
    differ = ((again != before) & ~(np.isnan(again) & np.isnan(before))).any(axis=1)
    if recording.label is not None:
        label = recording.label.to_numpy()
        differ |= label[repeated] != label[first]
    return int(differ.sum())


def join(parts: list[tuple[str, Recording]]) -> Recording:
    """Recordings of several files or tables, each with the name its findings get, as one in time order.

    Where a moment is in several, the row of the recording that begins first stays. DataError when only some have a
    label, or only some have times; without times they follow each other as given.
    """
    if len(parts) == 1:
        return parts[0][1]
    _refuse_mixture(parts, lambda part: part.label is None, "has no label", "load them one by one")
    _refuse_mixture(parts, shape.is_untimed, "has no times and can't be put in order", "load it alone")
    parts = sorted(parts, key=lambda part: part[1].frame.index[0])
    names, recordings = zip(*parts, strict=True)
    said = [f"{name}: {finding}" for name, part in parts for finding in part.findings]
    if shape.is_untimed(recordings[0]):
        recordings = _one_after_other(recordings)
        said.append(f"{listed(names)} have no times and follow each other as given")
    joined = once_in_time_order(_concatenated(recordings), "in more than one file")
    together = (f"together: {finding}" for finding in (*joined.findings, *shape.after_joining(joined)))
    return replace(joined, findings=(*said, *together))


def _refuse_mixture(parts: list[tuple[str, Recording]], lacks, what: str, advice: str) -> None:
    lacking = [name for name, part in parts if lacks(part)]
    if 0 < len(lacking) < len(parts):
        other = next(name for name, part in parts if not lacks(part))
        raise DataError(f"{lacking[0]} {what}, and {other} does: {advice}, or mend {lacking[0]}")


def _one_after_other(recordings: Sequence[Recording]) -> list[Recording]:
    starts = np.cumsum([0, *(len(recording.frame) for recording in recordings)])
    return [_shifted(recording, start * SECOND) for recording, start in zip(recordings, starts, strict=False)]


def _shifted(recording: Recording, by: pd.Timedelta) -> Recording:
    index = recording.frame.index + by
    parts = {"frame": recording.frame, "label": recording.label, "extra": recording.extra}
    return replace(recording, **{name: None if part is None else part.set_axis(index) for name, part in parts.items()})


def _concatenated(recordings: Sequence[Recording]) -> Recording:
    tags = [name for name in TAG_NAMES if any(name in recording.frame for recording in recordings)]
    frame = pd.concat([recording.frame.reindex(columns=tags).astype(np.float32) for recording in recordings])
    labels = [recording.label for recording in recordings if recording.label is not None]
    return Recording(
        frame=frame,
        label=pd.concat(labels) if labels else None,
        source=tuple(source for recording in recordings for source in recording.source),
        extra=_concatenated_extra(recordings, frame.index),
    )


def _concatenated_extra(recordings: Sequence[Recording], index: pd.DatetimeIndex) -> pd.DataFrame | None:
    """A column that a recording lacks is empty there."""
    columns = dict.fromkeys(name for each in recordings if each.extra is not None for name in each.extra)
    if not columns:
        return None
    parts = [pd.DataFrame(index=each.frame.index) if each.extra is None else each.extra for each in recordings]
    filled = {
        name: np.concatenate([part[name] if name in part else np.full(len(part), np.nan) for part in parts])
        for name in columns
    }
    return pd.DataFrame(filled, index=index)
