"""Figures: each function takes data frames and returns one matplotlib Figure, which a notebook shows once;
`explore` returns an interactive one.

style → looks, series, labels → panels → process, closeup, excerpt, verdicts, naming, scored, tags, sketch, protocols,
windows, budget_curves, likeness, live, parameter_effects; excerpt → explore; architecture, which draws no data

Time runs to the right, attacks are grey, alarms red, thresholds dashed; long recordings are reduced to their extremes.
"""

from swatlib.plots.architecture import architecture
from swatlib.plots.budget_curves import over_budgets
from swatlib.plots.closeup import closeup
from swatlib.plots.excerpt import excerpt
from swatlib.plots.explore import explore
from swatlib.plots.following import following
from swatlib.plots.likeness import likeness
from swatlib.plots.live_view import live
from swatlib.plots.naming import hit_rates
from swatlib.plots.parameter_effects import against_parameters
from swatlib.plots.protocol_effects import spread, waterfall
from swatlib.plots.robustness import after_the_fit, under_stress
from swatlib.plots.scored import precision_recall, score_distributions
from swatlib.plots.sketch import plant_sketch
from swatlib.plots.stages import stages, tanks
from swatlib.plots.tag_maps import drift, movement
from swatlib.plots.verdicts import matrix, strip
from swatlib.plots.windows import offsets, phantom

__all__ = [
    "after_the_fit",
    "against_parameters",
    "architecture",
    "closeup",
    "drift",
    "excerpt",
    "explore",
    "following",
    "hit_rates",
    "likeness",
    "live",
    "matrix",
    "movement",
    "offsets",
    "over_budgets",
    "phantom",
    "plant_sketch",
    "precision_recall",
    "score_distributions",
    "spread",
    "stages",
    "strip",
    "tanks",
    "under_stress",
    "waterfall",
]
