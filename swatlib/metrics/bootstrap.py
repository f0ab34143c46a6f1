"""How far a figure hangs on the attacks and days that happened to be recorded: the bootstrap, and what it lets one say.

Detectors are judged on the same draws, so that their differences are paired: a hard draw is hard for all.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from swatlib.metrics.case import Case
from swatlib.metrics.evaluation import definitions

DRAWS, LEVEL = 1_000, 0.95
BEST, TIES = "●", "≈"


def resampled(case: Case, draws: int = DRAWS, seed: int = 0) -> Case:
    """The case with its events drawn as often as there are, with replacement, and its quiet days likewise.

    Efron, Annals of Statistics 1979; days as blocks, since the false alarms of a day come together. A recording of
    less than four days is drawn by its quarters. Metrics of it are arrays (draws,).
    """
    generator = np.random.default_rng(seed)
    present, events = np.unique(case.groups), np.arange(len(case.spans))
    weights = np.zeros((draws, max(present.max() + 1, len(events))))
    for groups in (events, present[present >= len(events)]):
        if len(groups):
            weights[:, groups] = generator.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), draws)
    return replace(case, weights=weights)


def intervals(samples: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Ends of the interval that holds a share `level` of the draws: rows (kind, name), columns (metric, low or high).

    samples: as `compare_resampled` gives them. A figure at the end of its range, such as every attack found, has an
    interval of no width: the draws know only the attacks there were.
    """
    ends = samples.quantile([(1 - level) / 2, (1 + level) / 2]).set_axis(["low", "high"])
    table = ends.T.unstack("metric").swaplevel(
        axis=1
    )  # in the order of the alphabet, put back into that of the samples
    rows = samples.columns.droplevel("metric").unique()
    columns = pd.MultiIndex.from_product([samples.columns.unique("metric"), ends.index])
    return table.reindex(index=rows, columns=columns)


def beats(samples: pd.DataFrame, metric: str, level: float = LEVEL) -> pd.DataFrame:
    """Whether the detector of the row beats that of the column: the interval of their difference leaves out zero.

    samples: as `compare_resampled` gives them. Differences are taken draw by draw. Not corrected for the number of
    pairs: of twenty equal pairs one may seem unequal. Raises ValueError for a metric that the samples lack.
    """
    if metric not in samples.columns.unique("metric"):
        raise ValueError(f"no draws of {metric}; there are those of {', '.join(samples.columns.unique('metric'))}")
    drawn = samples["detector"].xs(metric, axis=1, level="metric")
    sign = 1 if definitions().loc[metric, "direction"].startswith("high") else -1
    better = {
        name: [(sign * (drawn[name] - drawn[other])).quantile((1 - level) / 2) > 0 for other in drawn] for name in drawn
    }
    return pd.DataFrame(better, index=drawn.columns).T.rename_axis(index="detector", columns="beats")


def with_intervals(table: pd.DataFrame, samples: pd.DataFrame, metrics) -> pd.DataFrame:
    """A table to read: "0.79 (0.62–0.91)", with ● at the best detector of a column and ≈ at those that tie with it.

    table: of `compare`. samples: of `compare_resampled`, for the same. A tie: the best does not beat it. A metric
    without draws is as it was.
    """
    if samples.empty:
        return table[list(metrics)]
    ends, shown = intervals(samples), table[list(metrics)].to_dict("series")
    for metric in {*metrics} & {*ends.columns.unique(0)}:
        marks = {("detector", name): mark for name, mark in marked(table, samples, metric).items()}
        bounds = ends[metric].itertuples(index=False, name=None)
        shown[metric] = [
            f"{_short(figure, 3)} ({_short(low, 2)}–{_short(high, 2)}){marks.get(row, '')}"
            for row, figure, (low, high) in zip(table.index, table[metric], bounds, strict=True)
        ]
    return pd.DataFrame(shown, index=table.index).where(table[list(metrics)].notna(), "–")


def _short(number: float, digits: int) -> str:
    return f"{number:.0f}" if abs(number) >= 10**digits else f"{number:.{digits}g}"


def marked(table: pd.DataFrame, samples: pd.DataFrame, metric: str) -> dict[str, str]:
    """The mark of each detector that is the best by a metric (●) or ties with it (≈); NaN is never best."""
    known = table.loc["detector", metric].dropna()
    if len(known) < 2:
        return {}
    low = definitions().loc[metric, "direction"].startswith("low")
    best = known.idxmin() if low else known.idxmax()
    beaten = beats(samples, metric).loc[best]
    return {name: f" {BEST if name == best else TIES}" for name in known.index if not beaten[name]}
