"""How numbers, durations and lists are worded, in findings, errors, tables and pages."""

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real

MOST_WRITTEN_OUT = 1e15  # from where on a float has no digits after its point


def count(number: int, what: str) -> str:
    """ "1 row", "37 rows", "449,919 rows"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def listed(names: Iterable[object], most: int = 12) -> str:
    """ "a, b and c"; of more than `most`, the last ones are counted."""
    words = [str(name) for name in names]
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1:,} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def sentences(said: Iterable[str | None]) -> str | None:
    """ "One. Another": those that say something, each with a capital; None where none does."""
    return ". ".join(each[0].upper() + each[1:] for each in said if each) or None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " Did you mean 'pca'?", with the name among the known ones that is nearest to `name`; empty if none is near."""
    names = {each.lower(): each for each in reversed([*known])}
    near = difflib.get_close_matches(name.lower(), names, 1)
    return f" Did you mean {names[near[0]]!r}?" if near else ""


def number(value: Real | float | str | None, digits: int = 3) -> str:
    """A number with `digits` significant figures and a comma between thousands; a dash for None, NaN and infinity.

    A text is returned as it is.
    """
    if isinstance(value, str):
        return value
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, Integral) or 10**digits - 0.5 <= abs(float(value)) < MOST_WRITTEN_OUT:
        return f"{value:,.0f}"
    return f"{float(value) + 0.0:#.{digits}g}".rstrip(".")  # -0.0 + 0.0 has no sign


@dataclass(frozen=True)
class Estimate:
    """A figure and its confidence interval."""

    value: float
    interval: tuple[float, float]


def in_brackets(value: Real | float | str | None, interval: tuple[float, float] | None = None) -> str:
    """A figure as `number` words it, and in brackets its interval: "0.931 (0.862–0.993)"."""
    return number(value) + (f" ({'–'.join(map(number, interval))})" if interval else "")


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "3.1 h"."""
    for unit, size, until in (("s", 1, 100), ("min", 60, 6000)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h"
