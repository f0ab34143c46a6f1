"""Comparisons of detectors in the cache folder: of equal scores, labels and attacks the figures are the same."""

import pandas as pd

from swatlib.cached import rows_digest
from swatlib.metrics import budget_curve, compare_resampled
from swatlib.metrics.comparison import compare_baselines, compare_detectors, is_judged
from swatlib.results.detection import DetectionResults
from swatlib.results.table_cache import cached_tables


def cached_comparison(
    scores: pd.DataFrame, label: pd.Series | None, events: pd.DataFrame, seed: int = 0, force: bool = False
) -> pd.DataFrame:
    """What `metrics.compare` gives; its baselines are kept apart, for other detectors. force: compute it anew."""
    digest = rows_digest(_judged(scores), label, events)
    kept = cached_tables("comparison", digest, lambda: {"detectors": compare_detectors(scores, label, events)}, force)
    if label is None or not is_judged(label):
        return kept["detectors"]
    depends = [rows_digest(label.index, label, events), seed]
    kept |= cached_tables("baselines", depends, lambda: {"baselines": compare_baselines(label, events, seed)}, force)
    return pd.concat([kept["detectors"], kept["baselines"]])


def cached_draws(
    scores: pd.DataFrame, label: pd.Series, events: pd.DataFrame, seed: int = 0, force: bool = False
) -> pd.DataFrame:
    """What `metrics.compare_resampled` gives. force: compute it anew."""
    depends = [rows_digest(_judged(scores), label, events), seed]
    return cached_tables("draws", depends, lambda: {"draws": compare_resampled(scores, label, events, seed)}, force)[
        "draws"
    ]


def cached_curve(
    results: DetectionResults, label: pd.Series | None, events: pd.DataFrame, seed: int = 0, force: bool = False
) -> pd.DataFrame:
    """What `metrics.budget_curve` gives of what a pipeline made of a recording. force: compute it anew."""
    judged = results.scores.loc[:, results.scores.columns.get_level_values(1) == "score"]
    depends = [rows_digest(judged, label, events, results.thresholds), results.on_delay, results.hold, seed]
    settings = results.thresholds, results.on_delay, results.hold
    made = cached_tables(
        "curve", depends, lambda: {"curve": budget_curve(judged, label, events, *settings, seed)}, force
    )
    return made["curve"]


def _judged(scores: pd.DataFrame) -> pd.DataFrame:
    """The columns that figures depend on."""
    return scores.loc[:, scores.columns.get_level_values(1).isin(("score", "alarm"))]
