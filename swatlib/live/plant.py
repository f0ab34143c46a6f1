"""The simulated plant as it runs: its rows go to Kafka at its own pace or faster, and it takes attacks.

The one module of the live part that knows the simulator.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pandas as pd

from swatlib.live import telegraf
from swatlib.live.producer import Control, Producer, Sent
from swatlib.live.topic import Command
from swatlib.live.wiring import Connections
from swatlib.plant import TAG_NAMES
from swatlib.simulation import Attack, SimulatedPlant, running
from swatlib.wording import count

PAST_ROWS = 1_750  # rows that are sent at once, at least: the history of the default detectors when the run begins

_log = logging.getLogger(__name__)


def check_attack(effects: str, seconds: int) -> None:
    """Raises ValueError for effects that the plant does not know, none, or a duration that makes no sense."""
    _refuse_empty(effects)
    Attack(effects, seconds)


def planned_attacks(effects: Sequence[str], begin: pd.Timestamp, rows: int | None) -> list[Attack]:
    """Attacks at even distances over the next `rows`, each as long as the normal operation between them.

    Raises ValueError for effects that the plant does not know, for none, and where the rows are too few.
    """
    for text in effects:
        _refuse_empty(text)
    parts = 2 * len(effects) + 1
    length = (rows or 0) // parts
    if effects and not length:
        raise ValueError(
            f"{count(len(effects), 'attack')} and what lies between need {count(parts, 'row')}, the run has {rows or 0}"
        )
    starts = [begin + pd.Timedelta(length * (2 * number + 1), "s") for number in range(len(effects))]
    return [Attack(text, length, start) for text, start in zip(effects, starts, strict=True)]


def _refuse_empty(effects: str) -> None:
    if not effects.strip():
        raise ValueError("an attack without an effect does nothing; give one or more, such as LIT101 spoof 1200")


@dataclass(frozen=True)
class AttackedPlant:
    """Rows of a plant that takes attacks while it runs.

    commands: gives the attacks that were sent since it was last called. launched: called with each attack that
    begins, its start and its end (half-open).
    """

    plant: SimulatedPlant
    commands: Callable[[], list[Command]]
    launched: Callable[[Command, pd.Timestamp, pd.Timestamp], None] = lambda *_: None

    def frames(
        self, rows: int = 1, stopped: Callable[[], bool] = lambda: False, until: pd.Timestamp | None = None
    ) -> Iterator[pd.DataFrame]:
        """Its rows from now on, so many at a time, up to the time `until` (excluded) or until `stopped`."""
        while not stopped() and (until is None or self.plant.time < until):
            for place, command in enumerate(self.commands()):
                # points of one plant and time are one point, and attacks may begin in the same row
                self._launch(command, self.plant.time + pd.Timedelta(place, "ns"))
            count = rows if until is None else min(rows, int((until - self.plant.time).total_seconds()))
            index = pd.date_range(self.plant.time, periods=count, freq="s", name="time")
            yield pd.DataFrame(self.plant.run(count), index, list(TAG_NAMES))

    def _launch(self, command: Command, start: pd.Timestamp) -> None:
        try:
            self.plant.attack(Attack(command.effects, command.seconds, name=command.name))
        except ValueError as error:
            _log.warning("attack %r on %s was not launched: %s", command.effects, command.plant, error)
        else:
            self.launched(command, start, start + pd.Timedelta(command.seconds, "s"))


def rows_before_now(speed: float | None, rows: int | None, past: int) -> int:
    """How many seconds ago a run begins: one at the plant's own pace goes on from now, another ends about now."""
    return past + (0 if speed == 1 else rows or 0)


@dataclass
class PlantRun:
    """One run of a simulated plant: `past` rows at once, then `rows` rows at `speed`, or until it is stopped.

    name: the key of its messages. speed: times the plant's own pace; None: as fast as possible. A plant at its own
    pace catches up with the present first; a faster one ends at about the present. attacks: effects, at even distances.
    """

    at: Connections
    name: str
    speed: float | None = 1.0
    rows: int | None = None
    attacks: Sequence[str] = ()
    seed: int = 0
    past: int = PAST_ROWS

    def __post_init__(self):
        planned_attacks(self.attacks, pd.Timestamp(0), self.rows)  # refuses a wrong one before a day is simulated
        self._plant = running(self.seed, rows_before_now(self.speed, self.rows, self.past))
        self.first = self._plant.time
        self.begin = self.first + pd.Timedelta(self.past, "s")
        self.left_out = 0  # rows that are not newer than those that the topic holds of a plant of this name
        self._stopped, self._error = threading.Event(), None
        self._thread = threading.Thread(target=self._work, name=f"plant {self.name}", daemon=True)
        for attack in planned_attacks(self.attacks, self.begin, self.rows):
            self._plant.attack(attack)
            end = attack.start + pd.Timedelta(attack.duration, "s")
            self.at.store_attack(self.name, attack.action, attack.start, end)

    @property
    def time(self) -> pd.Timestamp:
        """Time of its next row."""
        return self._plant.time

    @property
    def ended(self) -> bool:
        """Whether it has sent its last row. Raises the error that ended it, if one did."""
        if self._error:
            raise self._error
        return not self._thread.is_alive()

    def start(self, ready: Callable[[], bool]) -> None:
        """Run in a thread of its own; see `send`."""
        self._ready = ready
        self._thread.start()

    def stop(self, patience: float = 3.0) -> None:
        """Send no more rows than are on their way; the thread ends with the process at the latest."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def send(self, ready: Callable[[], bool] = lambda: True) -> Sent:
        """Send the past rows, wait until `ready` (they are scored), then send the others; what was sent."""
        sender = Producer(self.at.servers, self.name, self.speed, monitor=self.at.monitor(telegraf.PRODUCER))
        at_once = replace(sender, speed=None)
        with closing(Control(self.at.servers, self.name)) as control:
            plant = AttackedPlant(self._plant, control.commands, self._launched)
            self.left_out += at_once.send(itertools.islice(plant.frames(self.past), 1)).held
            while not (self._stopped.is_set() or ready()):
                time.sleep(0.2)
            until = None if self.rows is None else self.begin + pd.Timedelta(self.rows, "s")
            behind = int((pd.Timestamp.now("UTC").tz_localize(None) - self.time).total_seconds())
            if self.speed == 1 and behind > 0:
                missed = plant.frames(behind, self._stopped.is_set, until)
                self.left_out += at_once.send(itertools.islice(missed, 1)).held
            each = max(1, int((self.speed or 1_000) / 2))
            sent = sender.send(plant.frames(each, self._stopped.is_set, until))
            self.left_out += sent.held
            return sent

    def _launched(self, command: Command, start: pd.Timestamp, end: pd.Timestamp) -> None:
        self.at.store_attack(self.name, command.name or command.effects, start, end)

    def _work(self) -> None:
        try:
            self.send(self._ready)
        except Exception as error:  # raised again by `ended`
            self._error = error
