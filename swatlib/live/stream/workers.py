"""Spark's Python workers, ready before there are rows: forked from one process that has imported what they need.

Spark starts this module instead of its own daemon. Workers share the memory of the libraries, and none imports them
while rows wait. On Linux alone: elsewhere libraries of the system may not survive a fork.
"""

import gc
import sys
import time
from concurrent.futures import Future
from importlib import import_module
from threading import Thread

from pyspark import SparkContext, daemon

from swatlib.cluster.shipping import Shipped, loaded
from swatlib.memory import keep_memory

# scipy.special first: for each of its functions skops looks through modules in the order in which they were loaded
NEEDED = ("scipy.special", "swatlib.live.stream.stateful", "swatlib.live.stream.scorer", "skops.io")
MEETING = 0.1  # seconds that each is busy, so that none does the work of another
SETTINGS = {"spark.python.daemon.module": __name__} if sys.platform == "linux" else {}


def import_needed() -> None:
    """What loading a pipeline and scoring with it take."""
    for name in NEEDED:
        import_module(name)


def prepare(context: SparkContext, shipped: Shipped | None = None) -> Future[None]:
    """Have workers started, one a core, with the pipeline loaded, beside what the caller does next.

    The exception of what is returned is a worker's, or says that the context was stopped.
    """
    prepared: Future[None] = Future()
    Thread(target=_employ, args=(context, shipped, prepared), name="prepare workers", daemon=True).start()
    return prepared


def _employ(context: SparkContext, shipped: Shipped | None, prepared: Future[None]) -> None:
    try:
        cores = context.defaultParallelism
        context.parallelize([shipped] * cores, cores).foreach(_meet)
        prepared.set_result(None)
    except Exception as error:  # of whatever kind: who waits must learn of it
        prepared.set_exception(error)


def _meet(shipped: Shipped | None) -> None:
    if shipped is not None:
        loaded(shipped)
    time.sleep(MEETING)


def serve() -> None:
    """Fork workers as Spark asks for them.

    After each task a worker collects garbage, .1 s of processor time when it looks through all that was imported here.
    """
    keep_memory()
    import_needed()
    gc.freeze()
    daemon.manager()


if __name__ == "__main__":
    serve()
