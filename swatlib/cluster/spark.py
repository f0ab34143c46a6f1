"""Spark's executors as a crew: each point is a Spark job of one task, so that Spark tries it again where it fails."""

import re
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from swatlib.atomic import replacing
from swatlib.cluster.crew import TRIES, ClusterError, Crew, Told, ToldPlace
from swatlib.cluster.shipping import Shipped, ship
from swatlib.provenance import code_digest, versions
from swatlib.settings import MASTER, settings
from swatlib.side_by_side import Outcome, outcome_of, outcomes_told

LEAST_JOBS = 32  # in flight, so that executors which join later find work
ANSWERS_S = 5.0  # seconds in which a master must answer
EXECUTORS_S = 60.0  # seconds in which it must give an executor
ON_THIS_MACHINE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


class Executors(Crew):
    """The executors of a Spark session."""

    def __init__(self, context: SparkContext, files: Mapping[str, bytes]) -> None:
        self.context, self.files = context, dict(files)
        self.stopped = threading.Event()

    @property
    def width(self) -> int:
        return self.context.defaultParallelism

    def _run(self, points: list[Any], work: Callable[[Any], Any], began: ToldPlace, ended: Told) -> list[Outcome]:
        told = SimpleQueue[tuple[int, Outcome | None]]()
        with ThreadPoolExecutor(max(LEAST_JOBS, 2 * self.width)) as threads:
            for place, point in enumerate(points):
                threads.submit(self._hand_out, told, place, work, point)
            try:
                return outcomes_told(told, len(points), began, ended)
            except BaseException:
                self.stopped.set()
                threads.shutdown(wait=False, cancel_futures=True)
                self.context.cancelAllJobs()
                raise

    def ship(self, folder: Path, trusted: Iterable[str] = ()) -> Shipped:
        return ship(self.context, folder, trusted)

    def _hand_out(self, told: SimpleQueue, place: int, work: Callable[[Any], Any], point: Any) -> None:
        if self.stopped.is_set():
            return
        told.put((place, None))
        outcome = outcome_of(self._job, (work, point))
        told.put((place, outcome))

    def _job(self, given: tuple[Callable[[Any], Any], Any]) -> tuple[bool, Any]:
        work, point = given
        task = self.context.parallelize([point], 1).mapPartitions(
            partial(_on_executor, _this_package(), self.files, work)
        )
        try:
            (answered,) = task.collect()
        except (PySparkException, Py4JError) as error:
            raise ClusterError(_reason(error)) from error
        return answered


@contextmanager
def on_spark(master: str, files: Mapping[str, bytes]) -> Iterator[Executors]:
    """The executors of a master; a session that this process has there already is used, and left to run.

    A Java that is begun for them ends with them: it has no connector to Kafka, and pyspark would keep it for a stream.
    """
    if not MASTER.fullmatch(master):
        raise ClusterError(f"{master} is no Spark master; give spark://host:7077, local-cluster[2,1,1024] or local[2]")
    running = SparkContext._active_spark_context
    if running is not None:
        if running.master != _with_tries(master):
            raise ClusterError(f"this process has a Spark session on {running.master} already; stop it first")
        yield Executors(running, files)
        return
    _refuse_silent(master)
    with _java_of_its_own():
        session = _session(master)
        context = session.sparkContext
        java: Any = context._jsc
        try:
            _wait_for_executor(context)
            yield Executors(context, files)
        finally:
            place = Path(java.getSparkHome().orElse("")) / "work" / context.applicationId
            session.stop()
            if master.startswith("local-cluster"):  # it leaves what its executors logged beside Spark
                shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _java_of_its_own() -> Iterator[None]:
    """What this block begins of Java ends with it; a Java that runs already, or began this process, is left alone."""
    before = SparkContext._gateway
    try:
        yield
    finally:
        gateway: Any = SparkContext._gateway
        if gateway is not before and gateway.proc is not None:
            SparkContext._gateway = SparkContext._jvm = None
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait()


def _session(master: str) -> SparkSession:
    quiet = files("swatlib.cluster").joinpath("log4j2.properties")
    chosen = {
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.task.maxFailures": str(TRIES),
        **(_of_this_machine() if master.startswith("local") else {}),
    }
    builder = SparkSession.builder.master(_with_tries(master)).appName("swatlib")
    for key, value in chosen.items():
        builder = builder.config(key, value)
    try:
        spark = builder.getOrCreate()
    except Exception as error:  # py4j has many, and Java's own come through
        raise ClusterError(f"Spark can't be started on {master}: {_reason(error)}") from error
    if spark.sparkContext.pythonExec == "python3":  # PYSPARK_PYTHON names no other
        spark.sparkContext.pythonExec = sys.executable
    return spark


def _of_this_machine() -> dict[str, str]:
    folders = {"SWAT_CACHE_FOLDER": settings().cache_folder, "SWAT_REPORTS_FOLDER": settings().reports_folder}
    return ON_THIS_MACHINE | {f"spark.executorEnv.{name}": str(folder) for name, folder in folders.items()}


def _with_tries(master: str) -> str:
    """`local` and `local[2]` try once if not told otherwise."""
    local = re.fullmatch(r"local(?:\[(\d+|\*)\])?", master)
    return f"local[{local[1] or 1},{TRIES}]" if local else master


def _refuse_silent(master: str) -> None:
    """Raises ClusterError when nobody listens at `spark://…`; Spark itself tries for minutes."""
    if not master.startswith("spark://"):
        return
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), ANSWERS_S).close()
            return
        except OSError as error:
            reason = error
    raise ClusterError(f"no Spark master answers at {master} ({reason}); start one, or leave out --on to work here")


def _wait_for_executor(context: SparkContext) -> None:
    if re.match(r"local(\[|$)", context.master or ""):
        return
    deadline = time.monotonic() + EXECUTORS_S
    while len(context._jsc.sc().statusTracker().getExecutorInfos()) < 2:  # the first is this process
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{context.master} gave no executor within {EXECUTORS_S:.0f} s; it needs a worker with a free core and "
                "a free GB of memory"
            )
        time.sleep(0.1)


def _on_executor(
    package: tuple[str, ...], given: Mapping[str, bytes], work: Callable[[Any], Any], points: Iterator[Any]
) -> Iterator[Any]:
    """Answers, made on an executor."""
    if different := [pair for pair in zip(package, _this_package(), strict=False) if pair[0] != pair[1]]:
        here, there = different[0]
        yield False, f"the executors have {there}, and {here} is here; install the same swatlib and packages everywhere"
        return
    for name, content in given.items():
        if not _is_there(Path(name), content):
            yield False, f"{name} is another file on {socket.gethostname()}; put the one that is meant on every machine"
            return
    yield from map(work, points)


def _is_there(path: Path, content: bytes) -> bool:
    """Whether the file is what it should be; one that lacks is written into the folder of the executor."""
    if not path.exists() and not path.is_absolute():
        with replacing(path) as unfinished:
            unfinished.write_bytes(content)
    return path.is_file() and path.read_bytes() == content


@cache
def _this_package() -> tuple[str, ...]:
    """What must be the same everywhere for the same results: digest of the code, versions."""
    return f"code {code_digest()[:12]}", *(f"{name} {version}" for name, version in versions().items())


def _reason(error: BaseException) -> str:
    """The last line of a Python traceback in Spark's message, or its first line."""
    text = str(getattr(error, "java_exception", None) or error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception|Exit|Interrupt)\b", line)]
    return (raised or lines or [type(error).__name__])[-1 if raised else 0][:300]
