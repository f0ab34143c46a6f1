"""Rows without a score, and why: what a detector could not judge is said, not passed over."""

from collections import Counter

import numpy as np
import pandas as pd

from swatlib.arrays import intervals_of
from swatlib.data.recording import usual_step
from swatlib.wording import count, duration, listed

_AT_BEGINNING = "too little before them, at the beginning"
_GAP = 10  # sampling periods from which what came before does not count, as a pipeline has it unless told
BEGINNING = 0.25  # share of an unscored run in which a tag is missing from which that is its cause


def unscored(scores: pd.DataFrame) -> pd.Series:
    """Rows without a score, by detector. scores: as `Pipeline.score` gives them."""
    return scores.xs("score", axis=1, level=1).isna().sum().rename("unscored")


def silences(frame: pd.DataFrame, scores: pd.DataFrame) -> list[str]:
    """Why rows of `frame` lack the score of some detector, a sentence a cause; none where all have one.

    "FIT401 missing for 2.0 h: 7,180 rows without a score".
    """
    step = usual_step(frame.index)
    missing, lacking = frame.isna(), scores.xs("score", axis=1, level=1).isna()
    after_gap = np.diff(frame.index, prepend=frame.index[:1]) > _GAP * step
    rows: Counter[tuple[str, ...] | str] = Counter()
    for start, stop in intervals_of(lacking.any(axis=1).to_numpy()):
        share = missing.iloc[start:stop].mean()
        cause: tuple[str, ...] | str = tuple(share.index[share >= BEGINNING])
        if not cause and start > 0 and not after_gap[start:stop].any():
            cause = tuple(share.index[share > 0]) or listed(lacking.columns[lacking.iloc[start:stop].any()])
        rows[cause] += int(stop - start)
    said = []
    for cause, without in rows.items():
        if isinstance(cause, str):
            words = f"no score of {cause}, though there are readings"
        elif cause:
            seconds = missing[list(cause)].any(axis=1).sum() * step.total_seconds()
            words = f"{listed(cause)} missing for {duration(seconds)}"
        else:
            gaps = int(np.count_nonzero(after_gap))
            words = _AT_BEGINNING + (f" and after {count(gaps, 'gap')}" if gaps else "")
        said.append(f"{words}: {count(without, 'row')} without a score")
    return said


def unjudged(frame: pd.DataFrame, scores: pd.DataFrame, events: pd.DataFrame) -> list[str]:
    """Rows that some detector did not judge, but the first, and attacks that none did.

    They are no normal time in any rate, and no attack in them is found.
    """
    said = [cause for cause in silences(frame, scores) if f"{_AT_BEGINNING}:" not in cause]
    silent = scores.xs("score", axis=1, level=1).isna().all(axis=1).to_numpy()
    begins, ends = (frame.index.searchsorted(events[side]) for side in ("start", "end"))
    without = sum(begin < end and bool(silent[begin:end].all()) for begin, end in zip(begins, ends, strict=True))
    if without:
        said.append(f"{without} of {count(len(events), 'attack')} in rows without a score, and so not found")
    return said
