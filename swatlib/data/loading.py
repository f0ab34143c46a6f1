"""Files to one recording: read or taken from the cache, then joined."""

import difflib
import hashlib
from dataclasses import replace
from pathlib import Path

from swatlib.data import cache as kept
from swatlib.data import formats
from swatlib.data.clean import clean
from swatlib.data.order import join
from swatlib.data.recording import DataError, Recording, Source


def load(*paths, cache: bool = True) -> Recording:
    """Read SWaT files, in any form in which they circulate, as one Recording in time order.

    .xlsx, CSV text or parquet, in .zip or .gz or plain; the kind is told by the content. `findings` says what was
    found and what was done about it; `frame` has the tags that were found, in plant order, float32. With `cache`, a
    file whose bytes were read before comes from the cache folder of the settings. Raises DataError: file, sheet and
    row, what was met, and what to do.
    """
    if not paths:
        raise DataError("no file given: load takes one path or several, such as load('SWaT_Dataset_Attack_v0.xlsx')")
    return join([(Path(path).name, _file(Path(path), cache)) for path in paths])


def _file(path: Path, cache: bool) -> Recording:
    _refuse_absent(path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    source = (Source(path.name, sha256),)
    recording, said = kept.fetch(sha256) if cache else (None, [])
    if recording is None:
        tables = formats.tables(path.name, path.read_bytes())
        recording = join([(table.place, clean(table)) for table in tables])
        said += kept.keep(sha256, recording) if cache else []
    return replace(recording, source=source).noting(*said)


def _refuse_absent(path: Path) -> None:
    if path.is_dir():
        inside = sorted(each.name for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
        raise DataError(
            f"{path} is a folder: give the files in it one by one{(inside and f', such as {inside[0]}') or ''}"
        )
    if not path.exists():
        there = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, n=1)
        hint = f"; did you mean {near[0]}?" if near else ": check the path"
        raise DataError(f"{path} does not exist{hint}")
