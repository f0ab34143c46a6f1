"""How long one waits for a report, for `swatlib.cli.performance`: `sh run.sh` twice, in folders of its own.

The first run finds what installing leaves, packages, servers and the compiled plant, and makes anew all else that is
kept: results, a list of fonts. Installing is not part of it.
"""

import ast
import ctypes
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from swatlib.report.notebook_parameters import all_notebooks, read_notebook
from swatlib.servers.installation import folder as servers_folder
from swatlib.settings import ROOT, environment

LOOK = 0.1  # seconds from one look for a page to the next
WEIGH = 1.0  # seconds from one look at the memory to the next
REPEATED = 3
PR_SET_CHILD_SUBREAPER = 36  # of <sys/prctl.h>
LEFT = 60.0  # seconds for all that a run has started to end after it
COMMAND = ("sh", str(ROOT / "run.sh"))
COMPILE = ("sh", "-euc", ". sh/environment.sh; python=$1; installed=yes; compile_beside :", "sh", sys.executable)


@dataclass(frozen=True)
class ReportTimes:
    """Of one run and all its processes. first_page: seconds until a notebook's page can be opened."""

    seconds: float
    processor: float
    first_page: float
    gigabytes: float


def can_measure_run() -> bool:
    """Whether this Python is the one that `sh run.sh` uses; under another one it would install packages first."""
    return Path(sys.prefix) == ROOT / ".venv"


def measure_run() -> tuple[float, ...]:
    """All figures, in the order of `swatlib.cli.performance.GOALS`. Raises ValueError for a run that fails."""
    if not can_measure_run():
        raise ValueError(f"`bench run` measures `sh run.sh`: type `{ROOT}/.venv/bin/python -m swatlib bench run`.")
    with TemporaryDirectory(prefix="swat-bench-") as folder:
        subprocess.run(COMPILE, env=_own(Path(folder)), cwd=ROOT, check=True)
        first, second = measure_report(Path(folder)), measure_report(Path(folder))
    memory = max(first.gigabytes, second.gigabytes)
    spans = (second.seconds, second.processor, second.first_page, first.seconds, first.processor, first.first_page)
    return *spans, memory, _help(), max(_usual("-c", program) for program in notebook_imports())


def measure_report(folder: Path) -> ReportTimes:
    """A run of all notebooks with all that it makes in `folder`."""
    variables = _own(folder)
    reports, before = folder / "reports", len(_pages(folder / "reports"))
    used, began, weighed = _processor(), time.monotonic(), 0.0
    page, memory = 0.0, [0.0]
    with _orphans_adopted():
        with (folder / "run.log").open("wb") as log:
            running = subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)
        while running.poll() is None:
            now = time.monotonic()
            if not page and len(_pages(reports)) > before:
                page = now - began
            if now > weighed + WEIGH:
                weighed = now
                memory.append(family_gigabytes(running.pid))
            time.sleep(LOOK)
        seconds = time.monotonic() - began
    if running.returncode:
        raise ValueError(f"`sh run.sh` failed: {(folder / 'run.log').read_text(errors='replace')[-2000:]}")
    return ReportTimes(seconds, _processor() - used, page or seconds, max(memory))


@contextmanager
def _orphans_adopted() -> Iterator[None]:
    """What outlives its parent in this block becomes a child of this process (Linux), which waits for it at the end.

    So its processor time counts: kernels are forked by a process, and servers watched by one, that nobody waits for.
    Raises ValueError for a process that does not end.
    """
    if sys.platform != "linux":
        yield
        return
    control, before = ctypes.CDLL(None).prctl, set(psutil.Process().children())
    control(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
        deadline = time.monotonic() + LEFT
        while left := set(psutil.Process().children()) - before:
            for child in left:
                with suppress(ChildProcessError):
                    os.waitpid(child.pid, os.WNOHANG)
            if time.monotonic() > deadline:
                raise ValueError(f"the run left processes behind: {', '.join(str(child.pid) for child in left)}")
            time.sleep(LOOK)
    finally:
        control(PR_SET_CHILD_SUBREAPER, 0)


def _own(folder: Path) -> dict[str, str]:
    """An environment in which all that a run keeps goes to `folder`, but servers are those that are installed."""
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        (cache / "services").symlink_to(servers_folder(), target_is_directory=True)
    places = {"SWAT_REPORTS_FOLDER": "reports", "SWAT_CACHE_FOLDER": "cache", "SWAT_SERVICES_FOLDER": "services"}
    places |= {"NUMBA_CACHE_DIR": "kernels", "MPLCONFIGDIR": "fonts"}
    return environment(**{name: str(folder / place) for name, place in places.items()})


def _pages(reports: Path) -> list[Path]:
    return list(reports.glob("*/*.html"))


def _processor() -> float:
    """Seconds of processor time of the processes that this one has waited for, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def family_gigabytes(pid: int) -> float:
    """Memory of a process and its descendants; shared memory counts once where the system tells its size (Linux)."""
    used = 0.0
    with suppress(psutil.NoSuchProcess):
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                whole = process.memory_full_info()
                used += getattr(whole, "pss", whole.rss)
    return used / 1e9


def _help() -> float:
    return _usual("-m", "swatlib", "--help")


def _usual(*arguments: str) -> float:
    return statistics.median(_python(*arguments) for _ in range(REPEATED))


def _python(*arguments: str) -> float:
    """Seconds that a Python takes from its start to its end."""
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
    return time.monotonic() - began


def notebook_imports() -> Iterator[str]:
    """A program for each notebook, of all its imports."""
    for path in all_notebooks():
        cells = [cell.source for cell in read_notebook(path).cells if cell.cell_type == "code"]
        nodes = [node for source in cells for node in ast.parse(source).body]
        yield "\n".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
