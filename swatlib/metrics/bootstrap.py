"""Bootstrap confidence intervals of the metrics, over the attacks and the normal days of the recording.

All detectors are judged on the same draws, so that their differences are paired.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from swatlib.metrics.case import Case
from swatlib.metrics.evaluation import definitions

DRAWS, LEVEL = 1_000, 0.95
BEST, TIES = "●", "≈"
SHARES = ("event_recall", "event_precision", "false_positive_rate", "precision", "recall")  # shown in percent


def resampled(case: Case, draws: int = DRAWS, seed: int = 0) -> Case:
    """The case with as many events as it has, drawn with replacement, and with its normal days drawn likewise.

    Source: Efron, Annals of Statistics 1979. Days are blocks, since the false alarms of a day come together; a
    recording of less than four days is drawn by its quarters. Metrics of the result are arrays (draws,).
    """
    generator = np.random.default_rng(seed)
    present, events = np.unique(case.groups), np.arange(len(case.spans))
    weights = np.zeros((draws, max(present.max() + 1, len(events))))
    for groups in (events, present[present >= len(events)]):
        if len(groups):
            weights[:, groups] = generator.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), draws)
    return replace(case, weights=weights)


def intervals(samples: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Bootstrap confidence interval at `level`: rows (kind, name), columns (metric, low or high).

    samples: as `compare_resampled` gives them. A metric at the end of its range, such as every attack found, has an
    interval of zero width: every draw consists of the recorded attacks.
    """
    ends = samples.quantile([(1 - level) / 2, (1 + level) / 2]).set_axis(["low", "high"])
    table = ends.T.unstack("metric").swaplevel(axis=1)  # sorted by name; reindexed to the order of the samples
    rows = samples.columns.droplevel("metric").unique()
    columns = pd.MultiIndex.from_product([samples.columns.unique("metric"), ends.index])
    return table.reindex(index=rows, columns=columns)


def beats(samples: pd.DataFrame, metric: str, level: float = LEVEL) -> pd.DataFrame:
    """Whether the detector of the row is better than that of the column: the interval of their difference excludes 0.

    samples: as `compare_resampled` gives them. Differences are taken draw by draw. Not corrected for the number of
    pairs: of twenty equal pairs one may seem different. Raises ValueError for a metric that the samples lack.
    """
    if metric not in samples.columns.unique("metric"):
        raise ValueError(f"no draws of {metric}; there are those of {', '.join(samples.columns.unique('metric'))}")
    drawn = samples["detector"].xs(metric, axis=1, level="metric")
    sign = 1 if definitions().loc[metric, "direction"].startswith("high") else -1
    better = {
        name: [(sign * (drawn[name] - drawn[other])).quantile((1 - level) / 2) > 0 for other in drawn] for name in drawn
    }
    return pd.DataFrame(better, index=drawn.columns).T.rename_axis(index="detector", columns="beats")


def with_intervals(table: pd.DataFrame, samples: pd.DataFrame, metrics: Iterable[str]) -> pd.DataFrame:
    """Metrics with their bootstrap confidence intervals as text: "0.79 (0.62–0.91)", "3.1% (2.4–3.9)".

    table: of `compare`, or rows of it. samples: of `compare_resampled`, for the same detectors. ● marks the best
    detector of a column, ≈ those that it does not beat. A metric without draws is left as it is.
    """
    metrics = list(metrics)
    if samples.empty:
        return table[metrics]
    ends, shown = intervals(samples), table[metrics].to_dict("series")
    for metric in {*metrics} & {*ends.columns.unique(0)}:
        marks = {("detector", name): mark for name, mark in marked(table, samples, metric).items()}
        bounds = ends[metric].reindex(table.index).itertuples(index=False, name=None)
        shown[metric] = [
            _with_bounds(metric, value, low, high) + marks.get(row, "")
            for row, value, (low, high) in zip(table.index, table[metric], bounds, strict=True)
        ]
    return pd.DataFrame(shown, index=table.index).where(table[metrics].notna(), "–")


def _with_bounds(metric: str, value: float, low: float, high: float) -> str:
    """A value and its bounds with the same decimals."""
    largest = np.nanmax([value, high, 0.0])
    if metric in SHARES:
        decimals = _decimals(100 * largest, 10)
        return f"{value:.{decimals}%} ({100 * low:.{decimals}f}–{100 * high:.{decimals}f})"
    decimals = {"delay_median_s": 0, "false_alarms_per_day": _decimals(largest, 100)}.get(metric, 2)
    return f"{value:.{decimals}f} ({low:.{decimals}f}–{high:.{decimals}f})"


def _decimals(largest: float, whole: float) -> int:
    """None from `whole` on, one from its tenth on, else two; none for 0."""
    return 0 if largest >= whole or largest == 0 else 1 if largest >= whole / 10 else 2


def marked(table: pd.DataFrame, samples: pd.DataFrame, metric: str) -> dict[str, str]:
    """Marks of the best detector by a metric (●) and of those it does not beat (≈); NaN is never best."""
    known = table.loc["detector", metric].dropna()
    if len(known) < 2:
        return {}
    low = definitions().loc[metric, "direction"].startswith("low")
    best = known.idxmin() if low else known.idxmax()
    beaten = beats(samples, metric).loc[best]
    return {name: f" {BEST if name == best else TIES}" for name in known.index if not beaten[name]}
