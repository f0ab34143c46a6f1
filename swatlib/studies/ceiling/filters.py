"""What a clairvoyant measures in each second: how much better the last rows fit an attack that it knows than none."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from swatlib.plant import SENSORS, TAG_NAMES
from swatlib.simulation.attacks import Effect, conditions
from swatlib.simulation.parameters import fast_noise
from swatlib.studies.ceiling.twins import RUN_UP, STEPS, Twin
from swatlib.studies.ceiling.whitening import Whitening

MOST_TAGS = 5  # of a template: those that the attack moves most, in scales
FREEDOM = 3.0  # degrees of freedom of the t distribution of normal residuals: they have heavy tails
LINES = ("spoof", "ramp", "freeze", "force")  # effects that replace a reading or a state, noise and all
ONSET = 60  # seconds: an attack may be clearer when it begins than in all that follows from it
_EXACT = 0.1  # rows: the distance at which a line counts as met exactly


@dataclass(frozen=True)
class Seen:
    """Rows, as steps of resolution, with their whitened residuals and the scales of these."""

    rows: np.ndarray
    residual: np.ndarray
    scale: np.ndarray

    @classmethod
    def by(cls, whitening: Whitening, rows: np.ndarray) -> "Seen":
        return cls(rows, whitening.residual(rows), whitening.scale(rows))


Score = Callable[[Seen], np.ndarray]  # high = like the attack; NaN where there are too few rows before


def filters(twin: Twin, whitening: Whitening) -> dict[str, Score]:
    """Those that an attack has: of its difference as a whole, of the first minute of it, of the line that it draws."""
    named = {
        "difference": difference_filter(twin, whitening),
        "first minute": difference_filter(twin, whitening, ONSET),
        "line": line_filter(twin),
    }
    return {name: score for name, score in named.items() if score}


def difference_filter(twin: Twin, whitening: Whitening, seconds: int | None = None) -> Score | None:
    """Matched filter: log-likelihood ratio of the whitened difference in the last rows against none.

    seconds: of the attack, from its start; None: all. None for an attack that moves no sensor in them.
    """
    attacked, without = (Seen.by(whitening, each) for each in (twin.attacked, twin.without))
    difference = (attacked.residual - without.residual)[RUN_UP:][:seconds]
    moved = twin.difference[:seconds, [TAG_NAMES.index(tag) for tag in SENSORS]].any(axis=0)
    sizes = np.where(moved, ((difference / attacked.scale[RUN_UP:][:seconds]) ** 2).sum(axis=0), 0.0)
    tags = [int(tag) for tag in np.argsort(-sizes, kind="stable")[:MOST_TAGS] if sizes[tag] > 0]
    if not tags:
        return None
    templates = np.ascontiguousarray(difference[:, tags].T)

    def score(seen: Seen) -> np.ndarray:
        total = np.zeros(len(seen.rows))
        for tag, template in zip(tags, templates, strict=True):
            total += _compiled_ratio()(seen.residual[:, tag].copy(), 1 / seen.scale[:, tag], template)
        return total

    return score


def line_filter(twin: Twin) -> Score | None:
    """How closely attacked tags follow the lines that the attack draws; None for one that draws none.

    Minus the logarithm of the mean distance, of which one noise of the sensor or more, or another state of an
    actuator, counts as 1. A ramp and what is frozen count from the reading before. Where the attack waited for a
    condition that holds in the row before it, or a reading is at rest in that row, other rows are as far as can be.
    """
    lines = [_line(twin, effect) for effect in twin.attack.effects if effect.verb in LINES]
    if not lines:
        return None
    waited = [each for each in _conditions(twin.attack.when) if each(twin.attacked)[RUN_UP - 1]]

    def score(seen: Seen) -> np.ndarray:
        far = np.sum([line(seen.rows) for line in lines], axis=0)
        elsewhere = ~np.all([np.ones(len(seen.rows), bool), *(each(seen.rows) for each in waited)], axis=0)
        far[twin.seconds :][elsewhere[: -twin.seconds]] = len(lines) * twin.seconds
        return -np.log((far / len(lines) + _EXACT) / twin.seconds)

    return score


def _line(twin: Twin, effect: Effect) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the distance of rows from the line of one effect, summed over the seconds of the attack."""
    column, relative = TAG_NAMES.index(effect.tag), effect.verb in ("ramp", "freeze")
    before, *line = twin.attacked[RUN_UP - 1 :, column].astype(np.float64)
    shape = np.array(line) - before * relative
    noise = max(fast_noise()[effect.tag] / STEPS[effect.tag], 1.0) if effect.tag in SENSORS else 1.0

    def distance(rows: np.ndarray) -> np.ndarray:
        far = _compiled_distance()(rows[:, column].copy(), shape, noise, relative)
        if relative:
            rests = (rows[: -len(shape), column] == 0) == (before == 0)
            far[len(shape) :][~rests] = len(shape)
        return far

    return distance


def _conditions(when: str) -> list[Callable[[np.ndarray], np.ndarray]]:
    """What tells of rows whether each condition on a tag holds in them."""
    return [partial(_holds, *each) for each in conditions(when) if each[0] in STEPS]


def _holds(tag: str, relation: int, limit: float, rows: np.ndarray) -> np.ndarray:
    return np.sign(rows[:, TAG_NAMES.index(tag)] - limit / STEPS[tag]) == relation


@cache
def _compiled_ratio() -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    from numba import njit

    @njit(cache=True, fastmath={"reassoc", "contract"})
    def ratio(residual, weight, template):
        """Of t-distributed residuals; products of a few rows are taken before their logarithm."""
        rows, out = template.size, np.full(residual.size, np.nan)
        for last in range(rows - 1, residual.size):
            total, plain, shifted = 0.0, 1.0, 1.0
            for k in range(rows):
                at = last - rows + 1 + k
                a, b = residual[at] * weight[at], (residual[at] - template[k]) * weight[at]
                plain *= 1.0 + a * a / FREEDOM
                shifted *= 1.0 + b * b / FREEDOM
                if k % 8 == 7:
                    total += math.log(plain / shifted)
                    plain = shifted = 1.0
            out[last] = (FREEDOM + 1) / 2 * (total + math.log(plain / shifted))
        return out

    return ratio


@cache
def _compiled_distance() -> Callable[[np.ndarray, np.ndarray, float, bool], np.ndarray]:
    from numba import njit

    @njit(cache=True, fastmath={"reassoc", "contract"})
    def distance(reading, line, noise, relative):
        rows, out = line.size, np.full(reading.size, np.nan)
        for last in range(rows, reading.size):
            start = last - rows + 1
            base = reading[start - 1] if relative else 0.0
            total = 0.0
            for k in range(rows):
                total += min(abs(reading[start + k] - base - line[k]), noise)
            out[last] = total / noise
        return out

    return distance
