"""Baselines: alarms made without the plant, which every metric is to be read beside."""

import numpy as np
import pandas as pd

from swatlib.metrics.case import Case, make_case

RANDOM_SHARE = 0.001
DELAY_S = 60


def baselines(label, events=None, seed: int = 0) -> pd.DataFrame:
    """Alarms (rows × names, bool) of seven baselines, on the index of `label`.

    random: each row alarms with a chance of 0.1 %. all-alarm: every row. latched: from the first attack to the
    end; metrics over events rate it perfect, and only the false positive rate is bad. only-largest: the rows of
    the longest event and no other. all-but-largest: all attack rows but those. oracle: the label itself.
    delayed-oracle: the label, a minute late, as a detector with a long memory would have it. label, events: as in
    `evaluate`.
    """
    case = make_case(label, events=events)
    rows = len(case.label)
    start, stop = case.spans[np.diff(case.spans, axis=1).argmax()]
    largest = (np.arange(rows) >= start) & (np.arange(rows) < stop)
    alarms = {
        "random": np.random.default_rng(seed).random(rows) < RANDOM_SHARE,
        "all-alarm": np.ones(rows, dtype=bool),
        "latched": np.arange(rows) >= case.spans[:, 0].min(),
        "only-largest": largest,
        "all-but-largest": case.label & ~largest,
        "oracle": case.label,
        "delayed-oracle": _late(case, DELAY_S),
    }
    return pd.DataFrame(alarms, index=label.index if isinstance(label, pd.Series) else None)


def _late(case: Case, seconds: float) -> np.ndarray:
    """The label as it was so many seconds before each row; False before the first."""
    earlier = np.searchsorted(case.seconds, case.seconds - seconds, side="right") - 1
    return case.label[earlier] & (earlier >= 0)
