"""One detector, attack by attack."""

import numpy as np
import pandas as pd

from swatlib.metrics.case import Events, Rows, column, elapsed_s, intervals_and_onsets, shape
from swatlib.metrics.event_based import delays_s, first_rows, standing_at

ATTACK_COLUMNS = ("attack", "start", "end", "points", "found", "delay_s", "standing", "lead_tag", "attacked")


def per_attack(events: Events, alarm: Rows, lead: Rows | None = None) -> pd.DataFrame:
    """One row an event: attack, start, end, points, found, delay_s, standing, lead_tag, attacked.

    events: as in `evaluate`; without a column `attack` they are numbered from 1. alarm: bool (n,). lead: tag that
    contributes most at each row (n,), read where the alarm is on. delay_s: seconds from the start of the event to its
    first alarm row. standing: whether that alarm stood already when the event began, on in its first row and in the
    one before: the detection is luck; False for an event that begins with the rows. lead_tag: the leading tag there.
    attacked: whether that is one of the event's points. For an event that is missed standing is False, and delay_s,
    lead_tag and attacked are missing; the last two also without a lead, the last without points. No event, no row.
    Raises ValueError for rows that do not go together.
    """
    rows, index = column("alarm", alarm)
    if lead is not None and np.shape(lead) != rows.shape:
        raise ValueError(f"alarm has {len(rows):,} rows and lead has {shape(lead)}; give both for the same rows")
    if isinstance(events, pd.DataFrame) and events.empty:
        return pd.DataFrame(columns=list(ATTACK_COLUMNS))
    seconds = elapsed_s(index, len(rows))
    spans, onsets = intervals_and_onsets(events, index, seconds)
    first = first_rows(rows, spans)
    table = _named(events, spans)
    table["found"] = first >= 0
    table["delay_s"] = delays_s(rows, spans, onsets, seconds)
    table["standing"] = standing_at(rows, spans[:, 0])
    table["lead_tag"] = _tags_at(lead, first)
    known = table["lead_tag"].notna() & table["points"].ne("")
    right = [tag in points.split(";") for tag, points in zip(table["lead_tag"], table["points"], strict=True)]
    table["attacked"] = pd.array(right, dtype="boolean")
    table.loc[~known, "attacked"] = pd.NA
    return table


def _named(events, spans: np.ndarray) -> pd.DataFrame:
    numbered = pd.DataFrame(
        {"attack": range(1, len(spans) + 1), "start": spans[:, 0], "end": spans[:, 1], "points": ""}
    )
    if not isinstance(events, pd.DataFrame):
        return numbered
    own = events.reset_index(drop=True)
    named = numbered.assign(**{name: own[name] for name in numbered if name in own})
    return named.assign(points=named["points"].fillna(""))


def _tags_at(lead, rows: np.ndarray) -> np.ndarray:
    tags = np.full(len(rows), np.nan, dtype=object)
    if lead is not None:
        tags[rows >= 0] = np.asarray(lead, dtype=object)[rows[rows >= 0]]
    return tags
