"""What a figure needs beside it to be believed and repeated: commit, versions, machine."""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

import swatlib
from swatlib.settings import ROOT

PACKAGE = Path(__file__).parent
PACKAGES = ("swatlib", "numpy", "pandas", "scipy", "numba", "scikit-learn", "pyod", "fastexcel", "papermill")


def provenance() -> dict:
    """`commit`, `versions` (name to version), `machine`."""
    return {"commit": commit(), "versions": versions(), "machine": machine()}


def commit(root: Path = ROOT) -> str:
    """Hash at HEAD, read from the files of git itself (loose, packed, worktree); "unknown" outside a clone."""
    git = root / ".git"
    if git.is_file():
        git = root / git.read_text().removeprefix("gitdir:").strip()
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head or "unknown"
    reference = head.removeprefix("ref: ")
    shared = git / (_text(git / "commondir") or ".")
    return _text(shared / reference) or _packed(shared, reference) or "unknown"


def versions() -> dict[str, str]:
    """Python and the packages that figures depend on."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def code(without: tuple[str, ...] = ()) -> str:
    """Digest of this package's source and tables, less the modules and folders named in `without`."""
    digest = hashlib.sha256()
    for path in _sources(without):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def edited(without: tuple[str, ...] = ()) -> bool:
    """Whether the source on disk is newer than this process, which then runs other code than `code` tells of."""
    return any(path.stat().st_mtime > swatlib.LOADED for path in _sources(without))


def machine() -> str:
    """Cores, system and architecture; no host name, since reports are passed on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _sources(without: tuple[str, ...]) -> list[Path]:
    paths = sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".csv"})
    return [path for path in paths if Path(path.relative_to(PACKAGE).parts[0]).stem not in without]


def _packed(git: Path, reference: str) -> str:
    lines = (line.split() for line in _text(git / "packed-refs").splitlines())
    return next((words[0] for words in lines if words[1:] == [reference]), "")


def _text(path: Path) -> str:
    return path.read_text().strip() if path.is_file() else ""
