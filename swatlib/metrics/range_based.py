"""Range-based metrics: each alarm and each attack is a range, and how much of it is met counts."""

import numpy as np

from swatlib.arrays import count_within
from swatlib.metrics.case import Case, PerDraw, harmonic, share


def range_f1(case: Case) -> PerDraw:
    """Harmonic mean of the mean share of each alarm that lies in attacks, and of each attack that alarms cover.

    Formula: 2 P R / (P + R); P: mean over alarms of (share of its rows in events / number of events it meets); R: mean
        over events of (share of its rows that alarm / number of alarms in it); what meets nothing gets 0
    Direction: high is better
    Range: 0 to 1; all-alarm gets 0.007 on 2015
    Source: Tatbul et al., NeurIPS 2018, flat bias, reciprocal cardinality, no reward for existence (alpha 0);
        Wagner et al., TMLR 2023, on how it compares
    Weakness: an alarm that chatters loses as often as it breaks off; a short alarm in each attack gets little, though
        an operator needs no more; one alarm over two touching attacks counts half, even the oracle's
    """
    return harmonic(_precision(case), _recall(case))


def _precision(case: Case) -> PerDraw:
    met = share(count_within(case.in_event, case.alarms), np.diff(case.alarms, axis=1)[:, 0])
    each = np.asarray(share(met, _meeting(case.alarms, case.spans)))
    return share(case.sum_alarms(each), case.sum_alarms(np.ones_like(each)))


def _recall(case: Case) -> PerDraw:
    met = share(case.hits, np.diff(case.spans, axis=1)[:, 0])
    each = np.asarray(share(met, _meeting(case.spans, case.alarms)))
    return share(case.sum_events(each), case.sum_events(np.ones_like(each)))


def _meeting(spans: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How many of the other spans each span shares a row with (m,)."""
    begun = np.searchsorted(np.sort(others[:, 0]), spans[:, 1])
    ended = np.searchsorted(np.sort(others[:, 1]), spans[:, 0], side="right")
    return begun - ended
