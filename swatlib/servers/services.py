"""`Services`: the servers of one folder started, stopped, restarted and listed."""

import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from swatlib.servers import records as process
from swatlib.servers.influx import Influx
from swatlib.servers.installation import available, locked, refuse_unknown_servers
from swatlib.servers.kinds import SERVERS, InfluxDB, address, until
from swatlib.servers.recipes import version
from swatlib.servers.records import Record, Records
from swatlib.servers.tools import ServicesError
from swatlib.settings import settings
from swatlib.wording import listed

WAVES = (("kafka", "influxdb"), ("telegraf",))  # started together; Telegraf asks the others
LIVE_STREAM = "stream"  # of a live run: a process with a record, and no server
STREAM_GRACE = 5.0  # seconds in which it may end by itself
PROCESSES = (*SERVERS, LIVE_STREAM)


@dataclass(frozen=True)
class Status:
    """A server's state.

    state: running, silent (its process is there and does not answer), gone (its process exited unexpectedly), stopped,
    or never started; only then there is no record.
    """

    name: str
    state: str
    record: Record | None

    @property
    def address(self) -> str:
        """host:port, also of a server that doesn't run now; empty for the stream, which has none."""
        return address(self.record.ports[SERVERS[self.name].ports[0]]) if self.record and self.record.ports else ""

    @property
    def complaint(self) -> str | None:
        """What to do about one that is silent, in a sentence; None otherwise."""
        if self.state != "silent" or not self.record:
            return None
        folder = Path(self.record.log).parent
        where = "" if folder == Path(settings().services_folder).absolute() else f" --folder {folder}"
        return (
            f"{self.name} (process {self.record.pid}) does not answer; if that lasts, end it with `python -m swatlib "
            f"services stop {self.name}{where}`, and start it again."
        )


class Services:
    """The servers `names` (those that are installed, when none is named); data, logs and tokens lie under `folder`.

    As a context manager it stops, at the end, those that it started. `ports`: name to the port of its address; else
    it is that of last time, or a free one. owned: what it starts ends with this process, however this one ends.
    """

    def __init__(
        self,
        folder: Path | None = None,
        names: Iterable[str] = (),
        ports: Mapping[str, int] | None = None,
        owned: bool = False,
    ):
        self.folder = Path(folder or settings().services_folder).absolute()
        self.names = tuple(names) or tuple(available())
        self.ports = dict(ports or {})
        self.owned = owned
        refuse_unknown_servers([*self.names, *self.ports])
        self._records = Records(self.folder / "services.json")
        self._started: list[str] = []

    def __enter__(self) -> "Services":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        if self._started:
            self.stop(*self._started)

    def start(self, *names: str) -> list[str]:
        """Start those that don't run, until each answers; their names. Raises ServicesError with the end of a log."""
        wanted = names or self.names
        refuse_unknown_servers(wanted)
        if not wanted:
            raise ServicesError("No server is installed; type `python -m swatlib services install`.")
        with self._locked():
            missing = [name for name in SERVERS if name in wanted and not self._alive(name)]
            self._start(missing)
        self._started += missing
        return missing

    def await_started(self, *names: str) -> None:
        """Until another program has started these. Raises ServicesError when it takes longer than a server may."""
        refuse_unknown_servers(names)
        patience = max((SERVERS[name].patience for name in names), default=0.0)
        until(lambda: self._all_started(names), f"{listed(names)} did not start in {self.folder}", patience)

    def start_stream(self, command: list[str]) -> Record:
        """Launch the stream of a live run. Raises ServicesError when one runs already."""
        with self._locked():
            if self._alive(LIVE_STREAM):
                raise ServicesError(
                    f"A live run streams already in {self.folder} (process {self._recorded(LIVE_STREAM).pid}); end it: "
                    f"`python -m swatlib services stop {LIVE_STREAM}`, or give another folder."
                )
            record = process.launch(LIVE_STREAM, "", command, {}, self.log(LIVE_STREAM), self.owned)
            self._records.keep(record)
        return record

    def stop(self, *names: str) -> list[str]:
        """End those that run, each within `process.GRACE` seconds or by force; their names."""
        _refuse_unknown(names)
        with self._locked():
            records = [record for name, record in self._records.read().items() if name in (names or PROCESSES)]
            running = [record.name for record in records if record.alive]
            self._end(records)
        return running

    def kill(self, name: str) -> None:
        """End a server as a crash would, without any clean-up."""
        process.end_processes([self._running(name)], [signal.SIGKILL])

    def restart(self, name: str) -> None:
        """End a server, if it still runs, and start it on the same ports with the same data."""
        same = {name: self._recorded(name).ports[SERVERS[name].ports[0]]}
        self.stop(name)
        Services(self.folder, (name,), same).start()

    def status(self) -> dict[str, Status]:
        """Name to Status, for every server there is and for the stream of a live run."""
        records = self._records.read()
        return {name: self._status(name, records.get(name)) for name in PROCESSES}

    def pid(self, name: str) -> int:
        """The process of a running server, which leads its group. Raises ServicesError when it doesn't run."""
        return self._running(name).process

    def log(self, name: str) -> Path:
        """The file that a server, or the stream of a live run, logs to."""
        _refuse_unknown([name])
        return self.folder / f"{name}.log"

    @property
    def kafka(self) -> str:
        """host:port of the broker. Raises ServicesError when it doesn't run."""
        return address(self._running("kafka").ports["client"])

    @property
    def influxdb(self) -> Influx:
        """Address, bucket and tokens. Raises ServicesError when it doesn't run."""
        return InfluxDB(self.folder).reached(self._running("influxdb").ports)

    def _start(self, names: list[str]) -> None:
        """Launch a wave together, then wait for each; when one fails, none of them all is left."""
        launched: list[Record] = []
        try:
            for wave in WAVES:
                before = len(launched)
                for name in wave:
                    if name in names:
                        launched.append(self._launch(name))
                for record in launched[before:]:
                    self._await(record)
        except BaseException:
            self._end(launched)
            raise

    def _end(self, records: list[Record]) -> None:
        """The stream first, which writes to the others; killed, it loses nothing."""
        streams = [record for record in records if record.name == LIVE_STREAM]
        process.end_processes(streams, (signal.SIGINT, signal.SIGKILL), STREAM_GRACE)
        process.end_processes(record for record in records if record not in streams)
        self._records.keep(*(replace(record, pid=None) for record in records))

    def _launch(self, name: str) -> Record:
        server, ports = SERVERS[name](self.folder), self._ports(name)
        beside = {other: record.ports for other, record in self._records.read().items() if record.alive}
        variables = server.variables(ports, beside)
        record = process.launch(
            name, version(name), server.command(ports), ports, self.log(name), self.owned, **variables
        )
        self._records.keep(record)
        return record

    def _await(self, record: Record) -> None:
        server, began = SERVERS[record.name](self.folder), time.monotonic()
        while not server.answers(record.ports):
            late = time.monotonic() - began > server.patience
            if late or not record.alive:
                failed = f"does not answer after {server.patience:.0f} s" if late else "ended while it started"
                end = process.tail(Path(record.log))
                raise ServicesError(f"{record.name} {failed}; the end of {record.log}:\n{end}")
            time.sleep(0.2)
        server.settle(record.ports)

    def _ports(self, name: str) -> dict[str, int]:
        """Those given or of last time; a free one where nothing is known, or where another program has taken it."""
        keys, record, given = SERVERS[name].ports, self._records.read().get(name), self.ports.get(name)
        if given and not process.is_free(given):
            raise ServicesError(f"Port {given} is taken; give {name} another one, or end what listens there.")
        known = (record.ports if record else {}) | ({keys[0]: given} if given else {})
        usable = {key: known[key] for key in keys if key in known and process.is_free(known[key])}
        return dict(zip(keys, process.free_ports(len(keys)), strict=True)) | usable

    def _status(self, name: str, record: Record | None) -> Status:
        if not record or not record.pid:
            return Status(name, "stopped" if record else "never started", record)
        if not record.alive:
            return Status(name, "gone", record)
        answers = name == LIVE_STREAM or SERVERS[name](self.folder).answers(record.ports)
        return Status(name, "running" if answers else "silent", record)

    def _running(self, name: str) -> Record:
        if not self._alive(name):
            raise ServicesError(f"{name} doesn't run in {self.folder}; type `python -m swatlib services start {name}`.")
        return self._recorded(name)

    def _recorded(self, name: str) -> Record:
        _refuse_unknown([name])
        records = self._records.read()
        if name not in records:
            raise ServicesError(f"{name} was never started in {self.folder}.")
        return records[name]

    def _all_started(self, names: Iterable[str]) -> bool:
        with self._locked():  # held by who starts them until they are ready
            return all(map(self._alive, names))

    def _alive(self, name: str) -> bool:
        record = self._records.read().get(name)
        return bool(record and record.alive)

    def _locked(self):
        return locked(self.folder / "services.lock", lambda: None)


def _refuse_unknown(names: Iterable[str]) -> None:
    """Raises ServicesError for the first name that is neither a server's nor the stream's."""
    refuse_unknown_servers(names, PROCESSES)
