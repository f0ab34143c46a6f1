"""What a pipeline made of a recording with attacks: scores, thresholds and lead tags, kept in the cache."""

from swatlib.results.cache import cached_results
from swatlib.results.detection import DetectionResults
from swatlib.results.movement import movements

__all__ = ["DetectionResults", "cached_results", "movements"]
