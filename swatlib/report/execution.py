"""Notebooks executed with papermill, each in a kernel of its own; kernels of a run can be ended all at once."""

import asyncio
import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from signal import SIGINT
from typing import Any
from uuid import uuid4

import nbformat
import papermill
import psutil
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.localinterfaces import localhost
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import remove_error_markers
from papermill.iorw import LocalHandler, papermill_io
from traitlets import default

from swatlib.atomic import write_text
from swatlib.report.forked_kernel import ForkedProvisioner
from swatlib.report.notebook_parameters import injected, read_notebook
from swatlib.report.run_record import (
    DONE,
    FAILED,
    MOST_OF_CELL,
    STOPPED,
    UNDER_WAY,
    Step,
    begin_and_end,
    first_line,
    placed,
)
from swatlib.settings import settings

THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
INTERRUPTED = 0.5  # seconds for a kernel to leave what it is in the middle of
ENDING = 1.5  # seconds for servers to end after the kernel that started them
LOOK_AGAIN = 0.5  # seconds
SAVED_WITHIN = 2.0  # seconds after a cell of a notebook that runs has begun or ended
LONGEST_FOLDER = 70  # bytes; the path of a socket has at most 103 on every system
ENGINE = "swatlib"


class Kernels:
    """The kernels of a run, in the running Python whatever kernels are installed; `threads` of arithmetic for each.

    forked: from the process that `forked_kernel.prepare_forks` started. pages: where notebooks put pages of their own.
    sockets: folder for the sockets by which kernels are reached; without one, or where its path is too long for that,
    they listen at ports, which another program may take, as another run does, before a kernel listens there.
    """

    def __init__(self, threads: int, forked: bool, pages: Path, sockets: Path | None = None):
        self.forked = forked
        self.variables, self.pages = dict.fromkeys(THREAD_COUNTS, str(threads)), pages
        self.sockets = sockets if sockets and len(os.fsencode(sockets)) < LONGEST_FOLDER else None
        self.ended = False
        self._lock = threading.Lock()
        logging.getLogger("papermill").setLevel(logging.CRITICAL)  # the record says what happened to a kernel
        self._started: list[psutil.Process] = []

    def manager(self, page: str) -> type[AsyncKernelManager]:
        """A class of kernel managers for papermill, which reports to this object each kernel it starts.

        page: the name of the file that the notebook's page will have.
        """
        variables = self.variables | {"SWAT_PAGE": str(self.pages / page)}
        keep, forked, sockets = self._keep, self.forked, self.sockets

        class ThisInterpreter(AsyncKernelManager):
            @default("transport")
            def _transport(self) -> str:
                return "ipc" if sockets else "tcp"

            @default("ip")
            def _place(self) -> str:
                return str(sockets / uuid4().hex[:16]) if sockets else localhost()

            @property
            def kernel_spec(self) -> KernelSpec:
                return KernelSpec(**get_kernel_dict(["--log-level=CRITICAL"]), env=variables)

            async def _async_pre_start_kernel(self, **options: Any) -> tuple[list[str], dict[str, Any]]:
                if forked:
                    self.provisioner = ForkedProvisioner(parent=self, kernel_id="", kernel_spec=self.kernel_spec)
                return await super()._async_pre_start_kernel(**options)

            async def _async_launch_kernel(self, *arguments: Any, **options: Any) -> None:
                await super()._async_launch_kernel(*arguments, **options)
                keep(self.provisioner.pid)  # type: ignore[union-attr]  # one that has launched has a provisioner

        return ThisInterpreter

    def end(self) -> None:
        """End all kernels and what they started; one that is about to start ends at once.

        Their servers are interrupted with them, and end while they do.
        """
        with self._lock:
            self.ended = True
        families, fork_servers = self._families(), self._fork_servers()
        _each(self._started, lambda kernel: kernel.send_signal(SIGINT))
        _each(families - set(self._started), _interrupt_server)
        psutil.wait_procs(self._started, INTERRUPTED)
        families |= self._families()
        _each(self._started, psutil.Process.kill)
        _, left = psutil.wait_procs(families, ENDING)
        _each({member for process in left for member in _family(process)}, psutil.Process.kill)
        _each(fork_servers, psutil.Process.kill)
        psutil.wait_procs(left, ENDING)

    def _keep(self, pid: int) -> None:
        with suppress(psutil.NoSuchProcess), self._lock:
            kernel = psutil.Process(pid)
            self._started = [each for each in self._started if each.is_running()] + [kernel]
            if self.ended:
                kernel.kill()

    def _fork_servers(self) -> set[psutil.Process]:
        """Where kernels are forked from: it ends by itself too, but takes a second to leave all that it imported.

        A kernel that has lost it is a child of whatever takes in orphans, which is left alone.
        """
        found = set()
        for kernel in self._started if self.forked else ():
            with suppress(psutil.NoSuchProcess):
                parent = kernel.parent()
                if parent and parent.ppid() == os.getpid():
                    found.add(parent)
        return found

    def _families(self) -> set[psutil.Process]:
        return {member for kernel in self._started for member in _family(kernel)}


class _SavedSoon(NBClientEngine):
    """papermill's engine, which would save the whole notebook before and after each cell; its end is saved at once."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, *given: Any, **options: Any) -> None:
        save, loop = nb_man.save, ensure_event_loop()  # which runs while a cell does
        due: list[asyncio.TimerHandle] = []

        def save_now() -> None:
            due.clear()
            with suppress(OSError):  # the end is saved in any case, and says what is wrong
                save()

        def save_soon(**_: Any) -> None:
            if not due:
                due.append(loop.call_later(SAVED_WITHIN, save_now))

        nb_man.save = save_soon
        try:
            super().execute_managed_notebook(nb_man, *given, **options)
        finally:
            nb_man.save = save
            for each in due:
                each.cancel()


class _Whole(LocalHandler):
    """papermill's files: on a full disk too each is as it was before, or whole."""

    def write(self, buf: str, path: str) -> None:
        with placed(Path(path)):
            write_text(Path(path), buf)


papermill_engines.register(ENGINE, _SavedSoon)
papermill_io.register("/", _Whole())


def execute(notebook: Path, step: Step, folder: Path, kernels: Kernels, progress: Callable[[Step], None]) -> None:
    """Run one notebook in its own folder, as JupyterLab does, and note in `step` how it went.

    `progress(step)` is called when it starts and after each code cell. Several can run in threads; of those with a live
    part one at a time, whichever process it belongs to, since they share servers.
    """
    with ExitStack() as turn:
        if "wait" in step.given:
            turn.enter_context(_turn(settings().services_folder / "report.lock", kernels))
        if not kernels.ended:
            turn.enter_context(_loop())
            _execute(notebook, step, folder, kernels, progress)


def _execute(notebook: Path, step: Step, folder: Path, kernels: Kernels, progress: Callable[[Step], None]) -> None:

    def on_cell(**_: Any) -> None:
        step.cells_run += 1
        progress(step)

    started = time.monotonic()
    step.status = UNDER_WAY
    progress(step)
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(folder / notebook.name),
            _set_anew(notebook, step.given),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            resources={"metadata": {"path": str(notebook.parent)}},  # `cwd` would change that of the whole process
            progress_bar=False,
            kernel_manager_class=kernels.manager(f"{step.name}.html"),
            on_cell_executed=on_cell,
        )
        step.status = DONE
    except (PapermillExecutionError, DeadKernelError, nbformat.ValidationError, RuntimeError, OSError) as error:
        if kernels.ended:
            step.status = STOPPED
        else:
            step.status, step.error = _outcome(error, folder / notebook.name)
    finally:
        step.seconds = time.monotonic() - started


def _literal(path: Path) -> str:
    """A path for papermill, which fills in parameters where it has braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _set_anew(notebook: Path, given: dict[str, Any]) -> dict[str, Any]:
    """What papermill sets: with what is given, the rest of an earlier run's cell, which it replaces as a whole."""
    return injected(read_notebook(notebook), notebook.name) | given if given else {}


def _outcome(error: Exception, executed: Path) -> tuple[str, str | None]:
    """Status and sentence of a notebook of which papermill raised an error."""
    try:
        if isinstance(error, PapermillExecutionError) and _ended(executed):
            return DONE, None
    except OSError as another:
        return FAILED, _sentence(another)
    return FAILED, _sentence(error)


def _ended(executed: Path) -> bool:
    """Whether all cells ran: papermill also raises for one that is tagged `raises-exception`, at which none stops.

    What papermill wrote above such a cell, that it stopped there, is taken out.
    """
    notebook = nbformat.read(executed, as_version=4)
    if notebook.metadata.papermill.exception:
        return False
    write_text(executed, nbformat.writes(remove_error_markers(notebook)))
    return True


@contextmanager
def _loop() -> Iterator[None]:
    """nbclient makes a loop in each thread and leaves it open, and where it raises also what waits in it."""
    with closing(ensure_event_loop()) as loop:
        try:
            yield
        finally:
            if left := asyncio.all_tasks(loop):
                for task in left:
                    task.cancel()
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


@contextmanager
def _turn(lock: Path, kernels: Kernels) -> Iterator[None]:
    """Wait until no other process is in this block, or until the kernels are ended."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        while not kernels.ended:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(LOOK_AGAIN)
        yield


def _each(processes: Iterable[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            act(process)


def _interrupt_server(process: psutil.Process) -> None:
    """Its group, which a server's supervisor leads; nothing for a process that leads none."""
    if os.getpgid(process.pid) == process.pid:
        os.killpg(process.pid, SIGINT)


def _family(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


def _sentence(error: Exception) -> str:
    if isinstance(error, PapermillExecutionError):
        return f"Cell {error.exec_count}: {error.ename}: {begin_and_end(str(error.evalue), MOST_OF_CELL)}"
    if isinstance(error, DeadKernelError):
        return "The kernel ended before its notebook: it was killed, or memory ran out."
    return f"{type(error).__name__}: {first_line(error)}"
