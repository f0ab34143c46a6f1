"""Spark's Python workers, ready before there are rows: forked from one process that has imported what they need.

Spark starts this module instead of its own daemon. Workers share the memory of the libraries, and none imports them
while rows wait. On Linux alone: elsewhere libraries of the system may not survive a fork.
"""

import sys
import time
from contextlib import suppress
from importlib import import_module
from threading import Thread

from py4j.protocol import Py4JError
from pyspark import SparkContext, daemon

NEEDED = ("swatlib.live.stream.scorer", "skops.io")
MEETING = 0.1  # seconds that each is busy, so that none does the work of another
SETTINGS = {"spark.python.daemon.module": __name__} if sys.platform == "linux" else {}


def import_needed() -> None:
    """What loading a pipeline and scoring with it take."""
    for name in NEEDED:
        import_module(name)


def prepare(context: SparkContext) -> None:
    """Have workers started, one a core, beside what the caller does next."""
    Thread(target=_employ, args=(context,), name="prepare workers", daemon=True).start()


def _employ(context: SparkContext) -> None:
    cores = context.defaultParallelism
    with suppress(Py4JError):  # the context has been stopped meanwhile
        context.parallelize(range(cores), cores).foreach(_meet)


def _meet(_: int) -> None:
    time.sleep(MEETING)


if __name__ == "__main__":
    import_needed()
    daemon.manager()
