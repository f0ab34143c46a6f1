"""Affiliation: how near in time alarms and attacks lie, against what chance would give in the same surroundings.

The time axis is cut half-way between neighbouring events into zones, one an event. Within its zone a distance is worth
the chance that a point drawn at random from the zone lies no nearer. A row is an interval of time: row 3 is 3 to 4.
An event within another would put the borders out of order: the two count as one, each as its share of it. Those that
overlap otherwise, as 10 and 11 of the official list do by a second, stay two, with the border inside both.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from swatlib.metrics.case import Case, PerDraw, harmonic, share


def affiliation_precision(case: Case) -> PerDraw:
    """How near alarms lie to the attack of their zone.

    Formula: mean over zones with an alarm (an event within another has none) of the mean over alarm time x of
        P(|X - event| >= |x - event|), X uniform in the zone; 0 without an alarm
    Direction: high is better
    Range: 0 to 1; all-alarm and random alarms get about 0.5
    Source: Huet, Navarro and Rossi, KDD 2022
    Weakness: an alarm hours from any attack still earns something; a zone without an alarm is left out
    """
    zones = _zones(case)
    return share(case.sum_events(zones.precision), case.sum_events(zones.alarmed))


def affiliation_recall(case: Case) -> PerDraw:
    """How near attacks lie to an alarm of their zone.

    Formula: mean over zones (an event within another has none) of the mean over attack time y of
        P(|X - y| >= distance of y from the nearest alarm), X uniform in the zone; 0 for a zone without one
    Direction: high is better
    Range: 0 to 1; all-alarm gets 1, random alarms in 0.1 % of the rows about 0.8 on 2015
    Source: Huet, Navarro and Rossi, KDD 2022
    Weakness: an alarm far from the attack earns about as much as a late one within it
    """
    zones = _zones(case)
    return share(case.sum_events(zones.recall), case.sum_events(zones.counted))


def affiliation_f1(case: Case) -> PerDraw:
    """Harmonic mean of affiliation precision and recall.

    Formula: 2 P R / (P + R) of affiliation_precision and affiliation_recall
    Direction: high is better
    Range: 0 to 1; random alarms get 0.61 to 0.65 on 2015 and all-alarm 0.69: that is its floor
    Source: Huet, Navarro and Rossi, KDD 2022
    Weakness: the floor; never read it alone
    """
    return harmonic(affiliation_precision(case), affiliation_recall(case))


@dataclass(frozen=True)
class _Zones:
    """One value an event, in the order of the case's spans (m,); precision and recall are 0 without an alarm.

    Of an event and the k - 1 within it, each has the k-th part of all four; `counted` is 1 for an event by itself.
    """

    precision: np.ndarray
    recall: np.ndarray
    alarmed: np.ndarray
    counted: np.ndarray


@lru_cache(maxsize=1)  # all three metrics come of one pass
def _zones(case: Case) -> _Zones:
    events, number = _outermost(case.spans)
    borders = np.concatenate([[0], (events[:-1, 1] + events[1:, 0]) / 2, [len(case.label)]])
    pieces, of = _cut(case.alarms.astype(float), borders)
    zone = np.column_stack([np.minimum(borders[:-1], events[:, 0]), np.maximum(borders[1:], events[:, 1])])[of]
    worth, reached, time = (
        _worth(pieces, events[of], zone),
        _reached(pieces, of, events[of], zone),
        _length(pieces),
    )
    worth, reached, time = (np.bincount(of, part, len(events)) for part in (worth, reached, time))
    values = share(worth, time), reached / _length(events), (time > 0).astype(float), np.ones(len(events))
    together = np.bincount(number)
    return _Zones(*((each / together)[number] for each in values))


def _outermost(spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Events that lie in no other, in order of time (k, 2), and in which of them each span lies (m,)."""
    order = np.lexsort((-spans[:, 1], spans[:, 0]))
    ends = np.maximum.accumulate(spans[order, 1])
    outer = np.concatenate([[True], ends[1:] > ends[:-1]])
    number = np.empty(len(spans), dtype=np.int64)
    number[order] = np.cumsum(outer) - 1
    return spans[order[outer]].astype(float), number


def _cut(alarms: np.ndarray, borders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Alarms cut at the borders of the zones (p, 2), and the number of the zone each piece lies in (p,)."""
    first = np.searchsorted(borders, alarms[:, 0], side="right") - 1
    last = np.searchsorted(borders, alarms[:, 1], side="left") - 1
    times = last - first + 1
    whole = np.repeat(np.arange(len(alarms)), times)
    of = first[whole] + np.arange(len(whole)) - np.repeat(np.cumsum(times) - times, times)
    pieces = np.column_stack([np.maximum(alarms[whole, 0], borders[of]), np.minimum(alarms[whole, 1], borders[of + 1])])
    return pieces, of


def _worth(pieces: np.ndarray, events: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """Integral over each piece of the chance that a random point lies no nearer to the event (p,)."""
    size, length = _length(zones), _length(events)
    room = (events[:, 0] - zones[:, 0], zones[:, 1] - events[:, 1])
    before = np.maximum(events[:, :1] - pieces, 0)[:, ::-1]
    after = np.maximum(pieces - events[:, 1:], 0)
    inside = _length(pieces) - _length(before) - _length(after)
    outside = np.zeros(len(pieces))
    for near, far in (before.T, after.T):
        nearer = length * (far - near) + sum(_capped(far, most) - _capped(near, most) for most in room)
        outside += far - near - nearer / size
    return inside + outside


def _capped(distance: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Integral of min(d, most) for d from 0 to the distance."""
    below = np.minimum(distance, most)
    return below**2 / 2 + most * (distance - below)


def _reached(pieces: np.ndarray, of: np.ndarray, events: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """Integral over the event's time nearest to each piece of the chance that a random point lies no nearer (p,)."""
    reach = zones.copy()
    neighbours = np.flatnonzero(of[1:] == of[:-1])
    reach[neighbours, 1] = reach[neighbours + 1, 0] = (pieces[neighbours, 1] + pieces[neighbours + 1, 0]) / 2
    own = np.clip(reach, events[:, :1], events[:, 1:])
    before = np.maximum(pieces[:, :1] - own, 0)[:, ::-1]
    after = np.maximum(own - pieces[:, 1:], 0)
    total = _length(own)
    for (near, far), room in ((before.T, pieces[:, 0] - zones[:, 0]), (after.T, zones[:, 1] - pieces[:, 1])):
        nearer = (far**2 - near**2) / 2 + _towards_border(far, room) - _towards_border(near, room)
        total -= nearer / _length(zones)
    return total


def _towards_border(distance: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Integral of min(d, room - d) for d from 0 to the distance: what is free on the far side, up to the border."""
    below = np.minimum(distance, room / 2)
    beyond = distance - below
    return below**2 / 2 + room * beyond - (distance**2 - below**2) / 2


def _length(spans: np.ndarray) -> np.ndarray:
    return spans[:, 1] - spans[:, 0]
