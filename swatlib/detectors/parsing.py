"""A detector as text: `lof:neighbours=50`, `pyod:KNN:n_neighbors=20`, `my_detector.py:ZScore:window=60`."""

import ast
import os
import re
from pathlib import Path
from typing import Any

_PARAMETER = re.compile(r":(?=[A-Za-z_]\w*=)")
_WORDS = {"true": True, "false": False, "none": None}


def parsed(text: str) -> tuple[str, dict[str, Any]]:
    """What a text names, and the parameters after it: numbers, lists and dicts as in Python, all else as text.

    Raises ValueError for a parameter that is given twice.
    """
    what, *parts = _PARAMETER.split(text)
    pairs = [part.partition("=") for part in parts]
    names = [name for name, *_ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{text} gives {twice[0]} twice; give it once")
    return what, {name: _value(value) for name, _, value in pairs}


def file_of(text: str) -> str | None:
    """Path of the file in a text like `my_detector.py:ZScore`, None where it names none."""
    where = parsed(text)[0].rpartition(":")[0]
    return where if where.endswith(".py") else None


def seen_from(text: str, folder: Path) -> str:
    """The same text for a program that runs in `folder`: the path of a file that is here, from there."""
    path = file_of(text)
    if path is None or Path(path).is_absolute() or (folder / path).is_file() or not Path(path).is_file():
        return text
    return Path(os.path.relpath(path, folder)).as_posix() + text[len(path) :]


def titled(text: str) -> tuple[str, str]:
    """What a text names, without the path before a class, and its parameters as in "neighbours=50, rows=1000"."""
    what, _ = parsed(text)
    parameters = _PARAMETER.split(text)[1:]
    return what.rpartition(":")[2] if file_of(text) else what, ", ".join(parameters)


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
