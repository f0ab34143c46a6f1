"""A live run from beginning to end, for the notebook and the command line: servers, stream, plant, wait, end."""

import asyncio
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import pandas as pd

from swatlib.live.parity import unequal
from swatlib.live.plant import PAST_ROWS, PlantRun, check_attack, planned_attacks, rows_before_now
from swatlib.live.producer import Producer, request_attack
from swatlib.live.topic import Command
from swatlib.live.watching import Draw, LiveView
from swatlib.live.wiring import BATCH_HEADINGS, SPARK_RUNS, Connections, connect, detection_delays, stream_folder
from swatlib.pipeline import Pipeline
from swatlib.servers import Services, ServicesError, available, connector, find_servers
from swatlib.servers.records import Record, tail
from swatlib.settings import settings
from swatlib.wording import count, duration

SILENCE = 60.0  # seconds without a row after which `progress` says what is waited for

_runs: dict[Path, "Live"] = {}  # those of this process that have not ended, by their folder


class Live:
    """A simulated plant and the stream that scores it; `with Live(…) as live:` runs them and ends what it started.

    pipeline: fitted. minutes: of the plant's time; None: until it is stopped. speed: times the plant's own pace, None
    as fast as possible. attacks: effects of attacks at even distances. name: of the plant; None: `swat` for one that
    runs until it is stopped, else one that no earlier run has. folder: data and logs of servers and stream.

    What it starts ends with this process, however that ends. A second run in the same folder ends the first.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        minutes: float | None = None,
        speed: float | None = 1.0,
        attacks: Sequence[str] = (),
        name: str | None = None,
        seed: int = 0,
        folder: Path | None = None,
    ):
        check_run(minutes, speed, attacks, name)
        self.pipeline, self.minutes, self.speed = pipeline, minutes, speed
        self.attacks, self.seed = tuple(attacks), seed
        self.folder = Path(folder or settings().services_folder).absolute()
        self.servers = Services(self.folder, owned=True)
        self.detectors: tuple[str, ...] = ()  # to show; all when none is named
        self.listeners: list[Callable[[str], None]] = []  # called with each `progress` that is shown
        self._name = name
        self._started: list[str] = []
        self._stream: Record | None = None
        self._plant: PlantRun | None = None
        self._shown: asyncio.Task | None = None
        self._after, self._last_row = pd.Timestamp(0), 0.0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> Self:
        """Servers and stream side by side, then the plant. Raises ServicesError for what is missing."""
        connector()
        if self.folder in _runs:
            _runs[self.folder].close()
        _runs[self.folder] = self
        try:
            missing = missing_servers(self.folder)
            self._start_stream(missing)
            self._start_servers(missing)
            self._start_plant()
        except BaseException:
            self.close()
            raise
        return self

    def restart(self, minutes: float, speed: float | None = 1.0) -> None:
        """End the plant and start another one, with a name of its own; servers and stream run on.

        Raises ValueError as `check_run` does, and the plant runs on; ServicesError where this run has ended.
        """
        check_run(minutes, speed, self.attacks)
        self._refuse_closed()
        self.plant.stop()
        self.minutes, self.speed, self._name = minutes, speed, None
        self._start_plant()

    def wait(self, each: Callable[[], None] = lambda: None, every: float = 1.0) -> None:
        """Until it is done; calls `each` now and then."""
        while not self.done:
            each()
            time.sleep(every)
        each()

    def watch(self, draw: Draw, wait: bool = False, last: str = "20min", every: float = 2.0) -> None:
        """In a notebook: show what happens and `draw(readings, scores, events)` of the `last` time, kept current.

        It returns at once, and a task of the kernel goes on until the run is closed, so that the kernel answers buttons
        and cells. wait: return when the run is done or was interrupted, which ends the plant.
        """
        view = LiveView(self, draw, last)
        if not wait:
            if self._shown:
                self._shown.cancel()
            self._shown = asyncio.get_running_loop().create_task(view.follow(every))
            return
        try:
            self.wait(view.update, every)
        except KeyboardInterrupt:
            self.stop()
            self.wait(view.update)
        view.update(now=True)

    def stop(self) -> None:
        """End the plant; its rows that were sent are still scored, and servers and stream run on."""
        self.plant.stop()

    def close(self) -> None:
        """End what was started here; twice does no harm."""
        stream, started, self._stream, self._started = self._stream, self._started, None, []
        if self._plant:
            self._plant.stop()
        if stream and stream.alive:
            self.servers.stop("stream")
        if started:
            self.servers.stop(*started)
        if _runs.get(self.folder) is self:
            del _runs[self.folder]

    @property
    def plant(self) -> PlantRun:
        """The plant that runs, or ran last. Raises ServicesError before the start."""
        if self._plant is None:
            raise ServicesError("This run has not been started.")
        return self._plant

    @property
    def name(self) -> str:
        """The plant's name."""
        return self.plant.name

    @property
    def sentence(self) -> str:
        """What runs where, and how to have more."""
        return f"Kafka at {self.at.servers}. {self.at.sentence} The plant's name is {self.name}."

    @property
    def log(self) -> Path:
        """Where the stream logs to."""
        return self.servers.log("stream")

    @property
    def closed(self) -> bool:
        """Whether the stream was ended by `close`, or was never started."""
        return self._stream is None

    @property
    def done(self) -> bool:
        """Whether the plant has ended and all its rows are stored. Raises what plant or stream met."""
        self._check_stream()
        if not self.plant.ended:
            return False
        # a batch has its point a moment after its rows; it may hold rows of other plants
        counted = self.batches()["rows_out"].sum()
        return self._holds(self.plant.time) and self._scored(self.plant.time) and counted >= self.sent

    @property
    def sent(self) -> int:
        """Rows of the plant so far, with those before its first minute, but for those that the topic held already."""
        return self._rows_until(self.plant.time) - self.plant.left_out

    @property
    def progress(self) -> str:
        """What happens now; after SILENCE seconds without a row, what is waited for and where the log is.

        Raises ServicesError when the stream has ended.
        """
        self._check_stream()
        new = self.at.reader.readings(self.name, self._after)
        if len(new):
            self._after, self._last_row = new.index[-1] + pd.Timedelta("1s"), time.monotonic()
        silent = time.monotonic() - self._last_row
        said, awaited = self._phase(silent)
        if silent < SILENCE or not awaited:
            return said
        return f"{said}: no row for {duration(silent)}, waiting for {awaited}; the stream logs to {self.log}"

    def attack(self, effects: str, seconds: int = 300) -> None:
        """Attack the plant; it begins with its next row. Raises ValueError for effects it doesn't know."""
        check_attack(effects, seconds)
        self._refuse_closed()
        request_attack(self.at.servers, Command(self.name, effects, seconds))

    def readings(self, last: str | None = None) -> pd.DataFrame:
        """Stored readings since the run began, or of the `last` time: times × tags."""
        return self.at.reader.readings(self.name, self._from(last))

    def scores(self, last: str | None = None) -> pd.DataFrame:
        """Stored scores likewise: times × (detector, field), of the `detectors` to show."""
        scores = self.at.reader.scores(self.name, self._from(last))
        return scores[list(self.detectors)] if self.detectors and len(scores) else scores

    def events(self) -> pd.DataFrame:
        """Attacks that began so far: attack (a number), title, start, end."""
        events = self.at.reader.attacks(self.name, self.plant.begin)
        begun = events[events["start"] < self.plant.time].reset_index(drop=True)
        return begun.assign(attack=range(1, len(begun) + 1))

    def delays(self) -> pd.DataFrame:
        """One row an attack that has begun: see `wiring.detection_delays`."""
        delays = detection_delays(self.at, self.name, self.plant.begin)
        return delays[delays["start"] < self.plant.time]

    def batches(self) -> pd.DataFrame:
        """One row a batch of the stream since the plant started: rows in and out, rows/s, seconds, latency, …"""
        batches = self.at.reader.batches(self.since)
        return batches if len(batches) else pd.DataFrame(columns=list(BATCH_HEADINGS), index=batches.index, dtype=float)

    def parity(self) -> tuple[int, list[str]]:
        """Points compared with `Pipeline.score` on the stored readings, and where they differ, which is nowhere."""
        readings, stored = self.at.reader.readings(self.name), self.at.reader.scores(self.name)
        if readings.empty:
            return 0, []
        offline = self.pipeline.score(readings[list(self.pipeline.tags)])
        return offline.shape[0] * offline.columns.get_level_values(0).nunique(), unequal(stored, offline)

    def _start_servers(self, missing: list[str]) -> None:
        if missing:
            self._started = self.servers.start(*missing)
        self.at: Connections = connect(self.folder)

    def _start_stream(self, awaited: list[str]) -> None:
        saved = self.pipeline.save(stream_folder(self.folder) / "pipeline")
        self._log_before = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-m", "swatlib", "stream", str(saved), "--folder", str(self.folder)]
        command.append("--tasks=1")  # a second one would have no plant, and takes its share of each batch
        command += [f"--after={name}" for name in awaited]
        command += [f"--trust={name}" for name in Pipeline.untrusted(saved)]  # classes that this process runs already
        self._stream = self.servers.start_stream(command)

    def _start_plant(self) -> None:
        now = pd.Timestamp.now("UTC").tz_localize(None)
        name = self._name or ("swat" if self.minutes is None else f"swat-{now:%m%d-%H%M%S}")
        past, rows = max(PAST_ROWS, self.pipeline.history), _rows(self.minutes)
        if self._name and rows is not None:  # a new name is none that the topic holds
            self._refuse_known(name, rows_before_now(self.speed, rows, past))
        self.since, self._last_row = now, time.monotonic()
        self._plant = PlantRun(self.at, name, self.speed, rows, self.attacks, self.seed, past)
        self._after = self._plant.first  # rows before it are known to be stored
        self._plant.start(partial(self._holds, self._plant.begin))

    def _refuse_known(self, name: str, rows: int) -> None:
        """Raises ServicesError where a plant of that name has rows at times that this run's would have."""
        found = Producer(self.at.servers, name).last()
        begin = pd.Timestamp.now("UTC").tz_localize(None).floor("s") - pd.Timedelta(rows, "s")
        if found and (last := found[0] + found[1]) >= begin:
            raise ServicesError(
                f"plant {name} has rows to {last} already, and those of this run would begin at {begin}; give the "
                "plant another name, or leave the name out"
            )

    def _refuse_closed(self) -> None:
        if self.closed:
            raise ServicesError("this run has ended, and nothing scores its plant any more; start another run")

    def _check_stream(self) -> None:
        if self._stream and not self._stream.alive:
            raise ServicesError(f"the stream ended; the end of its log:\n{tail(self.log)}")

    def _phase(self, silent: float) -> tuple[str, str]:
        """What happens now, and what is waited for when no row comes."""
        stored = self._rows_until(self._after)
        if not stored and not self._spark_runs():
            return f"starting Spark ({silent:.0f} s)", "Spark to start"
        if stored < self.plant.past:
            return f"scoring the first {count(self.plant.past, 'row')} ({silent:.0f} s)", "the first batch"
        watched = count(stored - self.plant.past, "row")
        of = "" if self.plant.rows is None else f" of {self.plant.rows:,}"
        if self.done:
            return f"done, {watched} stored", ""
        return f"{watched}{of} stored", "the stream to score the next rows"

    def _spark_runs(self) -> bool:
        size = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_before if self._log_before <= size else 0)
            return SPARK_RUNS in log.read()

    def _holds(self, until: pd.Timestamp) -> bool:
        """Whether the plant's last row before `until` has been stored."""
        return len(self.at.reader.readings(self.name, until - pd.Timedelta("1s"), until)) > 0

    def _scored(self, until: pd.Timestamp) -> bool:
        """Whether every detector's point of the plant's last row before `until` has been stored."""
        points = self.at.reader.scores(self.name, until - pd.Timedelta("1s"), until)
        return {*points.columns.get_level_values(0)} == {*self.pipeline.detectors}

    def _rows_until(self, when: pd.Timestamp) -> int:
        """Rows of the plant before `when`."""
        return round((when - self.plant.first).total_seconds())

    def _from(self, last: str | None) -> pd.Timestamp:
        begin = self.plant.begin
        return begin if last is None else max(begin, self.plant.time - pd.Timedelta(last))


def check_run(
    minutes: float | None, speed: float | None = 1.0, attacks: Sequence[str] = (), name: str | None = None
) -> None:
    """Raises ValueError for what no run can have, before anything is fitted, started or ended."""
    if minutes is None and (speed != 1 or attacks):
        raise ValueError("a speed or attacks need minutes; without them the plant runs in real time, until stopped")
    if minutes is not None and not 1 <= 60 * minutes < math.inf:
        raise ValueError(f"minutes is {minutes}; give a number from 1/60 on, or None until it is stopped")
    Producer("", "swat" if name is None else name, speed)  # refuses a wrong name or speed
    planned_attacks(attacks, pd.Timestamp(0), _rows(minutes))


def _rows(minutes: float | None) -> int | None:
    return None if minutes is None else round(60 * minutes)


def missing_servers(folder: Path) -> list[str]:
    """Servers to start: Kafka unless one is found, InfluxDB where it is installed and none is found."""
    found = find_servers(folder)
    influxdb = ["influxdb"] if found.influxdb is None and "influxdb" in available() else []
    return ([] if found.kafka else ["kafka"]) + influxdb
