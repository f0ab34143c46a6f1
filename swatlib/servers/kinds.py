"""The three servers: how each is started, when it is ready, and what it needs then. All listen on loopback only."""

import hashlib
import re
import secrets
import shutil
import subprocess
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.error import HTTPError

from swatlib.atomic import replacing
from swatlib.servers import influx, tools
from swatlib.servers.installation import installed
from swatlib.servers.kafka_java import reading_classes, writing_classes
from swatlib.servers.recipes import STACK
from swatlib.servers.records import HOST
from swatlib.servers.tools import ServicesError, store
from swatlib.settings import settings

UNPACKING_RAISES = (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
_ID = re.compile(r"^((?:cluster|directory)\.id=).*", re.MULTILINE)


class Server:
    """One server of a services folder; its own files lie in `folder/<name>`. The first of `ports` is its address."""

    name: str
    ports: tuple[str, ...]
    patience = 90.0  # seconds until it must answer

    def __init__(self, folder: Path):
        self.services = folder
        self.folder = folder / self.name

    def command(self, ports: dict[str, int]) -> list[str]:
        """What to launch; makes the files that it reads."""
        raise NotImplementedError

    def variables(self, ports: dict[str, int], beside: dict[str, dict[str, int]]) -> dict[str, str]:
        """Environment variables; `beside`: the ports of the servers that run, by name."""
        return {}

    def answers(self, ports: dict[str, int]) -> bool:
        """Whether it says that it is ready."""
        raise NotImplementedError

    def settle(self, ports: dict[str, int]) -> None:
        """Make what must be there before it is used; harmless when it is there."""


class Kafka(Server):
    """A broker that is its own controller, with an agent that shows its figures over HTTP."""

    name = "kafka"
    ports = ("client", "controller", "jolokia")

    def command(self, ports):
        jars, stack, program = installed("kafka"), STACK / "kafka", tools.java()
        java = [str(program), *reading_classes(program, jars), "-cp", f"{jars / 'broker'}/*"]
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "data").is_dir():
            self._format(java, ports)
        agent, policy = next((jars / "agent").glob("*.jar")), (stack / "jolokia-access.xml").as_uri()
        figures = f"port={ports['jolokia']},host={HOST},discoveryEnabled=false,policyLocation={policy}"
        logging = f"-Dlog4j2.configurationFile={stack / 'log4j2.properties'}"
        shown = writing_classes() or [f"-javaagent:{agent}={figures}"]  # with an agent Java writes no archive
        options = [tools.QUICK_START, "-Xms256m", "-Xmx512m", *shown, logging]
        return [*java, *options, "kafka.Kafka", str(self._properties("server.properties", ports, "data"))]

    def answers(self, ports):
        from swatlib.servers.broker import kafka_answers

        return kafka_answers(address(ports["client"]))

    def _format(self, java: list[str], ports: dict[str, int]) -> None:
        """A new data folder; under another name until it is complete.

        Kafka's tool, a Java of its own, makes the first; of that the next are copies, each with ids of its own.
        """
        part, kept = self.folder / "data.part", self._kept()
        shutil.rmtree(part, ignore_errors=True)
        try:
            _copied(kept, part)
        except UNPACKING_RAISES:  # there is none, or it is damaged
            shutil.rmtree(part, ignore_errors=True)
            self._make(java, ports, part)
            with suppress(OSError), replacing(kept) as packed:  # not in a cache that can't be written
                shutil.make_archive(str(packed.with_suffix("")), packed.suffix[1:], part)
        part.rename(self.folder / "data")

    def _make(self, java: list[str], ports: dict[str, int], part: Path) -> None:
        cluster, properties = secrets.token_urlsafe(16), self._properties("format.properties", ports, part.name)
        command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)]
        done = subprocess.run(command, cwd=self.services, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServicesError(f"Kafka's data folder {part} could not be made: {done.stdout}{done.stderr}".strip())

    def _kept(self) -> Path:
        """The folder that this Kafka's tool made for these properties, packed."""
        seen = hashlib.sha256((STACK / "kafka" / "server.properties").read_bytes()).hexdigest()[:16]
        return settings().cache_folder / "java" / f"{installed('kafka').name}-{seen}.zip"

    def _properties(self, name: str, ports: dict[str, int], data: str) -> Path:
        """Paths in it are relative to where servers are launched: Java reads no umlaut in such a file."""
        template = Template((STACK / "kafka" / "server.properties").read_text(encoding="utf-8"))
        path = self.folder / name
        store(path, template.substitute(ports, host=HOST, data=f"{self.name}/{data}"))
        return path


def _copied(kept: Path, folder: Path) -> None:
    """Unpack a data folder, and give it ids of its own. Raises one of several errors for one that is damaged."""
    shutil.unpack_archive(kept, folder)
    meta = folder / "meta.properties"
    text, ids = _ID.subn(lambda each: each[1] + secrets.token_urlsafe(16), meta.read_text(encoding="utf-8"))
    if ids != 2 or not (folder / "bootstrap.checkpoint").is_file():
        raise ValueError(f"{kept} holds no whole data folder")
    store(meta, text)


class InfluxDB(Server):
    """Where readings and scores are stored without a time limit; tokens lie in its folder `tokens`."""

    name = "influxdb"
    ports = ("http",)

    def command(self, ports):
        self.folder.mkdir(parents=True, exist_ok=True)
        data = {"bolt-path": "influxd.bolt", "sqlite-path": "influxd.sqlite", "engine-path": "engine"}
        paths = [f"--{option}={self.folder / file}" for option, file in data.items()]
        listen = f"--http-bind-address={address(ports['http'])}"
        # bytes; more than the default 25 MiB, for fewer compactions; with 256 fresh memory costs more than these
        cache = "--storage-cache-snapshot-memory-size=67108864"
        untraced = "--pprof-disabled"  # a profile of memory, always on, takes a seventh of what ingest takes
        return [str(installed("influxdb") / "influxd"), listen, *paths, "--reporting-disabled", untraced, cache]

    def variables(self, ports, beside):
        return {"GOGC": "300"}  # collect garbage a third as often: ingest spends a fifth of its time on that

    def answers(self, ports):
        return influx.healthy(self.url(ports))

    def settle(self, ports):
        influx.set_up(self.url(ports), self.folder / "tokens")

    def reached(self, ports: dict[str, int]) -> influx.Influx:
        """Address, bucket and tokens for those who write and read."""
        return influx.Influx(self.url(ports), influx.ORG, influx.BUCKET, self.folder / "tokens")

    @staticmethod
    def url(ports: dict[str, int]) -> str:
        """Its address over HTTP."""
        return f"http://{address(ports['http'])}"


class Telegraf(Server):
    """Host, processes, broker and stream measured into the bucket `telegraf`."""

    name = "telegraf"
    ports = ("health", "stream", "producer", "alerts")

    def command(self, ports):
        config = STACK / "telegraf" / "telegraf.conf"
        return [str(installed("telegraf") / "telegraf"), "--config", str(config)]

    def variables(self, ports, beside):
        if "influxdb" not in beside:
            raise ServicesError("Telegraf needs InfluxDB; type `python -m swatlib services start influxdb telegraf`.")
        return {
            "INFLUX_URL": InfluxDB.url(beside["influxdb"]),
            "TOKENS": str(InfluxDB(self.services).folder / "tokens"),
            "JOLOKIA": address(beside.get("kafka", {}).get("jolokia", 0)),
            **process_patterns(self.services),
            **{name.upper(): address(port) for name, port in ports.items()},
        }

    def answers(self, ports):
        try:
            with influx.direct.open(f"http://{address(ports['health'])}", timeout=10) as answer:
                return answer.status == 200
        except HTTPError as error:
            error.close()
            return False
        except OSError:
            return False


def process_patterns(services: Path) -> dict[str, str]:
    """What Telegraf looks for in command lines, to tell the programs of this folder and package from others."""
    folder, pyspark = re.escape(str(services)), re.escape(str(files("pyspark")))
    return {
        "PROCESS_KAFKA": rf"kafka\.Kafka .*{folder}",
        "PROCESS_INFLUXDB": folder,
        "PROCESS_SPARK": rf"{pyspark}/.*SparkSubmit .*pyspark-shell",
        "PROCESS_PRODUCER": r"swatlib (produce|live)",
    }


SERVERS = {server.name: server for server in (Kafka, InfluxDB, Telegraf)}


def address(port: int) -> str:
    """host:port on this machine."""
    return f"{HOST}:{port}"


def until(holds: Callable[[], bool], otherwise: str, seconds: float = 30.0) -> None:
    """Wait until `holds()`. Raises ServicesError with the sentence `otherwise` when it takes longer."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise ServicesError(f"{otherwise} after {seconds:.0f} s.")
        time.sleep(0.1)
