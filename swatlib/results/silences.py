"""Rows without a score, and why: what a detector could not judge is said, not passed over."""

from collections import Counter

import pandas as pd

from swatlib.alarms import rows_since_above
from swatlib.arrays import beginnings, intervals_of, segments
from swatlib.data.recording import usual_step
from swatlib.wording import count, duration, listed

_AT_BEGINNING = "too little before them, at the beginning"
BEGINNING = 0.25  # share of an unscored run in which a tag is missing from which that is its cause


def unscored(scores: pd.DataFrame) -> pd.Series:
    """Rows without a score, by detector. scores: as `Pipeline.score` gives them."""
    return scores.xs("score", axis=1, level=1).isna().sum().rename("unscored")


def silences(frame: pd.DataFrame, scores: pd.DataFrame, history: int, gap: int) -> list[str]:
    """Why rows of `frame` lack the score of some detector, a sentence a cause; none where all have one.

    "FIT401 missing for 2.0 h: 7,180 rows without a score". A beginning, a gap and a missing reading explain so many
    rows as a score depends on; what lacks a score beyond them, its detector left out. history, gap: of the pipeline.
    """
    step = usual_step(frame.index)
    missing, lacking = frame.isna(), scores.xs("score", axis=1, level=1).isna()
    early, gaps = beginnings(frame.index, gap * step, history), len(segments(frame.index, gap * step)) - 1
    absent = rows_since_above(missing.any(axis=1).to_numpy(float), 0.5, history) <= history
    rows: Counter[tuple[str, ...]] = Counter()
    for start, stop in intervals_of(lacking.any(axis=1).to_numpy() & (early | absent)):
        share = missing.iloc[start:stop].mean()
        least = BEGINNING if early[start:stop].any() else 0.0
        rows[tuple(share.index[(share >= least) & (share > 0)])] += int(stop - start)
    said = []
    for tags, without in rows.items():
        if tags:
            seconds = missing[list(tags)].any(axis=1).sum() * step.total_seconds()
            cause = f"{listed(tags)} missing for {duration(seconds)}"
        else:
            after = f" and after {count(gaps, 'gap')}" if gaps else ""
            cause = f"{_AT_BEGINNING}{after}"
        said.append(f"{cause}: {count(without, 'row')} without a score")
    left_out = lacking[~(early | absent)]
    if names := list(left_out.columns[left_out.any()]):
        without = int(left_out.any(axis=1).sum())
        said.append(f"no score of {listed(names)} in {count(without, 'row')}, though they have readings")
    return said


def unjudged(frame: pd.DataFrame, scores: pd.DataFrame, events: pd.DataFrame, history: int, gap: int) -> list[str]:
    """Rows that some detector did not judge, but the first, and attacks that none did. history, gap: of the pipeline.

    They are no normal time in any rate, and no attack in them is found.
    """
    said = [cause for cause in silences(frame, scores, history, gap) if f"{_AT_BEGINNING}:" not in cause]
    silent = scores.xs("score", axis=1, level=1).isna().all(axis=1).to_numpy()
    begins, ends = (frame.index.searchsorted(events[side]) for side in ("start", "end"))
    without = sum(begin < end and bool(silent[begin:end].all()) for begin, end in zip(begins, ends, strict=True))
    if without:
        said.append(f"{without} of {count(len(events), 'attack')} in rows without a score, and so not found")
    return said
