"""Figures: each function takes data frames and returns one matplotlib Figure, which a notebook shows once.

style → series, labels → panels → process, closeup, verdicts, scored, tags, sketch, live, architecture

Time runs to the right, attacks are grey, alarms red, thresholds dashed; long recordings are thinned to their extremes.
"""

from swatlib.plots.architecture import architecture
from swatlib.plots.closeup import attack
from swatlib.plots.live import live
from swatlib.plots.process import stages, tanks
from swatlib.plots.scored import precision_recall, score_distributions
from swatlib.plots.sketch import plant_sketch
from swatlib.plots.tags import drift, movement
from swatlib.plots.verdicts import matrix, strip

__all__ = [
    "architecture",
    "attack",
    "drift",
    "live",
    "matrix",
    "movement",
    "plant_sketch",
    "precision_recall",
    "score_distributions",
    "stages",
    "strip",
    "tanks",
]
