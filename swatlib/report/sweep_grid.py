"""A grid of parameters from what is typed: `budget=0.5,1,2` and `seed=1..5` are fifteen points."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from swatlib.report.notebook_parameters import TAKES, ReportError, parse_assignments, refuse_unknown, split_at

MOST_POINTS = 1_000
RANGE = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")


def parse_sweeps(texts: Iterable[str], known: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Name to values, of `["budget=0.5,1,2", "seed=1..5"]`, each of the type of its default in `known`.

    Of a parameter that is a list, commas separate values of one member each, or `;` separates lists. Raises ReportError
    for an unknown name, one that is given twice, no value, a value of another type or that comes twice, and for a grid
    of more than MOST_POINTS.
    """
    axes: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals:
            raise ReportError(f"'{text}': a sweep is given as name=values, for example --sweep seed=1..5.")
        refuse_unknown([name], known)
        if name in axes:
            raise ReportError(f"--sweep {name} is given twice; give all its values at once, separated by commas.")
        axes[name] = [_value(name, each, known[name]) for each in _parts(name, values, known[name])]
        if twice := [each for each in axes[name] if axes[name].count(each) > 1]:
            raise ReportError(f"--sweep {text}: {twice[0]} comes twice; give each value once.")
    if (points := math.prod(map(len, axes.values()))) > MOST_POINTS:
        sizes = " × ".join(f"{len(values):,} of {name}" for name, values in axes.items())
        raise ReportError(
            f"The sweep has {points:,} points ({sizes}); at most {MOST_POINTS:,} make a page: sweep less."
        )
    return axes


def grid(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations, the first parameter changing slowest."""
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def in_words(parameters: Mapping[str, Any]) -> str:
    """ "budget=0.5, seed=1"."""
    return ", ".join(f"{name}={value_in_words(value)}" for name, value in parameters.items())


def value_in_words(value: Any) -> str:
    """A parameter's value as it is typed."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parts(name: str, values: str, default: Any) -> list[str]:
    if between := RANGE.fullmatch(values):
        first, last = map(int, between.groups())
        if not isinstance(default, (int, float)) or isinstance(default, bool):
            raise ReportError(f"--sweep {name}={values}: only numbers have a range; list the values.")
        if first > last:
            raise ReportError(f"--sweep {name}={values} is an empty range; write the smaller number first.")
        if last - first >= MOST_POINTS:
            raise ReportError(f"--sweep {name}={values} are {last - first + 1:,} values; give at most {MOST_POINTS:,}.")
        return [str(each) for each in range(first, last + 1)]
    parts = split_at(";" if isinstance(default, (list, tuple)) and ";" in values else ",", values)
    if found := [part.strip() for part in parts if part.strip()]:
        return found
    raise ReportError(f"--sweep {name}= has no value; give one or more, separated by commas.")


def _value(name: str, text: str, default: Any) -> Any:
    try:
        value = parse_assignments([f"{name}={text}"], {name: default})[name]
        return float(value) if isinstance(default, float) else value
    except ReportError as error:
        if type(default) not in TAKES:
            raise
        takes = TAKES[type(default)]
        hint = "; a range is written 1..5" if ".." in text else ""
        raise ReportError(f"--sweep {name}: {text!r} is no value of {name}, which takes {takes}{hint}.") from error
