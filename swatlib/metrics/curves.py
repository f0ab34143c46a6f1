"""Metrics of the score over all thresholds at once: no threshold has to be chosen, and none is judged."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from swatlib.metrics.case import Case, PerDraw, rate, share

WINDOW, THRESHOLDS = 500, 250  # rows of the widest buffer, and number of thresholds: as in the public implementations
WINDOW_STEP = 50  # from window to window in a resampled case: the volume changes slowly with it, and draws are many
ROWS_AT_ONCE = 64  # of the curves whose areas are taken together: a quarter of the time of all draws at once
SCORE_LEVELS = 500  # score levels at which a resampled precision-recall curve is read


def average_precision(case: Case) -> PerDraw:
    """Area under the precision-recall curve of the score, without a threshold.

    Formula: sum over thresholds of (R_i - R_i-1) P_i; rows without a score are left out
    Direction: high is better
    Range: 0 to 1; a score of pure chance gets the share of attack rows
    Source: scikit-learn, average_precision_score
    Weakness: weighs attacks by their length; says nothing about the threshold that is used
    """
    scored = ~np.isnan(case.score)
    if not _ranks(case, scored):
        return case.unknown
    if case.weights is None:  # its sum may round to above 1
        precision, shares = precision_recall_curve(case.label[scored], case.score[scored])
        return float(min(-np.sum(np.diff(shares) * precision[:-1]), 1.0))
    levels = _levels(case.score[scored], case.score[scored & case.label])
    true, all_ = (case.weights @ _above(case, levels, rows) for rows in (scored & case.label, scored))
    recall = rate(true, true[:, -1:])
    return (np.diff(recall, prepend=0.0) * share(true, all_)).sum(axis=1)


def vus_pr(case: Case) -> PerDraw:
    """Volume under the precision-recall surface: the area of the curve, averaged over buffers about each event.

    Formula: mean over w = 0…500 rows of sum_k (R_k - R_k-1) P_k at 250 thresholds; rows up to w/2 off an event count as
        sqrt(1 - distance / w) of an attack row; recall is multiplied by the share of events met, buffers included
    Direction: high is better
    Range: 0 to 1; a score of pure chance gets about the share of attack rows
    Source: Paparrizos et al., VLDB 2022, as in the authors' current code (VUS, TSB-AD; aeon and dtaianomaly follow an
        older form that gives the labels themselves less than 1); events are counted apart even where buffers meet
    Weakness: attack 28 weighs as in f1; the buffer rewards the aftermath as much as a warning; counts rows, so a
        recording at 10 s has a buffer ten times as long
    """
    return _volume(case)[0]


def vus_roc(case: Case) -> PerDraw:
    """Volume under the ROC surface: the area of the curve, averaged over buffers about each event.

    Formula: as vus_pr, with the area by trapezoids of R over the share of normal rows that alarm
    Direction: high is better
    Range: 0 to 1; a score of pure chance gets about 0.5
    Source: Paparrizos et al., VLDB 2022, as vus_pr
    Weakness: normal rows are so many that hours of false alarms hardly lower it
    """
    return _volume(case)[1]


def precision_recall_curve(label: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall at every threshold, the lowest first, and at last 1 and 0, as scikit-learn gives them.

    label: bool (n,), some of it True. score: finite (n,).
    """
    ordered, attacked = np.sort(score), np.sort(score[label])
    first = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
    true = len(attacked) - np.searchsorted(attacked, ordered[first])
    return np.append(true / (len(ordered) - first), 1.0), np.append(true / len(attacked), 0.0)


def _ranks(case: Case, scored: np.ndarray) -> bool:
    """Whether rows of both kinds have a score; one kind alone gives every score the same area."""
    return all((scored & rows).any() for rows in (case.label, case.in_event, case.normal))


def _levels(*scores: np.ndarray) -> np.ndarray:
    """Descending thresholds: every score, or so many quantiles of each of `scores`, the lowest score among them."""
    shares = np.linspace(0, 1, SCORE_LEVELS)
    return np.unique(np.concatenate([np.quantile(score, shares, method="nearest") for score in scores]))[::-1]


def _above(case: Case, levels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How many of `rows` (bool) score at least each of the levels, by group (groups, levels)."""
    groups = 0 if case.weights is None else case.weights.shape[1]
    return _counted(case.groups[rows], _first_level(case.score[rows], levels), groups, len(levels))


def _first_level(score: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Number of the first of the descending levels that a score reaches; as many as there are for one below all."""
    return np.searchsorted(-levels, -score)


def _counted(groups: np.ndarray, level: np.ndarray, number: int, levels: int, worth=None) -> np.ndarray:
    """Rows (or their worth) at or above each level, by group (number, levels)."""
    places = groups * (levels + 1) + level
    return np.bincount(places, worth, number * (levels + 1)).reshape(number, -1)[:, :-1].cumsum(axis=1)


@dataclass(frozen=True)
class _Buffers:
    """Rows near events: one entry for each event and each row near it, which may be near several.

    event, distance, row: (entries,), where `row` numbers the near rows. rows, level, owner: place of each near row in
    the recording, the first level it reaches, and the event it is drawn with (near rows,). in_events: first level that
    a row of each event reaches (m,).
    """

    event: np.ndarray
    distance: np.ndarray
    level: np.ndarray
    row: np.ndarray
    rows: np.ndarray
    owner: np.ndarray
    in_events: np.ndarray

    def worth(self, window: int, events: int, levels: int) -> np.ndarray:
        """Rows at or above each level, by the event they are drawn with, in parts of an attack row (events, levels)."""
        near = self.distance <= window // 2
        slope = np.sqrt(1 - self.distance[near] / max(window, 1))
        worth = np.bincount(self.row[near], slope, len(self.owner)).clip(max=1)
        return _counted(self.owner, self.level, events, levels, worth)

    def met(self) -> np.ndarray:
        """First level at which a row of the event, or one no further off than each distance, alarms (m, distances)."""
        first = np.full((len(self.in_events), WINDOW // 2 + 1), self.in_events.max(initial=0))
        first[:, 0] = self.in_events
        np.minimum.at(first, (self.event, self.distance), self.level[self.row])
        return np.minimum.accumulate(first, axis=1)


@lru_cache(maxsize=1)  # both metrics come of one pass
def _volume(case: Case) -> tuple[PerDraw, PerDraw]:
    """Volumes under both surfaces; numbers or (draws,)."""
    scored = ~np.isnan(case.score)
    if not _ranks(case, scored):
        return case.unknown, case.unknown
    plain = case.weights is None
    weights = np.ones((1, case.groups.max() + 1)) if case.weights is None else case.weights
    windows = np.arange(0, WINDOW + 1, 1 if plain else WINDOW_STEP)
    ordered = np.sort(case.score[scored])[::-1]
    levels = ordered[np.linspace(0, len(ordered) - 1, THRESHOLDS).astype(int)]
    level = np.full(len(scored), len(levels))
    level[scored] = _first_level(case.score[scored], levels)
    seen = case.rows_in_events(scored) > 0  # an attack in the warm-up can't be met
    buffers = _buffers(case.spans[seen], scored & ~case.in_event, level)
    owner = np.flatnonzero(seen)[buffers.owner]
    # A row of a buffer is drawn with its event in every count: drawn with its day in one of them, it would be counted
    # as a true alarm more often than as an alarm, and precision would exceed 1.
    groups = case.groups.copy()
    groups[buffers.rows] = owner
    inside, alarmed = (
        weights @ _counted(groups[rows], level[rows], weights.shape[1], len(levels))
        for rows in (scored & case.in_event, scored)
    )
    of_events = weights[:, : len(seen)][:, seen]
    near = [of_events @ buffers.worth(window, len(of_events.T), len(levels)) for window in windows.tolist()]
    reached = buffers.met()[:, windows // 2].T[:, :, None] <= np.arange(len(levels))
    met = [np.asarray(rate(of_events @ events, of_events.sum(axis=1, keepdims=True))) for events in reached]
    if plain:  # all windows at once, or all draws of a window: each a row
        by_window = np.stack(_areas(inside, alarmed, np.concatenate(near), np.concatenate(met)), axis=1)
    else:
        by_window = np.array([_areas_by_parts(inside, alarmed, *each) for each in zip(near, met, strict=True)])
    return tuple(by_window.mean(axis=0))


def _buffers(spans: np.ndarray, free: np.ndarray, level: np.ndarray) -> _Buffers:
    """Buffers of events on the rows that are `free` (scored, and in no event; bool (n,))."""
    steps = np.arange(1, WINDOW // 2 + 1)
    rows = np.concatenate([spans[:, :1] - steps, spans[:, 1:] - 1 + steps], axis=1)
    event = np.repeat(np.arange(len(rows)), rows.shape[1])
    distance, rows = np.tile(steps, 2 * len(rows)), rows.ravel()
    there = (rows >= 0) & (rows < len(free))
    there[there] = free[rows[there]]
    event, distance, rows = event[there], distance[there], rows[there]
    unique, first, row = np.unique(rows, return_index=True, return_inverse=True)
    in_events = np.minimum.reduceat(np.append(level, level.max()), spans.ravel())[::2]
    return _Buffers(event, distance, level[unique], row, unique, event[first], in_events)


def _areas_by_parts(*curves: np.ndarray) -> np.ndarray:
    """`_areas` of so few rows at a time that they stay in the processor's cache (2, rows)."""
    parts = range(0, len(curves[0]), ROWS_AT_ONCE)
    return np.hstack([_areas(*(each[start : start + ROWS_AT_ONCE] for each in curves)) for start in parts])


def _areas(inside: np.ndarray, alarmed: np.ndarray, near: np.ndarray, met: np.ndarray) -> tuple:
    """Area under the precision-recall and under the ROC curve, each (rows,).

    inside, alarmed: rows of events, and all rows, at or above each level; near: rows of the buffers, in parts of an
    attack row; met: share of the events met. Each (rows, levels), a row a draw or a window.
    """
    true, positive = inside + near, inside[:, -1:] + near / 2
    recall = np.minimum(share(true, positive), 1) * met
    false = share(alarmed - true, alarmed[:, -1:] - positive)
    curves = np.zeros((2, len(recall), recall.shape[1] + 2))  # from (0, 0) to (1, 1)
    curves[:, :, 1:-1], curves[:, :, -1] = (recall, false), 1
    by_precision = np.diff(curves[0, :, :-1]) * share(true, alarmed)
    return by_precision.sum(axis=1), np.trapezoid(*curves)
