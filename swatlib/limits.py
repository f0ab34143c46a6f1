"""Parameters held to their annotations: `Annotated[int, Limits(1)]` takes a whole number of 1 or more, and no other."""

import math
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

_KINDS = {int: Integral, float: Real}
_WORDS = {int: "a whole number", float: "a number", str: "a text", NoneType: "None", dict: "a dict", Mapping: "a dict"}


@dataclass(frozen=True)
class Limits:
    """Range of a number, both ends included (`above`: all but the lower one). NaN is outside, so is infinity if `most`
    is not set to it."""

    least: float
    most: float = sys.float_info.max
    above: bool = False

    def __contains__(self, value: Any) -> bool:
        return self.least <= value <= self.most and not (self.above and value == self.least)

    def __str__(self) -> str:
        open_ended = self.most in (sys.float_info.max, math.inf)
        if self.above:
            return f"above {self.least:g}" + ("" if open_ended else f" and up to {self.most:g}")
        return f"of {self.least:g} or more" if open_ended else f"from {self.least:g} to {self.most:g}"


Count = Annotated[int, Limits(1)]  # of rows, neighbours, trees …
RowCount = Annotated[int, Limits(0)]  # 0: none
Share = Annotated[float, Limits(0, 1)]
Positive = Annotated[float, Limits(0, above=True)]


def check_parameters(owner: Any) -> None:
    """Hold the fields of a dataclass to their annotations; a list where a tuple belongs becomes one.

    Raises ValueError for the first that is of another type, or outside its limits.
    """
    hints = get_type_hints(type(owner), include_extras=True)
    for field in fields(owner):
        value = getattr(owner, field.name)
        taken = allowed(f"{type(owner).__name__}: {field.name}", value, hints[field.name])
        if taken is not value:
            setattr(owner, field.name, taken)


def allowed(name: str, value: Any, hint: Any) -> Any:
    """`value` if the annotation `hint` allows it, in plain Python types. ValueError, with `name`, if not."""
    try:
        return _taken(value, hint)
    except TypeError:
        raise ValueError(f"{name} is {value!r}; give {_words(hint)}") from None


def _taken(value: Any, hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Annotated:
        value = _taken(value, arguments[0])
        return value if value in arguments[1] else _refuse()
    if origin in (Union, UnionType):
        kinds = [kind for kind in arguments if kind is not NoneType]
        return None if value is None and NoneType in arguments else _taken_by_first(value, kinds)
    if origin is tuple:
        members = list(value) if isinstance(value, (tuple, list)) else _refuse()
        hints = arguments[:1] * len(members) if arguments[-1] is Ellipsis else arguments
        taken = tuple(_taken(member, each) for member, each in _pairs(members, hints))
        return value if isinstance(value, tuple) and all(a is b for a, b in zip(taken, value, strict=True)) else taken
    kind = origin or hint
    if not isinstance(value, _KINDS.get(kind, kind)) or isinstance(value, bool):
        _refuse()
    return value.item() if hasattr(value, "item") else value


def _taken_by_first(value: Any, kinds: list) -> Any:
    for kind in kinds:
        with suppress(TypeError):
            return _taken(value, kind)
    return _refuse()


def _pairs(members: list, kinds: tuple) -> Iterable[tuple[Any, Any]]:
    return zip(members, kinds, strict=True) if len(members) == len(kinds) else _refuse()


def _refuse() -> Any:
    raise TypeError


def _words(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{_words(arguments[0])} {arguments[1]}"
    if origin in (Union, UnionType):
        return " or ".join(map(_words, arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a tuple, each member {_words(arguments[0])}"
    if origin is tuple:
        return f"a tuple of {len(arguments)}, each {_words(arguments[0])}"
    kind = origin or hint
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))
