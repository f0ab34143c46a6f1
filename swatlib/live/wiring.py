"""The parts of the live stream put together, as the command line and the live notebook call them."""

import itertools
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from swatlib.live import sink
from swatlib.live import telegraf as monitor
from swatlib.live.producer import Control, Producer, Running, Sent
from swatlib.live.sink import FileSink, InfluxSink, Sink
from swatlib.live.telegraf import Monitor
from swatlib.servers import ServicesError, connector, find_servers
from swatlib.settings import settings

if TYPE_CHECKING:
    from swatlib.live.stream import Stream


@dataclass(frozen=True)
class Place:
    """Kafka's address, where points are stored and read, a sentence that says so, and who takes whose reports."""

    servers: str
    to: Sink
    reader: Sink
    sentence: str
    telegraf: Mapping[str, str] = field(default_factory=dict)

    def monitor(self, whose: str) -> Monitor:
        """Takes the reports of the stream or of the producer."""
        return Monitor(self.telegraf.get(whose))


def connect(folder: Path | None = None) -> Place:
    """What runs: the servers that the settings name or that were started in `folder`.

    Without InfluxDB points go to files. Raises ServicesError when there is no Kafka.
    """
    found = find_servers(folder)
    if found.kafka is None:
        raise ServicesError("No Kafka runs: type `python -m swatlib services start`, or set SWAT_KAFKA.")
    if found.influxdb is None:
        files = FileSink(files_of(folder))
        said = f"Points go to files in {files.folder}; for InfluxDB: `python -m swatlib services install influxdb`."
        return Place(found.kafka, files, files, said, found.telegraf)
    base = found.influxdb
    to, reader = (InfluxSink(base.url, base.org, base.bucket, base.token(right)) for right in ("write", "read"))
    said = f"Points go to InfluxDB at {base.url}, bucket {base.bucket}."
    return Place(found.kafka, to, reader, said, found.telegraf)


def kept(folder: Path | None) -> Path:
    """What the stream itself keeps, beside the servers' data."""
    return (folder or settings().services_folder) / "stream"


def files_of(folder: Path | None) -> Path:
    """Where points go without InfluxDB."""
    return kept(folder) / "points"


def stream_to(at: Place, pipeline: Path | None, checkpoint: Path, **options) -> "Stream":
    """The stream as the settings want it. A local master gets four attempts a task, as clusters have them."""
    from swatlib.live.stream import Stream  # the producer's image has no Spark

    page = {"spark.ui.enabled": "true", "spark.ui.port": str(settings().spark_ui)} if settings().spark_ui else {}
    master = re.sub(r"^(local\[[^],]+)]$", r"\1,4]", settings().spark_master)
    more = {"monitor": at.monitor(monitor.STREAM), "options": page, **options}
    return Stream(at.servers, at.to, checkpoint, pipeline, connector(), master, **more)


def announce(events: pd.DataFrame | None, plant: str, to: Sink) -> Callable[[pd.DataFrame, pd.Timedelta], None]:
    """For `Producer.send`: stores the point of each known attack when its first row is sent."""
    waiting = [] if events is None else list(events.sort_values("start").itertuples())

    def handed(part: pd.DataFrame, shift: pd.Timedelta) -> None:
        while waiting and waiting[0].start + shift <= part.index[-1]:
            event = waiting.pop(0)
            to.write(
                sink.attack_point(plant, f"{event.attack}: {event.points}", event.start + shift, event.end + shift),
                plant,
            )

    return handed


def run_plant(
    at: Place,
    sender: Producer,
    plant,
    make: Callable,
    rows: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
    past: int = 600,
    ready: Callable[[], bool] = lambda: True,
) -> Sent:
    """Send a simulated plant's rows, `rows` of them or until `stopped`; it takes attacks.

    The first `past` rows go out at once: with them the detectors have their history when the watching begins, which it
    does as soon as it is `ready`. A plant at its own pace then catches up with the present.
    """
    sender = replace(sender, monitor=at.monitor(monitor.PRODUCER))
    with closing(Control(at.servers, sender.plant)) as control:

        def launched(command, start, end):
            at.to.write(sink.attack_point(sender.plant, command.name or command.effects, start, end), sender.plant)

        running, at_once = Running(plant, make, control.commands, launched), replace(sender, speed=None)
        at_once.send(itertools.islice(running.frames(past), 1))
        until = None if rows is None else plant.time + pd.Timedelta(rows, "s")
        while not (stopped() or ready()):
            time.sleep(0.2)
        behind = int((pd.Timestamp.now("UTC").tz_localize(None) - plant.time).total_seconds())
        if sender.speed == 1 and behind > 0:
            at_once.send(itertools.islice(running.frames(behind, until=until), 1))
        each = max(1, int((sender.speed or 1_000) / 2))
        return sender.send(running.frames(each, stopped, until))


class Aside(threading.Thread):
    """Work beside the stream: `work(stopped)` runs until it ends or is told to; `check` raises what it met."""

    def __init__(self, work: Callable[[Callable[[], bool]], object]):
        super().__init__(name="producer", daemon=True)
        self.work, self.error, self._end = work, None, threading.Event()

    def run(self) -> None:
        try:
            self.work(self._end.is_set)
        except Exception as error:
            self.error = error

    @property
    def done(self) -> bool:
        return not self.is_alive()

    def begin(self) -> "Aside":
        self.start()
        return self

    def check(self) -> None:
        """Raises the error that ended the work, if one did."""
        if self.error:
            raise self.error

    def end(self, patience: float = 3.0) -> None:
        """Tell the work to end, and wait for it; it is a daemon's, so it ends with the process at the latest."""
        self._end.set()
        self.join(patience)


def detection_delays(at: Place, plant: str, since: pd.Timestamp) -> pd.DataFrame:
    """One row an attack: attack (its title), start, lead_tag, and per detector the seconds until its first alarm.

    An alarm counts that begins within the attack: one that stood already says nothing about it (NaN, as for none).
    lead_tag: the tag that the first of these alarms led with.
    """
    events, scored = at.reader.attacks(plant, since), at.reader.scores(plant, since)
    names = list(scored.columns.unique(0)) if len(scored) else []
    begun = {name: _begins(scored[name]["alarm"]) for name in names}
    rows = []
    for event in events.itertuples():
        inside = {name: times[(times >= event.start) & (times < event.end)] for name, times in begun.items()}
        first = {name: times[0] for name, times in inside.items() if len(times)}
        quickest = min(first, key=first.get, default=None)
        lead = scored[quickest]["lead"][first[quickest]] if first else None
        seconds = {name: (first[name] - event.start).total_seconds() if name in first else math.nan for name in names}
        rows.append({"attack": event.title, "start": event.start, "lead_tag": lead, **seconds})
    return pd.DataFrame(rows, columns=["attack", "start", "lead_tag", *names])


def _begins(alarm: pd.Series) -> pd.DatetimeIndex:
    return alarm.index[alarm.to_numpy() & ~np.r_[False, alarm.to_numpy()[:-1]]]
