"""An archive of the classes that Java loads for Spark's executors and a driver beside them, kept in the cache.

With it such a Java, which Spark's scripts and executors launch, takes half the processor time. Java itself passes over
an archive that is of other jars.
"""

import json
import os
from contextlib import contextmanager

import pytest

from swatlib.atomic import write_text
from swatlib.servers import spark_java
from swatlib.servers.spark_java import UNSAID


def _archive():
    kept = spark_java._kept((), spark_java.MEMORY)
    return kept.with_name(f"{kept.stem}-executors.jsa")


@contextmanager
def executor_classes_read():
    """Java that is launched within the block reads the archive, where there is one."""
    with pytest.MonkeyPatch.context() as patch:
        if (archive := _archive()).exists():
            options = f"{os.environ.get('JAVA_TOOL_OPTIONS', '')} -XX:SharedArchiveFile='{archive}' {' '.join(UNSAID)}"
            patch.setenv("JAVA_TOOL_OPTIONS", options)
        yield


@contextmanager
def executor_classes_kept():
    """As `executor_classes_read`; where there is none, a driver that starts and ends within the block writes it."""
    if (archive := _archive()).exists():
        with executor_classes_read():
            yield
        return
    unfinished = archive.with_name(f".{archive.stem}.{os.getpid()}.jsa")
    write_text(archive.with_suffix(".json"), json.dumps(["-cp", f"{spark_java._home()}/jars/*"]))  # with it it goes
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_SUBMIT_OPTS", f"-XX:ArchiveClassesAtExit='{unfinished}' {' '.join(UNSAID)}")
        try:
            yield
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    if unfinished.exists():
        unfinished.replace(archive)
