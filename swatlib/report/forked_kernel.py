"""Kernels that begin with the libraries that every notebook imports: forked from one process that has imported them.

A kernel is then ready in .3 s of processor time, not 1.5, and shares the memory of these libraries. On Linux alone:
elsewhere libraries of the system may not survive a fork.
"""

import atexit
import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from multiprocessing import forkserver, get_context
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from swatlib.memory import keep_memory
from swatlib.settings import replace_environment

# What a notebook imports first. Not pyplot, which asks the kernel that imports it how to draw.
IMPORTED_BEFORE = (
    *("ipykernel.kernelapp", "IPython.display", "pandas", "pyarrow.parquet", "scipy.stats", "matplotlib.figure"),
    *("swatlib.pipeline", "swatlib.plots", "swatlib.metrics", "swatlib.studies.pair", "swatlib.results.result_cache"),
    *("swatlib.report.headline", "threadpoolctl", "skops.io", __name__),
)
INLINE = "module://matplotlib_inline.backend_inline"  # how a kernel draws unless MPLBACKEND says otherwise


def prepare_forks() -> bool:
    """Begin to import what kernels need, in a process that ends with this one; whether kernels can be forked here.

    As `multiprocessing` does, a forked kernel imports the main module of this process: to be called by a program whose
    main module then does nothing, which the command line is.
    """
    if sys.platform != "linux":
        return False
    get_context("forkserver").set_forkserver_preload([*IMPORTED_BEFORE])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited: Ctrl-C ends it with this process
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return True


class ForkedProvisioner(LocalProvisioner):
    """Launches a kernel by a fork; ports, connection file, signals and its end are as for any other."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Fork a kernel that takes the arguments of this command."""
        arguments = cmd[cmd.index("-f") :]
        process = _Forked(arguments, options["env"], Path(options.get("cwd") or Path.cwd()))
        self.process, self.pid, self.pgid = process, process.pid, process.pid  # type: ignore[assignment]
        return self.connection_info


class _Forked:
    """A forked kernel, with those parts of a `subprocess.Popen` that a provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], environment: Mapping[str, str], folder: Path):
        context = get_context("forkserver")
        self._process = context.Process(target=_become_kernel, args=(arguments, dict(environment), folder))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.pid and self._process.is_alive():
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _leave_fork_server_to_its_program() -> None:
    """A fork server ends when nobody holds its pipe: a kernel that did would run on after a program that was killed."""
    server: Any = forkserver._forkserver
    os.close(server._forkserver_alive_fd)
    server._forkserver_alive_fd = None  # a kernel that forks begins a server of its own


def _become_kernel(arguments: list[str], environment: dict[str, str], folder: Path) -> None:
    """What Python and its libraries do when they start, as far as it was done before the fork; then the kernel."""
    from ipykernel.kernelapp import IPKernelApp
    from threadpoolctl import threadpool_limits

    _leave_fork_server_to_its_program()
    gc.freeze()  # all that was imported stays, and is not looked through for garbage again
    keep_memory()
    os.setsid()
    os.chdir(folder)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    replace_environment(environment)
    import_module("matplotlib").rcParams["backend"] = environment.get("MPLBACKEND", INLINE)
    import_module("numpy").random.seed()
    threadpool_limits(int(environment["OMP_NUM_THREADS"]))
    logging.getLogger("tornado").setLevel(logging.CRITICAL)  # of a message that an end breaks off; the record says more
    sys.argv = ["ipykernel_launcher", *arguments]
    try:
        IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out
