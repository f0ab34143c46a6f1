"""Results in the cache folder: one parquet a detector, under a hash of all that it depends on (`swatlib.cached`).

These are the rows of both recordings, label and events, and the pipeline's parameters. What is there is not computed
again, and adding a detector computes that one. An entry holds what its detector gives alone, so that it serves beside
any others.
"""

import json
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swatlib.alarms import BUDGETS
from swatlib.arrays import beginnings, intervals_of, segments
from swatlib.cached import Form, cached_together
from swatlib.data import Recording, attacks
from swatlib.origins import Origin
from swatlib.pipeline import Pipeline
from swatlib.results.detection import DetectionResults, first_alarms
from swatlib.results.fit_cache import detector_part, fits_of, parameters, recording_digest
from swatlib.results.silences import unjudged
from swatlib.wording import sentences

ENTRY_FORMAT = 7
_ABOUT = b"swatlib"


@dataclass(frozen=True)
class Entry:
    """One detector alone. judged: score, alarm and lead, one row a row of the attacked recording."""

    judged: pd.DataFrame
    ranking: pd.DataFrame
    nameable: tuple[str, ...]
    threshold: float
    checked: float
    maxima: list[float]
    blocks_per_day: float
    history: int
    period: pd.Timedelta


def cached_results(pipeline: Pipeline, normal: Recording, attacked: Recording, force: bool = False) -> DetectionResults:
    """What `pipeline.fit(normal).score(attacked.frame)` gives, and the rankings at its alarms; cached for next time.

    pipeline: its parameters count, and it is not fitted itself. force: compute all anew. A broken entry is named in the
    notes and made anew. Raises what `Pipeline.fit` and `score` raise.
    """
    noted: list[str] = []

    def make(names: tuple[str, ...]) -> dict[str, Entry]:
        entries, notes = _made(pipeline, names, normal, attacked, force)
        noted.extend(note for note in notes if note not in noted)
        return entries

    shared = [ENTRY_FORMAT, recording_digest(normal), recording_digest(attacked), parameters(pipeline)]
    found = cached_together(
        "results",
        {name: [*shared, detector_part(pipeline, name)] for name in pipeline.detectors},
        Form(".parquet", _write, partial(_read, attacked=attacked)),
        make,
        force=force,
    )
    notes = [*found.notes, *(note for note in noted if note not in found.notes)]
    results = _joined(pipeline, found.values, normal, attacked, found.computed, notes)
    history = max(entry.history for entry in found.values.values())
    without = unjudged(attacked.frame, results.scores, attacks(attacked), history, pipeline.gap)
    return replace(results, caveat=sentences([results.caveat, *without]))


def _made(
    pipeline: Pipeline, names: tuple[str, ...], normal: Recording, attacked: Recording, force: bool
) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Entries of those detectors, scored together since they share what they see; faults of the cache of fits."""
    fits = fits_of(pipeline, names, normal, force)
    (fitted,) = fits.values.values()
    scores = fitted.score(attacked.frame)
    return {name: _alone(fitted, name, scores[[name]], attacked) for name in names}, fits.notes


def _alone(fitted: Pipeline, name: str, scores: pd.DataFrame, attacked: Recording) -> Entry:
    """One detector as if fitted alone: it may need fewer rows of history than others, so it has scores sooner."""
    frame, alone, parts = attacked.frame, fitted.only(name), []
    for first, last in segments(frame.index, fitted.gap * fitted.period_):
        heard = min(first + fitted.history, last)
        parts += [alone.score(frame.iloc[first:heard]), scores.iloc[heard:last]]
    judged = pd.concat(parts)[name][["score", "alarm", "lead"]]
    ranking = alone.rank(frame, name, _first_rows(judged["alarm"], attacks(attacked)))
    return Entry(
        judged,
        ranking,
        alone.nameable(name),
        alone.thresholds_[name],
        alone.checked_[name],
        alone.maxima_[name],
        alone.blocks_per_day_[name],
        alone.history,
        alone.period_,
    )


def _first_rows(alarm: pd.Series, events: pd.DataFrame) -> list[int]:
    """Rows at which an alarm begins, or an attack is first alarmed of."""
    found = first_alarms(alarm, events)
    return np.union1d(intervals_of(alarm.to_numpy())[:, 0], found[found >= 0]).tolist()


def _joined(
    pipeline: Pipeline, entries: dict[str, Entry], normal: Recording, attacked: Recording, computed, notes
) -> DetectionResults:
    """Entries side by side; none has scores before the one with the longest history, as in `Pipeline.score`."""
    index, history = attacked.frame.index, max(entry.history for entry in entries.values())
    early = beginnings(index, pipeline.gap * next(iter(entries.values())).period, history)
    scores = pd.concat({name: _silenced(entry, early) for name, entry in entries.items()}, axis=1)
    filled = copy(pipeline)
    filled.thresholds_ = {name: entry.threshold for name, entry in entries.items()}
    filled.models_, filled.period_ = dict.fromkeys(entries), next(iter(entries.values())).period
    filled.checked_ = {name: entry.checked for name, entry in entries.items()}
    filled.maxima_ = {name: entry.maxima for name, entry in entries.items()}
    filled.blocks_per_day_ = {name: entry.blocks_per_day for name, entry in entries.items()}
    first, last = map(str, normal.frame.index[[0, -1]])
    filled.origins_ = (Origin(normal.source, first, last, len(normal.frame), digest=""),)  # for `caveat` alone
    rankings, nameable = (
        {name: getattr(entry, what) for name, entry in entries.items()} for what in ("ranking", "nameable")
    )
    return DetectionResults(
        scores,
        filled.calibration(),
        filled.caveat,
        rankings,
        nameable,
        filled.thresholds(sorted({*BUDGETS, pipeline.budget})),
        pipeline.on_delay,
        filled.hold,
        tuple(computed),
        tuple(notes),
    )


def _silenced(entry: Entry, early: np.ndarray) -> pd.DataFrame:
    judged = entry.judged
    return pd.DataFrame(
        {
            "score": judged["score"].mask(early),
            "threshold": entry.threshold,
            "alarm": judged["alarm"] & ~early,
            "lead": judged["lead"].mask(early),
        }
    )


def _write(path: Path, entry: Entry) -> None:
    kept = ("threshold", "checked", "maxima", "blocks_per_day", "history", "nameable")
    about = {name: getattr(entry, name) for name in kept} | {
        "period": str(entry.period),
        "ranked": [str(time) for time in entry.ranking.index],
        "places": list(entry.ranking.columns),
        "ranking": entry.ranking.where(entry.ranking.notna(), None).to_numpy().tolist(),
    }
    table = pa.Table.from_pandas(entry.judged, preserve_index=False).replace_schema_metadata(
        {_ABOUT: json.dumps(about)}
    )
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def _read(path: Path, attacked: Recording) -> Entry:
    frame = attacked.frame
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    about = json.loads((table.schema.metadata or {})[_ABOUT])
    judged = table.to_pandas().set_index(frame.index)
    judged["lead"] = judged["lead"].astype(pd.CategoricalDtype(list(frame)))
    ranked = pd.DatetimeIndex(about["ranked"], name=frame.index.name)
    ranking = pd.DataFrame(about["ranking"], ranked, about["places"], dtype=object)
    return Entry(
        judged[["score", "alarm", "lead"]],
        ranking,
        tuple(about["nameable"]),
        about["threshold"],
        about["checked"],
        about["maxima"],
        about["blocks_per_day"],
        about["history"],
        pd.Timedelta(about["period"]),
    )
