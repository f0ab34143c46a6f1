"""All that is known of the labels of December 2015: the official list, the true windows, what the label marks.

Times in the tables are of the last second inside; windows here are half-open. Source: the list of attacks that comes
with the recordings; true windows and runs of the label from the recordings themselves.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from swatlib.arrays import mask_of
from swatlib.data.recording import EVENT_COLUMNS, SECOND, Recording, touching

ATTACK_PERIOD = pd.Timestamp("2015-12-28 10:00"), pd.Timestamp("2016-01-02 15:00")


@cache
def listed_attacks() -> pd.DataFrame:
    """The 41 listed attacks with their official, true and simulated times; NaT where there is none."""
    return read_table("attacks_2015.csv", ("start", "end", "true_start", "true_end", "begin"))


def listed_2015(index: pd.DatetimeIndex) -> pd.DataFrame:
    """Those of the list, attacks without physical action too, that begin within these rows."""
    table = listed_attacks()
    return table[table["start"].between(index[0], index[-1])].reset_index(drop=True)


@cache
def attacks_with_action() -> pd.DataFrame:
    """The list without the attacks that had no physical action."""
    table = listed_attacks()
    return table[table["end"].notna()].reset_index(drop=True)


@cache
def official_windows() -> pd.DataFrame:
    """Event table by the official times."""
    table = attacks_with_action()
    return half_open(table, table["start"], table["end"])


@cache
def true_windows() -> pd.DataFrame:
    """Event table by the true times, and the official ones where no true ones are known."""
    table = attacks_with_action()
    late = table["true_start"] - table["start"]
    shares = table["true_start"].duplicated() & table["true_start"].notna()
    start = table["true_start"].mask(shares, table["start"] + late.shift()).fillna(table["start"])
    return half_open(table, start, table["true_end"].fillna(table["end"]))


@cache
def labelled_windows() -> pd.DataFrame:
    """What the official label marks, the window without an attack among it: attacks, start, end."""
    table = read_table("label_runs_2015.csv", ("start", "end"))
    return table[["attacks", "start"]].assign(end=table["end"] + SECOND)


def windows_without_attack() -> pd.DataFrame:
    """What the official label marks although nothing was done."""
    return labelled_windows()[labelled_windows()["attacks"].str.startswith("SPURIOUS")]


def has_official_labels(recording: Recording) -> bool:
    """Whether the label is the official one of December 2015, but for a second at each edge."""
    touched = touching(labelled_windows(), recording.frame.index)
    return recording.label is not None and len(touched) > 0 and agrees(recording.label, labelled_windows())


def read_table(name: str, times: tuple[str, ...]) -> pd.DataFrame:
    """A table of `data/tables`, with some columns as times."""
    with files("swatlib.data").joinpath("tables", name).open(encoding="utf-8") as file:
        table = pd.read_csv(file, keep_default_na=False)
    return table.assign(**{column: pd.to_datetime(table[column]) for column in times})


def half_open(table: pd.DataFrame, start: pd.Series, last: pd.Series) -> pd.DataFrame:
    """Event table from first and last seconds; a window that runs into the next ends where that begins."""
    end = (last + SECOND).where(start.shift(-1).isna() | (last < start.shift(-1)), start.shift(-1))
    return table.assign(start=start, end=end)[list(EVENT_COLUMNS)]


def within_windows(index: pd.DatetimeIndex, events: pd.DataFrame) -> np.ndarray:
    """Mask of the rows whose time lies in one of the windows."""
    edges = [index.searchsorted(pd.DatetimeIndex(events[name])) for name in ("start", "end")]
    return mask_of(np.column_stack(edges), len(index))


def agrees(label: pd.Series, events: pd.DataFrame) -> bool:
    """Whether a label marks these windows, but for a second at each edge."""
    index = pd.DatetimeIndex(label.index)
    differ = (within_windows(index, events) != label.to_numpy()).sum()
    return bool(differ <= 2 * len(touching(events, index)))
