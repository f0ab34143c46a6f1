"""Real servers for the tests, on free ports in a temporary folder, started once a session and only where needed.

They take a quarter of an hour, and run with SWAT_REQUIRE_SERVICES=1 alone.
"""

import pytest

from swatlib.live.services import NAMES, Services, ServicesError
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
    """`need("kafka", …)`: skipped without SWAT_REQUIRE_SERVICES=1; with it, a server that isn't there is a failure."""

    def check(*names: str) -> None:
        if not settings().require_services:
            pytest.skip("real servers are wanted: SWAT_REQUIRE_SERVICES=1")
        try:
            for name in names:
                installed(name)
        except ServicesError as lack:
            pytest.fail(str(lack))

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
