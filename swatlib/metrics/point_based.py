"""Metrics that count rows: how many seconds are right."""

import numpy as np

from swatlib.arrays import mask_of
from swatlib.metrics.case import Case, PerDraw, rate, share


def precision(case: Case) -> PerDraw:
    """Share of the alarm rows that are attack rows.

    Formula: TP / (TP + FP) over rows; 0 without an alarm
    Direction: high is better
    Range: 0 to 1
    Source: van Rijsbergen, Information Retrieval, 1979
    Weakness: the aftermath of an attack is labelled normal, so a detector that sees the plant recover loses
    """
    return share(case.rows(case.alarm & case.label), case.rows(case.alarm))


def recall(case: Case) -> PerDraw:
    """Share of the attack rows that are alarm rows.

    Formula: TP / (TP + FN) over rows
    Direction: high is better
    Range: 0 to 1
    Source: van Rijsbergen, Information Retrieval, 1979
    Weakness: attack 28 alone is some 63 % of all attack rows of 2015
    """
    return share(case.rows(case.alarm & case.label), case.rows(case.label))


def false_positive_rate(case: Case) -> PerDraw:
    """Share of the normal rows that are alarm rows: how much of the normal time is in alarm.

    Formula: FP / (FP + TN) over rows with a score
    Direction: low is better
    Range: 0 to 1; all-alarm gets 1
    Source: Swets, Science 1988
    Weakness: one long false alarm weighs as much as many short ones; aftermath counts as false
    """
    return rate(case.rows(case.alarm & ~case.label), case.rows(case.judged & ~case.label))


def f1(case: Case) -> PerDraw:
    """Harmonic mean of precision and recall over rows.

    Formula: 2 TP / (2 TP + FP + FN)
    Direction: high is better
    Range: 0 to 1; all-alarm gets 0.21 on 2015
    Source: van Rijsbergen, Information Retrieval, 1979
    Weakness: finding attack 28 alone gives 0.78 on 2015, missing it and finding all others 0.53
    """
    return _f1_of_rows(case, case.alarm)


def pa_f1(case: Case) -> PerDraw:
    """F1 over rows after point adjustment: one alarm row in an event counts all its rows as found.

    Formula: F1 of the alarm with every touched event filled up
    Direction: high is better
    Range: 0 to 1; random alarms in 0.1 % of the rows get about 0.9 on 2015
    Source: Xu et al., WWW 2018; Kim et al., AAAI 2022, on why not
    Weakness: rewards noise; shown only because others report it
    """
    return _f1_adjusted(case, least=0.0)


def pa_k20_f1(case: Case) -> PerDraw:
    """F1 over rows after adjusting only the events of which more than 20 % of the rows alarm.

    Formula: F1 of the alarm with events filled up where alarm rows / rows > 0.2
    Direction: high is better
    Range: 0 to 1
    Source: Kim et al., AAAI 2022 (PA%K with K = 20)
    Weakness: the 20 % is a choice, and attack 28 weighs as in f1
    """
    return _f1_adjusted(case, least=0.2)


def _f1_of_rows(case: Case, alarm: np.ndarray) -> PerDraw:
    return share(2 * case.rows(alarm & case.label), case.rows(alarm) + case.rows(case.label))


def _f1_adjusted(case: Case, least: float) -> PerDraw:
    enough = case.hits > least * np.diff(case.spans, axis=1)[:, 0]
    return _f1_of_rows(case, case.alarm | mask_of(case.spans[enough], len(case.label)))
