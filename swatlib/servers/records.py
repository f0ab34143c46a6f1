"""Servers as processes of their own, found again by a record.

They outlive the program that launched them, or end with it, as `launch` is asked. mirakuru, which runs the steps of
`recipes`, ends what it started when its Python exits; so it can't be used for servers that a command in a terminal
leaves running and another one stops.
"""

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from swatlib.servers import supervisor
from swatlib.servers.tools import ServicesError, store
from swatlib.settings import environment

HOST = "127.0.0.1"
GRACE = 8.0  # seconds from one signal to the next
LONGEST_LOG = 10_000_000  # bytes; a longer one is renamed at the next start

# Not from the range that the system hands out to outgoing connections: while a server is down, a client that keeps
# trying to reach it could be given the server's own port, and would keep it.
PORTS = range(20_000, 30_000)

_children: dict[int, subprocess.Popen] = {}  # launched by this Python: zombies until it has polled them


@dataclass(frozen=True)
class Record:
    """What was launched. `pid` is None once it was stopped; its ports are remembered for the next start."""

    name: str
    version: str
    ports: dict[str, int]
    log: str
    pid: int | None = None
    born: float = 0.0  # start time of the process: the system gives the same pid to another process later
    since: str = ""

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        if self.pid is None:
            return False
        child = _children.get(self.pid)
        if child and child.poll() is not None:
            del _children[self.pid]
        try:
            process = psutil.Process(self.pid)
            # A Java that is ending can be a zombie whose other threads still hold its port.
            running = bool(child) or process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
            return running and abs(process.create_time() - self.born) < 2
        except psutil.NoSuchProcess:
            return False

    @property
    def process(self) -> int:
        """The pid of what was not stopped. Raises ServicesError when it was."""
        if self.pid is None:
            raise ServicesError(f"{self.name} has been stopped.")
        return self.pid


class Records:
    """The records of a folder, in one JSON file that is written atomically."""

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> dict[str, Record]:
        """Name to record. Raises ServicesError for a file that can't be read."""
        if not self.path.exists():
            return {}
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return {name: Record(**values) for name, values in stored.items()}
        except (ValueError, TypeError) as error:
            reason = f"{self.path} can't be read ({error}); end its servers yourself and delete it."
            raise ServicesError(reason) from None

    def keep(self, *records: Record) -> None:
        """Store these, and leave the others as they are."""
        if not records:
            return
        stored = self.read() | {record.name: record for record in records}
        store(self.path, json.dumps({name: asdict(each) for name, each in stored.items()}, indent=1) + "\n")


def launch(
    name: str, version: str, command: list[str], ports: dict[str, int], log: Path, owned: bool = False, **variables: str
) -> Record:
    """Start a server as leader of its own session and process group, its output at the end of `log`.

    owned: it ends with this process, however this one ends.
    """
    if owned:
        born = psutil.Process().create_time()
        command = [sys.executable, "-P", supervisor.__file__, str(os.getpid()), str(born), *command]
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        log.replace(log.with_suffix(".previous.log"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent,
            env=environment(**variables), start_new_session=True,
        )  # fmt: skip
    _children[process.pid] = process
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Record(name, version, ports, str(log), process.pid, psutil.Process(process.pid).create_time(), since)


def end_processes(
    records: Iterable[Record],
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGKILL),
    grace: float = GRACE,
) -> None:
    """End process groups: the first signal, and after `grace` seconds the next one for those that are still there."""
    left = [record for record in records if record.alive]
    for number in signals:
        for record in left:
            with suppress(ProcessLookupError):
                os.killpg(record.process, number)
        deadline = time.monotonic() + grace
        while (left := [record for record in left if record.alive]) and time.monotonic() < deadline:
            time.sleep(0.05)
    for record in left:
        raise ServicesError(f"{record.name} (process {record.pid}) can't be ended.")


def is_free(port: int) -> bool:
    """Whether a server could listen here; connections that are closing don't count."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """`count` ports on which nothing listens."""
    tried = random.Random().sample(PORTS, len(PORTS))
    return list(itertools.islice(filter(is_free, tried), count))


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
