"""What `bench run` measures of a run; here of a small one that is told what to do."""

import sys

import pytest

from swatlib.cli import performance, run_performance
from swatlib.cli.terminal import out
from swatlib.servers.installation import folder as servers_folder

BUSY = "import time\nwhile time.process_time() < 0.5: pass"
PAGE = 'mkdir -p "$SWAT_REPORTS_FOLDER/one"; echo page > "$SWAT_REPORTS_FOLDER/one/01-data.html"'


@pytest.fixture
def measured(monkeypatch, tmp_path):
    def measure(program: str) -> run_performance.ReportTimes:
        monkeypatch.setattr(run_performance, "COMMAND", ("sh", "-c", program))
        return run_performance.measure_report(tmp_path)

    return measure


def test_the_page_is_there_before_the_end_and_grandchildren_count(measured):
    times = measured(f"{PAGE}; sh -c '{sys.executable} -c \"{BUSY}\"; true'")
    assert 0 < times.first_page < times.seconds
    assert times.processor >= 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux gives orphans to another process than the first.")
def test_what_nobody_waits_for_counts_and_is_waited_for(measured):
    times = measured(f"{sys.executable} -c '{BUSY}' & {PAGE}")
    assert times.processor >= 0.5


def test_what_a_run_keeps_is_its_own_but_for_installed_servers(measured, tmp_path):
    measured('mkdir "$SWAT_CACHE_FOLDER/results"; ls "$SWAT_CACHE_FOLDER"')
    assert (tmp_path / "run.log").read_text().split() == ["results", "services"]
    assert (tmp_path / "cache" / "services").readlink() == servers_folder()


def test_a_run_that_fails_says_why(measured):
    with pytest.raises(ValueError, match=r"`sh run\.sh` failed: no such thing"):
        measured("echo no such thing; exit 3")


def test_imports_of_every_notebook_are_measured():
    programs = list(run_performance.notebook_imports())
    assert len(programs) == len(run_performance.all_notebooks())
    assert all("from swatlib" in program for program in programs)


def test_a_work_named_twice_is_measured_once(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))
    monkeypatch.setattr(performance, "_fresh", lambda work, *_: asked.append(work) or [1.0])
    performance.measure_performance(["vus", "vus"], out)
    assert asked == [performance.WORKS["vus"]]
