"""What could be found at all of the attacks of swat-sim-1: a clairvoyant that knows each attack in advance.

twins (each attack beside the same plant without it) → whitening (fitted on normal days) → filters → clairvoyant

An oracle study: it reads labels, and the plant without the attack, by design. Nothing of it reaches a detector.
"""

from swatlib.studies.ceiling.clairvoyant import SHARED_BY, by_kind, ceiling_trials, judge_run, judge_twins
from swatlib.studies.ceiling.twins import Twin, TwinRun, plain_days, twin_run, twins_of

__all__ = [
    "SHARED_BY",
    "Twin",
    "TwinRun",
    "by_kind",
    "ceiling_trials",
    "judge_run",
    "judge_twins",
    "plain_days",
    "twin_run",
    "twins_of",
]
