"""The plant, run second by second, or for a whole duration at once with its labels."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from swatlib.data import Recording, Source
from swatlib.limits import allowed
from swatlib.plant import OFF, SENSORS, TAG_NAMES
from swatlib.simulation.attacks import (
    Attack,
    Duration,
    Effect,
    conditions,
    first_second,
    scheduled_2015,
    seconds,
    table_2015,
)
from swatlib.simulation.operator import Change, Operator
from swatlib.simulation.parameters import DISTORTIONS, TAG_FIELDS, Parameters, parameter_set
from swatlib.simulation.schedule import Agenda, Planned
from swatlib.wording import listed

NOISE_BLOCK = 3_600  # seconds of noise drawn at once, from a seed of their own: rows don't depend on how a run is cut
PHANTOM = pd.Timestamp("2015-12-29 06:30:00"), pd.Timestamp("2015-12-29 06:42:01")
WARM_UP = pd.Timedelta("1D")  # by then the tanks have filled

Attacks = str | Sequence[Attack] | None  # "2015", your own list, or None: no attack and no label

_Windows = list[tuple[pd.Timestamp, pd.Timestamp]]


class SimulatedPlant:
    """The plant at 1 Hz from its first second on, with empty tanks and everything off.

    `start`: time of the first row. `seed`: of noise and drifts. `parameters`: "2015", "2017", or `Parameters` of
    your own. `step` and `run` give the same rows however a duration is cut; attacks are added and
    stopped between two rows.
    """

    def __init__(
        self, start: str | datetime = "2015-12-22 16:00", seed: int = 0, parameters: str | Parameters = "2015"
    ) -> None:
        from swatlib.simulation.kernel import SLOW_VALUES, VALVES, compiled_advance, new_world

        if allowed("seed", seed, int) < 0:
            raise ValueError(f"seed: {seed} is below 0; give 0 or more")
        self.start, self.seed = first_second(start), seed
        self._now = 0
        self._changes: list[Change] = []
        self._agenda = Agenda()
        self._operator = Operator(self.start, seed, parameter_set(parameters))
        self._active: dict[tuple[str, bool], Effect] = {}
        self._parameters = parameter_set(parameters)
        self._slow_values = SLOW_VALUES + VALVES
        self._world = new_world(self._parameters, (self.start - self.start.normalize()).total_seconds())
        self._compiled = compiled_advance()
        records = ("process", "reading", "command", "drift", "forced")
        self._values = tuple(getattr(self._world, name).view("f8") for name in records)
        self._seen, self._forced = self._values[1], self._values[4]
        self._block = -1
        self._noise: tuple[np.ndarray, ...] = ()

    @property
    def time(self) -> pd.Timestamp:
        """Time of the next row."""
        return self.start + pd.Timedelta(self._now, unit="s")

    @property
    def events(self) -> pd.DataFrame:
        """Attacks so far: attack, start, end (half-open), points, action, visibility."""
        return self._agenda.events(self.start, self._now)

    @property
    def effects(self) -> list[Effect]:
        """Effects, in the next row, of attacks that have begun."""
        return list(self._agenda.effects(self._now).values())

    @property
    def mishaps(self) -> list[str]:
        """Tanks that overflowed and pumps that ran dry, as sentences."""
        state = self._world.state[0]
        counts = {"a tank overflowed": state["overflow_seconds"], "a pump ran dry": state["dry_seconds"]}
        return [f"{what} for {int(count)} s" for what, count in counts.items() if count]

    @property
    def changes(self) -> list[str]:
        """What the operator has changed so far, in a sentence."""
        made = [f"{change} on {self._at(change.second)}" for change in self._changes]
        return [f"the operator changed {listed(made)}"] if made else []

    def _at(self, second: int) -> str:
        time = self.start + pd.Timedelta(second, "s")
        return f"{time.day} {time:%b at %H:%M}"

    def attack(self, attack: Attack) -> None:
        """Add an attack; without a start it begins with the next row. ValueError if its start has passed."""
        start = attack.begins(self.start, self._now)
        if start < self._now:
            raise ValueError(f"attack {attack.name!r} should start at {attack.start}, but the plant is at {self.time}")
        self._agenda.add(attack, start)

    def stop(self, name: object = None) -> None:
        """End the attack of that name (None: every attack); one that has not begun is left out."""
        self._agenda.stop(name, self._now)

    def step(self) -> np.ndarray:
        """The next row: 51 values (float32) in plant order."""
        return self.run(1)[0]

    def run(self, duration: Duration) -> np.ndarray:
        """The next rows (n, 51), float32; `duration` in seconds or what pandas.Timedelta takes."""
        rows = np.empty((seconds(duration), len(TAG_NAMES)), np.float32)
        written = 0
        while written < len(rows):
            waiting = self._agenda.begin_due(self._now, self._holds)
            self._switch_effects()
            self._operate()
            block_end = NOISE_BLOCK * (self._now // NOISE_BLOCK + 1)
            change = min(
                self._agenda.next_change(self._now) or block_end, self._operator.next_change(self._now), block_end
            )
            written += self._advance(rows[written : written + change - self._now], waiting)
        return rows

    def _advance(self, rows: np.ndarray, waiting: list[Planned]) -> int:
        """Fill `rows` up to the first row on which something that waits can begin; returns how many were filled."""
        normal, uniform, minutes, slow = self._draw()
        offset = self._now % NOISE_BLOCK
        awaited = [
            (group, TAG_FIELDS.index(name), relation, number)
            for group, planned in enumerate(waiting)
            for name, relation, number in conditions(planned.attack.when)
        ]
        table = np.array(awaited, dtype=float).reshape(-1, 4)
        written, _ = self._compiled(
            self._world, self._values, normal[offset:], uniform[offset:], minutes, slow, table, len(waiting), rows
        )
        self._now += written
        return written

    def _operate(self) -> None:
        """Make the changes of set points that are due in the next row."""
        for change in self._operator.due(self._now):
            self._world.parameters[change.field] = change.value
            self._changes.append(change)

    def _draw(self) -> tuple[np.ndarray, ...]:
        """Noise of this block: normal and uniform (NOISE_BLOCK, 25), normal for each minute (60, 25) and (60, m)."""
        block = self._now // NOISE_BLOCK
        if self._block != block:
            generator, sensors = np.random.default_rng([self.seed, block]), len(self._world.noise)
            normal = generator.standard_normal((NOISE_BLOCK, sensors), np.float32)
            uniform = generator.random((NOISE_BLOCK, sensors), np.float32)
            minutes = generator.standard_normal((NOISE_BLOCK // 60, sensors), np.float32)
            slow = generator.standard_normal((NOISE_BLOCK // 60, self._slow_values), np.float32)
            self._block, self._noise = block, (normal, uniform, minutes, slow)
        return self._noise

    def _holds(self, when: str) -> bool:
        """Whether a condition holds on the last row."""
        return all(
            np.sign(self._seen[TAG_FIELDS.index(name)] - number) == relation
            for name, relation, number in conditions(when)
        )

    def _switch_effects(self) -> None:
        """Set the effects that the agenda has for the next row; those that end are removed before others begin."""
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
            self._values[2][column] = OFF  # no PLC commands a standby pump, so it would stay as it was forced
        if not forced:
            self._world.ramp[column] = effect.rate if effect else 0.0


def running(seed: int = 0, ago: int = 0, parameters: str | Parameters = "2015") -> SimulatedPlant:
    """A plant that has run for a day, so that its tanks are full; its next row is `ago` seconds before now."""
    now = pd.Timestamp.now("UTC").tz_localize(None).floor("s")
    plant = SimulatedPlant(now - pd.Timedelta(ago, "s") - WARM_UP, seed, parameters)
    plant.run(WARM_UP)
    return plant


def simulate(
    duration: Duration,
    attacks: Attacks = "2015",
    seed: int = 0,
    start: str | datetime = "2015-12-22 16:00",
    parameters: str | Parameters = "2015",
    labels: str = "exact",
) -> Recording:
    """Simulate the plant from empty tanks on, at 1 Hz. The same arguments give the same rows.

    Parameters
    ----------
    duration
        Seconds, or anything that pandas.Timedelta takes.
    attacks
        "2015": the attacks of 2015 that are scheduled within the duration. A list of `Attack`, or None: no attack, and
        no label.
    seed
        Of the noise and the drifts.
    start
        Time of the first row.
    parameters
        Operating point of the plant: "2015", "2017", or `Parameters` of your own.
    labels
        "exact": the label marks the seconds of each event, also of one that leaves no trace. "official": each window is
        shifted by as much as the official labels of 2015 are, and the window of 29 December 06:30, in which nothing was
        done, is added.

    Returns
    -------
    Recording
        Its frame (rows × 51 tags, float32), its label and its table of events.

    Raises
    ------
    ValueError
        For a duration under a second, an unknown parameter set, list of attacks or kind of labels.

    Examples
    --------
    >>> from swatlib import simulate
    >>> from swatlib.simulation import Attack
    >>> recording = simulate("5min", attacks=[Attack("LIT101 spoof 700", duration=60, start=120)])
    >>> recording.frame.shape
    (300, 51)
    >>> int(recording.label.sum())
    60

    References
    ----------
    Goh, Adepu, Junejo and Mathur, "A Dataset to Support Research in the Design of Secure Water Treatment Systems",
    CRITIS 2016: the plant, its tags and the attacks of 2015.
    """
    return recording_of(SimulatedPlant.run, duration, attacks, seed, start, parameters, labels)


def recording_of(
    run: Callable[[SimulatedPlant, int], np.ndarray],
    duration: Duration,
    attacks: Attacks,
    seed: int,
    start: str | datetime,
    parameters: str | Parameters,
    labels: str = "exact",
) -> Recording:
    """What `simulate` gives. run: the next rows of a plant, so many seconds of them, which lie where it puts them."""
    plant, span = SimulatedPlant(start, seed, parameters), seconds(duration)
    if not span:
        raise ValueError(f"a duration of {duration!r} has no row: give 1 second or more")
    for attack in _chosen(attacks, plant.start, span):
        plant.attack(attack)
    rows = run(plant, span)
    index = pd.date_range(plant.start, periods=span, freq="s", name="time")
    windows = None if attacks is None else _windows(plant.events, labels, attacks)
    named = parameters if isinstance(parameters, str) else "of your own"
    again = _again(span, attacks, seed, plant.start, parameters) if labels == "exact" else ""
    name = f"simulated: {span} s from {plant.start}, parameters {named}, seed {seed}"
    return Recording(
        frame=pd.DataFrame(rows, index=index, columns=list(TAG_NAMES)),
        label=None if windows is None else _label(index, windows),
        findings=(*plant.mishaps, *plant.changes),
        source=(Source(name, hashlib.sha256(rows.data).hexdigest(), simulated=again),),
        events=plant.events,
    )


def _again(span: int, attacks: Attacks, seed: int, start: pd.Timestamp, parameters: str | Parameters) -> str:
    """What `cached_simulation` takes to give the same rows, as JSON; empty for attacks or parameters of one's own."""
    if not isinstance(parameters, str) or not (attacks is None or isinstance(attacks, str)):
        return ""
    named = {"duration": span, "attacks": attacks, "seed": seed, "start": str(start), "parameters": parameters}
    return json.dumps(named)


def is_simulated_2015(recording: Recording) -> bool:
    """Whether a recording was simulated with attacks of the schedule of 2015."""
    simulated = all(source.name.startswith("simulated: ") for source in recording.source)
    done = set() if recording.events is None else set(recording.events["attack"])
    return simulated and bool(done) and done <= set(table_2015()["attack"])


def official_label(recording: Recording) -> pd.Series:
    """The label that `simulate(labels="official")` gives, for a recording that was simulated with exact labels."""
    return _label(recording.frame.index, _windows(_events(recording), "official", "2015"))


def official_events(recording: Recording) -> pd.DataFrame:
    """Events of such a recording at the times of the official label, without the window in which nothing was done."""
    events = _events(recording)
    start, end = zip(*_windows(events, "official", "2015")[:-1], strict=True)
    return events.assign(start=start, end=end)


def _events(recording: Recording) -> pd.DataFrame:
    if recording.events is None:
        raise ValueError("the recording has no table of attacks; give one of `simulate`")
    return recording.events


def _chosen(attacks: Attacks, start: pd.Timestamp, span: int) -> list[Attack]:
    if attacks is None:
        return []
    if isinstance(attacks, str) and attacks != "2015":
        raise ValueError(f"no list of attacks {attacks!r}: give '2015', None or a list of Attack")
    if isinstance(attacks, str):
        return scheduled_2015(start, start + pd.Timedelta(span, "s"))
    for each in (given := list(attacks)):
        if not isinstance(each, Attack):
            raise ValueError(f"attacks holds {each!r}: give each as in Attack('LIT101 spoof 700', 60, start=120)")
    return given


def _windows(events: pd.DataFrame, labels: str, attacks: Attacks) -> _Windows:
    """Half-open windows of time that the label marks."""
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


def _label(index: pd.DatetimeIndex, windows: _Windows) -> pd.Series:
    label = np.zeros(len(index), bool)
    for start, end in windows:
        label[index.searchsorted(start) : index.searchsorted(end)] = True
    return pd.Series(label, index=index, name="attack")
