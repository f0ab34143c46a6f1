"""What compose runs once, on the real servers."""

import importlib
import sys
from contextlib import closing

import pytest
from rig import send

from swatlib.live import topic
from swatlib.pipeline import Pipeline
from swatlib.servers.broker import broker_reader, partitions_of
from swatlib.servers.influx import RefusedError, ask
from swatlib.servers.kinds import InfluxDB
from swatlib.settings import ROOT

sys.path.insert(0, str(ROOT / "stack"))  # a program beside the package
jobs = importlib.import_module("jobs")


@pytest.fixture
def fresh(tmp_path, need, monkeypatch):
    """An InfluxDB as its image starts it: nobody has set it up."""
    from swatlib.servers import Services

    need("influxdb")
    monkeypatch.setattr(InfluxDB, "settle", lambda *_: None)
    with Services(tmp_path / "services", ("influxdb",)) as services:
        monkeypatch.setenv("SWAT_INFLUX_URL", f"http://{services.status()['influxdb'].address}")
        yield f"http://{services.status()['influxdb'].address}"


def found(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_secrets_are_made_once_and_each_service_has_its_own(fresh, tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    jobs.secrets(str(folder))
    made = found(folder)
    assert set(made) == {
        *(f"influxdb/{name}" for name in ("operator", "read", "write", jobs.PASSWORD, jobs.JUPYTER)),
        *(f"{service}/{name}" for service, (_, names) in jobs.SHARES.items() for name in names),
    }
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o700}
    jobs.secrets(str(folder))
    assert found(folder) == made


def test_an_influxdb_that_lost_its_data_gets_new_tokens(fresh, tmp_path):
    (tmp_path / "secrets" / "influxdb").mkdir(parents=True)
    (tmp_path / "secrets" / "influxdb" / "write").write_text("of the data that were wiped")
    jobs.secrets(str(tmp_path / "secrets"))
    ask(fresh, "/api/v2/write?org=swat&bucket=swat", found(tmp_path / "secrets")["stream/write"], b"weather value=1 1")


def test_the_stream_may_only_write_and_the_boards_may_only_read(fresh, tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    jobs.secrets(str(folder))
    made = found(folder)
    line, place = b"weather value=1 1000000000", "/api/v2/write?org=swat&bucket=swat"
    ask(fresh, place, made["stream/write"], line)
    for service in ("grafana", "chronograf"):
        with pytest.raises(RefusedError, match="403"):
            ask(fresh, place, made[f"{service}/read"], line)
    query = "/query?db=swat&q=SELECT+*+FROM+weather"
    assert "series" in ask(fresh, query, made["grafana/read"])["results"][0]
    assert "series" not in ask(fresh, query, made["stream/write"])["results"][0]


def test_topics_have_as_many_partitions_as_asked_for(kafka, monkeypatch):
    monkeypatch.setenv("SWAT_KAFKA", kafka)
    monkeypatch.setenv("TOPIC_PARTITIONS", "4")
    jobs.topics()
    with closing(broker_reader(kafka)) as reader:
        assert [len(partitions_of(reader, name)) for name in topic.TOPICS] == [4, 1, 1]


def test_readings_flow_or_the_health_check_fails(kafka, monkeypatch, normal):
    monkeypatch.setenv("SWAT_KAFKA", kafka)
    send(kafka, topic.READINGS, normal.frame.iloc[:10], "of-health")
    jobs.flowing()
    with pytest.raises(SystemExit, match="No reading reached the topic SWAT within -60 s"):
        jobs.flowing(-60)  # since a minute from now


def test_the_agent_of_kafka_is_handed_over(tmp_path, need):
    need("kafka")
    jobs.agent(str(tmp_path))
    assert (tmp_path / "jolokia.jar").stat().st_size > 500_000


def test_a_pipeline_that_is_there_stays(tmp_path, fitted):
    fitted.save(tmp_path / "pipeline")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "pipeline").iterdir()}
    jobs.pipeline(str(tmp_path / "pipeline"))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "pipeline").iterdir()} == before


def test_a_pipeline_of_an_earlier_version_is_kept_beside_the_one_that_takes_its_place(tmp_path, monkeypatch, capfd):
    folder = tmp_path / "default"
    folder.mkdir()
    (folder / "pipeline.json").write_text('{"format": 1}')
    monkeypatch.setenv("FIT", "--days-normal 0.2 --detector kmeans")
    with pytest.raises(SystemExit, match="0"):
        jobs.pipeline(str(folder))
    (kept,) = tmp_path.glob("default-refused-*")
    assert (kept / "pipeline.json").read_text() == '{"format": 1}'
    assert Pipeline.load(folder).detectors == ("kmeans",)
    said = capfd.readouterr().out
    assert said.startswith(f"{folder} was saved with format 1, this is ") and f". It is kept as {kept}, and" in said
    jobs.pipeline(str(folder))
    assert sorted(tmp_path.iterdir()) == [folder, kept]
