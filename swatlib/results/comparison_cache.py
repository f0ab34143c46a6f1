"""Comparisons of detectors in the cache folder: of equal scores, labels and attacks the figures are the same."""

from collections.abc import Callable

import pandas as pd

from swatlib.cached import rows_digest
from swatlib.metrics import budget_curve, compare, compare_resampled
from swatlib.results.detection import DetectionResults
from swatlib.results.table_cache import cached_tables


def cached_comparison(
    scores: pd.DataFrame, label: pd.Series | None, events: pd.DataFrame, seed: int = 0, force: bool = False
) -> pd.DataFrame:
    """What `metrics.compare` gives. force: compute it anew."""
    return _kept("comparison", compare, scores, label, events, seed, force)


def cached_draws(
    scores: pd.DataFrame, label: pd.Series, events: pd.DataFrame, seed: int = 0, force: bool = False
) -> pd.DataFrame:
    """What `metrics.compare_resampled` gives. force: compute it anew."""
    return _kept("draws", compare_resampled, scores, label, events, seed, force)


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


def _kept(
    name: str,
    figures: Callable[..., pd.DataFrame],
    scores: pd.DataFrame,
    label: pd.Series | None,
    events: pd.DataFrame,
    seed: int,
    force: bool,
) -> pd.DataFrame:
    judged = scores.loc[:, scores.columns.get_level_values(1).isin(("score", "alarm"))]
    depends = [rows_digest(judged, label, events), seed]
    return cached_tables(name, depends, lambda: {name: figures(scores, label, events, seed)}, force)[name]
