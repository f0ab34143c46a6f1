"""Where the parts of the live stream meet: the servers that run, the stream as the settings want it, stored attacks."""

import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from swatlib.live import sink, telegraf
from swatlib.live.producer import create_topics
from swatlib.live.sink import FileSink, InfluxSink
from swatlib.live.telegraf import Monitor
from swatlib.servers import Influx, Services, ServicesError, available, connector, find_influxdb, find_servers
from swatlib.settings import settings
from swatlib.wording import count

if TYPE_CHECKING:
    from swatlib.live.stream import Stream

BATCH_HEADINGS = {
    "rows_in": "rows in",
    "rows_out": "rows stored",
    "rejected": "rejected",
    "late": "late",
    "seconds": "batch (s)",
    "rows_per_second": "throughput (rows/s)",
    "behind": "consumer lag (messages)",
    "latency_p50": "latency, median (s)",
    "latency_p95": "latency, p95 (s)",
}
SPARK_RUNS = "Spark has started."  # a line that the stream prints
STOOD = "on"  # in a table of delays: the alarm stood already when the attack began


@dataclass(frozen=True)
class Connections:
    """Kafka's address, where points are written and read, a sentence that says so, and Telegraf's listeners."""

    servers: str
    to: InfluxSink | FileSink
    reader: InfluxSink | FileSink
    sentence: str
    telegraf: Mapping[str, str] = field(default_factory=dict)

    def monitor(self, whose: str) -> Monitor:
        """Takes the reports of the stream or of the producer."""
        return Monitor(self.telegraf.get(whose))

    def store_attack(self, plant: str, title: str, start: pd.Timestamp, end: pd.Timestamp) -> None:
        """Store an attack's point; `end` is half-open."""
        self.to.write(sink.attack_point(plant, title, start, end), plant)


def connect(folder: Path | None = None, after: Sequence[str] = ()) -> Connections:
    """What runs: the servers that the settings name or that were started in `folder`; topics that lack are made.

    after: servers that another program is starting in `folder`, which are waited for. Without InfluxDB points go to
    files. Raises ServicesError when there is no Kafka.
    """
    Services(folder).await_started(*after)
    found = find_servers(folder)
    if found.kafka is None:
        none = f"No Kafka runs: type `python -m swatlib services start{_there(folder)}`, or set SWAT_KAFKA."
        raise ServicesError(found.complaints.get("kafka") or none)
    create_topics(found.kafka)
    if found.influxdb is None:
        files = FileSink(points_folder(folder))
        why = found.complaints.get("influxdb") or f"for InfluxDB: `{_influxdb_by(folder)}`."
        said = f"Points go to files in {files.folder}; {why}"
        return Connections(found.kafka, files, files, said, found.telegraf)
    said = f"Points go to InfluxDB at {found.influxdb.url}, bucket {found.influxdb.bucket}."
    return Connections(found.kafka, *_sinks(found.influxdb), said, found.telegraf)


def connect_influxdb(folder: Path | None = None) -> tuple[InfluxSink, InfluxSink]:
    """Where points are written and where they are read, whether Kafka runs or not.

    Raises ServicesError when there is no InfluxDB.
    """
    found = find_influxdb(folder)
    if found is None:
        raise ServicesError(f"No InfluxDB runs: type `{_influxdb_by(folder)}`, or set SWAT_INFLUX_URL.")
    return _sinks(found)


def _sinks(base: Influx) -> tuple[InfluxSink, InfluxSink]:
    """One that writes, and one that reads."""
    to, reader = (InfluxSink(base.url, base.org, base.bucket, base.token(right)) for right in ("write", "read"))
    return to, reader


def _influxdb_by(folder: Path | None) -> str:
    """What to type for an InfluxDB."""
    if "influxdb" not in available():
        return "python -m swatlib services install influxdb"
    return f"python -m swatlib services start influxdb{_there(folder)}"


def _there(folder: Path | None) -> str:
    """The option of a verb for a folder other than that of the settings."""
    elsewhere = folder and Path(folder).absolute() != settings().services_folder
    return f" --folder {shlex.quote(str(folder))}" if elsewhere else ""


def stream_folder(folder: Path | None) -> Path:
    """Where the stream has its checkpoint and its pipeline, beside the servers' data."""
    return (folder or settings().services_folder) / "stream"


def points_folder(folder: Path | None) -> Path:
    """Where points go without InfluxDB."""
    return stream_folder(folder) / "points"


def configured_stream(at: Connections, pipeline: Path | None, checkpoint: Path, **options: Any) -> "Stream":
    """The stream as the settings want it. A local master gets four attempts a task, as clusters have them."""
    from swatlib.live.stream import Stream  # the producer's image has no Spark

    page = {"spark.ui.enabled": "true", "spark.ui.port": str(settings().spark_ui)} if settings().spark_ui else {}
    master = re.sub(r"^(local\[[^],]+)]$", r"\1,4]", settings().spark_master)
    more = {"monitor": at.monitor(telegraf.STREAM), "options": page, **options}
    return Stream(at.servers, at.to, checkpoint, pipeline, connector(), master, **more)


def begin_spark(pipeline: Path | None, checkpoint: Path, **options: Any) -> None:
    """Have Java and Spark start for `configured_stream`, where the servers may not yet run."""
    nowhere = FileSink(checkpoint)
    configured_stream(Connections("", nowhere, nowhere, ""), pipeline, checkpoint, **options).session()


def attack_recorder(events: pd.DataFrame, plant: str, at: Connections) -> Callable[[pd.DataFrame, pd.Timedelta], None]:
    """For `Producer.send`: stores the point of each known attack when its first row is sent."""
    waiting = list(events.sort_values("start").itertuples())

    def handed(part: pd.DataFrame, shift: pd.Timedelta) -> None:
        while waiting and waiting[0].start + shift <= part.index[-1]:
            event = waiting.pop(0)
            title = f"{event.attack}: {event.points}" if event.points else str(event.attack)
            at.store_attack(plant, title, event.start + shift, event.end + shift)

    return handed


def detection_delays(at: Connections, plant: str, since: pd.Timestamp) -> pd.DataFrame:
    """One row an attack: attack (its title), start, lead_tag, and each detector's delay in seconds.

    A delay runs from the attack's start to the first alarm that begins within it; NaN: none did; STOOD: an alarm stood
    already. lead_tag: the tag that the first alarm led with.
    """
    events, scored = at.reader.attacks(plant, since), at.reader.scores(plant, since)
    names = list(scored.columns.unique(0)) if len(scored) else []
    rows = [_delays_of(event, scored, names) for event in events.itertuples()]
    return pd.DataFrame(rows, columns=["attack", "start", "lead_tag", *names])


def quickest_delays(delays: pd.DataFrame) -> pd.Series:
    """The least delay of any detector in seconds, for each attack of a table of `detection_delays`; NaN: none."""
    of_detectors = delays.drop(columns=["attack", "start", "lead_tag"])
    return of_detectors.apply(pd.to_numeric, errors="coerce").min(axis=1).astype(float)


def detections(delays: pd.DataFrame) -> str:
    """How many attacks of such a table raised an alarm, in a sentence."""
    quickest = quickest_delays(delays)
    stood = int((quickest.isna() & delays.eq(STOOD).any(axis=1)).sum())
    first = f", the quickest after {quickest.min():.0f} s" if quickest.notna().any() else ""
    already = f"; in {stood} an alarm stood already" if stood else ""
    return f"{quickest.notna().sum()} of {count(len(delays), 'attack')} so far raised an alarm{first}{already}."


def delay_table(delays: pd.DataFrame) -> pd.DataFrame:
    """Such a table as people read it: one row an attack, a heading with its unit for each detector."""
    shown = delays.drop(columns="start").rename(columns={"lead_tag": "lead tag"}).set_index("attack")
    return shown.rename(columns={name: f"{name} (s)" for name in shown.columns[1:]}).fillna("–")


def batch_table(batches: pd.DataFrame, rows: int = 8) -> pd.DataFrame:
    """The last batches of the stream as people read them."""
    counts = dict.fromkeys(("rows_in", "rows_out", "rejected", "late", "behind"), int)
    return batches[list(BATCH_HEADINGS)].tail(rows).astype(counts).round(2).rename(columns=BATCH_HEADINGS)


def _delays_of(event, scored: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    delays = {name: _delay(scored[name]["alarm"], event.start, event.end) for name in names}
    began = {name: delay for name, delay in delays.items() if isinstance(delay, float) and not math.isnan(delay)}
    lead = None
    if began:
        quickest = min(began, key=lambda name: began[name])
        lead = scored[quickest]["lead"][event.start + pd.Timedelta(began[quickest], "s")]
    return {"attack": event.title, "start": event.start, "lead_tag": lead, **delays}


def _delay(alarm: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> float | str:
    """Seconds from `start` to the alarm that begins first before `end`; STOOD, or NaN."""
    on = alarm.to_numpy(bool)
    row, last = alarm.index.searchsorted([start, end])
    if 0 < row < last and on[row] and on[row - 1]:
        return STOOD
    begins = row + np.flatnonzero(on[row:last])[:1]
    return float((alarm.index[begins[0]] - start).total_seconds()) if len(begins) else math.nan
