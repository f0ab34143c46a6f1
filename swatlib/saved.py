"""A fitted pipeline in a folder: `pipeline.json`, and one skops file a detector. No pickle is read or written.

A folder is written as a whole: it is made under another name and renamed, so a reader finds the old pipeline or the
new one. Checksums of all parts are read back, so a damaged or edited file is refused.
"""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from swatlib.atomic import in_file_name
from swatlib.detectors.base import Detector
from swatlib.detectors.own_classes import run_source, sources

SAVED_FORMAT = 16
DESCRIPTION = "pipeline.json"
TRUSTED = ("swatlib.detectors.", "sklearn.tree._tree.Tree", "pyod.models.")  # types that a detector's file may hold


def write_pipeline(folder: Path, description: Mapping[str, Any], models: Mapping[str, Detector]) -> None:
    """Write what describes a pipeline, as JSON takes it, and its detectors; an older pipeline in `folder` is replaced.

    Beside them stands the source of their classes, where these are of a file that is not installed. Raises ValueError
    when `folder` holds something else, and for a detector that skops can't hold.
    """
    modules = sources(models.values())
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        for name, model in models.items():
            _dump(name, model, made / _file(name))
        for module, source in modules.items():
            (made / f"{module}.py").write_text(source, encoding="utf-8")
        versions = {"format": SAVED_FORMAT, "scikit-learn": version("scikit-learn")}
        files = {name: _sha256(made / _file(name)) for name in models}
        kept = {module: _sha256(made / f"{module}.py") for module in modules}
        written = {**versions, **description, "files": files, "modules": kept}
        (made / DESCRIPTION).write_text(json.dumps({**written, "sha256": _digest(written)}, indent=1))
        if folder.exists():
            _refuse_other(folder)
            folder.rename(Path(scratch) / "replaced")
        made.rename(folder)


def check_place(folder: Path) -> None:
    """Raises what `write_pipeline` would for a place that can't take a pipeline, before the time of a fit is spent."""
    nearest = next(each for each in folder.absolute().parents if each.exists())  # in which it is renamed
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))
    if not os.access(nearest, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(nearest))
    if folder.exists():
        _refuse_other(folder)


def read_pipeline(folder: Path, trusted: Iterable[str] = ()) -> tuple[dict[str, Any], dict[str, Detector]]:
    """Description and detectors that `write_pipeline` wrote.

    trusted: names of classes, beside those of this package, that may be loaded: the source saved with them is run.
    Raises ValueError for a folder without a pipeline, another format or version of scikit-learn, a changed file, or a
    class that is not trusted.
    """
    description = require_unchanged(folder)
    if unknown := [kind for kind in untrusted(folder) if kind not in set(trusted)]:
        raise ValueError(
            f"{folder} holds objects of {', '.join(unknown)}, which are not of swatlib; where you trust them, give "
            f"trusted={unknown}, or on the command line {' '.join(f'--trust {kind}' for kind in unknown)}"
        )
    for module in description.get("modules", {}):
        run_source(module, (folder / f"{module}.py").read_text(encoding="utf-8"), folder / f"{module}.py")
    return description, {name: _model(folder / _file(name)) for name in description["files"]}


def require_unchanged(folder: Path) -> dict[str, Any]:
    """The description of a saved pipeline. Raises ValueError as `read_pipeline`, but judges no class."""
    description = _description(folder)
    for name, digest in description["files"].items():
        _refuse_changed(folder / _file(name), digest)
    for module, digest in description.get("modules", {}).items():
        _refuse_changed(folder / f"{module}.py", digest)
    return description


def untrusted(folder: Path) -> list[str]:
    """Names of the classes that a saved pipeline is made of and that are not of swatlib, scikit-learn or PyOD.

    A module whose source stands beside them, but which has none of these classes, is named itself.
    """
    import skops.io

    description = _description(folder)
    names = [_file(name) for name in description["files"]]
    kinds = {kind for name in names for kind in skops.io.get_untrusted_types(file=folder / name)}
    own = sorted(kind for kind in kinds if not kind.startswith(TRUSTED))
    run = description.get("modules", {})
    return own + sorted(module for module in run if not any(kind.startswith(f"{module}.") for kind in own))


def _description(folder: Path) -> dict[str, Any]:
    if not (folder / DESCRIPTION).exists():
        raise ValueError(f"{folder} holds no {DESCRIPTION}; make one with `python -m swatlib fit {folder}`")
    damaged = f"{folder / DESCRIPTION} is damaged; fit the pipeline anew"
    try:
        description = json.loads((folder / DESCRIPTION).read_text())
        versions, digest = [description.get("format"), description.get("scikit-learn")], description.pop("sha256", None)
    except (ValueError, AttributeError):
        raise ValueError(damaged) from None
    for what, met, needed in zip(
        ("format", "scikit-learn"), versions, (SAVED_FORMAT, version("scikit-learn")), strict=True
    ):
        if met != needed:
            raise ValueError(f"{folder} was saved with {what} {met}, this is {needed}; fit the pipeline anew")
    if digest != _digest(description):
        raise ValueError(damaged)
    return description


def _refuse_changed(path: Path, digest: str) -> None:
    if not path.exists() or _sha256(path) != digest:
        raise ValueError(f"{path} is missing or is not the file that was saved; fit the pipeline anew")


def _model(path: Path) -> Detector:
    import skops.io

    try:
        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    except ImportError as error:
        raise ValueError(f"{path} holds a detector that needs a module which is not installed here: {error}") from None


def _dump(name: str, model: Detector, path: Path) -> None:
    import skops.io

    try:
        skops.io.dump(model, path)
    except Exception as error:  # whatever an object does when it is asked for its content
        raise ValueError(
            f"{name} can't be saved ({type(error).__name__}: {error}); its attributes may hold numbers, texts, arrays, "
            "lists, dicts, and models of scikit-learn"
        ) from error
    if nameless := [kind for kind in skops.io.get_untrusted_types(file=path) if "<" in kind]:
        raise ValueError(
            f"{name} can't be saved: it holds {nameless[0]}, which no other process finds by its name; "
            "define it with a name at the top of its file"
        )


def _file(name: str) -> str:
    return f"{file_stem(name)}.skops"


def file_stem(name: str) -> str:
    """A file's name for a detector's; one with characters that a file can't have ends in a digest."""
    plain = in_file_name(name)
    if plain == name.replace(":", "-"):
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _digest(description: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_other(folder: Path) -> None:
    if any(folder.iterdir()) and not (folder / DESCRIPTION).exists():
        raise ValueError(f"{folder} holds something else than a pipeline; name an empty or new folder")
