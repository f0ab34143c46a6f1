"""What a detector is worth, given the labels.

case → points, events, ranges, affiliation, curves → evaluation → resampling → comparison. attacks: one by one; nulls:
detectors that know nothing, to read beside.

A metric is a function of a `Case` and stands in METRICS under what it needs. Its docstring is its definition, line by
line: what it is, Formula, Direction, Range, Source, Weakness. It is written once, as sums over rows, events and alarms,
which a resampled case weighs: the same function gives the figure and its uncertainty.
"""

from swatlib.metrics.attribution import attribution
from swatlib.metrics.baselines import baselines
from swatlib.metrics.bootstrap import beats, intervals, with_intervals
from swatlib.metrics.comparison import compare, compare_resampled, summary, verdict
from swatlib.metrics.evaluation import METRICS, definitions, evaluate
from swatlib.metrics.per_attack import per_attack

__all__ = [
    "METRICS",
    "attribution",
    "baselines",
    "beats",
    "compare",
    "compare_resampled",
    "definitions",
    "evaluate",
    "intervals",
    "per_attack",
    "summary",
    "verdict",
    "with_intervals",
]
