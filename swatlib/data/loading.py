"""Files to one recording: read or taken from the cache, then joined."""

import hashlib
from dataclasses import replace
from pathlib import Path

from swatlib.cached import making
from swatlib.data import cache as cached
from swatlib.data import formats
from swatlib.data.companions import recorded_tables
from swatlib.data.events import labelled_by_time
from swatlib.data.order import join
from swatlib.data.recording import DataError, Recording, Source
from swatlib.wording import did_you_mean


def load(*paths: str | Path, cache: bool = True) -> Recording:
    """Read SWaT files, in any form in which they circulate, as one Recording in time order.

    Parameters
    ----------
    paths
        Files of .xlsx, CSV text, parquet or feather, in .zip or .gz or plain; the kind is found from the content.
    cache
        Take a file whose bytes were read before from the cache folder of the settings, and keep what is read there.

    Returns
    -------
    Recording
        `frame` has the tags that were found, in plant order, float32; `findings` says what was found and what was done
        about it.

    Raises
    ------
    DataError
        In one sentence: file, sheet and row, what was met, and what to do.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> rows = (
    ...     "Timestamp,LIT101,Normal/Attack\\n"
    ...     "28/12/2015 10:00:00 AM,500,Normal\\n"
    ...     "28/12/2015 10:00:01 AM,700,A ttack\\n"
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.csv")
    ...     _ = path.write_text(rows)
    ...     recording = load(path, cache=False)
    >>> recording.frame["LIT101"].tolist(), recording.label.tolist()
    ([500.0, 700.0], [False, True])
    >>> recording.findings[-1]
    '2 rows from 2015-12-28 10:00:00 to 2015-12-28 10:00:01'

    References
    ----------
    The official files: iTrust, Singapore University of Technology and Design, https://itrust.sutd.edu.sg/itrust-labs_datasets/
    """
    if not paths:
        raise DataError("no file given: load takes one path or several, such as load('SWaT_Dataset_Attack_v0.xlsx')")
    return labelled_by_time(join([(Path(path).name, _file(Path(path), cache)) for path in paths]))


def _file(path: Path, cache: bool) -> Recording:
    _refuse_absent(path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    source = (Source(path.name, sha256, str(path.resolve())),)
    if not cache:
        return replace(_parsed(path), source=source)
    with making(cached.entry(sha256), wait=True):  # of several that read it at once, one parses it
        recording, said = cached.fetch(sha256)
        if recording is None:
            recording = _parsed(path)
            said += cached.keep(sha256, recording)
    return replace(recording, source=source).noting(*said)


def _parsed(path: Path) -> Recording:
    return join(recorded_tables(formats.tables(path.name, path.read_bytes())))


def _refuse_absent(path: Path) -> None:
    if path.is_dir():
        inside = sorted(each.name for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
        raise DataError(
            f"{path} is a folder: give the files in it one by one{(inside and f', such as {inside[0]}') or ''}"
        )
    if not path.exists():
        there = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, there)
        raise DataError(f"{path} does not exist{f'.{hint}' if hint else ': check the path'}")
