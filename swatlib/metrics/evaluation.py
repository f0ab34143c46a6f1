"""All metrics of one detector at once, and what each of them means."""

import inspect
import re
from collections.abc import Callable
from typing import TypeAlias

import pandas as pd

from swatlib.metrics.affiliation import affiliation_f1, affiliation_precision, affiliation_recall
from swatlib.metrics.case import Case, Events, PerDraw, Rows, make_case
from swatlib.metrics.curves import average_precision, vus_pr, vus_roc
from swatlib.metrics.event_based import (
    delay_median_s,
    event_f1,
    event_precision,
    event_recall,
    false_alarms_per_day,
    fc1,
)
from swatlib.metrics.point_based import f1, false_positive_rate, pa_f1, pa_k20_f1, precision, recall
from swatlib.metrics.range_based import range_f1

Metric: TypeAlias = Callable[[Case], PerDraw]
METRICS: dict[str, tuple[Metric, ...]] = {
    "alarm": (
        precision,
        recall,
        f1,
        event_precision,
        event_recall,
        event_f1,
        fc1,
        false_alarms_per_day,
        false_positive_rate,
        delay_median_s,
        pa_f1,
        pa_k20_f1,
        range_f1,
        affiliation_precision,
        affiliation_recall,
        affiliation_f1,
    ),
    "score": (average_precision, vus_pr, vus_roc),
}

_FIELDS = ("Formula", "Direction", "Range", "Source", "Weakness")


def evaluate(
    label: Rows, alarm: Rows | None = None, score: Rows | None = None, events: Events | None = None
) -> dict[str, float]:
    """Every metric of the alarm, if there is one, and of the score, if there is one.

    Parameters
    ----------
    label : bool, shape (n,)
        Array or Series; True in attack rows. A row is one second unless a DatetimeIndex says otherwise.
    alarm : bool, shape (n,), optional
    score : float, shape (n,), optional
        High = anomalous. Rows where it is NaN (warm-up, missing readings) are left out of its metrics, may not alarm,
        and are no normal time in false alarms per day and the false positive rate; an attack in them is missed.
    events : table or pairs of rows, optional
        What metrics over events count: a table with `start` and `end` (half-open times, as `data.attacks` gives; the
        rows then need a DatetimeIndex), or pairs of first row and one after the last. Events that touch stay apart.
        Without it, the intervals of the label.

    Returns
    -------
    dict of str to float
        Values by the names in METRICS; `definitions` has their formulas. NaN is what can't be computed: false alarms
        per day and the false positive rate where no normal row is judged, the delay where no event is found, and
        metrics of the score where no attack row or no normal row has one.

    Raises
    ------
    ValueError
        For rows that do not go together, a label that is not bool or has no attack, an event without a row, an
        infinite score, or neither alarm nor score.

    Examples
    --------
    >>> import numpy as np
    >>> label = np.array([False, False, True, True, False, False])
    >>> alarm = np.array([False, False, False, True, True, False])
    >>> values = evaluate(label, alarm, score=[0.1, 0.2, 0.3, 0.9, 0.8, 0.1])
    >>> {name: values[name] for name in ("precision", "event_recall", "delay_median_s", "false_positive_rate")}
    {'precision': 0.5, 'event_recall': 1.0, 'delay_median_s': 1.0, 'false_positive_rate': 0.25}

    References
    ----------
    Each metric names its source; see `definitions`. The volumes: Paparrizos et al., VLDB 2022. Affiliation: Huet,
    Navarro and Rossi, KDD 2022.
    """
    if alarm is None and score is None:
        raise ValueError("there is nothing to evaluate; give alarm, score, or both")
    case = make_case(label, alarm, score, events)
    return {name: float(value) for name, value in metric_values(case).items()}


def metric_values(case: Case) -> dict[str, PerDraw]:
    """Every metric of the alarm and of the score, as far as the case has them, by name.

    NaN is what can't be computed: false alarms per day and the false positive rate where no normal row is judged,
    metrics of the score where no attack row or no normal row has one.
    """
    given = [needs for needs in METRICS if getattr(case, needs) is not None]
    return {metric.__name__: metric(case) for needs in given for metric in METRICS[needs]}


def definitions() -> pd.DataFrame:
    """The metrics as a table, from their docstrings: one row a metric; meaning, formula, direction, range, …"""
    metrics = [metric for group in METRICS.values() for metric in group]
    return pd.DataFrame([_defined(metric) for metric in metrics], index=[metric.__name__ for metric in metrics])


def _defined(metric: Metric) -> dict[str, str]:
    meaning, *parts = re.split(rf"^({'|'.join(_FIELDS)}): ", inspect.getdoc(metric) or "", flags=re.MULTILINE)
    fields = {"meaning": meaning} | {name.lower(): text for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return {name: " ".join(text.split()) for name, text in fields.items()}
