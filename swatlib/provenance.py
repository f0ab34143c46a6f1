"""What must stand beside a figure so that it can be repeated: commit, edited files, versions, machine."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import swatlib
from swatlib.settings import ROOT

PACKAGE = Path(__file__).parent
PACKAGES = ("swatlib", "numpy", "pandas", "scipy", "numba", "scikit-learn", "pyod", "fastexcel", "papermill")
TRACKED = ("swatlib", "notebooks")  # folders of the clone whose edits change a figure


def provenance(notebooks: Iterable[Path] = ()) -> dict[str, Any]:
    """`commit`, `edited` (files that differ from it), `versions` (name to version), `machine`."""
    return {"commit": commit(), "edited": edited_files(notebooks), "versions": versions(), "machine": machine()}


def commit(root: Path = ROOT) -> str:
    """Hash at HEAD, as git gives it; "unknown" outside a clone and where git is not installed."""
    top, _, head = (_git(root, "rev-parse", "--show-toplevel", "HEAD") or "").strip().partition("\n")
    return head if head and Path(top) == root.resolve() else "unknown"


def edited_files(notebooks: Iterable[Path] = (), root: Path = ROOT) -> list[str]:
    """Paths of code and notebooks, those given among them, that differ from the commit or are not in it.

    A notebook counts when the source of a cell differs; outputs alone do not count. Paths are relative to `root`, and
    a file outside of it has its name alone, since reports are passed on. Nothing is known outside a clone: [].
    """
    if commit(root) == "unknown":
        return []
    status = _git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *TRACKED)
    files = {line[3:] for line in (status or "").split("\0") if line}
    files |= {_relative(notebook.resolve(), root) for notebook in notebooks}
    return sorted(file for file in files if _differs(file, root))


def checksum(notebook: Path) -> str:
    """SHA-256 of the kinds and sources of a notebook's cells: the same whatever its outputs are."""
    return hashlib.sha256(json.dumps(_cells(notebook.read_text(encoding="utf-8"))).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Python and the packages that figures depend on."""
    return {"python": platform.python_version()} | {package: _version(package) for package in PACKAGES}


def optional_version(package: str) -> str:
    """Version of a package that only some detectors need; "none" where it is not installed."""
    try:
        return _version(package)
    except PackageNotFoundError:
        return "none"


@cache
def _version(package: str) -> str:
    return version(package)  # which reads a file of it each time


def code_digest(without: tuple[str, ...] = ()) -> str:
    """Digest of this package's source and tables, without the modules and folders named in `without`."""
    digest = hashlib.sha256()
    for path in _sources(without):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def edited(without: tuple[str, ...] = ()) -> bool:
    """Whether the source on disk is newer than this process, so that `code` is the digest of other code."""
    return any(path.stat().st_mtime > swatlib.LOADED for path in _sources(without))


def machine() -> str:
    """Cores, system and architecture; no host name, since reports are passed on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _sources(without: tuple[str, ...]) -> list[Path]:
    paths = sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".csv"})
    return [path for path in paths if Path(path.relative_to(PACKAGE).parts[0]).stem not in without]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root.resolve()).as_posix() if path.is_relative_to(root.resolve()) else path.name


def _differs(file: str, root: Path) -> bool:
    """Whether a file that git calls changed differs in more than the outputs of a notebook."""
    path = root / file
    committed = _git(root, "show", f"HEAD:{file}")
    if path.suffix != ".ipynb" or committed is None or not path.is_file():
        return True
    return _cells(committed) != _cells(path.read_text(encoding="utf-8"))


def _cells(notebook: str) -> list[list[str]]:
    """Kind and source of each cell; a text that is no notebook counts as one cell."""
    try:
        return [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(notebook)["cells"]]
    except (ValueError, KeyError, TypeError):
        return [["", notebook]]


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails or is not installed. It only reads, so the folder's owner is no matter."""
    command = ["git", "-c", "safe.directory=*", "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
