"""What detectors are worth at other budgets of false alarms than the one in use, from one series of scores."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from swatlib.alarms import on_delayed, rows_since_above
from swatlib.metrics.bootstrap import DRAWS, LEVEL, resampled
from swatlib.metrics.case import Case, make_case
from swatlib.metrics.event_based import delay_median_s, event_recall, false_alarms_per_day
from swatlib.metrics.point_based import false_positive_rate

CURVE_METRICS = (event_recall, delay_median_s, false_positive_rate, false_alarms_per_day)
ENDS = ("value", "low", "high")
CURVE_COLUMNS = pd.MultiIndex.from_tuples(
    [("threshold", "value"), *((metric.__name__, end) for metric in CURVE_METRICS for end in ENDS)]
)


def budget_curve(
    scores: pd.DataFrame,
    label: pd.Series | None,
    events: pd.DataFrame,
    thresholds: pd.DataFrame,
    on_delay: tuple[int, int],
    hold: int,
    seed: int = 0,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Rows (detector, budget), columns (metric, value | low | high), and (threshold, value).

    Metrics: attacks found, median delay, time in alarm and false alarms per day, each with the ends of its 95 %
    bootstrap interval; the draws are those of `compare_resampled`. Empty without an attack in `label`.

    scores: as `Pipeline.score` gives them. thresholds: detectors × budgets, of `Pipeline.thresholds`. on_delay, hold:
    those of the pipeline.
    """
    if label is None or not label.any():
        return pd.DataFrame(columns=CURVE_COLUMNS)
    plain = make_case(label, scores.iloc[:, 0].notna() & False, events=events)
    drawn = resampled(plain, draws, seed)
    rows: dict[tuple[str, float], list[float]] = {}
    with threadpool_limits(1, "blas"):  # products this small take more time on several threads
        for name, levels in thresholds.iterrows():
            score = scores[name, "score"].to_numpy(np.float64)
            figures = {
                level: [level, *_figures(plain.with_answer(alarm, score), drawn.with_answer(alarm, score))]
                for level, alarm in alarms_at(score, levels.unique(), on_delay, hold)
            }
            rows |= {(str(name), float(budget)): figures[level] for budget, level in levels.items()}
    return pd.DataFrame(rows, CURVE_COLUMNS).T.rename_axis(["detector", "budget"])


def curve_verdict(curve: pd.DataFrame) -> str:
    """What `budget_curve` says, in a sentence for the smallest budget and one for the largest."""
    if curve.empty:
        return "No attack is labelled in this recording: what is found at other budgets is not known."
    budgets = curve.index.unique("budget")
    return " ".join(_best_at(curve.xs(budget, level="budget"), budget) for budget in (budgets.min(), budgets.max()))


def _best_at(at: pd.DataFrame, budget: float) -> str:
    most = at["event_recall", "value"].max()
    if most == 0:
        return f"At {budget:g} false alarms per day no detector finds any of the attacks."
    in_alarm = at.loc[at["event_recall", "value"] == most, ("false_positive_rate", "value")].dropna()
    if in_alarm.empty:
        return f"At {budget:g} false alarms per day {most:.0%} of the attacks are found; no normal row has a score."
    return (
        f"At {budget:g} false alarms per day **{in_alarm.idxmin()}** finds most, {most:.0%} of the attacks, and is in "
        f"alarm for {in_alarm.min():.1%} of the normal time."
    )


def alarms_at(
    score: np.ndarray, thresholds: Iterable[float], on_delay: tuple[int, int], hold: int
) -> Iterator[tuple[float, np.ndarray]]:
    """Each threshold, and the alarm (rows,) that the pipeline's would be with it.

    score: what is stored (rows,). What an alarm owes to rows before the first score of a segment is not known from it.
    """
    delayed = on_delayed(score, *on_delay)
    for level in thresholds:
        yield level, rows_since_above(delayed, level, hold) <= hold


def _figures(plain: Case, drawn: Case) -> Iterator[float]:
    """Value, low and high of each metric."""
    for metric in CURVE_METRICS:
        yield float(metric(plain))
        yield from pd.Series(metric(drawn)).quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
