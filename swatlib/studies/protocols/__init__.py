"""Why the same scores give different figures: every protocol in use, applied to one detector.

truth → protocol → figures: from scores to a metric; truth → label_audit: labels checked against the rows; published:
what others report, and what of it a run may be compared with.
"""

from swatlib.studies.protocols.figures import (
    baseline_figures,
    baselines_sentence,
    evaluate_all,
    evaluate_under,
    protocol_headline,
    single_changes,
    spread_sentence,
    step_table,
    steps_sentence,
)
from swatlib.studies.protocols.label_audit import (
    effects,
    effects_sentence,
    first_movements,
    label_headline,
    movements_sentence,
    phantoms,
    recoveries,
    recoveries_sentence,
    touching_attacks,
)
from swatlib.studies.protocols.protocol import CHOICES, Protocol, ProtocolStudy, protocol_study
from swatlib.studies.protocols.published import comparison_box, may_compare, published_results
from swatlib.studies.protocols.truth import attack_counts, labels, windows

__all__ = [
    "CHOICES",
    "Protocol",
    "ProtocolStudy",
    "attack_counts",
    "baseline_figures",
    "baselines_sentence",
    "comparison_box",
    "effects",
    "effects_sentence",
    "evaluate_all",
    "evaluate_under",
    "first_movements",
    "label_headline",
    "labels",
    "may_compare",
    "movements_sentence",
    "phantoms",
    "protocol_headline",
    "protocol_study",
    "published_results",
    "recoveries",
    "recoveries_sentence",
    "single_changes",
    "spread_sentence",
    "step_table",
    "steps_sentence",
    "touching_attacks",
    "windows",
]
