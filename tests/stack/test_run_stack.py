"""`sh run.sh stack` beside a stand-in for the program `docker`, which answers as told and keeps what it was asked."""

import os
import shutil
import socket
import subprocess
from shlex import quote

import pytest

from swatlib.servers.records import free_ports
from swatlib.settings import ROOT

PROGRAMS = (
    "sh",
    "sed",
    "dirname",
    "cat",
    "id",
    "mkdir",
    "chmod",
    "grep",
    "tail",
    "curl",
    "date",
    "sleep",
    "tr",
    "uname",
)
GIB = 2**30
# what is asked → what is answered; None: it fails. A star stands for the rest.
HEALTHY = {
    "info": "",
    "compose version --short": "2.40.0",
    "info --format {{.MemTotal}}": f"{16 * GIB}",
    "compose ps *": "",
    "ps --all *": "kafka False Up 5 seconds (healthy)",
    "compose exec -T grafana *rows_out*": "name,tags,time,sum\npipeline,,0,120",
}
UP = "compose up --detach"


def stand_in(answers, programs):
    lines = ["#!/bin/sh", """printf '%s\\n' "$(echo "$*" | tr '\\n' ' ')" >>"$CALLS\"""", 'case "$*" in']
    answered = {asked: "exit 1" if said is None else f"printf '%s\\n' {quote(said)}" for asked, said in answers.items()}
    for asked, program in {**programs, **{each: answered[each] for each in answered if each not in programs}}.items():
        lines.append(f"{'*'.join(quote(part) if part else '' for part in asked.split('*'))}) {program} ;;")
    return "\n".join([*lines, "esac", ""])


@pytest.fixture
def free():
    """A port for each that the stack publishes, free, and none of those that the system gives to others."""
    names = ("GRAFANA", "CHRONOGRAF", "INFLUXDB", "KAFKA", "SPARK_UI", "JUPYTER", "SPARK_MASTER_UI")
    return {f"{name}_PORT": str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}


@pytest.fixture
def stack(tmp_path, free):
    """Run it in a copy of its scripts: code, what it said, what it asked of Docker."""
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    shutil.copytree(ROOT / "sh", tmp_path / "sh")
    shutil.copyfile(ROOT / "run.sh", tmp_path / "run.sh")
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).symlink_to(shutil.which(name))

    def run(*words, answers=None, programs=None, **variables):
        (folder / "docker").write_text(stand_in({**HEALTHY, **(answers or {})}, programs or {}))
        (folder / "docker").chmod(0o755)
        calls.write_text("")
        environment = {**free, **variables, "PATH": str(folder), "CALLS": str(calls)}
        command = [folder / "sh", tmp_path / "run.sh", "stack", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, [call.rstrip() for call in calls.read_text().splitlines()]

    return run


@pytest.mark.parametrize(
    ("lack", "sentence"),
    [
        ({"info": None}, "Docker's engine does not answer;"),
        ({"compose version --short": None}, "Docker's compose plugin is needed; found: none."),
        ({"compose version --short": "2.19.1"}, "Docker Compose 2.20 or newer is needed; found: 2.19.1."),
        ({"compose version --short": "v1.29.2"}, "Docker Compose 2.20 or newer is needed; found: v1.29.2."),
        ({"info --format {{.MemTotal}}": f"{2 * GIB}"}, "Docker has 2 GiB of memory, and the stack needs"),
    ],
)
def test_what_docker_lacks_is_one_sentence_and_nothing_starts(stack, lack, sentence):
    code, said, asked = stack(answers=lack)
    assert (code, said.count("\n")) == (1, 1) and said.startswith(sentence), said
    assert [call for call in asked if " up " in call] == []


def test_a_port_that_is_taken_is_named_with_its_variable(stack):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said, _ = stack(KAFKA_PORT=str(port))
    assert code == 1 and said.startswith(f"Port {port} is taken;") and "KAFKA_PORT=" in said


@pytest.mark.parametrize(
    ("word", "variable"), [(("--notebooks",), "JUPYTER_PORT"), (("--workers", "2"), "SPARK_MASTER_UI_PORT")]
)
def test_ports_of_a_profile_are_looked_at_when_it_is_chosen(stack, word, variable):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = {variable: str(taken.getsockname()[1])}
        assert stack(**port)[0] == 0
        code, said, asked = stack(*word, **port)
    assert (code, [call for call in asked if " up " in call]) == (1, []) and variable in said


def test_ports_of_a_stack_that_runs_are_its_own_alone(stack):
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = str(own.getsockname()[1])
        assert stack(answers={"compose ps *": "kafka"}, KAFKA_PORT=port)[0] == 0
        assert stack(answers={"compose ps *": "kafka"}, JUPYTER_PORT=port)[0] == 0
        assert stack("--notebooks", answers={"compose ps *": "kafka"}, JUPYTER_PORT=port)[0] == 1


def test_it_builds_starts_waits_for_a_score_and_says_where_to_look(stack, free):
    code, said, asked = stack()
    begun = [call for call in asked if call.startswith(("compose build", "compose up", "compose exec"))]
    assert (code, begun[:2]) == (0, ["compose build", UP]), said
    assert "rows_out" in begun[2] and "time > now() - " in begun[2]
    assert "1 of 1 services healthy" in said and " s after the start" in said
    assert f"http://localhost:{free['GRAFANA_PORT']}/d/swat-overview" in said


def test_a_score_of_an_earlier_start_is_none(stack, tmp_path):
    later = """echo name; [ "$(grep -c rows_out "$CALLS")" -gt 1 ] && echo pipeline,,0,60 || echo pipeline,,0,0"""
    code, _, asked = stack(programs={"compose exec -T grafana *rows_out*": later})
    assert (code, len([call for call in asked if "rows_out" in call])) == (0, 2)


def test_workers_and_notebooks_are_profiles(stack):
    _, _, asked = stack("--workers", "3", "--notebooks")
    assert "compose --profile notebooks --profile cluster up --detach --scale spark-worker=3" in asked


def test_the_stream_runs_on_workers_while_there_are_some(stack):
    seen = {"compose *up *": 'echo "$SPARK_MASTER $NOTEBOOKS_USER" >>"$CALLS"'}
    _, _, asked = stack("--workers", "2", programs=seen)
    assert f"spark://spark-master:7077 {os.getuid()}:{os.getgid()}" in asked
    _, _, asked = stack(programs=seen)
    assert f" {os.getuid()}:{os.getgid()}" in asked
    assert "compose --profile cluster rm --force --stop spark-master spark-worker" in asked


def test_a_start_that_fails_leaves_nothing_and_keeps_its_log(stack, tmp_path):
    code, said, asked = stack(programs={UP: "echo no space left; exit 1"})
    assert (code, said.splitlines()[-2:]) == (
        1, ["no space left", "The stack did not start, and what had begun is ended; the whole log: work/stack.log"],
    )  # fmt: skip
    assert "compose --profile cluster --profile notebooks down" in asked
    assert "no space left" in (tmp_path / "work" / "stack.log").read_text()


def test_what_ran_before_a_start_that_fails_runs_on(stack):
    running = """[ -z "$(grep "up --detach" "$CALLS")" ] && echo kafka || { echo kafka; echo notebooks; }"""
    _, _, asked = stack("--notebooks", programs={"compose ps *": running, "compose *up *": "exit 1"})
    ended = [call.split()[-1] for call in asked if " rm " in call or call.endswith(" down")]
    assert ended == ["notebooks"]


def test_the_state_is_five_lines(stack, free):
    answers = {
        "compose ps *": "kafka",
        "ps --all *": "kafka False Up 2 minutes (healthy)\npipeline False Exited (0)\nstream False Up 1 minute",
        "compose exec -T grafana *rows_out*": "name,tags,time,sum\npipeline,,0,0.98",
        "compose exec -T grafana *behind*": "name,tags,time,last\npipeline,,0,4",
        "compose exec -T grafana *episode*": 'name,tags,time,lead\nepisode,,1795770000000000000,P1,"pca, lof",x',
    }
    assert stack("status", answers=answers)[:2] == (0, f"""Services      1 of 2 services healthy; waiting for stream
Throughput    1 rows/s in the last minute
Consumer lag  4 messages
Last alarm    x, from 2026-11-27 09:00:00 on, lead tag P1, raised by pca, lof
Boards        http://localhost:{free["GRAFANA_PORT"]}/d/swat-overview
""")  # fmt: skip


def test_a_stack_that_does_not_run_has_no_state(stack):
    assert stack("status")[:2] == (1, "The stack does not run; start it: sh run.sh stack\n")


@pytest.mark.parametrize(
    ("system", "advice"),
    [
        ("debian 12 ", "sudo apt install docker-compose-plugin"),
        ("debian 13 ", "sudo apt install docker-compose\n"),
        ("ubuntu 24.04 ", "sudo apt install docker-compose-v2\n"),
        ("fedora 43 ", "sudo dnf install docker-compose\n"),
        ("macos", "brew install docker-compose"),
        ("wsl", "WSL integration"),
        ("plan9", "docs.docker.com/compose/install"),
    ],
)
def test_each_system_is_told_how_it_gets_the_plugin(system, advice):
    script = f". sh/environment.sh; . sh/stack.sh; plugin_advice {quote(system)}"
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert advice in done.stdout


@pytest.mark.parametrize(("words", "volumes"), [(("down",), False), (("down", "--wipe"), True)])
def test_only_wipe_forgets_the_data(stack, words, volumes):
    code, _, asked = stack(*words)
    (down,) = [call for call in asked if " down" in call]
    assert (code, down.endswith("--volumes")) == (0, volumes)
