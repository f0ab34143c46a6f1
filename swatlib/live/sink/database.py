"""The points in a bucket of InfluxDB 2."""

import atexit
import itertools
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd
import pyarrow as pa
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS, WriteApi
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from swatlib.live.sink import frames
from swatlib.live.sink.points import (
    ATTACK_EVENT,
    LINES_PER_REQUEST,
    PIPELINE,
    READING,
    SCORE,
    SCORE_FIELDS,
    SinkError,
    Time,
    body,
    quoted,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InfluxSink:
    """A bucket of InfluxDB 2. A write that fails is tried again for `patience` seconds, at growing distances."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    patience: float = 60.0

    def write(self, points: pa.Array, name: str) -> None:
        for start in range(0, len(points), LINES_PER_REQUEST):
            self._write(body(points[start : start + LINES_PER_REQUEST]))

    def scores(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        columns = ", ".join(f'"{name}"' for name in SCORE_FIELDS)
        found = self.select(f'SELECT {columns} FROM "{SCORE}" WHERE {_where(plant, start, end)} GROUP BY "detector"')
        return frames.as_scored(found)

    def readings(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        """Stored readings: times × tags, float32."""
        return frames.as_readings(self.select(f'SELECT * FROM "{READING}" WHERE {_where(plant, start, end)}'))

    def attacks(self, plant: str, start: Time = None, end: Time = None) -> pd.DataFrame:
        """Known and launched attacks: title, start, end."""
        return frames.as_attacks(self.select(f'SELECT * FROM "{ATTACK_EVENT}" WHERE {_where(plant, start, end)}'))

    def batches(self, start: Time = None) -> pd.DataFrame:
        """One row a batch of the stream: the fields of `pipeline`."""
        bound = f" WHERE time >= {frames.bound(start)}" if start is not None else ""
        return frames.as_batches(self.select(f'SELECT * FROM "{PIPELINE}"{bound}'))

    def select(self, query: str) -> pd.DataFrame:
        """Answer to an InfluxQL query: a column `time` (nanoseconds), those asked for, and those grouped by."""
        parameters = [("db", self.bucket), ("q", query), ("epoch", "ns"), ("chunked", "true")]
        headers = {"Accept": "application/json", "Authorization": f"Token {self.token}"}
        whole = {"query_params": parameters, "header_params": headers, "_preload_content": False}
        try:
            answer = _connected(self)[0].api_client.call_api("/query", "GET", _return_http_data_only=True, **whole)
        except (ApiException, HTTPError) as error:
            raise SinkError(f"{self.url} did not answer a query: {_why(error)}") from None
        found = list(_series(answer.data.decode()))
        return pd.concat(found) if found else pd.DataFrame()

    def flux(self, query: str) -> pd.DataFrame:
        """Answer to a Flux query: its columns, those of all its tables one under the other."""
        try:
            tables = _connected(self)[0].query_api().query(query)
        except (ApiException, HTTPError) as error:
            raise SinkError(f"{self.url} did not answer a query: {_why(error)}") from None
        return pd.DataFrame([record.values for table in tables for record in table.records])

    def _write(self, body: bytes) -> None:
        deadline = time.monotonic() + self.patience
        for wait in itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5)):
            try:
                _connected(self)[1].write(self.bucket, self.org, body)
                return
            except (ApiException, HTTPError, OSError) as error:
                if _refused(error):
                    raise SinkError(f"{self.url} did not store points: {_why(error)}") from None
                if time.monotonic() + wait > deadline:
                    raise SinkError(
                        f"{self.url} did not store points within {self.patience:g} s: {_why(error)}"
                    ) from None
                _log.warning("%s did not store points (%s); again in %s s", self.url, _why(error), wait)
                time.sleep(wait)


def _refused(error: Exception) -> bool:
    """An answer that no second try will change: a wrong token or bucket, or a line it can't read."""
    return isinstance(error, ApiException) and error.status is not None and 400 <= error.status < 429


def _why(error: Exception) -> str:
    if isinstance(error, ApiException) and error.status:
        return f"{error.status} {error.reason}: {str(error.body or '').strip():.200}"
    return f"{type(error).__name__}: {error}"


@lru_cache
def _connected(sink: InfluxSink) -> tuple[InfluxDBClient, WriteApi]:
    """One connection a process. No gzip: on the own machine it costs more than it saves."""
    atexit.register(_connected.cache_clear)  # the client's own __del__ fails once the interpreter is half gone
    client = InfluxDBClient(sink.url, sink.token, org=sink.org, timeout=30_000, enable_gzip=False)
    return client, client.write_api(write_options=SYNCHRONOUS)


def _series(answer: str) -> Iterator[pd.DataFrame]:
    for line in filter(None, answer.split("\n")):  # not `splitlines`, which breaks texts at U+0085
        for result in json.loads(line)["results"]:
            if "error" in result:
                raise SinkError(f"InfluxDB refused a query: {result['error']}")
            for series in result.get("series", ()):
                yield pd.DataFrame(series["values"], columns=series["columns"]).assign(**series.get("tags", {}))


def _where(plant: str, start: Time, end: Time) -> str:
    bounds = [f"time >= {frames.bound(start)}"] * (start is not None) + [f"time < {frames.bound(end)}"] * (
        end is not None
    )
    return " AND ".join([f'"plant" = {quoted(plant)}', *bounds])
