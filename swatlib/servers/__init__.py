"""Real servers without containers: Kafka, InfluxDB and Telegraf installed, started, found and stopped.

    with Services(folder, names=("kafka", "influxdb")) as services:
        services.kafka                       # "127.0.0.1:20321"
        services.influxdb.token("write")     # from its file; url, org and bucket beside it

`tools` finds Java, Go and cargo; `recipes` makes the servers and `installation` keeps them; `records` launches and ends
processes, and `supervisor` ends those whose owner was killed; `kinds` says how each server starts and when it is ready;
`services` is `Services`, `reach` finds what runs; `broker` asks and reads Kafka; `influx` makes buckets and tokens.
All that servers write lies in one folder: `services.json` (pids, ports, versions, since when), `<name>.log`, and
`<name>/` with data, configuration and, for InfluxDB, `tokens/`.
"""

from swatlib.servers.influx import Influx
from swatlib.servers.installation import SERVER_NAMES, available, connector, install
from swatlib.servers.reach import RunningServers, find_influxdb, find_servers
from swatlib.servers.services import Services, Status
from swatlib.servers.tools import MissingError, ServicesError, java

__all__ = [
    "SERVER_NAMES",
    "Influx",
    "MissingError",
    "RunningServers",
    "Services",
    "ServicesError",
    "Status",
    "available",
    "connector",
    "find_influxdb",
    "find_servers",
    "install",
    "java",
]  # fmt: skip
