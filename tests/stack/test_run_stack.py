"""`sh run.sh stack` beside a stand-in for the program `docker`, which answers as told and keeps what it was asked."""

import shutil
import socket
import subprocess
from shlex import quote

import pytest

from swatlib.settings import ROOT

PROGRAMS = ("sh", "sed", "dirname", "cat", "id", "mkdir", "chmod", "grep", "tail", "curl")
GIB = 2**30
# what is asked → what is answered; None: it fails. A star stands for the rest.
HEALTHY = {
    "info": "",
    "compose version --short": "2.40.0",
    "info --format {{.MemTotal}}": f"{16 * GIB}",
    "compose ps *": "",
    "compose exec -T grafana *": '{"columns":["time","last"]}',
}


def stand_in(answers, calls):
    lines = ["#!/bin/sh", f'echo "$*" >>{quote(str(calls))}', 'case "$*" in']
    for asked, said in answers.items():
        pattern = quote(asked.removesuffix("*")) + "*" * asked.endswith("*")
        lines.append(f"{pattern}) {'exit 1' if said is None else 'echo ' + quote(said)} ;;")
    return "\n".join([*lines, "esac", ""])


@pytest.fixture
def free():
    """A port that nobody listens at, for each that the stack publishes."""
    names = ("GRAFANA", "CHRONOGRAF", "INFLUXDB", "KAFKA", "SPARK_UI", "JUPYTER", "SPARK_MASTER_UI")
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {f"{name}_PORT": str(each.getsockname()[1]) for name, each in zip(names, sockets, strict=True)}
    for each in sockets:
        each.close()
    return ports


@pytest.fixture
def stack(tmp_path, free):
    """Run it in a copy of its scripts: code, what it said, what it asked of Docker."""
    programs, calls = tmp_path / "bin", tmp_path / "calls"
    shutil.copytree(ROOT / "sh", tmp_path / "sh")
    shutil.copyfile(ROOT / "run.sh", tmp_path / "run.sh")
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).symlink_to(shutil.which(name))

    def run(*words, answers=None, **variables):
        (programs / "docker").write_text(stand_in({**HEALTHY, **(answers or {})}, calls))
        (programs / "docker").chmod(0o755)
        calls.write_text("")
        environment = {**free, **variables, "PATH": str(programs)}
        command = [programs / "sh", tmp_path / "run.sh", "stack", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, calls.read_text().splitlines()

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


def test_ports_of_a_stack_that_runs_are_its_own(stack):
    with socket.create_server(("127.0.0.1", 0)) as own:
        code, _, _ = stack(answers={"compose ps *": "kafka"}, KAFKA_PORT=str(own.getsockname()[1]))
    assert code == 0


def test_it_starts_waits_for_a_score_and_says_where_to_look(stack, free):
    code, said, asked = stack()
    begun = [call for call in asked if call.startswith(("compose up", "compose exec"))]
    assert (code, begun[0]) == (0, "compose up --detach --build")
    assert begun[1].startswith("compose exec -T grafana")
    assert f"http://localhost:{free['GRAFANA_PORT']}/d/swat-overview" in said


def test_workers_and_notebooks_are_profiles(stack):
    _, _, asked = stack("--workers", "3", "--notebooks")
    assert "compose --profile notebooks --profile cluster up --detach --build --scale spark-worker=3" in asked


def test_a_stack_that_does_not_start_is_a_failure(stack):
    code, said, _ = stack(answers={"compose up *": None})
    assert (code, said.splitlines()[-1]) == (1, "The stack did not start; see: docker compose logs")


@pytest.mark.parametrize(("words", "volumes"), [(("down",), False), (("down", "--wipe"), True)])
def test_only_wipe_forgets_the_data(stack, words, volumes):
    code, _, asked = stack(*words)
    (down,) = [call for call in asked if " down" in call]
    assert (code, down.endswith("--volumes")) == (0, volumes)
