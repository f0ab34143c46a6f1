"""All detectors in one table, beside those that know nothing, so that no figure is read alone."""

import pandas as pd

from swatlib.metrics.case import runs
from swatlib.metrics.evaluation import METRICS, evaluate
from swatlib.metrics.nulls import null_rows

DAY_S = 86_400


def compare(scores: pd.DataFrame, label: pd.Series | None, events: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """`evaluate` for each detector of `scores` (columns (detector, field)), then for the null rows of `null_rows`.

    Index (kind, name): kind is "detector" or "null". Columns: `alarms_per_day`, right and wrong ones together, and all
    of METRICS; the score of a null row is its alarm. Without an attack in `label` these are NaN, and there are no null
    rows.
    """
    alarms = {("detector", name): scores[name, "alarm"] for name in scores.columns.unique(0)}
    known = label is not None and label.any()
    if known:
        alarms |= {("null", name): alarm for name, alarm in null_rows(label, events, seed).items()}
    days = (scores.index[-1] - scores.index[0]).total_seconds() / DAY_S
    rows = {}
    for (kind, name), alarm in alarms.items():
        rows[kind, name] = {"alarms_per_day": len(runs(alarm.to_numpy())) / days}
        if known:
            score = scores[name, "score"] if kind == "detector" else alarm.astype(float)
            rows[kind, name] |= evaluate(label, alarm, score, events)
    columns = ["alarms_per_day", *(metric.__name__ for group in METRICS.values() for metric in group)]
    return pd.DataFrame(rows).T.reindex(columns=columns).rename_axis(["kind", "name"])


def summary(table: pd.DataFrame) -> dict:
    """Headline numbers of `compare`'s table: those of the detector with the highest event F1, if any is known."""
    known = table.loc["detector", "event_f1"].dropna()
    if known.empty:
        alarms = table["alarms_per_day"]
        return {"fewest_alarms_a_day": alarms.min(), "most_alarms_a_day": alarms.max()}
    first = table.loc[("detector", known.idxmax())]
    shown = ("event_recall", "event_f1", "f1", "false_alarms_per_day", "delay_median_s")
    return {"best_detector": known.idxmax(), **first[list(shown)]}


def verdict(table: pd.DataFrame) -> str:
    """What `compare`'s table says, in a sentence or two."""
    if table["event_f1"].isna().all():
        return "No attack is labelled in this recording: alarms can be counted, and not judged."
    first, null = table.loc[("detector", summary(table)["best_detector"])], table.loc[("null", "only-largest")]
    return (
        f"By event F1 **{first.name[1]}** comes first: it finds {first['event_recall']:.0%} of the attacks at "
        f"{first['false_alarms_per_day']:.1f} false alarms a day. A detector that flags only the longest attack, and "
        f"all of it, has an F1 over rows of {null['f1']:.2f}, the best here {table.loc['detector', 'f1'].max():.2f}."
    )
