"""Kafka's Java with an archive of the classes that a broker loads, read and verified once.

With it a broker is ready in two thirds of the time. Java itself passes over an archive that is of other jars or another
Java.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swatlib.atomic import replacing
from swatlib.servers import tools
from swatlib.servers.installation import installed
from swatlib.servers.spark_java import UNSAID
from swatlib.servers.tools import ServicesError
from swatlib.settings import settings

_written: list[Path] = []  # where the next broker writes an archive


def reading_classes(java: Path, jars: Path) -> list[str]:
    """Java's options with which it reads the archive, where there is one and none is being written."""
    archive = _kafka_archive(java, jars)
    return [] if _written or not archive.exists() else [f"-XX:SharedArchiveFile={archive}", *UNSAID]


def writing_classes() -> list[str]:
    """Java's options with which a broker writes the archive when it ends; none outside `broker_classes_kept`."""
    return [f"-XX:ArchiveClassesAtExit={_written[0]}", *UNSAID] if _written else []


@contextmanager
def broker_classes_kept() -> Iterator[None]:
    """The broker that starts and ends within this block writes the archive. Raises ServicesError when it doesn't."""
    with replacing(_kafka_archive(tools.java(), installed("kafka"))) as archive:
        _written.append(archive)
        try:
            yield
        finally:
            _written.clear()
        if not archive.exists():
            raise ServicesError("Kafka's Java wrote no archive of its classes.")
    for other in set(archive.parent.glob("kafka-*.jsa")) - {_kafka_archive(tools.java(), installed("kafka"))}:
        other.unlink(missing_ok=True)  # of another Kafka or Java


def has_broker_classes() -> bool:
    """Whether there is an archive for this Kafka and this Java."""
    return _kafka_archive(tools.java(), installed("kafka")).exists()


def _kafka_archive(java: Path, jars: Path) -> Path:
    seen = [str(jars), os.path.realpath(java), java.stat().st_mtime_ns]
    key = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
    return settings().cache_folder / "java" / f"kafka-{key}.jsa"
