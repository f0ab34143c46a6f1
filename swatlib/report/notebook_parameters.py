"""Parameters of a notebook: the assignments of its one cell tagged `parameters`.

papermill would take an unknown parameter with a warning, and would ignore all of them in a notebook without such a
cell. Here both are errors.
"""

import ast
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat

from swatlib.settings import NOTEBOOKS

KINDS = {bool: ("true or false", (bool,)), int: ("a number", (int, float)), float: ("a number", (int, float))}
KINDS |= dict.fromkeys((list, tuple), ("a list", (list, tuple)))


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


def defaults(notebook: Path) -> dict:
    """Name to default value, in the order of the parameters cell. Raises ReportError when there isn't exactly one."""
    cells = [cell for cell in read_parameters(notebook).cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ReportError(f"{notebook.name} has {len(cells)} cells tagged 'parameters', and needs exactly one.")
    assigned = [node for node in ast.parse(cells[0].source).body if isinstance(node, ast.Assign)]
    try:
        return {node.targets[0].id: ast.literal_eval(node.value) for node in assigned}
    except ValueError:
        raise ReportError(f"{notebook.name}: a default in the parameters cell is no plain value.") from None


def read_parameters(notebook: Path) -> nbformat.NotebookNode:
    """A notebook as stored. Raises ReportError when the file is none."""
    try:
        return nbformat.read(notebook, as_version=4)
    except nbformat.reader.NotJSONError:
        raise ReportError(f"{notebook} is no notebook.") from None


def parse(assignments: Iterable[str], known: Mapping) -> dict:
    """`["budget=2"]` as {"budget": 2}, each value read as the type of its default in `known` (name to default)."""
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, equals, _ in pairs:
        if not equals:
            raise ReportError(f"'{name}': a parameter is given as name=value, for example -p seed=1.")
        refuse_unknown([name], known)
    return {name: _typed(name, text, known[name]) for name, _, text in pairs}


def refuse_unknown(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises ReportError that names the first parameter which is not among the known ones, and the nearest of these."""
    for name in names:
        if name not in known:
            raise ReportError(f"There is no parameter '{name}'." + _choices(name, list(known)))


def _choices(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return "".join(f" Did you mean '{each}'?" for each in close) + f" There are: {', '.join(known)}."


def _typed(name: str, text: str, default):
    if isinstance(default, str) or default is None:
        return text
    wanted, kinds = KINDS[type(default)]
    value = _literal(text)
    if not isinstance(value, kinds) or isinstance(value, bool) != isinstance(default, bool):
        raise ReportError(f"{name}={text}: {wanted} is wanted, as in {name}={default}.")
    return list(value) if isinstance(value, tuple) else value  # papermill would write a tuple as text


def _literal(text: str):
    try:
        return ast.literal_eval(text.title() if text in ("true", "false") else text)
    except (ValueError, SyntaxError):
        return None
