"""Atomic file writes: a file has its old content or all of its new one, whatever interrupts the writer."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, with its suffix.

    It replaces `path` when the block ends, and is deleted when the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        _say_instead(error, temporary, path)
        raise
    finally:
        with suppress(OSError):  # what stands in its way stood in that of the writer, who has said so
            temporary.unlink()


def _say_instead(error: OSError, temporary: Path, path: Path) -> None:
    """Have an error name the file that the user knows, in place of the temporary one."""
    if error.filename is not None and str(error.filename) == str(temporary):
        error.filename = str(path)
        if error.filename2 is not None:
            del error.filename2
    if error.strerror and str(temporary) in error.strerror:  # pyarrow's errors have it in their text
        error.strerror = error.strerror.replace(str(temporary), str(path))
        error.args = (error.errno, error.strerror)  # what pickling keeps


def in_file_name(name: str) -> str:
    """The end of a name as part of a file's, which has 255 bytes at the most: letters, digits, points and dashes."""
    return re.sub(r"[^\w.-]", "-", name).encode()[-100:].decode(errors="ignore")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; folders that are missing are made."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
