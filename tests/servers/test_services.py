"""The launcher, on the real servers."""

import os
import re
import subprocess
import sys
from contextlib import closing
from urllib.parse import quote

import psutil
import pytest
from confluent_kafka import Producer
from telling import telling
from typer.testing import CliRunner

from swatlib.cli.app import app
from swatlib.live import topic
from swatlib.live.producer import create_topics
from swatlib.live.wiring import connect
from swatlib.servers import RunningServers, Services, ServicesError, find_influxdb, find_servers
from swatlib.servers.broker import broker_reader, client_settings, offsets_of, read_messages
from swatlib.servers.influx import RefusedError, ask
from swatlib.servers.records import Record, Records


@pytest.fixture(scope="module")
def second(tmp_path_factory, need):
    """Both servers once more, in a folder of their own, for what would disturb the others."""
    need("kafka", "influxdb")
    with Services(tmp_path_factory.mktemp("second"), ("kafka", "influxdb")) as services:
        yield services


def test_buckets_keep_for_ever(services, influxdb):
    operator = (services.folder / "influxdb" / "tokens" / "operator").read_text()
    buckets = {bucket["name"]: bucket for bucket in ask(influxdb.url, "/api/v2/buckets", operator)["buckets"]}
    assert [buckets[name]["retentionRules"][0]["everySeconds"] for name in ("swat", "telegraf")] == [0, 0]


def test_servers_listen_on_loopback_only(services, kafka, influxdb):
    for name in ("kafka", "influxdb"):
        listening = {
            each.laddr for each in psutil.Process(services.pid(name)).net_connections() if each.status == "LISTEN"
        }
        ports = set(services.status()[name].record.ports.values())
        assert {address.port for address in listening} == ports
        assert all(address.ip.endswith("127.0.0.1") for address in listening)


def test_the_token_for_writing_cannot_read(influxdb):
    _write(influxdb, "weather value=1 1000000000", "write")
    assert _read(influxdb, "write") == []
    assert _read(influxdb, "read") == [["1970-01-01T00:00:01Z", 1]]


def test_the_token_for_reading_cannot_write(influxdb):
    with pytest.raises(RefusedError, match="403"):
        _write(influxdb, "weather value=2 2000000000", "read")


def test_tokens_lie_in_private_files_and_nowhere_else(services, kafka, influxdb):
    tokens = {path: path.read_text() for path in (services.folder / "influxdb" / "tokens").iterdir()}
    assert sorted(path.name for path in tokens) == ["operator", "read", "write"]
    assert {path.stat().st_mode & 0o777 for path in tokens} == {0o600}
    assert (services.folder / "influxdb" / "tokens").stat().st_mode & 0o777 == 0o700
    assert telling(tokens.values(), services.folder, but={"tokens"}) == []
    assert not [path.name for path, token in tokens.items() if token in repr(influxdb)]


def test_started_twice_nothing_happens(services, kafka):
    pid = services.pid("kafka")
    assert Services(services.folder, ("kafka",)).start() == []
    assert services.pid("kafka") == pid


def test_two_folders_run_side_by_side(services, kafka, influxdb, second):
    ports = [
        port
        for each in (services, second)
        for name in ("kafka", "influxdb")
        for port in each.status()[name].record.ports.values()
    ]
    assert len(set(ports)) == 8
    assert services.influxdb.token("read") != second.influxdb.token("read")


def test_kafka_killed_and_started_again_keeps_its_messages(second):
    address = second.kafka
    create_topics(address)
    with Producer(client_settings(address, acks="all")) as producer:
        for number in range(100):
            producer.produce(topic.REJECTED, str(number).encode())
        assert producer.flush(30) == 0
    second.kill("kafka")
    assert second.status()["kafka"].state == "gone"
    second.restart("kafka")
    with closing(broker_reader(address)) as reader:
        kept = read_messages(reader, topic.REJECTED, 0, *offsets_of(reader, topic.REJECTED, 0))
    assert [int(message.value()) for message in kept] == list(range(100))


def test_influxdb_killed_and_started_again_keeps_its_points(second):
    before = second.influxdb
    _write(before, "weather value=3 3000000000", "write")
    second.kill("influxdb")
    assert second.status()["influxdb"].state == "gone"
    second.restart("influxdb")
    assert second.influxdb == before
    assert _read(before, "read") == [["1970-01-01T00:00:03Z", 3]]


def test_another_process_with_the_same_pid_is_not_taken_for_the_server(tmp_path):
    here = Services(tmp_path, ("influxdb",))
    Records(tmp_path / "services.json").keep(
        Record("influxdb", "2", {"http": 1}, "log", os.getpid(), born=1.0, since="2026-01-01")
    )
    assert here.status()["influxdb"].state == "gone"
    assert here.stop() == []


def test_a_port_that_is_taken_is_an_error(kafka, tmp_path):
    port = int(kafka.rpartition(":")[2])
    with pytest.raises(ServicesError, match=f"Port {port} is taken"):
        Services(tmp_path, ("kafka",), {"kafka": port}).start()


def test_of_servers_of_which_one_cannot_be_launched_none_is_left(need, influxdb, tmp_path):
    need("kafka", "influxdb")
    taken = int(influxdb.url.rpartition(":")[2])
    here = Services(tmp_path, ("kafka", "influxdb"), {"influxdb": taken})
    with pytest.raises(ServicesError, match=f"Port {taken} is taken"):
        here.start()
    assert here.status()["kafka"].state == "stopped"


def test_a_server_that_cannot_start_says_why_and_leaves_no_process(tmp_path, need):
    need("influxdb")
    (tmp_path / "influxdb").mkdir()
    (tmp_path / "influxdb" / "influxd.bolt").write_bytes(b"no database" * 1000)
    with pytest.raises(
        ServicesError, match=r"(?s)influxdb ended while it started; the end of .*influxdb.log:.*invalid database"
    ):
        Services(tmp_path, ("influxdb",)).start()
    assert not _processes(tmp_path)


def test_servers_outlive_the_command_that_started_them_and_end_with_stop(tmp_path, need):
    need("influxdb")
    command = [sys.executable, "-m", "swatlib", "services", "start", "influxdb", "--folder", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    status = Services(tmp_path).status()["influxdb"]
    assert os.getsid(status.record.pid) == status.record.pid
    row = ["influxdb", status.record.version, "running", status.address, str(status.record.pid)]
    assert row in [line.split()[:5] for line in _typed("status", "--folder", str(tmp_path)).splitlines()]
    assert "msg=Listening" in _typed("logs", "influxdb", "--lines", "1", "--folder", str(tmp_path))
    assert _typed("stop", "--folder", str(tmp_path)) == "stopped influxdb\n"
    assert not _processes(tmp_path)


def test_find_gives_what_runs(services, kafka, influxdb, tmp_path):
    assert find_servers(services.folder) == RunningServers(kafka, influxdb)
    assert find_servers(tmp_path) == RunningServers(None, None)
    assert (find_influxdb(services.folder), find_influxdb(tmp_path)) == (influxdb, None)


def test_servers_of_ones_own_are_asked(kafka, influxdb, tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_KAFKA", kafka)
    monkeypatch.setenv("SWAT_INFLUX_URL", influxdb.url)
    with pytest.raises(ServicesError, match="SWAT_INFLUX_TOKEN_FILE"):
        find_servers(tmp_path)
    monkeypatch.setenv("SWAT_INFLUX_TOKEN_FILE", str(influxdb.tokens))
    assert find_servers(tmp_path) == RunningServers(kafka, influxdb)


@pytest.mark.parametrize(("variable", "value"), [
    ("SWAT_KAFKA", "127.0.0.1:9"), ("SWAT_INFLUX_URL", "http://127.0.0.1:9"), ("SWAT_INFLUX_BUCKET", "bath"),
    ("SWAT_INFLUX_TOKEN_FILE", "/nowhere"),
])  # fmt: skip
def test_an_address_that_does_not_fit_is_an_error_with_the_variable(influxdb, tmp_path, monkeypatch, variable, value):
    monkeypatch.setenv("SWAT_INFLUX_URL", influxdb.url)
    monkeypatch.setenv("SWAT_INFLUX_TOKEN_FILE", str(influxdb.tokens))
    monkeypatch.setenv(variable, value)
    with pytest.raises(ServicesError, match=variable):
        find_servers(tmp_path)


def test_a_broker_that_hangs_is_told_with_what_to_do(second):
    second.start("kafka")
    broker = psutil.Process(second.pid("kafka"))
    broker.suspend()
    said = (
        f"kafka (process {broker.pid}) does not answer; if that lasts, end it with `python -m swatlib services stop "
        f"kafka --folder {second.folder}`, and start it again."
    )
    try:
        assert said in _typed("start", "kafka", "--folder", str(second.folder), ends_with=1)
        with pytest.raises(ServicesError, match=re.escape(said)):
            connect(second.folder)
    finally:
        broker.resume()


def test_an_influxdb_that_hangs_is_told_where_points_go_to_files_meanwhile(second):
    second.start("kafka", "influxdb")
    base = psutil.Process(second.pid("influxdb"))
    base.suspend()
    try:
        assert f"; influxdb (process {base.pid}) does not answer; if that lasts, end" in connect(second.folder).sentence
    finally:
        base.resume()


def test_stop_leaves_no_process(second):
    assert second.stop() == ["kafka", "influxdb"]
    assert not _processes(second.folder)


def _processes(folder):
    return [each for each in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(each.info["cmdline"] or [])]


def _write(influxdb, line, right):
    ask(
        influxdb.url, f"/api/v2/write?org={influxdb.org}&bucket={influxdb.bucket}", influxdb.token(right), line.encode()
    )


def _read(influxdb, right, bucket="swat", measurement="weather"):
    """Rows of a measurement, time first; none where the token may not look."""
    query = quote(f"SELECT * FROM {measurement}")
    [answer] = ask(influxdb.url, f"/query?db={bucket}&q={query}", influxdb.token(right))["results"]
    return [row for series in answer.get("series", ()) for row in series["values"]]


def _typed(*words, ends_with=0):
    done = CliRunner().invoke(app, ["services", *words], catch_exceptions=False)
    assert done.exit_code == ends_with, done.output
    return done.output


def test_an_unknown_name_is_told_the_stream_where_it_may_be_named(tmp_path):
    for verb in (Services(tmp_path).log, Services(tmp_path).stop):
        with pytest.raises(ServicesError, match=r"There is no server 'spark'. There are .*, stream"):
            verb("spark")


def test_an_unknown_server_is_not_waited_for(tmp_path):
    with pytest.raises(ServicesError, match="There is no server 'spark'"):
        Services(tmp_path).await_started("spark")


def test_to_stop_what_does_not_run_says_of_what_it_is(tmp_path):
    tried = ((), ("stream",), ("kafka", "stream"))
    assert {names: _typed("stop", *names, "--folder", str(tmp_path)) for names in tried} == {
        (): f"nothing runs in {tmp_path}\n",
        ("stream",): f"stream does not run in {tmp_path}\n",
        ("kafka", "stream"): f"kafka and stream do not run in {tmp_path}\n",
    }
