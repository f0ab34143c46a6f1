"""Real servers for the tests, on free ports in a temporary folder, started once a session and only where needed."""

import pytest

from swatlib.live.services import NAMES, Services, ServicesError, java
from swatlib.live.services.installation import installed
from swatlib.settings import settings


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    """A folder of servers; `kafka` and `influxdb` start theirs."""
    here = Services(tmp_path_factory.mktemp("services"), NAMES)
    yield here
    here.stop()


@pytest.fixture(scope="session")
def need():
    """`need("kafka", …)`: a server that isn't installed skips the test; with SWAT_REQUIRE_SERVICES=1 it fails it."""

    def check(*names: str) -> None:
        try:
            java()
            for name in names:
                installed(name)
        except ServicesError as lack:
            if settings().require_services:
                pytest.fail(str(lack))
            pytest.skip(str(lack))

    return check


@pytest.fixture(scope="session")
def kafka(services, need):
    """host:port of a broker that runs."""
    need("kafka")
    services.start("kafka")
    return services.kafka


@pytest.fixture(scope="session")
def influxdb(services, need):
    """An InfluxDB that runs: url, org, bucket, token("write"), token("read")."""
    need("influxdb")
    services.start("influxdb")
    return services.influxdb
