"""`sh run.sh stack` as it is, in a real engine: one stack for all tests of this file, which follow one another.

It runs in a copy of the clone, on free ports and under a name of its own, so that it touches no other stack.
"""

import json
import os
import shutil
import subprocess
import urllib.request
from contextlib import suppress
from dataclasses import replace

import pandas as pd
import pytest
from engine import Engine, LackError
from waiting import wait

from swatlib.live.episodes import stored_episodes
from swatlib.live.sink import SCORE, InfluxSink, SinkError
from swatlib.pipeline import DEFAULT
from swatlib.servers.records import free_ports
from swatlib.settings import ROOT, settings

pytestmark = pytest.mark.containers
NAME = "swat-tests"
OURS = ("--filter", f"label=com.docker.compose.project={NAME}")
PORTS = ("GRAFANA", "CHRONOGRAF", "INFLUXDB", "KAFKA", "SPARK_UI", "JUPYTER", "SPARK_MASTER_UI")
PATIENCE = 240  # seconds for what the stack does by itself: no measure, a limit


@pytest.fixture(scope="module")
def engine():
    try:
        engine = Engine()
    except LackError as lack:
        if settings().require_containers:
            pytest.fail(str(lack))
        pytest.skip(str(lack))
    yield engine
    engine.stop()


class Stack:
    """A copy of the clone, and what is typed in it."""

    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, listed.split("\0")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        lines = [f"COMPOSE_PROJECT_NAME={NAME}", *(f"{name}_PORT={port}" for name, port in self.ports.items())]
        (folder / ".env").write_text("\n".join(lines) + "\n")

    def type(self, *words: str) -> str:
        """`sh run.sh stack …`: what it says."""
        command = ["sh", "run.sh", "stack", *words]
        done = subprocess.run(command, cwd=self.folder, env=os.environ | self.engine.variables, capture_output=True,
                              text=True, check=False, timeout=1_500)  # fmt: skip
        print(*command, done.stdout, sep="\n")  # the times of its steps
        kept = self.folder / "work" / "stack.log"
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{kept.read_text()[-4000:] if kept.exists() else ''}"
        return done.stdout

    def run(self, service: str, *command: str) -> str:
        """What a command prints that runs in a service's container."""
        return self.engine.docker("compose", "--project-directory", str(self.folder), "exec", "-T", service, *command)

    def kill(self, *services: str) -> None:
        """Kill all programs of containers, each by itself, and wait until the engine has started them again."""
        before = {service: self.restarts(service) for service in services}
        for service in services:
            with suppress(RuntimeError):  # the shell is killed too
                self.run(service, "sh", "-c", "kill -9 -1")
        wait(lambda: all(self.restarts(service) > count for service, count in before.items()), PATIENCE)
        wait(lambda: self.unhealthy() == [], PATIENCE)

    def restarts(self, service: str) -> int:
        name = f"{NAME}-{service}-1"
        return int(self.engine.docker("inspect", "--format", "{{.RestartCount}}", name))

    def containers(self) -> dict[str, str]:
        """Service to the state of its container, as in "Up 5 minutes (healthy)"."""
        form = '{{.Label "com.docker.compose.service"}} {{.Status}}'
        listed = self.engine.docker("ps", "--all", *OURS, "--format", form).splitlines()
        return dict(line.split(" ", 1) for line in listed)

    def unhealthy(self) -> list[str]:
        """Services that neither are healthy nor ended well."""
        states = self.containers().items()
        return [name for name, state in states if "(healthy)" not in state and not state.startswith("Exited (0)")]

    def sink(self) -> InfluxSink:
        token = (self.folder / "secrets" / "influxdb" / "read").read_text().strip()
        return InfluxSink(f"http://127.0.0.1:{self.ports['INFLUXDB']}", "swat", "swat", token)

    def end(self) -> None:
        """Nothing of it stays, whatever happened before."""
        self.engine.docker("compose", "--project-directory", str(self.folder), "--profile", "*", "down", "--volumes")


@pytest.fixture(scope="module")
def nameless(engine):
    """Volumes without a name that were there before."""
    return set(engine.docker("volume", "ls", "--quiet", "--filter", "dangling=true").split())


@pytest.fixture(scope="module")
def stack(engine, nameless, tmp_path_factory):
    stack = Stack(engine, tmp_path_factory.mktemp("clone"))
    yield stack
    stack.end()


@pytest.fixture(scope="module")
def started(stack):
    """What the first start said."""
    return stack.type()


def scored_whole(stack, since, until):
    """Whether every second between two times was stored, each with the scores of all detectors."""
    try:
        sink = stack.sink()
        readings, scores = sink.readings("swat", since, until), sink.scores("swat", since, until)
    except SinkError:  # InfluxDB comes back
        return False
    seconds = set(pd.date_range(since.ceil("s"), until.floor("s"), freq="s"))
    there = set(scores.index) == set(readings.index) and len(scores.columns.unique(0)) == len(DEFAULT)
    return there and seconds <= set(readings.index) and scores.xs("score", axis=1, level=1).notna().all(axis=None)


def now():
    return pd.Timestamp.now("UTC").tz_localize(None)


def test_a_start_ends_with_a_score_of_a_stack_that_is_healthy(started, stack):
    assert stack.unhealthy() == []
    assert "8 of 8 services healthy" in started and "s after the start." in started
    assert set(stack.sink().scores("swat").columns.unique(0)) == set(DEFAULT)


def test_telegraf_counts_the_programs_of_this_stack_alone(started, stack):
    asked = 'SELECT last("running") AS "running" FROM "procstat_lookup" GROUP BY "filter"'
    reader, each_once = (
        replace(stack.sink(), bucket="telegraf"),
        dict.fromkeys(("influxdb", "kafka", "producer", "spark"), 1),
    )

    def counted():
        rows = reader.select(asked).to_dict("records")
        return {row["filter"]: row["running"] for row in rows}

    wait(lambda: counted() == each_once, PATIENCE)  # whoever begins another program is there twice for an instant


def test_an_attack_becomes_an_alarm(started, stack):
    stack.run("producer", "python", "-m", "swatlib", "attack", "LIT301", "spoof", "1200", "--for", "60")
    alarms = f'SELECT "lead" FROM "{SCORE}" WHERE "detector" = \'guard\' AND "alarm" = true'
    found = wait(lambda: stack.sink().select(alarms).to_dict("records"), PATIENCE)
    assert "LIT301" in {row["lead"] for row in found}
    assert "LIT301" in wait(lambda: list(stored_episodes(stack.sink(), "swat")["lead"]), PATIENCE)
    assert "Last alarm    swat, from " in stack.type("status")
    stack.run("episodes", "python", "-m", "swatlib", "alarms", "ack", "spoofed by a test")
    assert "spoofed by a test" in set(stored_episodes(stack.sink(), "swat")["note"])


def test_on_workers_and_with_notebooks_it_goes_on_from_where_it_was(started, stack):
    before = now()
    said = stack.type("--workers", "2", "--notebooks")
    assert f"localhost:{stack.ports['JUPYTER']}/lab?token=" in said and stack.unhealthy() == []
    page = f"http://127.0.0.1:{stack.ports['SPARK_MASTER_UI']}/json/"
    with urllib.request.urlopen(page, timeout=30) as answer:
        master = json.load(answer)
    assert [(app["cores"], app["state"]) for app in master["activeapps"]] == [(2, "RUNNING")]
    after = now()
    wait(lambda: scored_whole(stack, before, after), PATIENCE)


def test_notebooks_write_into_the_clone_as_its_owner(started, stack):
    stack.run("notebooks", "sh", "-c", "for each in notebooks data reports; do echo mine > $each/written; done")
    owners = {(stack.folder / name / "written").stat().st_uid for name in ("notebooks", "data", "reports")}
    assert owners == {os.getuid()}


def test_without_workers_again_none_is_left(started, stack):
    stack.type()
    assert not {"spark-master", "spark-worker"} & set(stack.containers()) and stack.unhealthy() == []


@pytest.mark.parametrize("services", ["influxdb", "kafka", "stream", "telegraf episodes grafana chronograf"])
def test_what_is_killed_comes_back_and_nothing_is_lost(started, stack, services):
    before = now()
    stack.kill(*services.split())
    after = now()
    wait(lambda: scored_whole(stack, before, after), PATIENCE)


def test_a_producer_that_is_killed_comes_back(started, stack):
    stack.kill("producer")
    later = now()
    wait(lambda: len(stack.sink().scores("swat", later)), PATIENCE)


def test_down_with_wipe_leaves_nothing(started, stack, nameless):
    stack.type("down", "--wipe")
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    assert [stack.engine.docker(*kind, "--quiet", *OURS) for kind in kinds] == ["", "", ""]
    images = stack.engine.docker("image", "ls", "--quiet", "--filter", "dangling=true", *OURS)
    left = set(stack.engine.docker("volume", "ls", "--quiet", "--filter", "dangling=true").split()) - nameless
    assert (images, left, list((stack.folder / "secrets").iterdir())) == ("", set(), [])
