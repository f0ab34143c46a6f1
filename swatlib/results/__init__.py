"""What a pipeline made of a recording with attacks: scores, thresholds and lead tags; cached, and so are fits."""

from swatlib.results.comparison_cache import cached_comparison, cached_curve, cached_draws
from swatlib.results.detection import DetectionResults
from swatlib.results.fit_cache import cached_features, cached_fit
from swatlib.results.movement import movements
from swatlib.results.result_cache import cached_results
from swatlib.results.silences import silences, unscored
from swatlib.results.table_cache import cached_tables

__all__ = [
    "DetectionResults",
    "cached_comparison",
    "cached_curve",
    "cached_draws",
    "cached_features",
    "cached_fit",
    "cached_results",
    "cached_tables",
    "movements",
    "silences",
    "unscored",
]
