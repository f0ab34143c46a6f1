"""What many tests of the live stream ask for."""

import pytest
from rig import topics

from swatlib.live import sink
from swatlib.live.session import Live
from swatlib.servers import Services, available

SEEN_BY_MOST = "LIT101 spoof 1200; LIT301 spoof 1200; P101 force off; P102 force off"


@pytest.fixture
def names(kafka):
    """New topics for readings, rejected messages and commands."""
    return topics(kafka)


@pytest.fixture
def influxdb_alone(influxdb, monkeypatch):
    """The settings name an InfluxDB that runs, and a Kafka that doesn't."""
    monkeypatch.setenv("SWAT_KAFKA", "127.0.0.1:9")
    monkeypatch.setenv("SWAT_INFLUX_URL", influxdb.url)
    monkeypatch.setenv("SWAT_INFLUX_TOKEN_FILE", str(influxdb.tokens))


@pytest.fixture
def files(tmp_path):
    """A sink that writes its points to files."""
    return sink.FileSink(tmp_path / "points")


@pytest.fixture(scope="session")
def live(need, tmp_path_factory, fitted):
    """A run of ten minutes with an attack, which begins; files of tests that follow one another share it."""
    need("kafka", "influxdb")
    folder = tmp_path_factory.mktemp("live")
    with (
        Services(folder, available(), owned=True),
        Live(fitted, 10, 100.0, (SEEN_BY_MOST,), folder=folder) as live,
    ):
        yield live
