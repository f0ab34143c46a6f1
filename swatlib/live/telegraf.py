"""Reports of the stream and of the producer to Telegraf's listeners, where Telegraf runs.

The health board shows a part whose reports stop as one that died or hangs. A report that can't be
delivered is lost, and the first of them is logged; neither the stream nor the plant waits.

| measurement | tags     | fields                                                                               |
|-------------|----------|--------------------------------------------------------------------------------------|
| `stream`    | query    | state (1 runs, 0 stopped, 2 failed); of a batch also the fields of `pipeline`         |
| `producer`  | plant    | sent, acked: rows since its start; the difference is not yet acknowledged            |
"""

import http.client
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from swatlib.live import sink

STREAM, PRODUCER = "stream", "producer"
QUERY_STOPPED, QUERY_RUNS, QUERY_FAILED = 0, 1, 2
REPORT_EVERY = 5.0  # seconds between two reports of the producer
REPORT_PATIENCE = 1.0  # seconds for one report

_log = logging.getLogger(__name__)


@dataclass
class Monitor:
    """One of Telegraf's listeners. `address`: its host:port, None where no Telegraf runs."""

    address: str | None = None
    _silent: bool = field(default=False, init=False, repr=False)

    def report(self, measurement: str, tags: Mapping[str, str], fields: Mapping[str, float | None]) -> None:
        """Send one point with the present time; None and NaN are left out."""
        if self.address is None:
            return
        try:
            kept = {key: float(value) for key, value in fields.items() if value is not None and not math.isnan(value)}
            self._post(self.address, sink.point(measurement, tags, kept, pd.Timestamp.now("UTC"))[0].as_py())
            self._silent = False
        except (OSError, http.client.HTTPException) as error:
            if not self._silent:
                _log.warning("Telegraf at %s takes no reports (%s)", self.address, error)
            self._silent = True

    def _post(self, address: str, body: str) -> None:
        connection = http.client.HTTPConnection(address, timeout=REPORT_PATIENCE)
        try:
            connection.request("POST", "/api/v2/write?bucket=telegraf", body.encode())
            if (answer := connection.getresponse()).status >= 300:
                raise http.client.HTTPException(f"{answer.status} {answer.reason}")
        finally:
            connection.close()


class Counters:
    """Rows that a producer sent and the broker acknowledged, reported every REPORT_EVERY seconds while it sends."""

    def __init__(self, monitor: Monitor, plant: str) -> None:
        self.monitor, self.plant = monitor, plant
        self.sent = self.acked = 0
        self._next = 0.0

    def report(self, now: bool = False) -> None:
        """Report if REPORT_EVERY seconds have passed, or `now`."""
        if now or time.monotonic() >= self._next:
            self._next = time.monotonic() + REPORT_EVERY
            self.monitor.report(PRODUCER, {"plant": self.plant}, {"sent": self.sent, "acked": self.acked})
