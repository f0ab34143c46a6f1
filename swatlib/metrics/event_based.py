"""Metrics that count attacks and alarms: what an operator meets.

An alarm is an interval of consecutive alarm rows. It is false when it touches no event. An event is found when an
alarm row lies in it.
"""

import numpy as np

from swatlib.metrics.case import Case, PerDraw, harmonic, rate, share
from swatlib.metrics.point_based import precision


def event_recall(case: Case) -> PerDraw:
    """Share of the events that are found.

    Formula: found / events; found: at least one alarm row in the event
    Direction: high is better
    Range: 0 to 1
    Source: Hundman et al., KDD 2018
    Weakness: all-alarm gets 1; an alarm that still stands from an earlier attack finds the next
    """
    found = case.hits > 0
    return share(case.sum_events(found), case.sum_events(np.ones_like(found)))


def event_precision(case: Case) -> PerDraw:
    """Share of the alarms that begin in an attack, of all that call the operator.

    Formula: called / (called + false); called: events in which an alarm begins; false: alarms that touch no event;
        0 without either. An alarm that begins before an event and runs into it is neither
    Direction: high is better
    Range: 0 to 1; all-alarm gets 0
    Source: Hundman et al., KDD 2018, who count every touched event as called, so that all-alarm gets 1
    Weakness: blind to how long a false alarm lasts; with labels that come late an early alarm earns nothing
    """
    begins = np.zeros_like(case.alarm)
    begins[case.alarms[:, 0]] = True
    called = case.sum_events(case.rows_in_events(begins) > 0)
    return share(called, called + case.false_alarms)


def event_f1(case: Case) -> PerDraw:
    """Harmonic mean of event precision and event recall.

    Formula: 2 P R / (P + R) of event_precision and event_recall
    Direction: high is better
    Range: 0 to 1; random alarms in 0.1 % of the rows get about 0.07 on 2015
    Source: Hundman et al., KDD 2018, with the precision as defined here
    Weakness: an alarm that begins in the first attack and never ends gets 1: read it with false_positive_rate. Every
        attack weighs the same, among them four that leave no trace in the 51 tags
    """
    return harmonic(event_precision(case), event_recall(case))


def fc1(case: Case) -> PerDraw:
    """Composite F1: harmonic mean of the precision over rows and the recall over events.

    Formula: 2 P R / (P + R) of precision and event_recall
    Direction: high is better
    Range: 0 to 1; all-alarm gets 0.21 on 2015
    Source: Garg et al., IEEE TNNLS 2021 (Fc1)
    Weakness: one second in each attack is enough; aftermath counts as false
    """
    return harmonic(precision(case), event_recall(case))


def false_alarms_per_day(case: Case) -> PerDraw:
    """Alarms that touch no event, per day of judged time outside the events.

    Formula: false alarms / (rows in no event, with a score x seconds a row / 86,400)
    Direction: low is better
    Range: 0 and up
    Source: the metric that the budget of swatlib.alarms limits; Axelsson, ACM TISSEC 2000, on why it decides
    Weakness: counts a chattering alarm often and a long one once, so all-alarm gets 0: read it with false_positive_rate
    """
    return rate(case.false_alarms, case.normal_days)


def delay_median_s(case: Case) -> PerDraw:
    """Median time from the beginning of a found event to its first alarm row, in seconds.

    Formula: median of (first alarm row in the event - start of the event) over found events; NaN when none is found
    Direction: low is better
    Range: 0 s to the longest event
    Source: Tartakovsky, Nikiforov and Basseville, Sequential Analysis, 2014
    Weakness: missed events are left out, so read it with event_recall; label clocks are off by up to 66 s in 2015
    """
    delays = delays_s(case.alarm, case.spans, case.onsets, case.seconds)
    if case.weights is None:
        return np.nanmedian(delays) if np.isfinite(delays).any() else np.nan
    found = np.isfinite(delays)
    return weighted_medians(delays[found], case.weights[:, : len(delays)][:, found])


def first_rows(alarm: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """First alarm row in each span (m,), -1 where there is none."""
    rows = np.append(np.flatnonzero(alarm), len(alarm))
    first = rows[np.searchsorted(rows, spans[:, 0])]
    return np.where(first < spans[:, 1], first, -1)


def delays_s(alarm: np.ndarray, spans: np.ndarray, onsets: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Seconds from each onset to the first alarm row of the event (m,), NaN where there is none."""
    first = first_rows(alarm, spans)
    return np.where(first >= 0, seconds[first] - onsets, np.nan)


def standing_at(alarm: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Whether the alarm is on at each start and in the row before it (m,)."""
    return alarm[starts] & alarm[starts - 1] & (starts > 0)


def weighted_medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Median of the values (k,), each as often as its weight (draws, k); NaN in a draw without any."""
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values)
    reached = np.cumsum(weights[:, order], axis=1)
    middles = [(reached > np.floor((reached[:, -1:] - odd) / 2)).argmax(axis=1) for odd in (1, 0)]
    median = values[order][middles].mean(axis=0)
    return np.where(reached[:, -1] > 0, median, np.nan)
