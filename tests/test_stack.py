"""`sh run.sh stack`, against a stand-in for the program `docker` that says what it was asked."""

import os
import shutil
import socket
import subprocess
import sys
from shlex import quote

import pytest

from swatlib.settings import ROOT, environment

HEALTHY = {
    "compose version": "2.40.0",
    "compose version --short": "2.40.0",
    "info --format {{.ServerVersion}}": "28.2.2",
    "info --format {{.MemTotal}}": "16000000000",
}


PROGRAMS = {name: shutil.which(name) for name in ("sh", "sed", "id", "dirname", "cat", "mkdir", "grep")}
PROGRAMS["python3"] = os.path.realpath(sys.executable)


def stand_in(answers, calls):
    """A program that writes down what it is asked, and answers it, or fails where the answer is None."""
    fail, lines = "echo no >&2; exit 1", ["#!/bin/sh", f'echo "$*" >>{quote(str(calls))}', 'case "$*" in']
    for asked, said in answers.items():
        lines.append(f"{quote(asked)}) {fail if said is None else 'echo ' + quote(said)} ;;")
    return "\n".join([*lines, "esac", ""])


@pytest.fixture
def stack(tmp_path):
    """Run it in a copy of the clone; `answers`: what the engine says, none: no Docker. Code, output, calls."""
    clone, programs, calls = tmp_path / "clone", tmp_path / "bin", tmp_path / "calls"
    shutil.copytree(ROOT / "sh", clone / "sh")
    shutil.copyfile(ROOT / "run.sh", clone / "run.sh")
    (clone / "stack" / "secrets").mkdir(parents=True)
    programs.mkdir()
    for name, path in PROGRAMS.items():
        (programs / name).symlink_to(path)
    calls.touch()

    def run(*arguments, answers=None):
        if answers is not None:
            (programs / "docker").write_text(stand_in(answers, calls))
            (programs / "docker").chmod(0o755)
        command = ["sh", "run.sh", "stack", *arguments]
        path = environment(PATH=str(programs))
        done = subprocess.run(command, cwd=clone, env=path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, calls.read_text().splitlines()

    return run


def test_without_docker_it_names_the_way_without(stack):
    code, said, _ = stack()
    assert (code, said.count("\n"), "swatlib live" in said) == (1, 1, True)


@pytest.mark.parametrize(
    ("lack", "sentence"),
    [
        ({"compose version": None}, "Docker has no compose plugin."),
        ({"compose version --short": "2.9.1"}, "Docker compose 2.9.1 is too old"),
        ({"info --format {{.ServerVersion}}": None}, "The Docker engine does not answer."),
        ({"info --format {{.MemTotal}}": "2100000000"}, "Docker has 2 GB of memory"),
    ],
)
def test_what_is_lacking_is_one_sentence_and_nothing_starts(stack, lack, sentence):
    code, said, calls = stack(answers=HEALTHY | lack)
    assert (code, said.count("\n")) == (1, 1) and said.startswith(sentence)
    assert [call for call in calls if " up " in call] == []


def test_a_port_that_is_taken_is_named(stack):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said, _ = stack(answers=HEALTHY | {"compose config": f'        published: "{port}"'})
    assert (code, said.split(".")[0]) == (1, f"Port {port} is taken")


def test_it_starts_waits_for_a_score_and_shows_where_to_look(stack):
    ports = {f"compose port {name}": f"127.0.0.1:{name.split()[1]}" for name in ("grafana 3000", "chronograf 8888")}
    code, said, calls = stack(answers=HEALTHY | ports)
    begun = [call for call in calls if call.startswith(("compose up", "compose run"))]
    assert (code, begun) == (
        0,
        ["compose up --detach --build --remove-orphans", "compose run --rm --no-deps ready"],
    )
    assert "http://127.0.0.1:3000" in said and "http://127.0.0.1:8888" in said


def test_workers_put_the_stream_on_a_cluster(stack):
    _, _, calls = stack("--workers", "3", answers=HEALTHY)
    assert "compose --profile cluster up --detach --build --remove-orphans --scale spark-worker=3" in calls


def test_it_ends_with_what_a_failure_says(stack):
    code, _, _ = stack(answers=HEALTHY | {"compose run --rm --no-deps ready": None})
    assert code != 0


@pytest.mark.parametrize(("arguments", "wiped"), [(["down"], ""), (["down", "--wipe"], " --volumes")])
def test_only_wipe_forgets_the_data(stack, arguments, wiped):
    code, _, calls = stack(*arguments, answers=HEALTHY)
    assert (code, calls[-1]) == (0, f"compose --profile * down --remove-orphans{wiped}")


@pytest.mark.parametrize("arguments", [["up"], ["--workers"], ["--workers", "many"]])
def test_a_word_it_doesnt_know_is_refused(stack, arguments):
    code, said, calls = stack(*arguments, answers=HEALTHY)
    assert (code, said.count("\n"), calls) == (1, 1, [])
