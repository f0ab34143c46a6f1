"""Recordings that many tests share, simulated once a session, and real servers, on free ports in a temporary folder,
started once a session and only where needed."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from swatlib.pipeline import Pipeline
from swatlib.servers import SERVER_NAMES, Services, ServicesError, java
from swatlib.servers.installation import installed
from swatlib.settings import settings as swat_settings
from swatlib.simulation import simulate

# A busy machine is no failure: examples may take as long as they need.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("patient")

collect_ignore = ["metrics/reference/make_metrics.py"]  # made by hand, with packages that no test needs
ATTACK_START = pd.Timestamp("2015-12-28 10:00:00")


@pytest.fixture(scope="session")
def whole_2015():
    """The seven normal days and the four and a half attacked ones, as recorded in 2015: 946,719 rows."""
    return simulate(946_719, seed=0)


@pytest.fixture(scope="session")
def normal(whole_2015):
    """Two normal days after the start-up."""
    return whole_2015.between("2015-12-23", "2015-12-25")


@pytest.fixture(scope="session")
def attacked(whole_2015):
    """The first attacked day, with attacks 1 to 11."""
    return whole_2015.between(ATTACK_START, ATTACK_START + pd.Timedelta("1d"))


@pytest.fixture(scope="session")
def fitted(normal):
    """The default pipeline, fitted on two normal days."""
    return Pipeline(startup=0).fit(normal)


@pytest.fixture(scope="session")
def scored(fitted, attacked):
    """Its scores on the first attacked day, scored at once."""
    return fitted.score(attacked.frame)


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    """A folder of servers; `kafka` and `influxdb` start theirs."""
    here = Services(tmp_path_factory.mktemp("services"), SERVER_NAMES)
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
            if swat_settings().require_services:
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
