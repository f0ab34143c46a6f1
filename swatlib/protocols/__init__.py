"""Why the same scores give different figures: every protocol in use, applied to one detector.

truth → study → judging: from scores to a figure; truth → audit: labels held against the rows; published: what others
report, and what of it a run may be set beside.
"""

from swatlib.protocols.audit import (
    effects,
    first_movements,
    labels_in_short,
    phantoms,
    recoveries,
    said_effects,
    said_movements,
    said_recoveries,
    touching_attacks,
)
from swatlib.protocols.judging import (
    alone,
    every,
    in_short,
    judge,
    null_figures,
    said_nulls,
    said_spread,
    said_steps,
    steps,
)
from swatlib.protocols.published import box, may_compare, published
from swatlib.protocols.study import CHOICES, Protocol, Study, study
from swatlib.protocols.truth import attack_counts, labels, windows

__all__ = [
    "CHOICES",
    "Protocol",
    "Study",
    "alone",
    "attack_counts",
    "box",
    "effects",
    "every",
    "first_movements",
    "in_short",
    "judge",
    "labels",
    "labels_in_short",
    "may_compare",
    "null_figures",
    "phantoms",
    "published",
    "recoveries",
    "said_effects",
    "said_movements",
    "said_nulls",
    "said_recoveries",
    "said_spread",
    "said_steps",
    "steps",
    "study",
    "touching_attacks",
    "windows",
]
