"""Lanes of the interactive figure: bars where something is on, the words on them, and what the mouse is told."""

import numpy as np
import pandas as pd

from swatlib.plots.series import GAP, RESOLUTION

LEAST_WORD = 0.05  # of the width of the figure: a state that lasts shorter has no word in its bar


def milliseconds(index: pd.DatetimeIndex) -> np.ndarray:
    """Times as plotly takes numbers on an axis of dates; it knows no zones, so they are those of the index's clock."""
    return index.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64) / 1000


def stretched(spans: np.ndarray, least: float) -> np.ndarray:
    """Spans (k, 2), the shortest made `least` long, those less than that apart made one: at most 1500 or so remain."""
    if not len(spans):
        return spans.reshape(0, 2)
    start, stop = spans[:, 0], np.maximum(spans[:, 1], spans[:, 0] + least)
    reached = np.maximum.accumulate(stop)
    begins = np.r_[True, start[1:] - reached[:-1] > least]
    return np.column_stack([start[begins], reached[np.r_[begins[1:], True]]])


def spans_of(mask: np.ndarray, times: np.ndarray, step: float) -> np.ndarray:
    """Start and end of each run of True (k, 2), in the unit of `times`, parted at gaps; a row lasts `step`."""
    first, stop = _runs(mask.astype(np.int8), times, step)
    on = mask[first] if len(mask) else mask
    return np.column_stack([times[first[on]], times[stop[on] - 1] + step])


def _runs(codes: np.ndarray, times: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """First row of each run of equal codes without a gap, and the row after its last."""
    if not len(codes):
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    edges = np.flatnonzero((codes[1:] != codes[:-1]) | (np.diff(times) > GAP * step)) + 1
    return np.r_[0, edges], np.r_[edges, len(codes)]


def segments_at(spans: np.ndarray, at: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of horizontal lines at the height `at`, a NaN after each."""
    x = np.column_stack([spans, np.full(len(spans), np.nan)]).ravel()
    return x, np.where(np.isnan(x), np.nan, at)


def telling_rows(codes: np.ndarray, most: int = RESOLUTION) -> np.ndarray:
    """Rows whose value is told to the mouse: evenly apart, and both sides of each change, if these are not too many."""
    even = np.linspace(0, len(codes) - 1, min(most, len(codes))).round().astype(int)
    changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    if len(changes) > most:
        return even
    return np.unique(np.concatenate([even, changes - 1, changes]))


def words_in_bars(
    codes: np.ndarray, times: np.ndarray, step: float, names: dict[int, str], width: float
) -> list[tuple[float, str, int]]:
    """Middle, word and code of each state that lasts long enough for its word to stand in it."""
    first, stop = _runs(codes, times, step)
    start, end = times[first], times[stop - 1] + step
    long = np.flatnonzero(end - start > LEAST_WORD * width)
    states = ((k, int(codes[first[k]])) for k in long if np.isfinite(codes[first[k]]))
    return [((start[k] + end[k]) / 2, names.get(code, str(code)), code) for k, code in states]
