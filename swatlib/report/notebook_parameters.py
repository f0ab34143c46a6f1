"""Parameters of a notebook: the assignments in its one cell tagged `parameters`.

papermill warns about an unknown parameter and goes on, ignores all parameters of a notebook without such a cell, and
passes over lines that are no assignment. Here each of these is an error.

A notebook that papermill executed holds a second such cell, tagged `injected-parameters`, with the values it was given.
"""

import ast
import math
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from swatlib.settings import NOTEBOOKS
from swatlib.wording import count, did_you_mean

CELL, INJECTED = "parameters", "injected-parameters"  # tags
TAKES = {bool: "true or false", int: "a whole number", float: "a number"}
TAKES |= dict.fromkeys((list, tuple), "a list with commas between")


class ReportError(ValueError):
    """What can't be reported, or a notebook that stopped; the message says what to type instead."""


def find_notebook(name: str) -> Path:
    """The notebook at a path, or the one of that name in the notebooks folder ("03-detector")."""
    for path in (Path(name), NOTEBOOKS / name, NOTEBOOKS / f"{name}.ipynb"):
        if path.is_file():
            return path.resolve()
    raise ReportError(f"There is no notebook '{name}'." + _choices(name, [path.stem for path in all_notebooks()]))


def all_notebooks() -> list[Path]:
    """The project's notebooks in the order of the flow."""
    return sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook as stored. Raises ReportError when the file is none, or the source of a cell no text of Unicode."""
    try:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            cell.source.encode()
        return notebook
    except (ValueError, KeyError, AttributeError, TypeError, nbformat.ValidationError) as error:
        raise ReportError(f"{path} is no Jupyter notebook; give a file that JupyterLab opens.") from error


def defaults(path: Path) -> dict[str, Any]:
    """Name to default value, in the order of the parameters cell of the notebook at `path`.

    The default of an executed copy is the value it was executed with. Raises ReportError when there isn't exactly one
    such cell, or when it holds more than assignments of plain values.
    """
    notebook = read_notebook(path)
    cells = _tagged(notebook, CELL)
    if len(cells) != 1:
        raise ReportError(f"{path.name} has {len(cells)} cells tagged 'parameters', and needs exactly one.")
    own = dict(_assignments(path.name, notebook.cells[cells[0]].source))
    return own | injected(notebook, path.name)


def injected(notebook: nbformat.NotebookNode, name: str) -> dict[str, Any]:
    """Name to value of what an executed copy was given; {} for a notebook as it was written. name: of its file.

    Raises ReportError for what papermill would neither replace nor run last: such a cell above the parameters cell, or
    a second one.
    """
    cells = _tagged(notebook, INJECTED)
    above = [cell for cell in cells if any(cell < own for own in _tagged(notebook, CELL))]
    if above or len(cells) > 1:
        raise ReportError(
            f"{name} has {count(len(cells), 'cell')} tagged '{INJECTED}', and may have one, below its parameters "
            "cell; delete what an earlier run left there."
        )
    return dict(each for cell in cells for each in _assignments(name, notebook.cells[cell].source))


def _tagged(notebook: nbformat.NotebookNode, tag: str) -> list[int]:
    """Places of the cells that have this tag."""
    return [place for place, cell in enumerate(notebook.cells) if tag in cell.get("metadata", {}).get("tags", [])]


def _assignments(notebook: str, source: str) -> Iterator[tuple[str, Any]]:
    """Name and default of each line. Raises ReportError that names the first line which is no plain assignment."""
    line = 1
    try:
        for node in ast.parse(source).body:
            line = node.lineno
            yield _assignment(node)
    except (ValueError, TypeError, SyntaxError) as error:
        line = getattr(error, "lineno", None) or line
        raise ReportError(
            f"{notebook}: its parameters cell may hold assignments of plain values alone (text, finite numbers, True, "
            "False, None, and lists, tuples and dicts of these, whose keys are text), as in seed = 1; "
            f"line {line} is {source.splitlines()[line - 1].strip()!r}."
        ) from None


def _assignment(node: ast.stmt) -> tuple[str, Any]:
    """Raises ValueError or TypeError for anything but one name that is given a plain value."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, _kept(ast.literal_eval(value))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, _kept(ast.literal_eval(value))
    raise ValueError


def _kept(value: Any) -> Any:
    """The value itself. Raises ValueError or TypeError for one that a record, which is JSON, can't hold as it is."""
    match value:
        case str():
            value.encode()
        case float() if not math.isfinite(value):
            raise ValueError
        case list() | tuple():
            list(map(_kept, value))
        case dict():
            "".join(map(_kept, value))  # a TypeError for a key that is no text
            list(map(_kept, value.values()))
        case float() | int() | None:  # a bool is an int
            pass
        case _:
            raise TypeError
    return value


def parse_assignments(assignments: Iterable[str], known: Mapping[str, Any]) -> dict[str, Any]:
    """`["budget=2"]` as {"budget": 2}, each value read as the type of its default in `known` (name to default).

    Raises ReportError for an unknown name, one that is given twice, and a value of another type than the default's.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ReportError(f"'{name}': a parameter is given as name=value, for example -p seed=1.")
        refuse_unknown([name], known)
        if name in values:
            raise ReportError(f"{name} is given twice by -p; leave one out.")
        values[name] = _typed(name, text, known[name])
    return values


def refuse_unknown(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises ReportError that names the first parameter which is not among the known ones, and the nearest of these."""
    known = list(known)
    for name in names:
        if name not in known:
            raise ReportError(f"There is no parameter '{name}'." + _choices(name, known))


def _choices(name: str, known: list[str]) -> str:
    return f"{did_you_mean(name, known)} There are: {', '.join(known)}."


def _typed(name: str, text: str, default: Any) -> Any:
    """The text as the type of the default. A list takes commas, or is written as in Python."""
    if isinstance(default, str) or default is None:
        return text
    if type(default) not in TAKES:
        kind = type(default).__name__
        raise ReportError(f"{name} is a {kind}, which -p can't give: change it in the parameters cell of a copy.")
    try:
        if isinstance(default, (list, tuple)):
            return _list(text.strip(), default)
        return _scalar(text.strip(), default)
    except (ValueError, SyntaxError):
        example = shlex.quote(f"{name}={as_typed(default) or 'a,b'}")
        raise ReportError(f"{name}={text}: {name} takes {TAKES[type(default)]}, as in -p {example}.") from None


def _scalar(text: str, default: Any) -> Any:
    """Raises ValueError or SyntaxError for a text that is not of the type of the default."""
    if isinstance(default, str):
        return text
    value = ast.literal_eval(text.title() if text.lower() in ("true", "false") else text)
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if type(value) not in kinds or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError
    return value


def _list(text: str, default: Sequence[Any]) -> list[Any]:
    """papermill would write a tuple as text, so this is a list. Its members are of the type of the default's first."""
    if text[:1] in ("[", "("):
        members = [each if isinstance(each, str) else repr(each) for each in ast.literal_eval(text)]
    else:
        members = [part.strip() for part in split_at(",", text) if part.strip()]
    return [_scalar(each, default[0] if default else "") for each in members]


def split_at(sign: str, text: str) -> list[str]:
    """Parts of a text between signs that stand in no brackets: `lof,pyod:VAE:encoder=[9,3]` has two."""
    return re.split(rf"{sign}(?![^\[\](){{}}]*[\])}}])", text)


def as_typed(value: Any) -> str:
    """A value as `-p` takes it: a list with commas between."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(as_typed, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
