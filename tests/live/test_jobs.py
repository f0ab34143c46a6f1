"""What the containers run once, on a real InfluxDB that nobody has set up."""

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from swatlib.cli import app
from swatlib.live import jobs
from swatlib.live.services import Influx, process
from swatlib.live.services.handing import HANDED
from swatlib.live.services.influx import RefusedError, try_write
from swatlib.live.services.servers import InfluxDB, until
from swatlib.live.sink import InfluxSink, SinkError


def run(*arguments, **variables):
    return CliRunner().invoke(
        app, ["services", *arguments], env={name: str(value) for name, value in variables.items()}
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory, need):
    """Address of an InfluxDB without organisation, bucket or token."""
    need("influxdb")
    server, ports = InfluxDB(tmp_path_factory.mktemp("fresh")), {"http": process.free_ports(1)[0]}
    server.services.mkdir(exist_ok=True)
    record = process.launch("influxdb", "", server.command(ports), ports, server.services / "influxdb.log")
    until(lambda: server.answers(ports), "InfluxDB does not answer", 90)
    yield server.url(ports)
    process.stop([record])


@pytest.fixture(scope="module")
def secrets(url, tmp_path_factory):
    """The folder of secrets after the job has run; beside the token of an InfluxDB that is gone."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "set-up").mkdir()
    (folder / "set-up" / "write").write_text("stale")
    settle = ("settle", "influxdb", "--hand-out", str(folder))
    for _ in range(2):  # as at every start of the stack
        done = run(*settle, SWAT_INFLUX_URL=url, SWAT_INFLUX_TOKEN_FILE=folder / "set-up")
        assert done.exit_code == 0, done.output
    return folder


def sink(url, file):
    return InfluxSink(url, "swat", "swat", file.read_text(), patience=0)


def test_each_service_finds_its_own_secrets_and_nobody_else_may_read_them(secrets):
    found = {(path.parent.name, path.name) for path in secrets.glob("*/*") if path.parent.name != "set-up"}
    assert found == {(service, name) for service, names in HANDED.items() for name in names}
    assert {path.stat().st_mode & 0o777 for path in secrets.glob("*/*")} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in secrets.glob("*")} == {0o700}


def test_a_new_influxdb_gets_new_tokens_that_do_what_they_say(url, secrets):
    point = pa.array([f"score,detector=pca,plant=swat score=1 {pd.Timestamp.now('UTC').value}\n"])
    reader = sink(url, secrets / "readers" / "read")
    assert jobs._lack(reader) == f"no score in {url} yet"
    sink(url, secrets / "writers" / "write").write(point, "swat")
    assert jobs._lack(reader) == ""
    with pytest.raises(SinkError, match="refused"):
        sink(url, secrets / "writers" / "write").select("SELECT * FROM score")
    with pytest.raises(RefusedError):
        try_write(Influx(url, "swat", "swat", secrets / "readers" / "read"))
    assert run("ready", SWAT_INFLUX_URL=url, SWAT_INFLUX_TOKEN_FILE=secrets / "readers").output == "the stream scores\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["settle", "kafka"], "SWAT_KAFKA is not set; it says where kafka is."),
        (["ready"], "SWAT_INFLUX_URL is not set; it says where influxdb is."),
        (["settle", "grafana"], "'grafana' can't be settled. There are kafka, influxdb."),
    ],
)
def test_what_is_not_set_is_named(arguments, sentence):
    done = run(*arguments)
    assert (done.exit_code, done.output.replace("\n", " ").strip()) == (1, f"Error: {sentence}")
