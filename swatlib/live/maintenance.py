"""Maintenance windows of a plant: alarms within one are kept and shown, and no alert of them is sent.

A window is a point of the measurement `maintenance`, at its start; Grafana's rule reads it beside the scores.
"""

import pandas as pd

from swatlib.live import sink
from swatlib.live.line_protocol import string
from swatlib.live.sink import MAINTENANCE, InfluxSink

LONGEST_WINDOW = pd.Timedelta("31d")  # Grafana's rule looks back so far
WINDOW_STATES = ("planned", "now", "over", "ended early")


def begin_maintenance(
    reader: InfluxSink, to: InfluxSink, plant: str, note: str, start: pd.Timestamp, end: pd.Timestamp
) -> None:
    """Keep a window; `end` is half-open. Raises ValueError for one that is too long, or for a second one at `start`."""
    if not pd.Timedelta(0) < end - start <= LONGEST_WINDOW:
        raise ValueError(f"a maintenance window lasts up to {LONGEST_WINDOW.days} days; met: {start} to {end}")
    if start in maintenance_windows(reader, plant, start, start + pd.Timedelta(1, "ns")).index:
        raise ValueError(f"a maintenance window of plant {plant} begins at {start} already; choose another start")
    _store(to, plant, start, end=end.timestamp(), note=string(note))


def maintenance_windows(
    reader: InfluxSink, plant: str, since: pd.Timestamp | None = None, until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Windows that begin between two times, the newest first: end, note, and state, one of WINDOW_STATES."""
    bounds = [f"time {sign} {when.as_unit('ns').value}" for sign, when in ((">=", since), ("<", until)) if when]
    where = " AND ".join([f'"plant" = {sink.quoted(plant)}', *bounds])
    found = reader.select(f'SELECT * FROM "{MAINTENANCE}" WHERE {where} ORDER BY time DESC')
    if found.empty:
        return pd.DataFrame(columns=["end", "note", "state"], index=pd.DatetimeIndex([], name="start"))
    start = pd.DatetimeIndex(pd.to_datetime(found["time"]), name="start")
    end = [sink.time_of(each) for each in found["end"]]
    early = found["ended"].notna() if "ended" in found else pd.Series(False, found.index)
    state = [_state(*each) for each in zip(start, end, early, strict=True)]
    return pd.DataFrame({"end": end, "note": found["note"].to_numpy(), "state": state}, index=start)


def end_maintenance(reader: InfluxSink, to: InfluxSink, plant: str, start: pd.Timestamp | None = None) -> pd.DataFrame:
    """End windows now, those that are on or the one that begins at `start`; gives them as they were.

    One that has not begun is never on. Raises ValueError where none is on, or none that is on or planned begins then.
    """
    windows = maintenance_windows(reader, plant)
    meant = windows[windows["state"] == "now"] if start is None else windows[windows.index == start]
    meant = meant[meant["state"].isin(("now", "planned"))]
    if meant.empty:
        said = "is on" if start is None else f"that is on or planned begins at {start}"
        raise ValueError(
            f"no maintenance window of plant {plant} {said}; `python -m swatlib alarms maintenance list` shows them"
        )
    now = _now()
    for first in meant.index:
        _store(to, plant, first, end=max(first, now).timestamp(), ended=now.timestamp())
    return meant


def _store(to: InfluxSink, plant: str, start: pd.Timestamp, **fields: object) -> None:
    to.write(sink.point(MAINTENANCE, {"plant": plant}, fields, start), plant)


def _state(start: pd.Timestamp, end: pd.Timestamp, early: bool) -> str:
    now = _now()
    return "ended early" if early else "planned" if now < start else "now" if now < end else "over"


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC").tz_localize(None)
