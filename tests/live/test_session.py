"""Whole live runs as a user has them: the verbs in terminals of their own, the notebook's object, Ctrl-C."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
from rig import influx_sink, terminal
from telling import telling
from waiting import wait

from swatlib.live.boards import CHRONOGRAF, Window, asked, panels
from swatlib.live.plant import planned_attacks
from swatlib.live.session import SPARK_RUNS, Live
from swatlib.live.wiring import connect
from swatlib.pipeline import Pipeline
from swatlib.servers import Services, ServicesError, available
from swatlib.settings import ROOT

STARTED, OWNED = ("kafka", "influxdb", "stream"), ("influxdb", "stream")


@pytest.fixture(scope="module")
def folder(live):
    return live.folder


@pytest.fixture
def kafka_alone(folder):
    """The folder, in which Kafka runs already."""
    Services(folder).stop("stream", "telegraf", "influxdb")
    return folder


@pytest.fixture(scope="module")
def served(need, tmp_path_factory):
    """Servers that run on from test to test."""
    need("kafka", "influxdb")
    with Services(tmp_path_factory.mktemp("served"), available()) as servers:
        yield servers


@pytest.fixture(scope="module")
def small(quick):
    return Pipeline.load(quick)


def interrupt(process) -> None:
    """Ctrl-C, as a terminal sends it: to the whole group; the program ends."""
    subprocess.run(["kill", "-INT", "--", f"-{process.pid}"], check=True)
    process.wait(120)


def left(folder: Path) -> list[str]:
    """Command lines of the processes that still work in a folder."""
    lines = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(folder) in line]


def states(folder: Path) -> dict[str, str]:
    return {name: each.state for name, each in Services(folder).status().items() if name in STARTED}


def family(*pids: int) -> list[psutil.Process]:
    """All that these processes started, and what that started."""
    return [child for pid in pids for child in psutil.Process(pid).children(recursive=True)]


def ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_planned_attack_without_an_effect_is_refused():
    with pytest.raises(ValueError, match="an attack without an effect does nothing"):
        planned_attacks(("LIT101 freeze", " "), pd.Timestamp("2015-12-28 10:00"), 500)


def test_planned_attacks_lie_at_even_distances():
    begin = pd.Timestamp("2026-01-01")
    first, second = planned_attacks(("LIT101 freeze", "LIT301 spoof 1200"), begin, 500)
    assert [(each.start - begin).total_seconds() for each in (first, second)] == [100, 300]
    assert (first.duration, first.action, second.action) == (100, "LIT101 freeze", "LIT301 spoof 1200")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"speed": 60}, "need minutes"),
        ({"minutes": 5, "speed": 0}, "speed is 0; give a number above 0"),
        ({"minutes": 5, "speed": float("inf")}, "speed is inf; give a number above 0"),
        ({"minutes": 0}, "minutes is 0; give a number"),
        ({"minutes": float("nan")}, "minutes is nan; give a number"),
        ({"minutes": 5, "name": ""}, "plant "),
        ({"minutes": 5, "attacks": ("LIT999 freeze",)}, "no tag 'LIT999' in the plant"),
        (
            {"minutes": 1, "attacks": ("LIT101 freeze",) * 30},
            "30 attacks and what lies between need 61 rows, the run has 60",
        ),
    ],
)
def test_what_no_run_can_have_is_refused_before_anything_starts(small, tmp_path, given, said):
    with pytest.raises(ValueError, match=said):
        Live(small, folder=tmp_path / "none", **given)
    assert not (tmp_path / "none").exists()


def test_a_console_runs_another_plant_on_the_same_stream(live, folder):
    stream = Services(folder).pid("stream")
    live.restart(60)
    wait(lambda: len(live.readings()))
    live.stop()
    live.restart(1, None)
    live.wait()
    assert live.name.startswith("swat-") and len(live.scores()) == 60
    assert Services(folder).pid("stream") == stream
    again = rf"plant {live.name} has rows to .* already, and those of this run would"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ServicesError, match=again):
        patch.setattr(live, "_name", live.name)
        live._start_plant()
    live.detectors = ("pca",)
    assert list(live.scores().columns.unique(0)) == ["pca"]


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a process with its parent.")
def test_what_supervisors_had_started_ends_with_them(live, folder):
    supervisors = [Services(folder).pid(name) for name in OWNED]
    started = family(*supervisors)
    for pid in supervisors:
        os.kill(pid, signal.SIGKILL)  # the supervisor alone, not its group
    wait(lambda: all(map(ended, started)))
    assert states(folder) == {"kafka": "running", "influxdb": "gone", "stream": "gone"}
    with pytest.raises(ServicesError, match="the stream ended; the end of its log"):
        live.wait()


def test_ctrl_c_ends_plant_stream_and_servers_but_not_one_that_ran_before(kafka_alone, quick):
    folder = kafka_alone
    log, servers = folder / "stream.log", Services(folder)
    before = log.stat().st_size if log.exists() else 0
    kafka = servers.pid("kafka")
    with terminal(folder, "live", quick) as live:
        wait(lambda: "The plant's name is swat" in live.log.read_text())
        wait(lambda: SPARK_RUNS.encode() in log.read_bytes()[before:])
        started = family(*(servers.pid(name) for name in OWNED))
        interrupt(live)
    wait(lambda: all(map(ended, started)))
    assert live.returncode == 130
    assert live.log.read_text().endswith("Stopped.\n")
    assert b"Traceback" not in log.read_bytes()[before:]
    assert states(folder) == {"kafka": "running", "influxdb": "stopped", "stream": "stopped"}
    assert servers.pid("kafka") == kafka


def test_a_second_run_in_a_notebook_ends_the_first_and_services_stop_ends_its_stream(live, kafka_alone, small):
    folder = kafka_alone
    kafka = Services(folder).pid("kafka")
    with Live(small, folder=folder) as second:
        assert (live.closed, second.closed) == (True, False)
        assert states(folder) == dict.fromkeys(STARTED, "running")
        assert Services(folder).pid("kafka") == kafka
        with pytest.raises(ServicesError, match=r"streams already in .* \(process \d+\); end it: `python -m swatlib"):
            Services(folder).start_stream(["true"])
        second.stop()
        assert sorted(Services(folder).stop()) == sorted(STARTED)
        assert states(folder) == dict.fromkeys(STARTED, "stopped")
        with pytest.raises(ServicesError, match="the stream ended; the end of its log"):
            second.wait()
    for act in (lambda: second.restart(1), lambda: second.attack("LIT101 freeze")):
        with pytest.raises(ServicesError, match="this run has ended, and nothing scores its plant any more"):
            act()
    assert left(folder) == []


def test_a_watch_outlives_a_restart_of_influxdb(served, tmp_path):
    beat = tmp_path / "beat"
    with terminal(served.folder, "alarms", "watch", "--every", "1", "--beat", str(beat)) as watch:
        wait(beat.exists)
        served.stop("influxdb")
        wait(lambda: "did not answer a query" in watch.log.read_text())
        served.restart("influxdb")
        beat.unlink()
        wait(beat.exists)
        assert watch.poll() is None
        assert watch.log.read_text().count("it is asked again every 1 s") == 1


@pytest.fixture(scope="module")
def four(served, quick):
    """A stream and a plant, each in a terminal."""
    began = pd.Timestamp.now("UTC").tz_localize(None)
    with (
        terminal(served.folder, "stream", quick, "--tasks=1") as stream,
        terminal(served.folder, "produce", "--plant", "four") as plant,
    ):
        yield SimpleNamespace(stream=stream, plant=plant, began=began)


def test_the_verbs_in_terminals_of_their_own(served, four):
    """services, stream, produce and attack as four terminals have them: the attack is an alarm in InfluxDB."""
    reader = influx_sink(served.influxdb)
    wait(lambda: len(reader.scores("four", four.began)))
    assert '"spark.sql.shuffle.partitions":"1"' in (served.folder / "stream/checkpoint/offsets/0").read_text()
    there = f"--plant four --folder {shlex.quote(str(served.folder))}"
    assert f"Attack it: python -m swatlib attack LIT101 ramp +1 {there}\n" in four.plant.log.read_text()
    attack = [sys.executable, "-m", "swatlib", "attack", "LIT301", "spoof", "1200", "--for", "60"]
    attack += ["--plant", "four", "--folder", str(served.folder)]
    told = subprocess.run(attack, capture_output=True, text=True, check=True).stdout
    assert told == "LIT301 spoof 1200, for 60 s, was sent to plant four; it begins with its next row, if it runs\n"
    start = wait(lambda: list(reader.attacks("four")["start"]))[0]
    alarm = wait(lambda: first_alarm(reader.scores("four", start)))
    print(f"first alarm {(alarm - start).total_seconds():.0f} s after the attack began")
    assert alarm - start < pd.Timedelta("60s")
    tokens = [path.read_text() for path in (served.folder / "influxdb" / "tokens").iterdir()]
    assert len(tokens) == 3
    assert telling(tokens, served.folder, but={"tokens", "engine"}) == []  # what the programs print among it


def test_what_dies_is_shown(served, four, need):
    """The stream ends with Ctrl-C, the plant is killed, then Telegraf ends."""
    need("telegraf")
    reader = connect(served.folder).reader
    state = dict.fromkeys(("influxdb", "kafka", "producer", "stored", "stream", "telegraf"), "alive")
    wait(lambda: parts(reader) == state, 300)
    interrupt(four.stream)
    assert "Traceback" not in four.stream.log.read_text()
    state |= {"stream": "DOWN", "stored": "DOWN"}
    wait(lambda: parts(reader) == state)
    os.killpg(four.plant.pid, signal.SIGKILL)
    state |= {"producer": "DOWN"}
    wait(lambda: parts(reader) == state)
    served.stop("telegraf")
    wait(lambda: parts(reader) == dict.fromkeys(state, "DOWN"))


@pytest.mark.parametrize(
    ("end", "code", "says"),
    [
        (lambda stream: java_of(stream).kill(), 1, "Error: Spark's Java ended, as when it is killed or the machine"),
        (lambda stream: os.killpg(stream.pid, signal.SIGTERM), 0, ""),
    ],
    ids=["Java is killed", "a signal to all of its group"],
)
def test_a_stream_that_loses_java_says_so_unless_it_was_to_end(served, quick, tmp_path, end, code, says):
    with terminal(served.folder, "stream", quick, "--checkpoint", tmp_path / "checkpoint") as stream:
        wait((tmp_path / "checkpoint" / "metadata").exists)
        end(stream)
        assert stream.wait(60) == code
        errors = [line for line in stream.log.read_text().splitlines() if line.startswith("Error:")]
        assert "".join(errors).startswith(says) and bool(errors) == bool(says)


def java_of(stream) -> psutil.Process:
    """That of a terminal's stream."""
    return next(each for each in psutil.Process(stream.pid).children() if each.name() == "java")


def parts(reader) -> dict[str, str]:
    """What the health board says of each part."""
    cell = panels(CHRONOGRAF / "health.dashboard")[0]
    now = pd.Timestamp.now("UTC").tz_localize(None)
    answer = asked(cell.targets[0], Window("swat", now, now), reader)
    return dict(zip(answer["part"], answer["state"], strict=True)) if len(answer) else {}


def first_alarm(scores: pd.DataFrame):
    alarm = scores.xs("alarm", axis=1, level=1).any(axis=1) if len(scores) else pd.Series(dtype=bool)
    return alarm.idxmax() if alarm.any() else None


OWNER = """
import sys
from pathlib import Path
from swatlib.live.session import SPARK_RUNS, Live
from swatlib.pipeline import Pipeline
Live(Pipeline.load(sys.argv[1]), folder=Path(sys.argv[2])).start().wait()
"""


@pytest.fixture
def owner(folder, quick):
    """A process that runs `Live` in the folder, once its stream has a Spark session."""
    log = folder / "stream.log"
    before = log.stat().st_size if log.exists() else 0
    Services(folder).stop()
    with (folder / "owner.log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", OWNER, quick, folder], stdout=out, stderr=out)
    wait(lambda: states(folder) == dict.fromkeys(STARTED, "running"))
    wait(lambda: SPARK_RUNS.encode() in log.read_bytes()[before:])
    yield process
    process.kill()
    process.wait()


def test_what_a_killed_process_had_started_ends_with_it(folder, owner):
    started = family(owner.pid)
    owner.kill()
    owner.wait()
    wait(lambda: all(map(ended, started)))
    assert (left(folder), states(folder)) == ([], dict.fromkeys(STARTED, "gone"))


def test_no_token_stands_in_a_tracked_file(served):
    tokens = {path.read_text() for path in (served.folder / "influxdb" / "tokens").iterdir()}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    texts = [(ROOT / name.decode()).read_bytes() for name in listed if name and (ROOT / name.decode()).is_file()]
    assert tokens and not [token for token in tokens for text in texts if token.encode() in text]
