"""Rows in time order, each time once, within a file and across files."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from swatlib.data import facts
from swatlib.data.recording import DataError, Recording, UnorderedRows, usual_step, zone_of
from swatlib.plant import TAG_NAMES
from swatlib.wording import count, listed

FEW_ROWS = 10  # rows at least for each step back in time, where parts follow each other
HANDFUL = 5  # rows of repeated times that may differ from the first row of their time

Refusal = Callable[[str, int], DataError]


def once_in_time_order(
    recording: Recording, refusal: Refusal, where: str = "more than once"
) -> tuple[np.ndarray, list[str]]:
    """Which rows stay, in the order of time (positions), and findings: of rows with the same time the first stays, or
    the first that is labelled attack where some are and others are not.

    Raises `refusal(what is wrong, position of the row)` when more than a handful of the others hold other readings or
    another label: then the times are wrong, and rows would be lost.
    """
    index = recording.frame.index
    if index.is_monotonic_increasing and index.is_unique:
        return np.arange(len(index)), []
    places = np.argsort(index.to_numpy(), kind="stable")
    said = [] if index.is_monotonic_increasing else ["rows were not in the order of time, sorted"]
    repeated = index[places].duplicated()
    if (row := _overlapping(index, places[~repeated])) is not None:
        raise refusal(f"the times of two parts of the rows overlap at other seconds; {_cause(index, places[:0])}", row)
    if not repeated.any():
        return places, said
    first = np.maximum.accumulate(np.where(repeated, 0, np.arange(len(places))))[repeated]
    again = places[repeated]
    differ, contradict, lost, relabelled = _differing(recording, again, places[first])
    _refuse_lost(refusal, index, again, contradict, lost, relabelled)
    settled = _settled(int((differ & ~relabelled).sum()), int(relabelled.sum()))
    said.append(f"{count(int(repeated.sum()), 'time')} occur {where}, kept once, {settled}")
    return _attack_taken(recording, places[~repeated], again[relabelled]), said


def _refuse_lost(
    refusal: Refusal,
    index: pd.DatetimeIndex,
    again: np.ndarray,
    contradict: np.ndarray,
    lost: np.ndarray,
    relabelled: np.ndarray,
) -> None:
    """Raise where more than a handful of the repeated rows (positions, and masks over them) would be lost."""
    than = "than an earlier row of the same time"
    wrong = again[contradict | relabelled]
    met = count(len(wrong), "row")
    if len(wrong) > HANDFUL and not contradict.any():
        said = f"{met} have another label {than} and no other reading; give the rows with the right label alone"
        raise refusal(said, int(wrong.min()))
    if len(wrong) > HANDFUL:
        what = "other readings or another label" if relabelled.any() else "other readings"
        raise refusal(f"{met} hold {what} {than}, which would be lost; {_cause(index, wrong)}", int(wrong.min()))
    if lost.sum() > HANDFUL:
        met = f"{count(int(lost.sum()), 'row')} hold readings that an earlier row of the same time lacks"
        raise refusal(f"{met}, which would be lost; put such tags side by side in one table", int(again[lost].min()))


def _settled(differ: int, relabelled: int) -> str:
    """Which of rows with the same time were taken."""
    said = [f"in {differ:,} of them the rows differ and the first was taken"] if differ else []
    said += [f"in {relabelled:,} of them the labels differ and attack was taken"] if relabelled else []
    return ", ".join(said) or "with the same rows"


def _attack_taken(recording: Recording, stay: np.ndarray, relabelled: np.ndarray) -> np.ndarray:
    """The rows that stay (positions), the first one labelled attack in place of a normal row of its time."""
    index, stay = recording.frame.index, stay.copy()
    attacked = relabelled[_labels(recording)[relabelled]][::-1]  # the first of a time is written last
    stay[index[stay].searchsorted(index[attacked])] = attacked
    return stay


def _overlapping(index: pd.DatetimeIndex, places: np.ndarray) -> int | None:
    """The first row of a part that runs once more over the time of another, its rows between those of the other.

    Rows without any order are no parts, and parts that fill each other's gaps keep the usual time between rows.
    """
    steps = np.diff(index.to_numpy()).astype(np.int64)
    back = np.flatnonzero(steps < 0)
    forth = steps[steps > 0]
    if not 0 < len(back) * FEW_ROWS <= len(steps) or not len(forth):
        return None
    between = np.diff(index.to_numpy()[places]).astype(np.int64)
    return int(back[0]) + 1 if np.count_nonzero(between * 2 < np.median(forth)) > HANDFUL else None


def _differing(recording: Recording, again: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, ...]:
    """Masks over repeated rows: whose readings are not those of the first row of its time, contradict them, are more
    than those, and what has another label.
    """
    values = recording.frame.to_numpy()
    here, there = values[again], values[first]
    empty, also_empty = np.isnan(here), np.isnan(there)
    contradict = ((here != there) & ~empty & ~also_empty).any(axis=1)
    label = _labels(recording)
    differ, lost = contradict | (empty != also_empty).any(axis=1), (also_empty & ~empty).any(axis=1)
    return differ, contradict, lost, label[again] != label[first]


def _labels(recording: Recording) -> np.ndarray:
    """Bool per row; false throughout where there is no label."""
    return np.zeros(len(recording.frame), bool) if recording.label is None else recording.label.to_numpy()


def _cause(index: pd.DatetimeIndex, rows: np.ndarray) -> str:
    """What has probably made different rows have one time, and what to do."""
    repeated = index[rows]
    if len(rows) and (index == index.normalize()).all():
        return "the times are dates without a time of day; put date and time into one column"
    steps = np.diff(index.to_numpy())
    if (np.abs(steps + np.timedelta64(1, "h")) < np.timedelta64(10, "m")).any():
        return "the clock was probably set back by an hour; write the times with their offset, such as +02:00"
    if len(rows) and (repeated.second == 0).all() and (repeated.microsecond == 0).all():
        return "the times have probably lost their seconds; format them as d/m/yyyy hh:mm:ss and export the file again"
    return (
        "the rows are of two recordings, or the times were cut or rounded; give each recording its own file and times"
    )


def join(parts: list[tuple[str, Recording]]) -> Recording:
    """Recordings of several files or tables, each with the name its findings get, as one in time order.

    Where a time is in several, the row of the recording that begins first stays, or one labelled attack. DataError when
    only some have a label, when only some have times, or when they contradict each other; without times they follow
    each other as given. Where some state a zone, all are brought to, or taken for, that of the first that does.
    """
    if len(parts) == 1:
        return parts[0][1]
    _refuse_mixture(parts, lambda part: part.label is None, "has no label", "load them one by one")
    _refuse_mixture(parts, facts.is_untimed, "has no times and can't be put in order", "load it alone")
    parts = sorted(_on_one_clock(parts), key=lambda part: part[1].frame.index[0])
    names, recordings = [name for name, _ in parts], [part for _, part in parts]
    said = [f"{name}: {finding}" for name, part in parts for finding in part.findings]
    if facts.is_untimed(recordings[0]):
        recordings = _one_after_other(recordings)
        said.append(f"{listed(names)} have no times and follow each other as given")
    joined = _concatenated(recordings)
    places, ordered = once_in_time_order(joined, _refusal(names), "in more than one file")
    whole = joined.in_order(places if ordered else None)
    together = (f"together: {finding}" for finding in (*ordered, *facts.after_joining(whole)))
    return replace(whole, findings=(*said, *together))


def _refusal(names: list[str]) -> Refusal:
    return lambda said, position: DataError(f"{listed(names)} can't be joined: {said}")


def _refuse_mixture(
    parts: list[tuple[str, Recording]], lacks: Callable[[Recording], bool], what: str, advice: str
) -> None:
    lacking = [name for name, part in parts if lacks(part)]
    if 0 < len(lacking) < len(parts):
        other = next(name for name, part in parts if not lacks(part))
        raise DataError(f"{lacking[0]} {what}, and {other} does: {advice}, or mend {lacking[0]}")


def _on_one_clock(parts: list[tuple[str, Recording]]) -> list[tuple[str, Recording]]:
    stated = [(name, part.utc_offset) for name, part in parts if part.utc_offset is not None]
    if not stated:
        return parts
    whose, first = stated[0]
    clock = f"the {zone_of(first)} of {whose}"
    return [(name, _brought_to(part, first, clock)) for name, part in parts]


def _brought_to(part: Recording, offset: pd.Timedelta, clock: str) -> Recording:
    if part.utc_offset is None:
        return replace(part, utc_offset=offset).noting(f"times without a zone taken for those of {clock}")
    return part if part.utc_offset == offset else _at_offset(part, offset).noting(f"times brought to {clock}")


def _at_offset(recording: Recording, utc_offset: pd.Timedelta) -> Recording:
    moved = recording.at(recording.frame.index + (utc_offset - recording.utc_offset))
    return replace(moved, utc_offset=utc_offset)


def _one_after_other(recordings: Sequence[Recording]) -> list[Recording]:
    """Each one a step after the end of the one before, however far apart its rows are."""
    placed = list(recordings[:1])
    for recording in recordings[1:]:
        before, index = placed[-1].frame.index, recording.frame.index
        placed.append(recording.at(index + (before[-1] + usual_step(before) - index[0])))
    return placed


def _concatenated(recordings: Sequence[Recording]) -> UnorderedRows:
    tags = [name for name in TAG_NAMES if any(name in recording.frame for recording in recordings)]
    frame = pd.concat([recording.frame.reindex(columns=tags).astype(np.float32) for recording in recordings])
    offsets = {recording.utc_offset for recording in recordings}
    labels = [recording.label for recording in recordings if recording.label is not None]
    return UnorderedRows(
        frame=frame,
        label=pd.concat(labels) if labels else None,
        source=tuple(source for recording in recordings for source in recording.source),
        extra=_concatenated_extra(recordings, pd.DatetimeIndex(frame.index)),
        utc_offset=offsets.pop() if len(offsets) == 1 else None,
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
