"""Alarm episodes as values: rows in alarm that follow each other, of a detector or of any of a plant's.

They follow from scores alone, as `Pipeline.score` gives them: whoever makes them gets the same. How long the score must
be below the threshold before one ends, its off-delay, is in the column `alarm` already.
"""

import numpy as np
import pandas as pd

from swatlib.arrays import intervals_of

LEAST_LEVEL = 1e-9  # of a threshold: that of scores in bits may be 0, and no point holds an infinite peak
DETECTOR_FIELDS = ("detector", "start", "end", "lasts_s", "peak", "lead", "why")
PLANT_FIELDS = ("end", "standing", "peak", "lead", "strongest", "why", "detectors", "agree")


def detector_episodes(scores: pd.DataFrame) -> pd.DataFrame:
    """One row an episode of a detector, in the order of their starts: `DETECTOR_FIELDS`.

    scores: as `Pipeline.score` gives them. start, end: the first and the last row in alarm. lasts_s: seconds in alarm.
    peak: the highest score above its threshold, in multiples of the threshold. lead: the tag that led at the start.
    why: the tag that led at the peak.
    """
    steps = np.diff(scores.index) / pd.Timedelta("1s")
    period = np.median(steps) if len(steps) else 1.0
    rows = [row for name in scores.columns.unique(0) for row in _of_one(name, scores[name], period)]
    table = pd.DataFrame(rows, columns=list(DETECTOR_FIELDS))
    table = table.astype(
        dict.fromkeys(("start", "end"), scores.index.dtype) | dict.fromkeys(("lasts_s", "peak"), float)
    )
    return table.sort_values("start", kind="stable", ignore_index=True)


def plant_episodes(scores: pd.DataFrame) -> pd.DataFrame:
    """One row an episode of a plant, by its first second: `PLANT_FIELDS`, of which `end` is its last second.

    It lasts while any detector is in alarm. standing: the last row is still in alarm. peak: the highest of its
    detectors. lead: the tag that the first alarm led with. strongest: the detector of the peak, and why: the tag that
    led there. detectors: those in alarm, the first one first. agree: how many.
    """
    on = scores.xs("alarm", axis=1, level=1).astype(bool).any(axis=1).to_numpy()
    spans = intervals_of(on)
    each = detector_episodes(scores)
    number = np.searchsorted(scores.index[spans[:, 0]], each["start"], side="right")
    rows = [_together(part) for _, part in each.groupby(number)]
    table = pd.DataFrame(rows, columns=list(PLANT_FIELDS), index=scores.index[spans[:, 0]])
    return table.assign(standing=spans[:, 1] == len(on))


def _of_one(name: str, judged: pd.DataFrame, period: float) -> list[tuple]:
    times, lead = judged.index, judged["lead"].to_numpy()
    level = judged["threshold"].to_numpy(np.float64)
    above = (judged["score"].to_numpy(np.float64) - level) / np.maximum(np.abs(level), LEAST_LEVEL)
    rows = []
    for first, stop in intervals_of(judged["alarm"].to_numpy(bool)):
        start, end, peak = times[first], times[stop - 1], first + int(np.argmax(above[first:stop]))
        lasts = (end - start) / pd.Timedelta("1s") + period
        rows.append((name, start, end, lasts, float(above[peak]), lead[first], f"{lead[peak]} at the peak"))
    return rows


def _together(each: pd.DataFrame) -> dict[str, object]:
    """An episode of the plant, of those of its detectors."""
    highest = each.loc[each["peak"].idxmax()]
    names = list(dict.fromkeys(each["detector"]))
    return {
        "end": each["end"].max(),
        "peak": highest["peak"],
        "lead": each["lead"].iloc[0],
        "strongest": highest["detector"],
        "why": highest["why"],
        "detectors": ", ".join(names),
        "agree": len(names),
    }
