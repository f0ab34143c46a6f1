"""Telegraf on its real configuration, and what reports to it."""

import logging
import socket
import subprocess

import pandas as pd
import pytest
from rig import alert
from waiting import wait

from swatlib.live.sink import InfluxSink
from swatlib.live.telegraf import QUERY_RUNS, Counters, Monitor
from swatlib.servers.installation import installed
from swatlib.servers.kinds import address, process_patterns
from swatlib.servers.recipes import STACK
from swatlib.servers.records import free_ports
from swatlib.settings import environment

MEASURED = {"cpu", "mem", "disk", "system", "procstat", "procstat_lookup", "kafka_broker", "influxdb"}


@pytest.fixture(scope="module")
def telegraf(services, kafka, influxdb, need):
    """Names of its listeners to host:port, while it runs."""
    need("telegraf")
    services.start("telegraf")
    ports = services.status()["telegraf"].record.ports
    yield {name: address(port) for name, port in ports.items()}
    services.stop("telegraf")


@pytest.fixture(scope="module")
def reader(influxdb):
    return InfluxSink(influxdb.url, influxdb.org, "telegraf", influxdb.token("read"))


def found(reader, query):
    return wait(lambda: reader.select(query).to_dict("records"), 60)


def test_a_report_of_the_stream_is_stored(telegraf, reader):
    fields = {"state": QUERY_RUNS, "behind": None, "rate": float("nan")}
    Monitor(telegraf["stream"]).report("stream", {"query": "a, b"}, fields)
    [row] = found(reader, 'SELECT * FROM "stream" WHERE "query" = \'a, b\'')
    assert {name: row[name] for name in row if name != "time"} == {"query": "a, b", "state": 1}


def test_a_producer_reports_at_once_and_at_its_end(telegraf, reader):
    counters = Counters(Monitor(telegraf["producer"]), "counted")
    counters.sent = 5
    counters.report()
    counters.sent = counters.acked = 7
    counters.report()
    counters.report(now=True)
    rows = wait(lambda: [*found(reader, 'SELECT * FROM "producer" WHERE "plant" = \'counted\'')][1:], 60)
    assert [(row["sent"], row["acked"]) for row in rows] == [(7, 7)]


def test_without_telegraf_nobody_waits_and_one_line_says_so(caplog):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        monitor = Monitor(address(taken.getsockname()[1]))
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                monitor.report("stream", {"query": "swat"}, {"state": QUERY_RUNS})
    assert len(caplog.records) == 1 and monitor.address in caplog.text
    Monitor(None).report("stream", {"query": "swat"}, {"state": QUERY_RUNS})


def test_what_grafana_alerts_is_stored(telegraf, reader):
    assert alert(telegraf["alerts"], "swat") == 204
    [row] = found(reader, 'SELECT "values_B", "annotations_summary", "status", "labels_plant" FROM "alert"')
    row.pop("time")
    assert row == {
        "values_B": 4, "annotations_summary": "4 detectors are in alarm on plant swat",
        "status": "firing", "labels_plant": "swat",
    }  # fmt: skip


def test_its_configuration_is_accepted(need, tmp_path):
    need("telegraf")
    command = [str(installed("telegraf") / "telegraf"), "config", "check"]
    config = str(STACK / "telegraf" / "telegraf.conf")
    (tmp_path / "write").write_text("any")
    own = dict.fromkeys(("HEALTH", "STREAM", "PRODUCER", "ALERTS", "JOLOKIA"), "127.0.0.1:9")
    variables = environment(TOKENS=str(tmp_path), INFLUX_URL="http://127.0.0.1:9", **process_patterns(tmp_path), **own)
    done = subprocess.run([*command, "--config", config], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, " E! " in done.stderr) == (0, False), done.stderr


def test_its_configuration_gathers_without_an_error(services, telegraf, influxdb):
    jolokia = services.status()["kafka"].record.ports["jolokia"]
    own = dict(zip(("HEALTH", "STREAM", "PRODUCER", "ALERTS"), map(address, free_ports(4)), strict=True))
    variables = {"INFLUX_URL": influxdb.url, "TOKENS": str(influxdb.tokens), "JOLOKIA": address(jolokia)}
    variables |= {**process_patterns(services.folder), **own}
    program = str(installed("telegraf") / "telegraf")
    command = [program, "--config", str(STACK / "telegraf" / "telegraf.conf"), "--test"]
    done = subprocess.run(command, env=environment(**variables), capture_output=True, text=True, check=True)
    assert " E! " not in done.stderr
    lines = [line.removeprefix("> ") for line in done.stdout.splitlines() if line.startswith("> ")]
    assert MEASURED - {line.split(",")[0].split(" ")[0] for line in lines} == set()


def test_telegraf_reports_what_it_gathers_and_keeps_no_error(services, telegraf, reader):
    assert all(
        found(reader, f'SELECT * FROM "{name}" LIMIT 1') for name in ("cpu", "procstat", "kafka_broker", "influxdb")
    )
    assert [line for line in services.log("telegraf").read_text().splitlines() if " E! " in line] == []
    assert pd.Timestamp(services.status()["telegraf"].record.since) < pd.Timestamp.now("UTC")
