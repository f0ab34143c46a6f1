"""Metrics of a detector, given the labels.

case → point_based, event_based, range_based, affiliation, curves → evaluation → bootstrap → comparison
     ↘ per_attack (one row an attack), attribution (localisation), baselines (to compare with), budget_curve

A metric is a function of a `Case`, listed in METRICS under what it needs: the alarm or the score. Its docstring is its
definition, line by line: what it is, Formula, Direction, Range, Source, Weakness. It is written as sums over rows,
events and alarms, which a bootstrap draw weighs, so that one function gives the value and its confidence interval.
"""

from swatlib.metrics.attribution import attribution
from swatlib.metrics.baselines import baselines
from swatlib.metrics.bootstrap import beats, intervals, with_intervals
from swatlib.metrics.budget_curve import alarms_at, budget_curve, curve_verdict
from swatlib.metrics.comparison import compare, compare_resampled, key_figures, summary, verdict
from swatlib.metrics.evaluation import METRICS, definitions, evaluate
from swatlib.metrics.per_attack import per_attack

__all__ = [
    "METRICS",
    "alarms_at",
    "attribution",
    "baselines",
    "beats",
    "budget_curve",
    "compare",
    "compare_resampled",
    "curve_verdict",
    "definitions",
    "evaluate",
    "intervals",
    "key_figures",
    "per_attack",
    "summary",
    "verdict",
    "with_intervals",
]
