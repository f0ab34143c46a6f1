"""Why the same scores give different figures: every protocol in use, applied to one detector.

truth → study → judging: from scores to a figure; truth → audit: labels held against the rows; published: what others
report, and what of it a run may be set beside.
"""

from swatlib.studies.protocols.figures import (
    alone,
    baseline_figures,
    evaluate_all,
    evaluate_under,
    in_short,
    said_baselines,
    said_spread,
    said_steps,
    steps,
)
from swatlib.studies.protocols.label_audit import (
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
from swatlib.studies.protocols.protocol import CHOICES, Protocol, ProtocolStudy, protocol_study
from swatlib.studies.protocols.published import box, may_compare, published_results
from swatlib.studies.protocols.truth import attack_counts, labels, windows

__all__ = [
    "CHOICES",
    "Protocol",
    "ProtocolStudy",
    "alone",
    "attack_counts",
    "baseline_figures",
    "box",
    "effects",
    "evaluate_all",
    "evaluate_under",
    "first_movements",
    "in_short",
    "labels",
    "labels_in_short",
    "may_compare",
    "phantoms",
    "protocol_study",
    "published_results",
    "recoveries",
    "said_baselines",
    "said_effects",
    "said_movements",
    "said_recoveries",
    "said_spread",
    "said_steps",
    "steps",
    "touching_attacks",
    "windows",
]
