"""One public name, one meaning: no function, class, constant or module of swatlib shares its name with another."""

import ast
from collections import defaultdict

from swatlib.settings import ROOT

VERBS = {"cli/app.py", "cli/live_verbs.py"}  # a verb of the command line is called like what it runs
ROLES = {"__init__", "base"}  # every package has one
SHARED = {
    "cache",
    "plant",
}  # one thing in two layers: what is cached of files and of results; the plant and the live one


def sources():
    for path in sorted((ROOT / "swatlib").rglob("*.py")):
        yield path.relative_to(ROOT / "swatlib").as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def defined(tree):
    """Public names that a module binds at its top level, imports aside."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


def twice(places):
    return {name: sorted(homes) for name, homes in places.items() if len(homes) > 1}


def test_a_public_name_is_defined_once():
    homes = defaultdict(set)
    for path, tree in sources():
        for name in defined(tree) if path not in VERBS else ():
            if not name.startswith("_"):
                homes[name].add(path)
    assert twice(homes) == {}


def test_a_module_name_stands_once():
    homes = defaultdict(set)
    for path, _ in sources():
        stem = path.removesuffix("/__init__.py").rpartition("/")[2].removesuffix(".py")
        if stem not in ROLES | SHARED:
            homes[stem].add(path)
    assert twice(homes) == {}
