"""A fitted pipeline in a folder: `pipeline.json`, and one skops file a detector. No pickle is read or written.

A folder is written as a whole: it is made under another name and renamed, so a reader finds the old pipeline or the
new one. Checksums of all parts are read back, so a damaged or edited file is refused.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from swatlib.detectors.base import Detector

SAVED_FORMAT = 5
DESCRIPTION = "pipeline.json"
TRUSTED = ("swatlib.detectors.", "sklearn.tree._tree.Tree", "pyod.models.")  # types that a detector's file may hold


def write_pipeline(folder: Path, description: Mapping[str, Any], models: Mapping[str, Detector]) -> None:
    """Write what describes a pipeline, as JSON takes it, and its detectors; an older pipeline in `folder` is replaced.

    Raises ValueError when `folder` holds something else.
    """
    import skops.io

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        for name, model in models.items():
            skops.io.dump(model, made / _file(name))
        versions = {"format": SAVED_FORMAT, "scikit-learn": version("scikit-learn")}
        files = {name: _sha256(made / _file(name)) for name in models}
        written = {**versions, **description, "files": files}
        (made / DESCRIPTION).write_text(json.dumps({**written, "sha256": _digest(written)}, indent=1))
        if folder.exists():
            _refuse_other(folder)
            folder.rename(Path(scratch) / "replaced")
        made.rename(folder)


def read_pipeline(folder: Path) -> tuple[dict[str, Any], dict[str, Detector]]:
    """Description and detectors that `write_pipeline` wrote.

    Raises ValueError for a folder without a pipeline, another format or version of scikit-learn, or a changed file.
    """
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
    return description, {name: _model(folder, name, digest) for name, digest in description["files"].items()}


def _model(folder: Path, name: str, digest: str) -> Detector:
    import skops.io

    path = folder / _file(name)
    if not path.exists() or _sha256(path) != digest:
        raise ValueError(f"{path} is missing or is not the file that was saved; fit the pipeline anew")
    types = skops.io.get_untrusted_types(file=path)
    if unknown := [kind for kind in types if not kind.startswith(TRUSTED)]:
        raise ValueError(f"{path} holds objects of {', '.join(unknown)}, which no detector has; it is not loaded")
    return skops.io.load(path, trusted=types)


def _file(name: str) -> str:
    return f"{name.replace(':', '-')}.skops"


def _digest(description: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_other(folder: Path) -> None:
    if any(folder.iterdir()) and not (folder / DESCRIPTION).exists():
        raise ValueError(f"{folder} holds something else than a pipeline; name an empty or new folder")
