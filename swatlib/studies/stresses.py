"""What goes wrong on a plant without an attack, as data: each stress makes of a recording one that has it, from a seed.

Rows, labels and events stay what they are wherever the stress leaves them; what was done stands in the findings.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import pandas as pd

from swatlib.data import DataError, Recording
from swatlib.plant import SENSORS
from swatlib.simulation import Attack, simulate
from swatlib.simulation.attacks import scheduled_2015
from swatlib.simulation.operator import FURTHEST
from swatlib.simulation.parameters import fast_noise, parameter_set
from swatlib.studies.benchmark.drawing import RANGES
from swatlib.studies.benchmark.runs import without_events
from swatlib.wording import count, duration, listed, number


@dataclass(frozen=True)
class Stress:
    """One thing that goes wrong: `times` times (sensors, moments), for `least` to `most` minutes, by `size`.

    what: a line for tables; a figure in it is that of the fields.
    """

    name: str
    what: str
    times: int = 1
    least: float = 0.0
    most: float = 0.0
    size: float = 0.0


STRESSES = {
    stress.name: stress
    for stress in (
        Stress("none", "nothing: the recording as it is"),
        Stress("drop-out", "a sensor has no readings for half an hour to two hours, four times", 4, 30, 120),
        Stress("freeze", "a sensor stands still for 5 to 20 minutes, ten times", 10, 5, 20),
        Stress("drift", "two sensors drift by a tenth of their usual range until the end", 2, size=0.1),
        Stress("noise", "two sensors have noise of twice their own on top of it", 2, size=2.0),
        Stress("clock", "the clock jumps ahead by one to ten minutes and later back, twice", 2, 1, 10),
        Stress(
            "lost rows",
            "one second in a hundred is missing, and ten gaps of half a minute to 5 minutes",
            10,
            0.5,
            5,
            0.01,
        ),
        Stress("set points", "each set point and dosing is that of another day"),
        Stress("restart", "the plant stands still for half an hour to two hours, and starts again", 1, 30, 120),
    )
}
NIGHT = pd.Timestamp("2015-12-30 04:00"), pd.Timestamp("2015-12-30 07:00")  # between attacks 23 and 24
STAND_STILL = (
    "MV101 force closed; P101 force off; P102 force off; P301 force off; P302 force off; P401 force off; "
    "P402 force off; P501 force off; P502 force off"
)


def stressed(recording: Recording, name: str, seed: int = 0) -> Recording:
    """The recording with one stress. Raises ValueError for an unknown one, DataError where it takes a simulated one."""
    if name not in STRESSES:
        raise ValueError(f"there is no stress {name!r}; choose from {', '.join(STRESSES)}")
    generator = np.random.default_rng([seed, crc32(name.encode())])
    return _CHANGES[name](recording, STRESSES[name], generator)


def _as_it_is(recording: Recording, _: Stress, __: np.random.Generator) -> Recording:
    return recording


def _drop_out(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    frame, said = recording.frame.copy(), []
    for tag, start, stop in _windows(recording, stress, generator):
        frame.iloc[start:stop, frame.columns.get_loc(tag)] = np.nan
        said.append(f"{tag} missing for {_span(frame, start, stop)}")
    return replace(recording, frame=frame).noting(*said)


def _freeze(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    frame, said = recording.frame.copy(), []
    for tag, start, stop in _windows(recording, stress, generator):
        column = frame.columns.get_loc(tag)
        frame.iloc[start:stop, column] = frame.iat[start, column]
        said.append(f"{tag} stands still for {_span(frame, start, stop)}")
    return replace(recording, frame=frame).noting(*said)


def _drift(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    frame, said = recording.frame.copy(), []
    for tag in _sensors(recording, stress.times, generator):
        low, high = RANGES[tag]
        off = stress.size * (high - low) * generator.choice([-1, 1])
        frame[tag] = (frame[tag] + np.linspace(0, off, len(frame))).astype(np.float32)
        said.append(f"{tag} drifts by {number(off)}")
    return replace(recording, frame=frame).noting(*said)


def _noise(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    frame, said, noise = recording.frame.copy(), [], fast_noise()
    for tag in _sensors(recording, stress.times, generator):
        sigma = stress.size * noise[tag]
        frame[tag] = (frame[tag] + generator.normal(0, sigma, len(frame))).astype(np.float32)
        said.append(f"{tag} has noise of {number(sigma)} more")
    return replace(recording, frame=frame).noting(*said)


def _clock(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    """Rows between a jump ahead and the one back are stamped late; rows at times that came before are not recorded."""
    index, ahead, said = recording.frame.index, np.zeros(len(recording.frame)), []
    edges = np.sort(generator.choice(len(index), 2 * stress.times, replace=False))
    for start, stop in edges.reshape(-1, 2):
        ahead[start:stop] = by = int(generator.integers(round(60 * stress.least), round(60 * stress.most)))
        said.append(f"the clock is {duration(by)} ahead from {index[start]} to {index[stop]}")
    stamps = index + pd.to_timedelta(ahead, "s")
    kept = np.r_[True, stamps[1:] > np.maximum.accumulate(stamps)[:-1]]
    said.append(f"{count(int((~kept).sum()), 'row')} at times that came before are left out")
    return recording.take(kept).at(stamps[kept].rename(index.name)).noting(*said)


def _lost_rows(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    kept = generator.random(len(recording.frame)) >= stress.size
    for _, start, stop in _windows(recording, stress, generator):
        kept[start:stop] = False
    kept[[0, -1]] = True
    lost = int((~kept).sum())
    return recording.take(kept).noting(f"{count(lost, 'row')} missing, {stress.times} gaps of minutes among them")


def _set_points(recording: Recording, _: Stress, generator: np.random.Generator) -> Recording:
    usual = parameter_set(_arguments(recording)["parameters"])
    moved = {field: getattr(usual, field) + most * generator.uniform(-1, 1) for field, most in FURTHEST.items()}
    said = listed(f"{field} {number(value, 4)}" for field, value in moved.items())
    return _simulated_again(recording, [], parameters=replace(usual, **moved)).noting(f"set points: {said}")


def _restart(recording: Recording, stress: Stress, generator: np.random.Generator) -> Recording:
    begin = NIGHT[0] + (NIGHT[1] - NIGHT[0]) * generator.random()
    seconds = int(generator.integers(round(60 * stress.least), round(60 * stress.most)))
    stop = Attack(STAND_STILL, seconds, begin.floor("s"), "stand-still")
    return _simulated_again(recording, [stop]).noting(
        f"the plant stands still for {duration(seconds)} from {stop.start}"
    )


_CHANGES: dict[str, Callable[[Recording, Stress, np.random.Generator], Recording]] = {
    "none": _as_it_is,
    "drop-out": _drop_out,
    "freeze": _freeze,
    "drift": _drift,
    "noise": _noise,
    "clock": _clock,
    "lost rows": _lost_rows,
    "set points": _set_points,
    "restart": _restart,
}


def _sensors(recording: Recording, number_of: int, generator: np.random.Generator) -> list[str]:
    there = [tag for tag in SENSORS if tag in recording.frame]
    if len(there) < number_of:
        raise DataError(f"this stress takes {count(number_of, 'sensor')}, and the recording has {len(there)}")
    return [str(tag) for tag in generator.choice(there, number_of, replace=False)]


def _windows(recording: Recording, stress: Stress, generator: np.random.Generator) -> list[tuple[str, int, int]]:
    """Sensors, and the rows in which something happens to each: one window in each of `times` equal spans."""
    edges = np.linspace(0, len(recording.frame), stress.times + 1).astype(int)
    windows = []
    for tag, low, high in zip(_sensors(recording, stress.times, generator), edges[:-1], edges[1:], strict=True):
        seconds = generator.uniform(stress.least, stress.most) * 60
        rows = min(round(seconds / recording.period.total_seconds()), high - low - 1)
        start = int(generator.integers(low, high - rows))
        windows.append((tag, start, start + rows))
    return windows


def _span(frame: pd.DataFrame, start: int, stop: int) -> str:
    return f"{duration((frame.index[stop] - frame.index[start]).total_seconds())} from {frame.index[start]}"


def _arguments(recording: Recording) -> dict:
    """What `simulate` was given for it."""
    if len(recording.source) != 1 or not recording.source[0].simulated:
        raise DataError(
            "this stress changes the plant, not its rows: give a recording of `simulate` without parameters and "
            "attacks of your own"
        )
    return json.loads(recording.source[0].simulated)


def _simulated_again(recording: Recording, more: list[Attack], **changed) -> Recording:
    """The same time of the same plant with the schedule of 2015, with parameters changed or more events."""
    given = _arguments(recording)
    start = pd.Timestamp(given["start"])
    attacks = scheduled_2015(start, start + pd.Timedelta(given["duration"], "s"))
    parameters = changed.get("parameters", given["parameters"])
    whole = simulate(given["duration"], [*attacks, *more], given["seed"], given["start"], parameters)
    index = recording.frame.index
    return without_events(whole.between(index[0], index[-1] + recording.period), [attack.name for attack in more])
