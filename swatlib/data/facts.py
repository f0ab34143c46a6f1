"""What can be said of a whole recording: span, spacing, gaps, codes, constants, tags, and which known file it is."""

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
LAST = (65_536, 1_048_576)  # rows of a sheet of .xls and of .xlsx
GAPS_NAMED = 3


def findings(recording: Recording) -> list[str]:
    """Sentences about a recording that came from one table."""
    return [
        *_span(recording.frame.index),
        *gaps(recording.frame.index),
        *_codes(recording.frame),
        *_constant(recording.frame),
    ]


def after_joining(recording: Recording) -> list[str]:
    """Sentences about several files together."""
    label = recording.label
    said = [] if label is None else [f"{label.sum():,} of {count(len(label), 'row')} are attack"]
    return [*said, *_span(recording.frame.index), *gaps(recording.frame.index)]


def tag_table(recording: Recording) -> pd.DataFrame:
    """One row per tag: stage, description, unit, least, mean and largest reading, share of rows in which it stays."""
    frame = recording.frame
    described = pd.DataFrame(
        {tag: {"stage": TAGS[tag].stage, "description": TAGS[tag].description, "unit": TAGS[tag].unit} for tag in frame}
    ).T
    numbers = frame.agg(["min", "mean", "max"]).T
    values = frame.to_numpy()
    return described.join(numbers).assign(unchanged=(values[1:] == values[:-1]).mean(axis=0))


def is_untimed(recording: Recording) -> bool:
    """Whether its times are invented."""
    return recording.frame.index[0] == UNTIMED


def gaps(index: pd.Index) -> list[str]:
    """Missing time: each of the longest gaps by itself, the others together."""
    step = usual_step(index).to_timedelta64()
    steps = np.diff(index.to_numpy())
    before = np.flatnonzero(steps >= 2 * step)
    longest = sorted(before[np.argsort(-steps[before], kind="stable")][:GAPS_NAMED])
    said = [_gap(index[row], index[row + 1], steps[row] - step) for row in longest]
    others = np.setdiff1d(before, longest)
    if len(others):
        missing = (steps[others] - step).sum()
        said.append(f"{_seconds(missing)} missing in {count(len(others), 'more gap')}")
    return said


def _gap(last: pd.Timestamp, following: pd.Timestamp, missing: np.timedelta64) -> str:
    days = [f"{moment.day} {moment:%b}" for moment in (last, following)]
    since, until = (f"{moment:%H:%M:%S.%f}".rstrip("0").rstrip(".") for moment in (last, following))
    if days[0] != days[1]:
        until = f"{days[1]} {until}"
    return f"{_seconds(missing)} missing on {days[0]} between {since} and {until}"


def _seconds(span: np.timedelta64) -> str:
    return f"{pd.Timedelta(span).total_seconds():,.3f}".rstrip("0").rstrip(".") + " s"


def is_scaled(tags: list[str], matrix: np.ndarray) -> bool:
    """Whether readings (tags × rows) are scaled: levels are recorded in mm, and even an empty tank reads over ten."""
    levels = [tags.index(tank.level) for tank in GAUGED_TANKS if tank.level in tags]
    return 0 <= np.nanmax(np.abs(matrix[levels]), initial=-1) < 10


def _is_scaled(frame: pd.DataFrame) -> bool:
    return is_scaled(list(frame), frame.to_numpy().T)


def looks_like(recording: Recording, rows: int, last: int) -> list[str]:
    """Which known file a table of so many rows is, and whether its last row is the last that a spreadsheet has."""
    said = (
        [f"ends in row {last:,}, where a spreadsheet cuts longer tables: rows may be missing"] if last in LAST else []
    )
    said += [f"looks like {KNOWN_ROWS[rows]}, {rows:,} rows"] if rows in KNOWN_ROWS else []
    if _is_scaled(recording.frame):
        said.append("readings are scaled (no level, in mm, reaches 10): units and codes are lost")
        if is_untimed(recording):
            said += [
                f"looks like {name}, {rows:,} rows, each the median of 10 s"
                for name, usual in MEDIANS_OF_TEN.items()
                if abs(rows - usual) <= 10
            ]
    return said


def _span(index: pd.Index) -> list[str]:
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
