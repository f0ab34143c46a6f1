"""The plant as one drives it: second by second, or a whole span at once with its labels."""

import hashlib

import numpy as np
import pandas as pd

from swatlib.data import Recording, Source
from swatlib.plant import OFF, SENSORS, TAG_NAMES
from swatlib.simulation.attacks import Attack, Effect, conditions, scheduled_2015, seconds, table_2015
from swatlib.simulation.kernel import clock, new_world
from swatlib.simulation.parameters import DISTORTIONS, TAG_FIELDS
from swatlib.simulation.schedule import Agenda, Planned

BLOCK = 3_600  # seconds of noise drawn at once, each block from a seed of its own: a row never depends on the cutting
PHANTOM = pd.Timestamp("2015-12-29 06:30:00"), pd.Timestamp("2015-12-29 06:42:01")
WARM = pd.Timedelta("1D")  # by then the tanks have filled


class SimulatedPlant:
    """The plant at 1 Hz from its first second on, with empty tanks and everything off.

    `start`: time of the first row. `seed`: of noise and drifts. `parameters`: "2015" or "2017". Driven by `step` or
    `run`, which give the same rows however a span is cut; attacks are added and stopped between two rows.
    """

    def __init__(self, start="2015-12-22 16:00", seed: int = 0, parameters: str = "2015"):
        self.start, self.seed = pd.Timestamp(start), seed
        self._now = 0
        self._agenda = Agenda()
        self._active: dict[tuple[str, bool], Effect] = {}
        self._world = new_world(parameters, (self.start - self.start.normalize()).total_seconds())
        records = ("process", "reading", "command", "drift", "forced")
        self._values = tuple(getattr(self._world, name).view("f8") for name in records)
        self._seen, self._forced = self._values[1], self._values[4]
        self._block, self._noise = None, ()

    @property
    def time(self) -> pd.Timestamp:
        """Time of the next row."""
        return self.start + pd.Timedelta(self._now, unit="s")

    @property
    def events(self) -> pd.DataFrame:
        """What was done so far: attack, start, end (half-open), points, action, visibility."""
        return self._agenda.events(self.start, self._now)

    @property
    def effects(self) -> list[Effect]:
        """What is being done in the next row by attacks that have begun."""
        return list(self._agenda.effects(self._now).values())

    @property
    def mishaps(self) -> list[str]:
        """Tanks that overflowed and pumps that ran dry, as sentences."""
        state = self._world.state[0]
        counts = {"a tank overflowed": state["overflow_seconds"], "a pump ran dry": state["dry_seconds"]}
        return [f"{what} for {int(count)} s" for what, count in counts.items() if count]

    def attack(self, attack: Attack) -> None:
        """Add an attack; without a start it begins with the next row. ValueError if its start lies behind."""
        start = attack.begins(self.start, self._now)
        if start < self._now:
            raise ValueError(f"attack {attack.name!r} should start at {attack.start}, but the plant is at {self.time}")
        self._agenda.add(attack, start)

    def stop(self, name=None) -> None:
        """End the attack of that name (None: every attack); one that has not begun will not."""
        self._agenda.stop(name, self._now)

    def step(self) -> np.ndarray:
        """The next row: 51 values (float32) in plant order."""
        return self.run(1)[0]

    def run(self, duration) -> np.ndarray:
        """The next rows (n, 51), float32; `duration` in seconds or what pandas.Timedelta takes."""
        rows = np.empty((seconds(duration), len(TAG_NAMES)), np.float32)
        written = 0
        while written < len(rows):
            waiting = self._agenda.begin_due(self._now, self._holds)
            self._switch_effects()
            block_end = BLOCK * (self._now // BLOCK + 1)
            change = min(self._agenda.next_change(self._now) or block_end, block_end)
            written += self._advance(rows[written : written + change - self._now], waiting)
        return rows

    def _advance(self, rows: np.ndarray, waiting: list[Planned]) -> int:
        """Fill `rows` up to the first row on which something that waits can begin; returns how many were filled."""
        normal, uniform, minutes = self._draw()
        offset = self._now % BLOCK
        awaited = [
            (group, TAG_FIELDS.index(name), relation, number)
            for group, planned in enumerate(waiting)
            for name, relation, number in conditions(planned.attack.when)
        ]
        table = np.array(awaited, dtype=float).reshape(-1, 4)
        written, _ = clock()(
            self._world, self._values, normal[offset:], uniform[offset:], minutes, table, len(waiting), rows
        )
        self._now += written
        return written

    def _draw(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Noise of this block: normal and uniform (BLOCK, 25), normal for each minute (60, 25)."""
        block = self._now // BLOCK
        if self._block != block:
            generator, sensors = np.random.default_rng([self.seed, block]), len(self._world.noise)
            self._block, self._noise = (
                block,
                (
                    generator.standard_normal((BLOCK, sensors), np.float32),
                    generator.random((BLOCK, sensors), np.float32),
                    generator.standard_normal((BLOCK // 60, sensors), np.float32),
                ),
            )
        return self._noise

    def _holds(self, when: str) -> bool:
        """Whether a condition holds on the last row."""
        return all(
            np.sign(self._seen[TAG_FIELDS.index(name)] - number) == relation
            for name, relation, number in conditions(when)
        )

    def _switch_effects(self) -> None:
        """Bring spoofs and forces in line with the agenda; what ends goes before what begins."""
        on = self._agenda.effects(self._now)
        for key in [key for key, effect in self._active.items() if on.get(key) is not effect]:
            del self._active[key]
            self._set(*key, None)
        for key in on.keys() - self._active.keys():
            self._active[key] = on[key]
            self._set(*key, on[key])

    def _set(self, tag: str, forced: bool, effect: Effect | None) -> None:
        column = TAG_NAMES.index(tag)
        if effect is not None and effect.verb == "wash":
            self._world.state["pulses"] = self._world.parameters["filtration_pulses"]
            return
        if tag in SENSORS:
            self._world.distortions[SENSORS.index(tag)] = np.nan
        if effect is not None and effect.verb in DISTORTIONS:
            self._world.distortions[SENSORS.index(tag), DISTORTIONS.index(effect.verb)] = effect.value
            return
        last = self._seen[column]
        (self._forced if forced else self._world.spoofed)[column] = np.nan if effect is None else effect.first(last)
        if forced and effect is None:
            self._values[2][column] = OFF  # what no PLC commands would stay as it was forced
        if not forced:
            self._world.ramp[column] = effect.rate if effect else 0.0


def running(seed: int = 0, ago: int = 0) -> SimulatedPlant:
    """A plant that has run for a day, so that its tanks are full, and whose next row lies `ago` seconds before now."""
    now = pd.Timestamp.now("UTC").tz_localize(None).floor("s")
    plant = SimulatedPlant(now - pd.Timedelta(ago, "s") - WARM, seed)
    plant.run(WARM)
    return plant


def simulate(
    duration, attacks="2015", seed: int = 0, start="2015-12-22 16:00", parameters: str = "2015", labels: str = "exact"
) -> Recording:
    """Simulate the plant from empty tanks on: float32 rows at 1 Hz, with labels and an event table.

    `duration`: seconds or anything pandas.Timedelta takes. `attacks`: "2015" (those scheduled inside the span), None
    (no label either) or a list of Attack. `labels`: "exact" marks the seconds of the events, those that left no
    trace too; "official" moves each window by as much as the official labels of 2015 are off, and adds the window of
    29 December 06:30 in which nothing was done. Same arguments, same rows.
    ValueError for a negative duration, an unknown parameter set, list of attacks or kind of labels.
    """
    plant, span = SimulatedPlant(start, seed, parameters), seconds(duration)
    if not span:
        raise ValueError(f"a duration of {duration!r} has no row: give 1 second or more")
    for attack in _chosen(attacks, plant.start, span):
        plant.attack(attack)
    rows = plant.run(span)
    index = pd.date_range(plant.start, periods=span, freq="s", name="time")
    windows = None if attacks is None else _windows(plant.events, labels, attacks)
    name = f"simulated: {span} s from {plant.start}, parameters {parameters}, seed {seed}"
    return Recording(
        frame=pd.DataFrame(rows, index=index, columns=list(TAG_NAMES)),
        label=None if windows is None else _label(index, windows),
        findings=tuple(plant.mishaps),
        source=(Source(name, hashlib.sha256(rows).hexdigest()),),
        events=plant.events,
    )


def is_simulated_2015(recording: Recording) -> bool:
    """Whether a recording is a run of this simulation with attacks of the schedule of 2015."""
    simulated = all(source.name.startswith("simulated: ") for source in recording.source)
    done = set() if recording.events is None else set(recording.events["attack"])
    return simulated and bool(done) and done <= set(table_2015()["attack"])


def official_label(recording: Recording) -> pd.Series:
    """The label that `simulate(labels="official")` gives, for a run that was simulated with the exact ones."""
    return _label(recording.frame.index, _windows(recording.events, "official", "2015"))


def official_events(recording: Recording) -> pd.DataFrame:
    """The events of such a run at the times of the official label, the phantom left out."""
    start, end = zip(*_windows(recording.events, "official", "2015")[:-1], strict=True)
    return recording.events.assign(start=start, end=end)


def _chosen(attacks, start: pd.Timestamp, span: int) -> list[Attack]:
    if attacks is None:
        return []
    if isinstance(attacks, str) and attacks != "2015":
        raise ValueError(f"no list of attacks {attacks!r}: give '2015', None or a list of Attack")
    if isinstance(attacks, str):
        return scheduled_2015(start, start + pd.Timedelta(span, "s"))
    return list(attacks)


def _windows(events: pd.DataFrame, labels: str, attacks) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """What the label column marks, as half-open windows."""
    if labels == "exact":
        return list(zip(events["start"], events["end"], strict=True))
    if labels != "official":
        raise ValueError(f"no labels {labels!r}: give 'exact' or 'official'")
    if not isinstance(attacks, str):
        raise ValueError("official labels exist for attacks='2015' alone; give labels='exact'")
    table = table_2015().set_index("attack")
    late = table["start"] - table["begin"]
    true_end = table["begin"] + pd.to_timedelta(table["seconds"], unit="s")
    later = table["end"] + pd.Timedelta("1s") - true_end  # the official list names the last second
    done = zip(events["attack"], events["start"], events["end"], strict=True)
    return [(start + late[name], end + later[name]) for name, start, end in done] + [PHANTOM]


def _label(index: pd.DatetimeIndex, windows) -> pd.Series:
    label = np.zeros(len(index), bool)
    for start, end in windows:
        label[index.searchsorted(start) : index.searchsorted(end)] = True
    return pd.Series(label, index=index, name="attack")
