"""What can be said of a whole recording: its span, spacing, holes, codes, constants, and which known file it is."""

import numpy as np
import pandas as pd

from swatlib.data.recording import SECOND, Recording, usual_step
from swatlib.data.times import MEDIANS_OF_TEN, UNTIMED
from swatlib.plant import ACTUATORS, GAUGED_TANKS, TAGS
from swatlib.wording import count, listed

KNOWN_ROWS = {
    496_800: "Normal_v0",
    495_000: "Normal_v1",
    449_919: "Attack_v0",
    54_621: "attack.csv of the Kaggle mirror",
    1_387_098: "normal.csv of the Kaggle mirror",
    1_441_719: "merged.csv of the Kaggle mirror",
    13_661: "the June 2017 subsample",
    14_996: "the July 2019 workbook",
}
HOLES_NAMED = 3


def findings(recording: Recording, rows: int) -> list[str]:
    """Sentences about a recording that came from a table of so many rows."""
    return [
        *_looks_like(recording, rows),
        *_span(recording.frame.index),
        *holes(recording.frame.index),
        *_codes(recording.frame),
        *_constant(recording.frame),
    ]


def after_joining(recording: Recording) -> list[str]:
    """Sentences about several files together."""
    return [*_span(recording.frame.index), *holes(recording.frame.index)]


def is_untimed(recording: Recording) -> bool:
    """Whether its times are invented."""
    return recording.frame.index[0] == UNTIMED


def holes(index: pd.DatetimeIndex) -> list[str]:
    """Missing stretches: each of the longest by itself, the others together."""
    step = usual_step(index).to_timedelta64()
    steps = np.diff(index.to_numpy())
    before = np.flatnonzero(steps >= 2 * step)
    longest = sorted(before[np.argsort(-steps[before], kind="stable")][:HOLES_NAMED])
    said = [_hole(index[row], index[row + 1], steps[row] - step) for row in longest]
    others = np.setdiff1d(before, longest)
    if len(others):
        missing = (steps[others] - step).sum()
        said.append(f"{_seconds(missing)} missing in {count(len(others), 'more hole')}")
    return said


def _hole(last: pd.Timestamp, following: pd.Timestamp, missing: np.timedelta64) -> str:
    days = [f"{moment.day} {moment:%b}" for moment in (last, following)]
    until = f"{following:%H:%M:%S}" if days[0] == days[1] else f"{days[1]} {following:%H:%M:%S}"
    return f"{_seconds(missing)} missing on {days[0]} between {last:%H:%M:%S} and {until}"


def _seconds(span: np.timedelta64) -> str:
    return f"{pd.Timedelta(span).total_seconds():,.3f}".rstrip("0").rstrip(".") + " s"


def _is_scaled(frame: pd.DataFrame) -> bool:
    """Levels are recorded in mm: even an empty tank reads more than ten."""
    levels = [tank.level for tank in GAUGED_TANKS if tank.level in frame]
    return bool(levels) and frame[levels].abs().max().max() < 10


def _looks_like(recording: Recording, rows: int) -> list[str]:
    said = [f"looks like {KNOWN_ROWS[rows]}, {rows:,} rows"] if rows in KNOWN_ROWS else []
    if _is_scaled(recording.frame):
        said.append("readings are scaled (no level, in mm, reaches 10): units and codes are lost")
        if is_untimed(recording):
            said += [
                f"looks like {name}, {rows:,} rows, each the median of 10 s"
                for name, usual in MEDIANS_OF_TEN.items()
                if abs(rows - usual) <= 10
            ]
    return said


def _span(index: pd.DatetimeIndex) -> list[str]:
    step = usual_step(index)
    said = [f"{count(len(index), 'row')} from {index[0]} to {index[-1]}"]
    if abs(step - SECOND) > SECOND / 10:
        said.append(f"rows are {step.total_seconds():,g} s apart, not 1")
    return said


def _codes(frame: pd.DataFrame) -> list[str]:
    """Actuators with numbers that are no code, unless all readings were scaled."""
    if _is_scaled(frame):
        return []
    said = []
    for tag in frame.columns.intersection(ACTUATORS):
        codes = TAGS[tag].codes
        column = frame[tag].to_numpy()
        known = np.logical_or.reduce([np.isnan(column), *(column == code for code in codes)])
        other = column[~known]
        if len(other):
            meant = listed(f"{code} {meaning}" for code, meaning in codes.items())
            said.append(f"{tag} holds {other[0]:g} in {count(len(other), 'row')}, kept; its codes are {meant}")
    return said


def _constant(frame: pd.DataFrame) -> list[str]:
    values = frame.to_numpy()
    constant = frame.columns[(values == values[0]).all(axis=0)]
    return [f"{count(len(constant), 'tag')} constant throughout: {listed(constant, 20)}"] if len(constant) else []
