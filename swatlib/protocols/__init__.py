"""Why the same scores give different figures: every protocol in use, applied to one detector.

truth → study → judging; published: what others report, and what of it a run may be set beside.
"""

from swatlib.protocols.judging import alone, every, judge, said_spread, steps
from swatlib.protocols.published import box, may_compare, published
from swatlib.protocols.study import CHOICES, Protocol, Study, study
from swatlib.protocols.truth import attack_counts, labels

__all__ = [
    "CHOICES",
    "Protocol",
    "Study",
    "alone",
    "attack_counts",
    "box",
    "every",
    "judge",
    "labels",
    "may_compare",
    "published",
    "said_spread",
    "steps",
    "study",
]
