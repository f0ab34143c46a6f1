"""The parts of the live stream put together, as the command line and the live notebook call them."""

import itertools
import re
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from swatlib.live import sink
from swatlib.live.producer import Control, Producer, Running, Sent
from swatlib.live.services import ServicesError, connector, find
from swatlib.live.sink import FileSink, InfluxSink, Sink
from swatlib.live.stream import Stream
from swatlib.settings import settings

PAST = 600
WARM = pd.Timedelta("1D")  # a simulated plant runs so long before it is watched: by then its tanks have filled


@dataclass(frozen=True)
class Place:
    """Kafka's address, where points are stored and read, and a sentence for the terminal that says so."""

    servers: str
    to: Sink
    reader: Sink
    sentence: str


def place(folder: Path | None = None) -> Place:
    """What runs: the servers that the settings name or that were started in `folder`.

    Without InfluxDB points go to files. Raises ServicesError when there is no Kafka.
    """
    found = find(folder)
    if found.kafka is None:
        raise ServicesError("No Kafka runs: type `python -m swatlib services start`, or set SWAT_KAFKA.")
    if found.influxdb is None:
        files = FileSink(kept(folder) / "points")
        said = f"Points go to files in {files.folder}; for InfluxDB: `python -m swatlib services install influxdb`."
        return Place(found.kafka, files, files, said)
    base = found.influxdb
    to, reader = (InfluxSink(base.url, base.org, base.bucket, base.token(right)) for right in ("write", "read"))
    return Place(found.kafka, to, reader, f"Points go to InfluxDB at {base.url}, bucket {base.bucket}.")


def kept(folder: Path | None) -> Path:
    """What the stream itself keeps, beside the servers' data."""
    return (folder or settings().services_folder) / "stream"


def stream_to(at: Place, pipeline: Path | None, checkpoint: Path, **options) -> Stream:
    """The stream as the settings want it. A local master gets four attempts a task, as clusters have them."""
    master = re.sub(r"^(local\[[^],]+)]$", r"\1,4]", settings().spark_master)
    return Stream(at.servers, at.to, checkpoint, pipeline, connector(), master, **options)


def announce(events: pd.DataFrame | None, plant: str, to: Sink) -> Callable[[pd.DataFrame, pd.Timedelta], None]:
    """For `Producer.send`: stores the point of each known attack when its first row is sent."""
    waiting = [] if events is None else list(events.sort_values("start").itertuples())

    def handed(part: pd.DataFrame, shift: pd.Timedelta) -> None:
        while waiting and waiting[0].start + shift <= part.index[-1]:
            event = waiting.pop(0)
            to.write(
                sink.attack(plant, f"{event.attack}: {event.points}", event.start + shift, event.end + shift), plant
            )

    return handed


def run_plant(
    at: Place,
    sender: Producer,
    plant,
    make: Callable,
    rows: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Sent:
    """Send a simulated plant's rows, `rows` of them or until `stopped`; it takes attacks.

    The first PAST rows go out at once: with them the detectors have their history when the watching begins.
    """
    with closing(Control(at.servers, sender.plant)) as control:

        def launched(command, start, end):
            at.to.write(sink.attack(sender.plant, command.name or command.effects, start, end), sender.plant)

        running = Running(plant, make, control.commands, launched)
        replace(sender, speed=None).send(itertools.islice(running.frames(PAST), 1))
        until = None if rows is None else plant.time + pd.Timedelta(rows, "s")
        at_once = max(1, int((sender.speed or 1_000) / 2))
        return sender.send(running.frames(at_once, lambda: stopped() or (until is not None and plant.time >= until)))


class Aside(threading.Thread):
    """Work beside the stream: `work(stopped)` runs until it ends or the block does; its error is raised there."""

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

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_) -> None:
        self._end.set()
        self.join(10)
        if self.error and kind is None:
            raise self.error


def summary(at: Place, plant: str, since: pd.Timestamp) -> pd.DataFrame:
    """One row an attack: title, start, and per detector the seconds until its first alarm within it (NaN: none)."""
    events, scored = at.reader.attacks(plant, since), at.reader.scores(plant, since)
    rows = []
    for event in events.itertuples():
        inside = scored[(scored.index >= event.start) & (scored.index < event.end)]
        alarms = inside.xs("alarm", axis=1, level=1) if len(inside) else pd.DataFrame()
        seconds = {name: (alarms.index[alarms[name]].min() - event.start).total_seconds() for name in alarms}
        rows.append({"attack": event.title, "start": event.start, **seconds})
    return pd.DataFrame(rows)
