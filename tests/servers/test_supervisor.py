"""What a process had started ends with it, however it ends."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from swatlib.servers import supervisor

DEAF = "trap '' INT TERM; sleep 300 & echo started; wait; wait"  # a command that ignores signals, with a child


@pytest.fixture
def owner():
    """A process that can be killed."""
    process = subprocess.Popen(["sleep", "300"])
    yield process
    process.kill()
    process.wait()


def supervised(owner, *command, born=None):
    born = psutil.Process(owner.pid).create_time() if born is None else born
    program = [sys.executable, "-P", supervisor.__file__, str(owner.pid), str(born), *command]
    return subprocess.Popen(program, start_new_session=True, stdout=subprocess.PIPE, text=True)


def group(leader: int) -> list[int]:
    """Processes that are left of a group."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            if process.info["status"] != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) == leader:
                found.append(process.pid)
        except ProcessLookupError:
            continue
    return found


def wait_until_empty(leader: int) -> None:
    deadline = time.monotonic() + 30
    while group(leader):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_command_that_ends_gives_its_code(owner):
    with supervised(owner, "sh", "-c", "exit 3") as process:
        assert process.wait(30) == 3


def test_a_killed_owner_takes_the_whole_group_with_it(owner):
    with supervised(owner, "sh", "-c", DEAF) as process:
        assert process.stdout.readline() == "started\n"
        assert len(group(process.pid)) >= 3
        owner.kill()
        owner.wait()
        process.wait(60)
        wait_until_empty(process.pid)


def test_what_a_command_leaves_behind_ends_with_it(owner):
    with supervised(owner, "sh", "-c", "trap '' INT TERM; sleep 300 >/dev/null & exit 3") as process:
        assert process.wait(30) == 3
        wait_until_empty(process.pid)


def test_another_process_under_the_owners_pid_is_no_owner(owner):
    with supervised(owner, "sleep", "300", born=1.0) as process:
        assert process.wait(60) != 0


def test_a_signal_to_the_group_ends_the_command_and_then_the_supervisor(owner):
    with supervised(owner, "sh", "-c", "echo started; sleep 300") as process:
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, 15)
        assert process.wait(30) != 0
        wait_until_empty(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a process with its parent.")
def test_a_killed_supervisor_takes_the_command_with_it(owner):
    with supervised(owner, "sh", "-c", "echo started; exec sleep 300") as process:
        assert process.stdout.readline() == "started\n"
        process.kill()
        process.wait(30)
        wait_until_empty(process.pid)
