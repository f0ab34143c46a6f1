"""Notebooks of a run side by side, runs side by side, and what the index shows meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from swatlib.report.execution import Kernels
from swatlib.report.notebook_parameters import ReportError
from swatlib.report.run_record import Step
from swatlib.report.runner import report, write_index
from swatlib.report.start_order import place_order

PICTURE = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
PUBLISHES = "from swatlib.report.headline import headline\nheadline(seed=seed)"
MEANWHILE = """
import pathlib, time
index = pathlib.Path("reports/index.html")
while not all(shown in index.read_text() for shown in ('href="run/01-one.html"', "cell 2 of 2")): time.sleep(0.1)
pathlib.Path("seen.html").write_text(index.read_text())
"""
SLEEPS = "import subprocess\nsubprocess.run(['sleep', '600'], start_new_session=True)"
OF_TIME = {"name", "started", "seconds"}


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of that name: heading, a seed, then the given cells."""

    def write(name, *sources):
        first = new_code_cell("seed = 0", metadata={"tags": ["parameters"]})
        cells = [new_markdown_cell(f"# About {name}"), first, *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        return tmp_path / f"{name}.ipynb"

    return write


@pytest.fixture
def start(reports):
    """Starts Python with these arguments, which is killed at the end if it still runs."""
    started = []

    def begin(*arguments):
        command = [sys.executable, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=60)  # what it left holds its output


def typed(*arguments):
    """A report as on the command line, whose kernels are forked."""
    return "-m", "swatlib", "report", *arguments


def called(path, name=None):
    """A report as from a program, whose kernels start as any."""
    return "-c", f"from swatlib.report.runner import report; report([{str(path)!r}], name={name!r})"


def kept(reports, name):
    return json.loads((reports / name / "run.json").read_text())


def without_times(run):
    timeless = {key: value for key, value in run.items() if key not in OF_TIME}
    steps = [{key: value for key, value in step.items() if key != "seconds"} for step in run["notebooks"]]
    return timeless | {"notebooks": steps}


def outputs(path):
    return [cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells]


def programs(process):
    """What the processes are called that this one has."""
    names = []
    for each in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended since
            names.append(each.name())
    return names


def awaited(process, holds):
    """Waits for what the process brings about; the processes that it then has."""
    while not holds():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return psutil.Process(process.pid).children(recursive=True)


def test_side_by_side_in_forked_kernels_gives_what_one_after_the_other_gives(reports, notebook, start):
    paths = [notebook("02-two", "seed + 1"), notebook("01-one", PICTURE, PUBLISHES)]
    report(paths, {"seed": 7}, name="with-1", jobs=1)
    start(*typed(*paths, "-p", "seed=7", "--name", "with-2", "--jobs", "2")).wait()
    one, two = kept(reports, "with-1"), kept(reports, "with-2")
    assert without_times(one) == without_times(two)
    assert [step["name"] for step in two["notebooks"]] == ["02-two", "01-one"]
    for path in paths:
        assert outputs(reports / "with-1" / path.name) == outputs(reports / "with-2" / path.name)
    assert (reports / "with-1" / "01-one-1.webp").read_bytes() == (reports / "with-2" / "01-one-1.webp").read_bytes()
    for page in ("01-one.html", "02-two.html"):
        assert all(f'href="{other.stem}.html"' in (reports / "with-2" / page).read_text() for other in paths)


def test_a_notebook_that_fails_stops_no_other_and_has_its_page(reports, notebook):
    paths = [notebook("01-bad", "1/0"), notebook("02-good"), notebook("03-good")]
    with pytest.raises(ReportError, match=r"^01-bad stopped. Cell 2: ZeroDivisionError"):
        report(paths, name="run", jobs=2)
    steps = kept(reports, "run")["notebooks"]
    assert [(step["status"], step["page"]) for step in steps] == [
        ("failed", "01-bad.html"),
        ("done", "02-good.html"),
        ("done", "03-good.html"),
    ]


def test_the_index_shows_what_runs_and_stops_asking_when_it_has_ended(reports, notebook, tmp_path):
    index = report([notebook("01-one"), notebook("02-two", MEANWHILE), notebook("03-three")], name="run", jobs=1)
    seen = (tmp_path / "seen.html").read_text()
    for shown in ('"status running">running</span>, cell 2 of 2', '"status waiting">waiting<', "location.reload()"):
        assert shown in seen
    assert "location.reload()" not in index.read_text()


def test_the_first_to_start_gives_a_page_soon_and_then_the_longest_come():
    steps = [Step(name, "", 10, {}, {}) for name in ("a", "b", "c", "d")]
    live = Step("live", "", 1, {"wait": True}, {})
    assert place_order(steps, {"a": 5, "b": 30, "c": 2, "d": 10}) == [2, 1, 3, 0]
    assert place_order([*steps, live], {"a": 5, "b": 30, "c": 2, "d": 10}) == [2, 4, 1, 3, 0]


def test_a_notebook_that_fits_detectors_is_not_taken_for_a_short_one():
    steps = [Step("fits", "", 2, {}, {"budget": 1.0}), Step("describes", "", 9, {}, {"seed": 0})]
    assert place_order(steps, {}) == [1, 0]
    more = Step("fits two", "", 2, {}, {"budget": 1.0, "detectors": ("pca", "lof")})
    assert place_order([*steps, more], {}) == [1, 2, 0]


def test_a_notebook_whose_detectors_a_longer_one_fits_waits_for_no_fit():
    days = {"start": "2015-12-22 16:00", "budget": 1.0, "detectors": ("pca", "lof")}
    asks, fits = Step("asks", "", 8, {}, days), Step("fits", "", 9, {}, days)
    other, short = Step("other", "", 2, {}, {**days, "budget": 0.5}), Step("short", "", 1, {}, {})
    assert place_order([asks, other, fits, short], {}) == [3, 2, 1, 0]
    assert place_order([asks, other, fits, short], {"fits": 300}) == [3, 2, 1, 0]


def test_ctrl_c_ends_all_of_a_run_and_keeps_its_pages(reports, notebook, start):
    paths = [notebook("01-one"), notebook("02-two", "print('so far')", SLEEPS), notebook("03-three", SLEEPS)]
    process = start(*typed(*paths, "--jobs", "2", "--name", "cut"))

    family = awaited(process, lambda: programs(process).count("sleep") == 2)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, complained = process.communicate()
    assert (process.returncode, complained) == (130, "Stopped.\n")
    assert psutil.wait_procs(family, 30)[1] == []
    run = kept(reports, "cut")
    assert (run["status"], [step["status"] for step in run["notebooks"]]) == ("stopped", ["done", "stopped", "stopped"])
    assert all((reports / "cut" / step["page"]).is_file() for step in run["notebooks"])
    assert "so far" in (reports / "cut" / "02-two.html").read_text()
    page = (reports / "index.html").read_text()
    assert '"status stopped">stopped</span>, cell 3 of 3' in page and "location.reload()" not in page


SERVER = """
import pathlib, signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(pathlib.Path("interrupted").touch()))
pathlib.Path("serves").touch()
signal.pause()
"""
STARTS_A_SERVER = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SERVER!r}], start_new_session=True)
time.sleep(60)
"""


def test_servers_of_a_kernel_are_interrupted_before_they_are_killed(tmp_path):
    kernel = subprocess.Popen([sys.executable, "-c", STARTS_A_SERVER], cwd=tmp_path, stderr=subprocess.DEVNULL)
    awaited(kernel, (tmp_path / "serves").exists)
    kernels = Kernels(1, forked=False, pages=tmp_path)
    kernels._keep(kernel.pid)
    kernels.end()
    assert (tmp_path / "interrupted").exists()
    kernel.wait()


def test_who_takes_in_a_kernel_whose_fork_server_is_gone_is_left_alone(tmp_path):
    kernels = Kernels(1, forked=True, pages=tmp_path)
    kernels._keep(os.getpid())  # as such a kernel, this process was not forked by a child of this process
    assert psutil.Process().parent() is not None and kernels._fork_servers() == set()


def test_a_run_that_was_killed_is_told_as_stopped_and_leaves_no_kernel(reports, notebook, start):
    process = start(*typed(notebook("01-one", SLEEPS), "--name", "killed"))
    family = awaited(process, lambda: "sleep" in programs(process))
    (sleeps,) = (each for each in family if each.is_running() and each.name() == "sleep")  # in a session of its own
    process.kill()
    assert psutil.wait_procs(set(family) - {sleeps}, 30)[1] == []
    sleeps.kill()
    assert kept(reports, "killed")["status"] == "running"
    page = write_index().read_text()
    assert '<tr class="stopped">' in page and "location.reload()" not in page


def test_two_runs_at_once_are_both_in_the_index(reports, notebook, start):
    path = notebook("01-one")
    processes = [start(*called(path)) for _ in range(2)]
    said = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "".join(map("".join, said))  # whole, not cut
    assert (reports / "index.html").read_text().count('<tr class="done">') == 2
