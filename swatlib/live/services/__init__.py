"""Real servers without containers: Kafka, InfluxDB and Telegraf installed, started, found and stopped.

    with Services(folder, names=("kafka", "influxdb")) as services:
        services.kafka                       # "127.0.0.1:20321"
        services.influxdb.token("write")     # from its file; url, org and bucket beside it

`tools` finds Java, Go and cargo; `recipes` makes the servers and `installation` keeps them; `process` launches and ends
them, `servers` says how each starts and when it is ready; `control` is `Services`, `reach` is `find`; `influx` makes
buckets and tokens. What servers keep lies under one folder: `services.json` (pids, ports, versions, since when),
`<name>.log`, and `<name>/` with data, configuration and, for InfluxDB, `tokens/`.
"""

from swatlib.live.services.control import Services, Status
from swatlib.live.services.influx import Influx
from swatlib.live.services.installation import NAMES, available, connector, install
from swatlib.live.services.reach import Found, find
from swatlib.live.services.tools import MissingError, ServicesError, java

__all__ = [
    "NAMES", "Found", "Influx", "MissingError", "Services", "ServicesError", "Status", "available", "connector", "find",
    "install", "java",
]  # fmt: skip
