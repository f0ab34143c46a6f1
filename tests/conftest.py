"""Recordings that many tests share, simulated once, and real servers, on free ports in a temporary folder,
started only where needed and once for files that share them."""

import gc
import os
import signal
import sys
from collections import Counter
from importlib import import_module

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from swatlib.atomic import replacing
from swatlib.memory import keep_memory
from swatlib.pipeline import Pipeline
from swatlib.results.fit_cache import cached_fit
from swatlib.servers import SERVER_NAMES, Services, ServicesError, java, spark_java
from swatlib.servers.installation import installed, locked
from swatlib.servers.tools import QUICK_START
from swatlib.settings import settings as swat_settings
from swatlib.simulation.cache import cached_simulation

# A shell that starts the tests in the background has them, and the programs that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Java that runs for seconds is not worth optimising, in Spark's executors either.
os.environ.setdefault("JAVA_TOOL_OPTIONS", QUICK_START)

# A busy machine is no failure: examples may take as long as they need.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("patient")

keep_memory()  # as programs do; to look for garbage rarely saves a tenth of the processor time of tests

# Not looked into for doctests: what needs packages that no test needs, programs of images, and this file, since of
# several conftest.py only one is imported by its name.
collect_ignore = ["metrics/reference/make_metrics.py", "stack/images", "conftest.py"]
NEED_SERVERS = {"need", "services", "engine"}  # fixtures: a test that has one of them starts servers
NEED_A_FIT = {"fitted"}  # all seven detectors on two days
SLOW_FILES = {
    "tests/cli/test_cli.py",
    "tests/cli/test_lab.py",
    "tests/cluster/test_score.py",
    "tests/data/test_data_fuzz.py",
    "tests/metrics/test_metrics_reference.py",
    "tests/metrics/test_metrics_resampling.py",
    "tests/report/test_index_browser.py",
    "tests/report/test_mouse_pages.py",
    "tests/report/test_odd_notebooks.py",
    "tests/report/test_own_class.py",
    "tests/report/test_report.py",
    "tests/report/test_report_forms.py",
    "tests/report/test_short_recordings.py",
    "tests/report/test_side_by_side.py",
    "tests/report/test_slides.py",
    "tests/report/test_sortable.py",
    "tests/report/test_sweep.py",
    "tests/results/test_cache.py",
    "tests/servers/test_spark_java.py",
    "tests/servers/test_supervisor.py",
    "tests/simulation/test_realism.py",
    "tests/stack/test_compose.py",
    "tests/stack/test_run_stack.py",
    "tests/studies/test_ceiling.py",
    "tests/studies/test_field.py",
    "tests/studies/test_measured.py",
    "tests/studies/test_recordings.py",
    "tests/studies/test_stresses.py",
    "tests/test_canary.py",
    "tests/test_deep.py",
    "tests/test_detectors.py",
    "tests/test_origins.py",
    "tests/test_own_detectors.py",
    "tests/test_pipeline.py",
    "tests/test_run_points.py",
}
LONGEST = (  # files, or files that stay TOGETHER, to begin with
    "a live run",
    "Spark here",
    "tests/live/test_killed.py",
    "two executors",
    "tests/live/test_browser.py",
    "tests/live/test_class_archive.py",
    "tests/live/test_compose_commands.py",
    "tests/report/test_own_class.py",
    "tests/report/test_report_forms.py",
    "tests/report/test_side_by_side.py",
    "tests/cli/test_lab.py",
    "servers",
    "tests/test_pipeline.py",
    "tests/report/test_sweep.py",
    "tests/cli/test_cli.py",
    "tests/studies/test_ceiling.py",
    "tests/studies/test_measured.py",
    "tests/report/test_short_recordings.py",
    "notebooks/05-live.ipynb",
    "notebooks/09-benchmark.ipynb",
)
TOGETHER = {  # files that one worker takes as one: they share servers and, of Spark, a session
    # The last one ends the run.
    "a live run": ("tests/live/test_run.py", "tests/live/test_boards_asked.py", "tests/live/test_session.py"),
    "Spark here": ("tests/live/test_stream.py", "tests/live/test_arbitrary_messages.py"),
    # A stream after executors: the Java that these had has no connector to Kafka.
    "two executors": ("tests/cluster/test_on_spark.py", "tests/live/test_stream_cluster.py"),
    "servers": (
        "tests/servers/test_services.py",
        "tests/live/test_monitoring.py",
        "tests/live/test_producer.py",
        "tests/live/test_jobs.py",
        "tests/live/test_sink.py",
        "tests/live/test_episodes.py",
        "tests/live/test_maintenance.py",
        "tests/live/test_console.py",
        "tests/stack/test_board_queries.py",
    ),
}
UNITS = {name: unit for unit, names in TOGETHER.items() for name in names}
SERVED = pytest.StashKey[Services]()
ATTACK_START = pd.Timestamp("2015-12-28 10:00:00")


class Units(LoadFileScheduling):
    """A worker takes a file at a time, or files that share what takes long to start."""

    def _split_scope(self, nodeid):
        return _unit(nodeid)

    def _reschedule(self, node):
        """Its next unit, only when it can't go on without: another worker may be free before."""
        if not self.workqueue or self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Units(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    """A worker imports skops before tests: for each of 838 functions it looks through all modules that are loaded."""
    if hasattr(session.config, "workerinput"):
        import_module("skops.io")


def pytest_collection_modifyitems(items):
    """Mark what `sh test.sh --quick` leaves out, and begin with the files that take longest.

    A file is the unit that a worker takes, or those that stay TOGETHER: first LONGEST, then those that start servers,
    then notebooks, then those of most tests.
    """
    fixtures = {item: set(getattr(item, "fixturenames", ())) for item in items}
    starting = {_file(item.nodeid) for item in items if fixtures[item] & NEED_SERVERS}
    tests = Counter(_file(item.nodeid) for item in items)
    for item in items:
        if fixtures[item] & (NEED_SERVERS | NEED_A_FIT) or _file(item.nodeid) in SLOW_FILES:
            item.add_marker("slow")
    longest = [name for first in LONGEST for name in TOGETHER.get(first, [first])]
    places = {name: place for place, name in enumerate(longest)}
    items.sort(
        key=lambda item: (
            places.get(_file(item.nodeid), len(places)),
            _file(item.nodeid) not in starting,
            ".ipynb" not in _file(item.nodeid),
            -tests[_file(item.nodeid)],
        )
    )


def pytest_collection_finish():
    """All that was imported stays, and is not looked through for garbage again."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Servers, and Spark with its Java, end with the last test of their unit: they take processor time at rest too."""
    yield
    if nextitem is not None and _unit(nextitem.nodeid) == _unit(item.nodeid):
        return
    try:
        if "pyspark.sql" in sys.modules:
            _end_spark(sys.modules["pyspark"].SparkContext, sys.modules["pyspark.sql"].SparkSession)
    finally:
        if SERVED in item.session.stash:
            item.session.stash[SERVED].stop()


def _end_spark(context, session):
    if running := session.getActiveSession():
        running.stop()
    if (gateway := context._gateway) is not None:
        context._gateway = context._jvm = None  # the next session begins a Java of its own
        gateway.shutdown()
        if gateway.proc is not None:  # Spark's own scripts launched it
            gateway.proc.stdin.close()
            gateway.proc.wait()
    for begun in spark_java._begun.values():
        begun.end()
    spark_java._begun.clear()


def _unit(nodeid):
    return UNITS.get(_file(nodeid), _file(nodeid))


def _file(nodeid):
    return nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def whole_2015():
    """The seven normal days and the four and a half attacked ones, as recorded in 2015: 946,719 rows."""
    return cached_simulation(946_719)


@pytest.fixture(scope="session")
def normal(whole_2015):
    """Two normal days after the start-up."""
    return whole_2015.between("2015-12-23", "2015-12-25")


@pytest.fixture(scope="session")
def attacked(whole_2015):
    """The first attacked day, with attacks 1 to 11."""
    return whole_2015.between(ATTACK_START, ATTACK_START + pd.Timedelta("1d"))


@pytest.fixture(scope="session")
def together(tmp_path_factory, request):
    """A folder that all workers of this session have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


@pytest.fixture(scope="session")
def fitted(normal):
    """The default pipeline, fitted on two normal days: by the first worker that needs it, read by the others."""
    return cached_fit(Pipeline(startup=0), normal)


@pytest.fixture(scope="session")
def quick(normal, tmp_path_factory):
    """The folder of two quick detectors, fitted on a day, for what has nothing to do with detectors."""
    pipeline = cached_fit(Pipeline(("pca", "kmeans"), startup=0), normal.between(end="2015-12-24"))
    return pipeline.save(tmp_path_factory.mktemp("quick") / "quick")


@pytest.fixture(scope="session")
def scored(fitted, attacked, together):
    """Its scores on the first attacked day, scored at once: by the first worker that needs them, read by the others."""
    kept = together / "scored.parquet"
    with locked(kept.with_suffix(".lock"), lambda: None):
        if kept.exists():
            return pd.read_parquet(kept).set_axis(attacked.frame.index)
        scores = fitted.score(attacked.frame)
        with replacing(kept) as temporary:
            scores.to_parquet(temporary)
        return scores


@pytest.fixture(scope="session")
def services(tmp_path_factory, request):
    """A folder of servers; `kafka` and `influxdb` start theirs."""
    here = request.session.stash[SERVED] = Services(tmp_path_factory.mktemp("services"), SERVER_NAMES)
    yield here
    here.stop()


@pytest.fixture(scope="session")
def need():
    """`need("kafka", …)`: a server that isn't installed skips the test; with SWAT_REQUIRE_SERVICES=1 it fails it."""

    def check(*names: str) -> None:
        try:
            java()
            for name in names:
                installed(name)
        except ServicesError as lack:
            if swat_settings().require_services:
                pytest.fail(str(lack))
            pytest.skip(str(lack))

    return check


@pytest.fixture(scope="module")
def kafka(services, need):
    """host:port of a broker that runs."""
    need("kafka")
    services.start("kafka")
    return services.kafka


@pytest.fixture(scope="module")
def influxdb(services, need):
    """An InfluxDB that runs: url, org, bucket, token("write"), token("read")."""
    need("influxdb")
    services.start("influxdb")
    return services.influxdb
