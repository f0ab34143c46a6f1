"""Run a command that ends with its owner, however the owner ends: `python supervisor.py PID BORN COMMAND…`.

A process that is killed can clean nothing up, so its children watch it. This program leads the group in which the
command runs. It is started as a file, so that it imports nothing but psutil.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import psutil

INTERVAL = 0.5  # seconds between two looks at the owner
END_WITHIN = 8.0  # seconds in which the command may end by itself
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def supervise(owner: int, born: float, command: list[str]) -> int:
    """The command's exit code, once nothing is left of it. When the owner ends first, the whole group is ended."""
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the group: the command ends, and then so do we
        signal.signal(number, lambda *_: None)  # a handler: what is ignored here, the command would ignore too
    child = subprocess.Popen(command, preexec_fn=_end_with_parent())  # noqa: PLW1509 (it has one thread)
    while child.poll() is None and runs(owner, born):
        with suppress(subprocess.TimeoutExpired):
            child.wait(INTERVAL)
    if child.poll() is None:
        os.killpg(os.getpgrp(), signal.SIGINT)
        psutil.wait_procs(psutil.Process().children(recursive=True), END_WITHIN)
        os.killpg(os.getpgrp(), signal.SIGKILL)
    for pid in rest_of_group():  # a Spark that is interrupted while it starts leaves its Java behind
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return child.returncode


def _end_with_parent() -> Callable[[], None] | None:
    """Called in a new process before its program: the kernel kills it when its parent ends, kill -9 too (Linux)."""
    if sys.platform != "linux":
        return None
    control, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        control(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the kernel was asked
            os._exit(1)

    return ask


def rest_of_group() -> list[int]:
    """The other processes of the group that this one leads, also those whose parents have ended."""
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if pid != os.getpid() and os.getpgid(pid) == os.getpid():
                found.append(pid)
    return found


def runs(pid: int, born: float) -> bool:
    """Whether this process still runs: the system gives the same pid to another process later."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - born) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    sys.exit(supervise(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
