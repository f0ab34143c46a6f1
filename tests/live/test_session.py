"""Whole live runs as a user has them: the verbs in terminals of their own, the notebook's object, Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
from rig import influx_sink, terminal
from waiting import wait

from swatlib.live import session
from swatlib.live.plant import PAST_ROWS, planned_attacks
from swatlib.live.session import SPARK_RUNS, Live
from swatlib.pipeline import Pipeline
from swatlib.servers import Services, ServicesError
from swatlib.settings import ROOT


@pytest.fixture(scope="module")
def folder(need, tmp_path_factory):
    need("kafka", "influxdb")
    where = tmp_path_factory.mktemp("live")
    yield where
    Services(where).stop()


@pytest.fixture(scope="module")
def served(need, tmp_path_factory):
    """Servers that run on from test to test."""
    need("kafka", "influxdb")
    with Services(tmp_path_factory.mktemp("served"), ("kafka", "influxdb")) as servers:
        yield servers


@pytest.fixture(scope="module")
def fitted(quick):
    return Pipeline.load(quick)


def interrupt(process) -> None:
    """Ctrl-C, as a terminal sends it: to the whole group; the program ends."""
    subprocess.run(["kill", "-INT", "--", f"-{process.pid}"], check=True)
    process.wait(120)


def left(folder: Path) -> list[str]:
    """Command lines of the processes that still work in a folder."""
    lines = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(folder) in line]


def test_planned_attacks_lie_at_even_distances():
    begin = pd.Timestamp("2026-01-01")
    first, second = planned_attacks(("LIT101 freeze", "LIT301 spoof 1200"), begin, 500)
    assert [(each.start - begin).total_seconds() for each in (first, second)] == [100, 300]
    assert (first.duration, first.action, second.action) == (100, "LIT101 freeze", "LIT301 spoof 1200")


def test_a_speed_without_an_end_is_refused(fitted):
    with pytest.raises(ValueError, match="need minutes"):
        Live(fitted, speed=60)


@pytest.fixture(scope="module")
def ended(folder, fitted):
    """What a run showed that Kafka ran before, and what runs when it has ended."""
    with Services(folder, ("kafka",)) as servers:
        before = servers.pid("kafka")
        with Live(fitted, 3, 60.0, ("LIT301 spoof 1200",), folder=folder) as live:
            live.wait()
            found = SimpleNamespace(delays=live.delays(), batches=live.batches(), parity=live.parity())
            found.shown = [len(each) for each in (live.readings(), live.scores(), live.events())]
        found.same_kafka = servers.pid("kafka") == before
        found.states = states(folder)
    return found


def test_a_run_shows_its_attack_its_pace_and_equal_scores(ended, folder):
    assert ended.delays["attack"].tolist() == ["LIT301 spoof 1200"]
    assert ended.delays[["pca", "kmeans"]].min(axis=None) < 60
    assert ended.parity == (2 * (180 + PAST_ROWS), [])
    assert ended.batches["rows_out"].sum() == 180 + PAST_ROWS
    assert ended.batches["rejected"].sum() == 0
    assert ended.shown == [180, 180, 1]
    assert left(folder) == []


def test_servers_that_ran_before_run_on(ended):
    assert ended.same_kafka
    assert ended.states == {"kafka": "running", "influxdb": "stopped", "stream": "stopped"}


def test_the_verbs_in_terminals_of_their_own(served, quick):
    """services, stream, produce and attack as four terminals have them: the attack is an alarm in InfluxDB."""
    reader, folder, now = influx_sink(served.influxdb), served.folder, pd.Timestamp.now("UTC").tz_localize(None)
    with terminal(folder, "stream", quick) as stream, terminal(folder, "produce", "--plant", "four") as plant:
        wait(lambda: len(reader.scores("four", now)))
        attack = [sys.executable, "-m", "swatlib", "attack", "LIT301", "spoof", "1200", "--for", "60"]
        attack += ["--plant", "four", "--folder", str(folder)]
        told = subprocess.run(attack, capture_output=True, text=True, check=True).stdout
        assert told == "LIT301 spoof 1200, for 60 s, was sent to plant four; it begins with its next row\n"
        start = wait(lambda: list(reader.attacks("four")["start"]))[0]
        alarm = wait(lambda: first_alarm(reader.scores("four", start)))
        print(f"first alarm {(alarm - start).total_seconds():.0f} s after the attack began")
        assert alarm - start < pd.Timedelta("60s")
        assert hidden(served, [stream, plant])
        interrupt(plant)
        interrupt(stream)
    assert "Traceback" not in stream.log.read_text() + plant.log.read_text()


def first_alarm(scores: pd.DataFrame):
    alarm = scores.xs("alarm", axis=1, level=1).any(axis=1) if len(scores) else pd.Series(dtype=bool)
    return alarm.idxmax() if alarm.any() else None


def content(path: Path) -> str:
    """What a file holds; nothing for a folder, and for one that Spark has just put another in the place of."""
    try:
        return path.read_bytes().decode("latin-1") if path.is_file() else ""
    except FileNotFoundError:
        return ""


def hidden(servers: Services, programs) -> bool:
    """Whether no token is in what the programs print, in the process list with its environment, or in Spark's work."""
    tokens = [path.read_text() for path in (servers.folder / "influxdb" / "tokens").iterdir()]
    told = "".join(program.log.read_text() for program in programs)
    told += subprocess.run(["ps", "auxeww"], capture_output=True, text=True, check=True).stdout
    kept = [path for path in servers.folder.rglob("*") if not {"tokens", "engine"} & {*path.parts}]
    told += "".join(map(content, kept))
    return len(tokens) == 3 and not [token for token in tokens if token in told]


def test_ctrl_c_ends_servers_plant_and_stream(folder, quick):
    log = folder / "stream.log"
    before = log.stat().st_size if log.exists() else 0
    with terminal(folder, "live", quick) as live:
        wait(lambda: "The plant's name is swat" in live.log.read_text())
        wait(lambda: SPARK_RUNS.encode() in log.read_bytes()[before:])
        interrupt(live)
    assert live.returncode == 130
    assert live.log.read_text().endswith("Stopped.\n")
    assert {each.state for each in Services(folder).status().values()} <= {"stopped", "never started"}
    assert left(folder) == []


OWNER = """
import sys
from pathlib import Path
from swatlib.live import session
from swatlib.live.session import SPARK_RUNS, Live
from swatlib.pipeline import Pipeline
Live(Pipeline.load(sys.argv[1]), folder=Path(sys.argv[2])).start().wait()
"""


STARTED = ("kafka", "influxdb", "stream")


@pytest.fixture
def owner(folder, quick):
    """A process that runs `Live` in the folder, once its stream has a Spark session."""
    log = folder / "stream.log"
    before = log.stat().st_size if log.exists() else 0
    with (folder / "owner.log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", OWNER, quick, folder], stdout=out, stderr=out)
    wait(lambda: states(folder) == dict.fromkeys(STARTED, "running"))
    wait(lambda: SPARK_RUNS.encode() in log.read_bytes()[before:])
    yield process
    process.kill()
    process.wait()


def states(folder: Path) -> dict[str, str]:
    return {name: each.state for name, each in Services(folder).status().items() if name in STARTED}


def test_what_a_killed_process_had_started_ends_with_it(folder, owner):
    owner.kill()
    owner.wait()
    wait(lambda: left(folder) == [])
    assert states(folder) == dict.fromkeys(STARTED, "gone")


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a process with its parent.")
def test_what_supervisors_had_started_ends_with_them(folder, owner):
    for name in STARTED:
        os.kill(Services(folder).pid(name), signal.SIGKILL)  # the supervisor alone, not its group
    wait(lambda: states(folder) == dict.fromkeys(STARTED, "gone"))
    owner.wait(60)
    assert "the stream ended; the end of its log" in (folder / "owner.log").read_text()
    wait(lambda: left(folder) == [])


def test_a_second_run_in_a_notebook_ends_the_first_and_services_stop_ends_its_stream(folder, fitted):
    first = Live(fitted, folder=folder).start()
    with Live(fitted, folder=folder) as second:
        assert (first.closed, second.closed) == (True, False)
        assert states(folder) == dict.fromkeys(STARTED, "running")
        with pytest.raises(ServicesError, match=r"streams already in .* \(process \d+\); end it: `python -m swatlib"):
            Services(folder).start_stream(["true"])
        second.stop()
        assert sorted(Services(folder).stop()) == sorted(STARTED)
        assert states(folder) == dict.fromkeys(STARTED, "stopped")
        with pytest.raises(ServicesError, match="the stream ended; the end of its log"):
            second.wait()
    assert left(folder) == []


@pytest.fixture(scope="module")
def live(served, fitted):
    """A run of a minute, on servers that run on."""
    with Live(fitted, 1, None, folder=served.folder) as live:
        yield live


def test_progress_says_what_is_waited_for(live, monkeypatch):
    monkeypatch.setattr(session, "SILENCE", 3_600.0)
    assert re.fullmatch(r"starting Spark \(\d+ s\)", live.progress)
    monkeypatch.setattr(session, "SILENCE", 0.0)
    waiting = r".*: no row for \d+ s, waiting for Spark to start; the stream logs to "
    assert re.fullmatch(waiting + re.escape(str(live.log)), live.progress)
    said = set()
    live.wait(lambda: said.add(live.progress.partition(" (")[0].partition(":")[0]), 0.2)
    assert {"starting Spark", "scoring the first 1,500 rows", "done, 60 rows stored"} <= said


def test_a_console_runs_another_plant_on_the_same_stream(live, served):
    stream = served.pid("stream")
    live.restart(60)
    wait(lambda: len(live.readings()))
    live.stop()
    live.restart(1, None)
    live.wait()
    assert live.name.startswith("swat-") and len(live.scores()) == 60
    assert served.pid("stream") == stream
    live.detectors = ("pca",)
    assert list(live.scores().columns.unique(0)) == ["pca"]


def test_no_token_stands_in_a_tracked_file(served):
    tokens = {path.read_text() for path in (served.folder / "influxdb" / "tokens").iterdir()}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    texts = [(ROOT / name.decode()).read_bytes() for name in listed if name and (ROOT / name.decode()).is_file()]
    assert tokens and not [token for token in tokens for text in texts if token.encode() in text]
