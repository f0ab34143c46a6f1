"""Tables as text: headings in words with their units, numbers with three significant figures, shares in percent."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.api.types import is_bool, is_number, is_scalar

from swatlib.metrics.bootstrap import SHARES
from swatlib.wording import number

HEADINGS = {
    "event_recall": "attacks found",
    "event_precision": "alarms that are right",
    "event_f1": "event F1",
    "alarms_per_day": "alarms per day",
    "false_alarms_per_day": "false alarms per day",
    "false_positive_rate": "normal time in alarm",
    "delay_median_s": "median delay (s)",
    "delay_s": "delay (s)",
    "lasts_s": "lasts (s)",
    "precision": "precision (rows)",
    "recall": "recall (rows)",
    "f1": "F1 (rows)",
    "fc1": "composite F1",
    "pa_f1": "point-adjusted F1",
    "pa_k20_f1": "F1, point-adjusted at 20 %",
    "range_f1": "range F1",
    "affiliation_precision": "affiliation precision",
    "affiliation_recall": "affiliation recall",
    "affiliation_f1": "affiliation F1",
    "average_precision": "average precision",
    "vus_pr": "VUS-PR",
    "vus_roc": "VUS-ROC",
    "lead_tag": "lead tag",
    "attacked": "lead tag attacked",
    "standing": "alarm stood already",
    "recall_95": "attacks found, 95 % CI",
    "near": "lead tag right",
    "false_alarms_95": "false alarms per day, 95 % CI",
    "echoes": "false alarms after attacks (per day)",
    "in_alarm_outside": "normal time in alarm",
    "harmless_alarmed": "alarms in harmless disturbances",
    "offset_s": "offset (s)",
    "true_offset_s": "true offset (s)",
    "recovery_s": "recovery (s)",
    "unchanged": "rows without a change",
    "false alarms per day on the check part": "false alarms per day on held-out normal data",
    "expected per day, from": "false alarms per day to expect, from",
    "expected per day, to": "to",
    "expected_to": "false alarms per day to expect, at most",
    "foretold": "plants as foretold",
    "budget": "budget (false alarms per day)",
}
IN_WHOLE_SECONDS = {"delay_s", "delay_median_s", "lasts_s"}
IN_PERCENT = {*SHARES, "unchanged", "near", "in_alarm_outside", "foretold"}


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The same table as text: headings and names of metrics in words, numbers with three figures, a dash for none.

    A bool is yes or no, a time has its seconds, a delay is in whole seconds, a share is in percent. In a name without
    words of its own underscores become spaces, but not in a text of a detector.
    """
    shown = table.apply(lambda column: column.map(_format(column.name)))
    named = shown.rename(columns=_words, index=_words)
    names = [None if name is None else _words(name) for name in named.index.names]
    return named.rename_axis(index=names, columns=None if table.columns.nlevels == 1 else table.columns.names)


def _words(name: Any) -> Any:
    if not isinstance(name, str) or ":" in name:  # as in my_detector.py:ZScore
        return name
    return HEADINGS.get(name, name.replace("_", " "))


def _format(name: Any) -> Callable[[Any], str]:
    return _whole if name in IN_WHOLE_SECONDS else _percent if name in IN_PERCENT else _cell


def _percent(value: Any) -> str:
    return f"{number(100 * value)}%" if _is_finite(value) else _cell(value)


def _whole(value: Any) -> str:
    return _cell(round(value) if _is_finite(value) else value)


def _is_finite(value: Any) -> bool:
    return is_number(value) and not is_bool(value) and math.isfinite(value)


def _cell(value: Any) -> str:
    if is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if is_bool(value):
        return "yes" if value else "no"
    return number(value) if is_number(value) else str(value)
