"""What tells a token that should be known to few."""

import subprocess
from collections.abc import Iterable
from pathlib import Path


def telling(tokens: Iterable[str], folder: Path, but: Iterable[str] = ()) -> list[str]:
    """Files beneath a folder that hold one of the tokens, those in folders named `but` aside; or the process list."""
    sought = [token.encode() for token in tokens]
    found = ["ps"] if any(token in _processes() for token in sought) else []
    paths = [path for path in folder.rglob("*") if not {*but} & {*path.parts}]
    return found + [str(path) for path in paths if _holds(path, sought)]


def _processes() -> bytes:
    """Command lines and environments of all that run."""
    return subprocess.run(["ps", "auxeww"], capture_output=True, check=True).stdout


def _holds(path: Path, sought: list[bytes]) -> bool:
    """Not so for a folder, and a file that its owner has just replaced."""
    try:
        content = path.read_bytes() if path.is_file() and not _set_aside(path) else b""
    except FileNotFoundError:
        return False
    return any(token in content for token in sought)


def _set_aside(path: Path) -> bool:
    """One of Kafka's files of 10 MB for what is to come, in which nothing is written."""
    size = path.stat()
    return size.st_size > 2**20 and size.st_blocks == 0
