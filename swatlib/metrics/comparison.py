"""All detectors in one table, beside the baselines."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from swatlib.arrays import SECONDS_PER_DAY, intervals_of
from swatlib.metrics.baselines import baselines
from swatlib.metrics.bootstrap import DRAWS, intervals, marked, resampled
from swatlib.metrics.case import make_case
from swatlib.metrics.evaluation import METRICS, evaluate, metric_values
from swatlib.wording import Estimate, listed

Answers = dict[tuple[str, str], tuple[pd.Series, pd.Series]]  # alarm and score of each row, by (kind, name)
AT_RANDOM = "random"  # the baseline beside which five figures stand


def compare(scores: pd.DataFrame, label: pd.Series | None, events: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """`evaluate` for each detector of `scores` (columns (detector, field)), then for each of the `baselines`.

    Index (kind, name): kind is "detector" or "baseline". Columns: `alarms_per_day`, right and wrong ones together, and
    all of METRICS; the score of a baseline is its alarm. Without an attack in `label` these are NaN, and there are no
    baselines. What else can't be computed is NaN too; `verdict` says which metrics, and why.
    """
    detectors = compare_detectors(scores, label, events)
    return pd.concat([detectors, compare_baselines(label, events, seed)]) if is_judged(label) else detectors


def compare_detectors(scores: pd.DataFrame, label: pd.Series | None, events: pd.DataFrame) -> pd.DataFrame:
    """The rows of `compare` that are detectors."""
    return _figures(_detectors(scores), scores.index, label, events)


def compare_baselines(label: pd.Series, events: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The rows of `compare` that are baselines, the same beside whatever detectors."""
    return _figures(_baselines(label, events, seed), label.index, label, events)


def is_judged(label: pd.Series | None) -> bool:
    """Whether there is an attack to judge by."""
    return label is not None and bool(label.any())


def _figures(answers: Answers, times: pd.Index, label: pd.Series | None, events: pd.DataFrame) -> pd.DataFrame:
    seconds = np.diff(times) / pd.Timedelta("1s")
    # Neither a gap in the recording nor a row without a score is counted; how long a single row lasts is unknown.
    row_days = np.median(seconds) / SECONDS_PER_DAY if len(seconds) else np.nan
    rows = {}
    for row, (alarm, score) in answers.items():
        days = np.float64(np.count_nonzero(score.notna())) * row_days
        rows[row] = {"alarms_per_day": len(intervals_of(alarm.to_numpy())) / days if days else np.nan}
        if is_judged(label):
            rows[row] |= evaluate(label, alarm, score, events)
    columns = ["alarms_per_day", *(metric.__name__ for group in METRICS.values() for metric in group)]
    return pd.DataFrame(rows).T.reindex(columns=columns).rename_axis(["kind", "name"])


def compare_resampled(
    scores: pd.DataFrame, label: pd.Series, events: pd.DataFrame, seed: int = 0, draws: int = DRAWS
) -> pd.DataFrame:
    """Bootstrap draws of what `compare` gives: one row a draw, columns (kind, name, metric).

    Attacks are drawn with replacement, and the normal days likewise, the same draws for every detector; for
    `intervals`, `beats` and `with_intervals`. Empty without an attack in `label`.
    """
    if not is_judged(label):
        return pd.DataFrame()
    answers = _detectors(scores) | _baselines(label, events, seed)
    with threadpool_limits(1, "blas"):  # products this small take more time on several threads
        parts = {
            row: pd.DataFrame(metric_values(resampled(make_case(label, alarm, score, events), draws, seed)))
            for row, (alarm, score) in answers.items()
        }
    return pd.concat(parts, axis=1, names=["kind", "name", "metric"]).rename_axis("draw")


def _detectors(scores: pd.DataFrame) -> Answers:
    return {("detector", name): (scores[name, "alarm"], scores[name, "score"]) for name in scores.columns.unique(0)}


def _baselines(label: pd.Series, events: pd.DataFrame, seed: int) -> Answers:
    alarms = baselines(label, events, seed)
    return {("baseline", name): (alarm, alarm.astype(float)) for name, alarm in alarms.items()}


def summary(table: pd.DataFrame, samples: pd.DataFrame | None = None) -> dict:
    """Headline numbers of `compare`'s table: of the detector with the highest event F1; without one, alarms per day.

    One that has no score on normal rows could not be wrong, and comes first only where that is so of all. samples:
    draws of `compare_resampled`; with them a figure is an `Estimate`, with its interval.
    """
    detectors = table.loc["detector"]
    known = detectors["event_f1"].dropna()
    if known.empty:
        alarms = table["alarms_per_day"]
        return {"fewest_alarms_a_day": alarms.min(), "most_alarms_a_day": alarms.max()}
    judged = known[detectors.loc[known.index, "false_positive_rate"].notna()]
    best = (known if judged.empty else judged).idxmax()
    first = table.loc[("detector", best)]
    shown = ("event_recall", "event_f1", "f1", "false_alarms_per_day", "delay_median_s")
    return {"best_detector": best, **estimates(first[list(shown)], samples)}


def estimates(figures: pd.Series, samples: pd.DataFrame | None) -> dict:
    """Figures of one row of `compare`'s table, as an `Estimate` where `samples` has draws of them."""
    ends = pd.DataFrame() if samples is None or samples.empty else intervals(samples)
    there = [metric for metric in figures.index if figures.name in ends.index and metric in ends.columns.unique(0)]
    spans = {metric: tuple(ends.loc[figures.name, metric]) for metric in there}
    return {name: Estimate(value, spans[name]) if name in spans else value for name, value in figures.items()}


def key_figures(table: pd.DataFrame, attacks: int) -> dict[str, dict[str, float | str]]:
    """The five figures that matter most, of the detector with the highest event F1 and of random alarms.

    attacks: how many there were. Empty where nothing can be judged.
    """
    best = summary(table).get("best_detector")
    rows = {} if best is None else {best: ("detector", best), AT_RANDOM: ("baseline", AT_RANDOM)}
    return {name: _five(table.loc[row], attacks) for name, row in rows.items() if row in table.index}


def _five(row: pd.Series, attacks: int) -> dict[str, float | str]:
    return {
        "attacks found": f"{row['event_recall'] * attacks:.0f} of {attacks}",
        "false alarms per day": row["false_alarms_per_day"],
        "median delay (s)": row["delay_median_s"],
        "event F1": row["event_f1"],
        "F1": row["f1"],
    }


def verdict(table: pd.DataFrame, samples: pd.DataFrame | None = None) -> str:
    """What `compare`'s table says, in a few sentences, and which metrics are NaN, and why.

    samples: draws of `compare_resampled`; with them it says which detectors do not differ clearly from the first.
    """
    return " ".join(filter(None, (_ranking_sentences(table, samples), *_unknown_sentences(table))))


def _ranking_sentences(table: pd.DataFrame, samples: pd.DataFrame | None) -> str:
    recall = table.loc["detector", "event_recall"]
    if recall.isna().all():
        return "No attack is labelled in this recording: alarms can be counted, but not judged."
    if recall.max() == 0:
        return "No detector finds any of the attacks."
    most = f"Most attacks are found by **{recall.idxmax()}**: {recall.max():.0%}"
    if table.loc["detector", "false_positive_rate"].isna().all():
        return f"{most}."
    if table.loc["detector", "event_f1"].max() == 0:
        return f"{most}, and no alarm of any detector is right."
    first, baseline = table.loc[("detector", summary(table)["best_detector"])], table.loc[("baseline", "only-largest")]
    ties = "" if samples is None else _ties_sentence(table, samples, first.name[1])
    return (
        f"By event F1 **{first.name[1]}** comes first: it finds {first['event_recall']:.0%} of the attacks at "
        f"{first['false_alarms_per_day']:.1f} false alarms per day, and is in alarm for "
        f"{first['false_positive_rate']:.1%} of the normal time.{ties} A detector that flags only the longest attack, "
        f"and all of it, has an F1 over rows of {baseline['f1']:.2f}, the best here "
        f"{table.loc['detector', 'f1'].max():.2f}."
    )


def _unknown_sentences(table: pd.DataFrame) -> list[str]:
    """Which figures of `compare`'s table are NaN, and why; none where that is said already or nothing is found."""
    detectors, said = table.loc["detector"], []
    metrics = listed(metric.__name__ for metric in METRICS["score"])
    if detectors["alarms_per_day"].isna().all():
        said.append("Alarms per day are NaN: no row has a score, or there is a single row, whose duration is unknown.")
    if detectors["event_recall"].isna().all():
        return said
    if detectors["false_positive_rate"].isna().all():
        return [
            *said,
            "No normal row has a score, so no alarm can be false: false_alarms_per_day, false_positive_rate, "
            f"{metrics} are NaN, and precision and F1 say nothing.",
        ]
    if without := list(detectors.index[detectors["false_positive_rate"].isna()]):
        rates = "" if detectors.loc[without, "alarms_per_day"].notna().any() else "alarms_per_day, "
        rates += f"false_alarms_per_day, false_positive_rate, {metrics}"
        said.append(f"For {listed(without)} {rates} are NaN: no normal row has a score.")
    rest = detectors[detectors["false_positive_rate"].notna()]
    if without := list(rest.index[rest["average_precision"].isna()]):
        said.append(f"For {listed(without)} {metrics} are NaN: no attack row has a score.")
    return said


def _ties_sentence(table: pd.DataFrame, samples: pd.DataFrame, first: str) -> str:
    low, high = intervals(samples).loc[("detector", first), "event_f1"]
    others = [name for name in marked(table, samples, "event_f1") if name != first]
    tied = f"does not differ clearly from {listed(others)}" if others else "beats every other"
    alone = len(samples["detector"].columns.unique(0)) == 1
    drawn = f" Had other attacks and days been drawn, its event F1 would be {low:.2f} to {high:.2f} (95 %)"
    return f"{drawn}." if alone else f"{drawn}: it {tied}."
