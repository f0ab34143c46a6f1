"""Points computed side by side: the same outcomes in one process and in several, and failures that stop no other."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest

from swatlib.settings import ROOT, environment
from swatlib.side_by_side import KILLED, outcome_of, run_points

PROGRAM = """
import subprocess, sys, time
from swatlib.side_by_side import run_points
from tests.test_run_points import sleeps
if __name__ == "__main__":
    run_points([1, 2, 3], sleeps, 2)
"""


def halved(point):
    if point == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return 12 / point


def sleeps(point):
    child = subprocess.Popen(["sleep", "600"])
    try:
        child.wait()
    finally:
        child.kill()


def known(outcomes):
    return [(each.value, each.error) for each in outcomes]


def test_outcomes_are_those_of_one_process_whatever_fails():
    points = [2, 0, 3, "x", 4]
    here = [outcome_of(halved, point) for point in points]
    seen = []
    for jobs in (1, 2):
        ended = run_points(points, halved, jobs, seen.append, lambda *both: seen.append(both))
        assert known(ended) == known(here)
    assert known(here)[1:4] == [
        (None, "ZeroDivisionError: division by zero"),
        (4.0, None),
        (None, "TypeError: unsupported operand type(s) for /: 'int' and 'str'"),
    ]
    assert sorted(place for place in seen if isinstance(place, int)) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_point_whose_process_is_killed_has_failed_and_stops_no_other():
    assert known(run_points(["dies", 2, "dies", 3], halved, 1)) == [
        (None, KILLED),
        (6, None),
        (None, KILLED),
        (4, None),
    ]


def test_what_can_not_be_sent_is_an_outcome():
    (outcome,) = run_points([lambda: None], partial(halved))
    assert outcome.value is None and "pickle" in outcome.error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_who_ends_the_program_ends_its_points_and_what_they_started(tmp_path, number):
    (tmp_path / "program.py").write_text(PROGRAM)
    process = subprocess.Popen([sys.executable, tmp_path / "program.py"], env=environment(PYTHONPATH=str(ROOT)))
    own = psutil.Process(process.pid)
    while [each.name() for each in own.children(recursive=True)].count("sleep") < 2:
        assert process.poll() is None
        time.sleep(0.05)
    family = own.children(recursive=True)
    process.send_signal(number)
    process.wait()
    assert psutil.wait_procs(family, 30)[1] == []
