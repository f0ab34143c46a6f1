"""A live run from beginning to end, for the notebook and the command line: servers found or started, a plant that
runs, the stream as a process of its own, and what all of them stored.
"""

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import pandas as pd
from IPython.display import display

from swatlib.live import sink, topic
from swatlib.live.parity import unequal
from swatlib.live.producer import Producer, create_topics, request_attack
from swatlib.live.wiring import Aside, connect, detection_delays, kept, run_plant
from swatlib.pipeline import Pipeline
from swatlib.servers import Services, ServicesError, available, connector, find_servers
from swatlib.servers import records as processes
from swatlib.settings import settings

PAST = 1_200  # rows that go out at once, at least: with them the detectors have their history when the watching begins
GRACE = 5.0  # seconds in which the stream may end by itself; killed, it loses nothing


@dataclass
class Live:
    """A simulated plant and the stream that scores it; `with Live(…) as live:` runs them, its end stops all it started.

    pipeline: fitted. plant: makes one that runs from a seed and how many seconds before the present its next row lies.
    make: an attack from effects, seconds, start and name. minutes: of the plant's time; None: until it is stopped.
    speed: times the plant's own pace, None as fast as possible. attacks: effects of attacks at even distances.
    name: of the plant; None: `swat` at its own pace, else one that no earlier run has. folder: what servers keep.
    """

    pipeline: Pipeline
    plant: Callable[[int, int], Any]
    make: Callable[..., Any]
    minutes: float | None = None
    speed: float | None = 1.0
    attacks: tuple[str, ...] = ()
    name: str | None = None
    seed: int = 0
    folder: Path | None = None

    def __post_init__(self):
        if self.minutes is None and (self.speed != 1 or self.attacks):
            raise ValueError("a speed or attacks need minutes; without them the plant runs in real time, for ever")
        self.name = self.name or ("swat" if self.speed == 1 else f"swat-{pd.Timestamp.now():%m%d-%H%M%S}")
        self.folder = Path(self.folder or settings().services_folder).absolute()
        self.rows = None if self.minutes is None else round(self.minutes * 60)
        self._servers = self._stream = self._aside = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> Self:
        """Servers, stream and plant, in this order. Raises ServicesError for what is missing, with what to type."""
        connector()
        self.since = pd.Timestamp.now("UTC").tz_localize(None)
        try:
            if needed := missing_servers(self.folder):
                self._servers = Services(self.folder, needed)
                self._servers.start()
            self.at = connect(self.folder)
            create_topics(self.at.servers)
            self._stream = self._launch()
            self._run()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End what was started here; twice does no harm."""
        if self._aside:
            self._aside.end()
        if self._stream:
            processes.stop([self._stream], (signal.SIGINT, signal.SIGKILL), GRACE)
        if self._servers:
            self._servers.__exit__()
        self._stream = self._aside = self._servers = None

    @property
    def sentence(self) -> str:
        """What runs where, and how to have more."""
        return f"Kafka at {self.at.servers}. {self.at.sentence} The plant's name is {self.name}."

    @property
    def done(self) -> bool:
        """Whether the plant has run its minutes and all its rows are stored. Raises what plant or stream met."""
        if not self._stream.alive:
            raise ServicesError(f"the stream ended; the end of its log:\n{processes.tail(self.log)}")
        if not self._aside.done:
            return False
        self._aside.check()
        counted = self.batches().get("rows_out", pd.Series(0.0)).sum()  # a batch has its point a moment after its rows
        return self.stored(self._plant.time) and counted >= (self._plant.time - self.first).total_seconds()

    @property
    def end(self) -> pd.Timestamp:
        """Time of the plant's next row."""
        return self._plant.time

    def stored(self, until: pd.Timestamp) -> bool:
        """Whether the plant's last row before `until` has been stored."""
        return len(self.at.reader.readings(self.name, until - pd.Timedelta("1s"), until)) > 0

    @property
    def log(self) -> Path:
        """Where the stream logs to."""
        return self.folder / "stream.log"

    def wait(self, each: Callable[[], None] = lambda: None, every: float = 1.0) -> None:
        """Until it is done; calls `each` now and then."""
        while not self.done:
            each()
            time.sleep(every)
        each()

    def watch(self, draw: Callable[..., Any], last: str = "20min", every: float = 2.0) -> None:
        """In a notebook: until it is done, or interrupted, show `draw(readings, scores, events)` of the `last` time."""
        shown = display("", display_id=True)

        def again() -> None:
            shown.update(draw(self.readings(last), self.scores(last), self.events()))

        try:
            self.wait(again, every)
        except KeyboardInterrupt:
            self._aside.end()
            self.wait(again)

    def attack(self, effects: str, seconds: int = 300) -> None:
        """Attack the plant; it begins with its next row. Raises ValueError for effects it doesn't know."""
        self.make(effects, seconds)
        request_attack(self.at.servers, topic.Command(self.name, effects, seconds))

    def readings(self, last: str | None = None) -> pd.DataFrame:
        """Stored readings since the watching began, or of the `last` time: times × tags."""
        return self.at.reader.readings(self.name, self._from(last))

    def scores(self, last: str | None = None) -> pd.DataFrame:
        """Stored scores likewise: times × (detector, field)."""
        return self.at.reader.scores(self.name, self._from(last))

    def events(self) -> pd.DataFrame:
        """Attacks that began so far: attack (a number), title, start, end."""
        events = self.at.reader.attacks(self.name, self.begin)
        begun = events[events["start"] < self._plant.time].reset_index(drop=True)
        return begun.assign(attack=range(1, len(begun) + 1))

    def found(self) -> pd.DataFrame:
        """One row an attack: its title, when it began, the first alarm, its leading tag, each detector's delay in s."""
        return detection_delays(self.at, self.name, self.begin)

    def batches(self) -> pd.DataFrame:
        """One row a batch of the stream since the start: rows in and out, rows/s, seconds, latency, …"""
        return self.at.reader.batches(self.since)

    def parity(self) -> tuple[int, list[str]]:
        """Points compared with `Pipeline.score` on the stored readings, and where they differ, which is nowhere."""
        readings, stored = self.at.reader.readings(self.name), self.at.reader.scores(self.name)
        offline = self.pipeline.score(readings[list(self.pipeline.tags)])
        return offline.shape[0] * offline.columns.get_level_values(0).nunique(), unequal(stored, offline)

    def _launch(self):
        saved = self.pipeline.save(kept(self.folder) / "pipeline")
        command = [sys.executable, "-m", "swatlib", "stream", str(saved), "--folder", str(self.folder)]
        return processes.launch("stream", "", command, {}, self.log)

    def _run(self) -> None:
        past = max(PAST, self.pipeline.history)
        self._plant = self.plant(self.seed, past + (self.rows if self.speed != 1 else 0))
        self.first = self._plant.time
        self.begin = self.first + pd.Timedelta(past, "s")
        for event in planned(self.make, self.attacks, self.begin, self.rows):
            self._plant.attack(event)
            end = event.start + pd.Timedelta(event.duration, "s")
            self.at.to.write(sink.attack_point(self.name, event.action, event.start, end), self.name)
        sender = Producer(self.at.servers, self.name, self.speed)
        ready = partial(self.stored, self.begin)
        self._aside = Aside(
            lambda stopped: run_plant(self.at, sender, self._plant, self.make, self.rows, stopped, past, ready)
        ).begin()

    def _from(self, last: str | None) -> pd.Timestamp:
        return self.begin if last is None else max(self.begin, self._plant.time - pd.Timedelta(last))


def missing_servers(folder: Path) -> list[str]:
    """Servers to start: Kafka unless one is found, InfluxDB where it is installed and none is found."""
    found = find_servers(folder)
    influxdb = ["influxdb"] if found.influxdb is None and "influxdb" in available() else []
    return ([] if found.kafka else ["kafka"]) + influxdb


def planned(make: Callable[..., Any], effects: tuple[str, ...], begin: pd.Timestamp, rows: int | None) -> list:
    """Attacks at even distances over the next `rows`, each as long as the calm between them."""
    length = (rows or 0) // (2 * len(effects) + 1)
    starts = [begin + pd.Timedelta(length * (2 * number + 1), "s") for number in range(len(effects))]
    return [replace(make(text, length), start=start) for text, start in zip(effects, starts, strict=True)]
