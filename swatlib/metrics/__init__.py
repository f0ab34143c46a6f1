"""What a detector is worth, given the labels.

case → points, events → evaluation → comparison. attacks: one by one; nulls: detectors that know nothing, to read
beside.

A metric is a function of a `Case` and stands in METRICS under what it needs. Its docstring is its definition, line by
line: what it is, Formula, Direction, Range, Source, Weakness.
"""

from swatlib.metrics.attacks import per_attack
from swatlib.metrics.attribution import attribution
from swatlib.metrics.comparison import compare, summary, verdict
from swatlib.metrics.evaluation import METRICS, definitions, evaluate
from swatlib.metrics.nulls import null_rows

__all__ = [
    "METRICS",
    "attribution",
    "compare",
    "definitions",
    "evaluate",
    "null_rows",
    "per_attack",
    "summary",
    "verdict",
]
