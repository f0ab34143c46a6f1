"""The commands of compose.yaml as they stand there, run on this machine: jobs, stream, producer, health checks."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from waiting import wait

from swatlib.pipeline import DEFAULT
from swatlib.servers import Services
from swatlib.servers.influx import ask
from swatlib.servers.kinds import InfluxDB
from swatlib.servers.records import free_ports
from swatlib.settings import ROOT

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
SET = {"FIT": "--days-normal 0.25"}  # six hours, in place of two days: the fit is quicker


class Stack:
    """Services of compose.yaml with the addresses and folders of this machine."""

    def __init__(self, folder: Path, servers: Services, page: int):
        self.folder = folder
        self.url = InfluxDB.url(servers.status()["influxdb"].record.ports)
        self.places = {
            "kafka:29092": servers.kafka, "http://influxdb:8086": self.url, "4040": str(page),
            **{f"/{name}": str(folder / name) for name in ("secrets", "models", "checkpoint", "agent")},
        }  # fmt: skip
        for name in ("secrets", "models", "checkpoint", "agent"):
            (folder / name).mkdir()

    def here(self, text: str, service: str) -> str:
        """A value as Compose fills it in, then with the places of this machine."""
        text = VARIABLE.sub(lambda found: SET.get(found[1], found[2]), text).replace("$$", "$")
        mounts = [mount.split(":") for mount in SERVICES[service].get("volumes", ())]
        secrets = {inside: source for source, inside, *_ in mounts if source.startswith("./secrets/")}
        for inside, source in secrets.items():
            text = text.replace(inside, f"{self.folder}/{source.removeprefix('./')}")
        for there, place in self.places.items():
            text = re.sub(rf"(?<![\w/-]){re.escape(there)}\b", place, text)
        return text

    def command(self, service: str, words: list[str] | None = None) -> dict:
        given = SERVICES[service].get("environment", {})
        own = {
            key: self.here(value, service)
            for key, value in given.items()
            if key.startswith(("SWAT_", "PRODUCE", "TOPIC", "FIT"))
        }
        own = {key: value for key, value in own.items() if "TELEGRAF" not in key}
        bin_ = str(Path(sys.executable).parent)
        environment = {
            **os.environ,
            **own,
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "SWAT_SERVICES_FOLDER": str(self.folder / "none"),
        }
        words = [self.here(word, service) for word in words or SERVICES[service]["command"]]
        return {"args": words, "env": environment, "cwd": ROOT}

    def once(self, service: str) -> None:
        subprocess.run(**self.command(service), check=True, capture_output=True)

    def healthy(self, service: str) -> bool:
        _, *words = SERVICES[service]["healthcheck"]["test"]
        return subprocess.run(**self.command(service, words), check=False, capture_output=True).returncode == 0

    @contextmanager
    def running(self, service: str):
        with (self.folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(**self.command(service), stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    def scores(self) -> list:
        token = (self.folder / "secrets" / "grafana" / "read").read_text()
        answer = ask(self.url, "/query?db=swat&q=SELECT+count(score)+FROM+score+GROUP+BY+detector", token)
        return answer["results"][0].get("series", [])


@pytest.fixture
def stack(tmp_path, need, monkeypatch):
    """Kafka, and an InfluxDB that nobody has set up."""
    need("kafka", "influxdb")
    monkeypatch.setattr(InfluxDB, "settle", lambda *_: None)
    with Services(tmp_path / "servers", ("kafka", "influxdb")) as servers:
        yield Stack(tmp_path, servers, free_ports(1)[0])


def test_the_commands_of_compose_bring_scores_of_every_detector(stack):
    for job in ("secrets", "agent", "topics", "pipeline"):
        stack.once(job)
    assert not stack.healthy("producer") and not stack.healthy("stream")
    with stack.running("stream") as stream, stack.running("producer") as producer:
        wait(lambda: len(stack.scores()) == len(DEFAULT), 600)
        wait(lambda: stack.healthy("producer") and stack.healthy("stream"), 300)
        assert (stream.poll(), producer.poll()) == (None, None)
