"""Classes that are not of this package: found by name, with the source that their scores depend on.

A module of one file that is not installed has its source saved beside a fitted pipeline, and is run from there by
whoever trusts the class: on another day, on another machine.
"""

import ast
import hashlib
import importlib
import importlib.util
import pickle
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import swatlib
from swatlib.settings import NOTEBOOKS
from swatlib.wording import did_you_mean, listed

_SOURCE = "__swatlib_source__"  # of a module that was run here: what it was made of
_made_of: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # source of classes whose module may be another by now
_INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def found_class(where: str, name: str) -> type:
    """The class of that name in a file (`my_detector.py`, here or beside the notebooks) or a module (`sklearn.svm`).

    Raises ValueError that names what is missing.
    """
    module = _of_file(_path(where, name)) if where.endswith(".py") else _imported(where)
    found = vars(module).get(name)
    if not isinstance(found, type):
        there = [each for each, kind in vars(module).items() if isinstance(kind, type) and not each.startswith("_")]
        own = [each for each in there if vars(module)[each].__module__ == module.__name__] or there
        raise ValueError(
            f"{where} has no class {name!r}.{did_you_mean(name, own)} There are {listed(own) or 'no classes'}."
        )
    return found


def own_classes(detector: object) -> list[type]:
    """Classes of a detector and of what it holds, those of this package left out."""
    kinds = [kind for each in (detector, *getattr(detector, "__dict__", {}).values()) for kind in type(each).__mro__]
    return _of_others(kinds)


def identity(detector: object) -> str | None:
    """Digest of all that the scores of an unfitted detector depend on: its parameters, its classes and their source.

    None where it can't be known: a class of a notebook, a file that was edited since it was imported, one that imports
    other files, and parameters of which no digest can be made.
    """
    import joblib

    try:
        parts = [_version(kind) for kind in _Named(detector).found]
        if None in parts:
            return None
        parameters = joblib.hash(detector)
    except Exception:  # whatever an object does when it is asked for its content
        return None
    return hashlib.sha256("\n".join([str(type(detector)), parameters, *map(str, parts)]).encode()).hexdigest()


def sources(detectors: Iterable[object]) -> dict[str, str]:
    """Module name to source, of the classes whose module is a file of its own that is not installed.

    Raises ValueError for a class that was defined in a notebook, whose file was edited since it was imported, and for
    classes of two files of one name.
    """
    found: dict[str, str] = {}
    for kind in dict.fromkeys(kind for each in detectors for kind in own_classes(each)):
        module = sys.modules[kind.__module__]
        if kind.__module__ == "__main__":
            raise ValueError(
                f"{kind.__name__} is defined in a notebook or program, from where no other process can have it; "
                f"put it into a file of its own and import it from there"
            )
        if "." in module.__name__ or _is_installed(module):
            continue
        source = _made_of.get(kind) or _source(module)
        if source is None:
            raise ValueError(
                f"{module.__name__}.py was edited after {kind.__name__} was imported; restart this session and fit anew"
            )
        if found.setdefault(module.__name__, source) != source:
            raise ValueError(
                f"the detectors are of two files {module.__name__}.py, and one can be saved beside them; give each "
                "file a name of its own and fit anew"
            )
    return found


def run_source(name: str, source: str, path: Path) -> ModuleType:
    """The module of that name, from its source. Raises ValueError when another one is there, or when it fails."""
    present = sys.modules.get(name)
    if present is not None and _source(present) == source:
        return present
    if present is not None and _SOURCE not in vars(present):
        raise ValueError(f"another {name} than {path} is imported already; restart this session and load it first")
    return _run(name, source, path)


class _Named(pickle.Pickler):
    """Finds the classes and functions by which an object, and all that it holds, would be pickled; nothing is kept.

    found: those that are not of this package. Raises what pickling raises.
    """

    def __init__(self, given: object) -> None:
        super().__init__(self, protocol=pickle.HIGHEST_PROTOCOL)
        self._met: dict[Any, None] = {}
        self.dump(given)
        self.found = _of_others(self._met)

    def write(self, data: bytes) -> int:
        return len(data)

    def reducer_override(self, given: Any) -> Any:
        if isinstance(given, type):
            self._met |= dict.fromkeys(given.__mro__)
        elif isinstance(given, FunctionType):
            self._met[given] = None
        return NotImplemented


def _of_others(kinds: Iterable[Any]) -> list[Any]:
    """Classes and functions, each once, that are neither of this package nor built in."""
    return [kind for kind in dict.fromkeys(kinds) if not f"{kind.__module__}.".startswith(("builtins.", "swatlib."))]


def _path(where: str, name: str) -> Path:
    for folder in (Path.cwd(), NOTEBOOKS):
        if (path := folder / Path(where).expanduser()).is_file():
            return path.resolve()
    raise ValueError(
        f"there is no file {where}, neither here nor beside the notebooks; write it as in path/to/my_detector.py:{name}"
    )


def _of_file(path: Path) -> ModuleType:
    """The module that a file makes: the one that is imported already if it is of the same source."""
    name, source = path.stem, path.read_text(encoding="utf-8")
    present = sys.modules.get(name)
    if not name.isidentifier():
        raise ValueError(f"{path.name} is no name of a module; use letters, digits and _ alone, as in my_detector.py")
    if name in sys.stdlib_module_names or (present and not _is_of(present, path)):
        raise ValueError(f"{path.name} has the name of another module; give the file a name of its own")
    if present and _source(present) == source:
        return present
    return _run(name, source, path)


def _run(name: str, source: str, path: Path) -> ModuleType:
    module = ModuleType(name)
    vars(module).update({"__file__": str(path), _SOURCE: source})
    before, sys.modules[name] = sys.modules.get(name), module
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except Exception as error:
        sys.modules.pop(name) if before is None else sys.modules.update({name: before})
        raise ValueError(f"{path.name} can't be run: {type(error).__name__}: {error}") from error
    made = (each for each in vars(module).values() if isinstance(each, type | FunctionType))
    _made_of.update({each: source for each in made if each.__module__ == name})
    return module


def _imported(where: str) -> ModuleType:
    try:
        return importlib.import_module(where)
    except ImportError as error:
        raise ValueError(
            f"the module {where} can't be imported ({error}); install it, or give the path of a file"
        ) from None


def _is_of(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and (_SOURCE in vars(module) or Path(file).resolve() == path)


def _is_installed(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or str(file).startswith(_INSTALLED)


def _source(module: ModuleType) -> str | None:
    """What a module was made of; None where its file is newer than this process, or is none."""
    if _SOURCE in vars(module):
        return vars(module)[_SOURCE]
    path = Path(getattr(module, "__file__", None) or "")
    if path.suffix != ".py" or not path.is_file() or path.stat().st_mtime > swatlib.LOADED:
        return None
    return path.read_text(encoding="utf-8")


def _version(kind: Any) -> str | None:
    """Version of the package of an installed class or function, or its module's source if that says all."""
    module = sys.modules.get(kind.__module__)
    if module is None or kind.__module__ == "__main__":
        return None
    top: Any = sys.modules.get(kind.__module__.partition(".")[0])
    if _is_installed(module) and hasattr(top, "__version__"):
        return f"{kind.__module__}.{kind.__qualname__} {top.__version__}"
    if kind.__module__.partition(".")[0] in sys.stdlib_module_names or not getattr(module, "__file__", None):
        return f"{kind.__module__}.{kind.__qualname__}"
    source = _source(module)
    return None if source is None or _imports_files(source) else source


def _imports_files(source: str) -> bool:
    """Whether it imports a module that is neither installed nor of this package: what that does may change."""
    names, near = set(), False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            near |= node.level > 0
            names.add((node.module or "").partition(".")[0])
    known = {"", "swatlib", *sys.stdlib_module_names}
    return near or not all(_lies_installed(name) for name in names - known)


def _lies_installed(name: str) -> bool:
    """Of a module that is imported already, or would be; one that is nowhere changes nothing."""
    if present := sys.modules.get(name):
        return _is_installed(present)
    spec = importlib.util.find_spec(name)
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else []
    return all(not Path(place).is_absolute() or place.startswith(_INSTALLED) for place in places)
