"""A saved pipeline that every worker has."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from swatlib.pipeline import Pipeline
from swatlib.saved import require_unchanged

if TYPE_CHECKING:
    from pyspark import SparkContext


@dataclass(frozen=True)
class Shipped:
    """archive: named by its content. trusted: classes of one's own that may be run. folder: "" where Spark ships it."""

    archive: str
    trusted: tuple[str, ...] = ()
    folder: str = ""


@dataclass(frozen=True)
class PackedPipeline:
    """A saved pipeline's files, and how workers on this machine find it."""

    shipped: Shipped
    files: dict[str, bytes]


def packed_pipeline(folder: Path, trusted: Iterable[str] = (), judged: bool = True) -> PackedPipeline:
    """The files of a saved pipeline, among them the source of classes of one's own.

    judged: raises ValueError for a class that is not among the `trusted` ones; else `loaded` does, in a worker. Raises
    ValueError for a folder that holds no pipeline.
    """
    if judged:
        Pipeline.load(folder, trusted)
    require_unchanged(folder)
    files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
    name = f"pipeline-{sha256(b''.join(files.values())).hexdigest()[:16]}.zip"
    return PackedPipeline(Shipped(name, tuple(trusted), str(Path(folder).resolve())), files)


def ship(context: "SparkContext", folder: Path, trusted: Iterable[str] = (), judged: bool = True) -> Shipped:
    """Hand a saved pipeline to Spark's executors. Raises ValueError as `packed_pipeline` does."""
    from pyspark import SparkFiles

    found = packed_pipeline(folder, trusted, judged)
    path = Path(SparkFiles.getRootDirectory()) / "packed" / found.shipped.archive
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with ZipFile(path, "w") as archive:
            for file, content in found.files.items():
                archive.writestr(file, content)
        context.addFile(str(path))
    return Shipped(found.shipped.archive, found.shipped.trusted)


@lru_cache(maxsize=1)
def loaded(shipped: Shipped) -> Pipeline:
    """The pipeline that was shipped, loaded once in each worker process."""
    if shipped.folder:
        return Pipeline.load(shipped.folder, shipped.trusted)
    from pyspark import SparkFiles

    with tempfile.TemporaryDirectory() as folder, ZipFile(SparkFiles.get(shipped.archive)) as archive:
        archive.extractall(folder)
        return Pipeline.load(folder, shipped.trusted)
