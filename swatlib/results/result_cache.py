"""Results in the cache folder: one parquet a detector, under a hash of all that it depends on.

These are the rows of both recordings, label and events; the pipeline's parameters; the source of this package as far
as scores depend on it; and the versions of the packages that compute. What is there is not computed again, and adding a
detector computes that one. An entry holds what its detector gives alone, so that it serves beside any others. The
entries used longest ago, such as those of older code, are removed beyond MOST_ENTRIES.
"""

import hashlib
import json
from contextlib import suppress
from copy import copy, deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swatlib.arrays import intervals_of, segments
from swatlib.atomic import replacing
from swatlib.data import Recording, attacks
from swatlib.pipeline import Pipeline
from swatlib.provenance import code_digest, edited, versions
from swatlib.results.detection import DetectionResults, first_alarms
from swatlib.settings import settings

ENTRY_FORMAT = 3
MOST_ENTRIES = 300  # entries, of up to 2 MB each
# None of them is imported here: a change in them changes no result.
MODULES_WITHOUT_EFFECT = (
    *("protocols", "benchmark", "field", "measured", "plots", "story", "headline", "parameters", "pages", "report"),
    *("export", "browser", "deck", "slides", "bench", "cli", "live"),
)
_ABOUT = b"swatlib"


@dataclass(frozen=True)
class Entry:
    """One detector alone. judged: score, alarm and lead, one row a row of the attacked recording."""

    judged: pd.DataFrame
    ranking: pd.DataFrame
    nameable: tuple[str, ...]
    threshold: float
    checked: float
    history: int
    period: pd.Timedelta


def cached_results(pipeline: Pipeline, normal: Recording, attacked: Recording, force: bool = False) -> DetectionResults:
    """What `pipeline.fit(normal).score(attacked.frame)` gives, and the rankings at its alarms; cached for next time.

    pipeline: its parameters count, and it is not fitted itself. force: compute all anew. A broken entry is named in the
    notes and made anew. Raises what `Pipeline.fit` and `score` raise.
    """
    stale = edited(MODULES_WITHOUT_EFFECT)  # what this process computes is not what the code on disk would
    paths = _paths(pipeline, normal, attacked)
    fetched = {name: (None, []) if force or stale else _fetch(path, attacked) for name, path in paths.items()}
    entries = {name: entry for name, (entry, _) in fetched.items() if entry}
    missing = tuple(name for name in paths if name not in entries)
    made = _made(pipeline, missing, normal, attacked) if missing else {}
    notes = [note for _, said in fetched.values() for note in said]
    if stale:
        notes.append("the code was edited after this session began: nothing was cached; restart it to see the change")
    else:
        notes += [note for name, entry in made.items() for note in _cache(paths[name], entry)]
    return _joined(pipeline, {name: (entries | made)[name] for name in paths}, attacked, missing, notes)


def _paths(pipeline: Pipeline, normal: Recording, attacked: Recording) -> dict[str, Path]:
    parameters = {name: value for name, value in asdict(pipeline).items() if name != "detectors"}
    shared = [
        ENTRY_FORMAT,
        _content(normal),
        _content(attacked),
        parameters,
        code_digest(MODULES_WITHOUT_EFFECT),
        versions(),
    ]
    folder = settings().cache_folder / "results"
    hashes = {
        name: hashlib.sha256(json.dumps([*shared, name], default=str).encode()).hexdigest()
        for name in pipeline.detectors
    }
    return {name: folder / f"{name.replace(':', '-')}-{hashed[:32]}.parquet" for name, hashed in hashes.items()}


def _content(recording: Recording) -> str:
    """Digest of all rows, label and events; a recording's own checksum is that of the files it was cut from."""
    frame, label, events = recording.frame, recording.label, attacks(recording)
    digest = hashlib.sha256(json.dumps([list(frame), events.to_json(date_format="iso")]).encode())
    for part in (frame.index.to_numpy(), frame.to_numpy().T, None if label is None else label.to_numpy()):
        digest.update(b"" if part is None else np.ascontiguousarray(part).view(np.uint8).data)
    return digest.hexdigest()


def _made(pipeline: Pipeline, names: tuple[str, ...], normal: Recording, attacked: Recording) -> dict[str, Entry]:
    """Entries of those detectors, fitted together since they share what they see."""
    fitted = deepcopy(pipeline)
    fitted.detectors = names
    fitted.fit(normal)
    scores = fitted.score(attacked.frame)
    return {name: _alone(fitted, name, scores[[name]], attacked) for name in names}


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
        alone.history,
        alone.period_,
    )


def _first_rows(alarm: pd.Series, events: pd.DataFrame) -> list[int]:
    """Rows at which an alarm begins, or an attack is first alarmed of."""
    found = first_alarms(alarm, events)
    return np.union1d(intervals_of(alarm.to_numpy())[:, 0], found[found >= 0]).tolist()


def _joined(pipeline: Pipeline, entries: dict[str, Entry], attacked: Recording, computed, notes) -> DetectionResults:
    """Entries side by side; none has scores before the one with the longest history, as in `Pipeline.score`."""
    index, history = attacked.frame.index, max(entry.history for entry in entries.values())
    early = np.zeros(len(index), bool)
    for first, last in segments(index, pipeline.gap * next(iter(entries.values())).period):
        early[first : min(first + history, last)] = True
    scores = pd.concat({name: _silenced(entry, early) for name, entry in entries.items()}, axis=1)
    filled = copy(pipeline)
    filled.thresholds_ = {name: entry.threshold for name, entry in entries.items()}
    filled.checked_ = {name: entry.checked for name, entry in entries.items()}
    rankings, nameable = (
        {name: getattr(entry, what) for name, entry in entries.items()} for what in ("ranking", "nameable")
    )
    return DetectionResults(scores, filled.calibration(), rankings, nameable, tuple(computed), tuple(notes))


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


def _cache(path: Path, entry: Entry) -> list[str]:
    """Write an entry; a note when the folder can't be written to."""
    about = {name: getattr(entry, name) for name in ("threshold", "checked", "history", "nameable")} | {
        "period": str(entry.period),
        "ranked": [str(time) for time in entry.ranking.index],
        "places": list(entry.ranking.columns),
        "ranking": entry.ranking.where(entry.ranking.notna(), None).to_numpy().tolist(),
    }
    table = pa.Table.from_pandas(entry.judged, preserve_index=False).replace_schema_metadata(
        {_ABOUT: json.dumps(about)}
    )
    try:
        with replacing(path) as temporary:
            pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
        _make_room(path.parent)
    except OSError as error:
        return [f"no results were cached: {error}"]
    return []


def _make_room(folder: Path) -> None:
    """Remove the entries that were used longest ago, beyond those MOST_ENTRIES."""
    used = sorted(folder.glob("*.parquet"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in used[MOST_ENTRIES:]:
        path.unlink(missing_ok=True)


def _fetch(path: Path, attacked: Recording) -> tuple[Entry | None, list[str]]:
    """The cached entry at a path, if there is one, and a note when it is there but broken."""
    if not path.is_file():
        return None, []
    try:
        entry = _read(path, attacked)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        return None, [f"the cached results {path.name} are broken ({str(error).splitlines()[0]}) and were made anew"]
    with suppress(OSError):  # a cache that can only be read serves as well
        path.touch()
    return entry, []


def _read(path: Path, attacked: Recording) -> Entry:
    table, frame = pq.read_table(path, page_checksum_verification=True), attacked.frame
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
        about["history"],
        pd.Timedelta(about["period"]),
    )
