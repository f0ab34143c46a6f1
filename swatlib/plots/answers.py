"""Answers of InfluxDB as a board shows them: series, stretches of one state, words with their units."""

import itertools
from collections.abc import Iterator

import matplotlib.dates as mdates
import numpy as np
import pandas as pd

from swatlib.plots.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION

# what groups rows into series, in our bucket and in Telegraf's
TAGS = (
    "detector", "plant", "query", "filter", "alias", "topic", "partition", "request", "path", "interface", "input",
    "output", "bucket", "source", "host",
)  # fmt: skip
BESIDE = ("time", "_time", "result", "table", "_start", "_stop")
COLOURS = {"green": GREEN, "red": VERMILION, "orange": ORANGE, "blue": BLUE, "purple": PURPLE, "transparent": "none"}
SUFFIX = {"percent": "%", "bytes": "B", "lengthmm": "mm", "pressurekpa": "kPa", "short": "", "none": ""}
LARGE = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
HOLE = pd.Timedelta("30s")


def colour(name: str) -> str:
    """A colour of the file as ours."""
    return COLOURS.get(name, name)


def written(value, unit: str = "") -> str:
    """A value with its unit, in four figures; milliseconds since 1970 as a time."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if unit == "dateTimeAsIso":
        return f"{pd.Timestamp(value, unit='ms'):%Y-%m-%d %H:%M:%S}"
    if unit == "seconds":
        return f"{pd.Timestamp(value, unit='s'):%H:%M:%S}"
    size, letter = next(((size, letter) for size, letter in LARGE if abs(value) >= 10 * size), (1, ""))
    return f"{value / size:.4g} {letter}{SUFFIX.get(unit, unit)}".rstrip()


def times(answer: pd.DataFrame) -> pd.DatetimeIndex:
    """When each row is, UTC without a zone; nothing where it has no time."""
    if "time" in answer:
        return pd.DatetimeIndex(pd.to_datetime(answer["time"], unit="ns"))
    if "_time" in answer:
        return pd.DatetimeIndex(answer["_time"]).tz_convert(None)
    return pd.DatetimeIndex([pd.NaT] * len(answer))


def series(answers: list[pd.DataFrame]) -> dict[str, pd.Series]:
    """All series of a panel by the name that its legend has."""
    found = {}
    for answer in filter(len, answers):
        tags = [tag for tag in TAGS if tag in answer and answer[tag].notna().any()]
        values = [name for name in answer if name not in (*tags, *TAGS, *BESIDE)]
        groups = answer.groupby(tags, sort=False, dropna=False) if tags else [((), answer)]
        for key, rows in groups:
            for name in values:
                held = rows[rows[name].notna()]
                named = [*map(str, key), *([name] if len(values) > 1 or not key else [])]
                if len(held):
                    found[" ".join(named)] = pd.Series(held[name].to_numpy(), times(held)).sort_index()
    return found


def broken(values: pd.Series) -> pd.Series:
    """With a NaN where no point came for half a minute, or for five times as long as usual if that is longer."""
    steps = np.diff(values.index)
    hole = max(HOLE, 5 * pd.Timedelta(np.median(steps))) if len(steps) else HOLE
    before = values.index[:-1][steps > hole]
    return pd.concat([values, pd.Series(np.nan, before + pd.Timedelta("1ms"))]).sort_index() if len(before) else values


def labelled(answers: list[pd.DataFrame]) -> list[str]:
    """Names of the series."""
    return list(series(answers))


def spans(values: pd.Series, window: tuple[pd.Timestamp, pd.Timestamp], lasting: bool) -> Iterator[tuple]:
    """Stretches of one state: begin, end (as matplotlib counts days), the state as mappings write it.

    A state ends with the last point before a hole, unless it is `lasting` until the next one is given.
    """
    index, states = values.index, [state_of(value) for value in values]
    breaks = np.flatnonzero([later != earlier for earlier, later in itertools.pairwise(states)]) + 1
    holes = () if lasting else np.flatnonzero(np.diff(index) > HOLE) + 1
    edges = sorted({0, *breaks.tolist(), *np.asarray(holes, int).tolist(), len(index)})
    for first, stop in itertools.pairwise(edges):
        until = index[stop] if stop < len(index) and (lasting or stop not in holes) else index[stop - 1]
        until = window[1] if lasting and stop == len(index) else until
        begin, end = max(index[first], window[0]), min(until, window[1])
        if end >= begin:
            yield mdates.date2num(begin), mdates.date2num(end), states[first]


def state_of(value) -> str:
    """A state as mappings write it: true, 1, or the word itself."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return value if isinstance(value, str) else f"{value:g}"


def table(answer: pd.DataFrame) -> dict[str, list[str]]:
    """Columns as text; times as a clock."""
    shown = {}
    for name in answer:
        if name in ("time", "_time"):
            shown["time"] = [f"{when:%H:%M:%S}" for when in times(answer)]
        elif name not in BESIDE:
            shown[name] = ["" if pd.isna(value) else written(value, _unit(answer[name])) for value in answer[name]]
    return shown


def _unit(column: pd.Series) -> str:
    """Numbers so large are times since 1970: in our bucket seconds, in a link for Grafana milliseconds."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return ""
    largest = column.abs().max()
    return "dateTimeAsIso" if largest > 1e12 else "seconds" if 1e9 < largest < 1e10 else ""
