"""All detectors in one table, beside those that know nothing, so that no figure is read alone."""

import pandas as pd

from swatlib.metrics.case import runs
from swatlib.metrics.evaluation import evaluate
from swatlib.metrics.nulls import null_rows

DAY_S = 86_400


def compare(scores: pd.DataFrame, label: pd.Series | None, events: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """`evaluate` for each detector of `scores` (columns (detector, field)), then for the null rows of `null_rows`.

    Index (kind, name): kind is "detector" or "null". Without a label, or without an attack in it, only what needs
    none: `alarms_per_day`.
    """
    names = scores.columns.unique(0)
    if label is None or not label.any():
        days = (scores.index[-1] - scores.index[0]).total_seconds() / DAY_S
        alarms = {("detector", name): len(runs(scores[name]["alarm"].to_numpy())) / days for name in names}
        return pd.DataFrame({"alarms_per_day": pd.Series(alarms)})
    nulls = null_rows(label, events, seed)
    rows = {("detector", name): evaluate(label, scores[name]["alarm"], scores[name]["score"], events) for name in names}
    rows |= {("null", name): evaluate(label, nulls[name], events=events) for name in nulls}
    return pd.DataFrame(rows).T.rename_axis(["kind", "name"])
