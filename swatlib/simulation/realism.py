"""Simulated rows held against the recorded plant: how long values stay, how far they move, how long states last.

The recorded side is a table of aggregates of normal rows of 28 and 29 December 2015; it holds no row.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from swatlib.plant import TAGS

HOURS = pd.Timestamp("2015-12-28 15:30"), pd.Timestamp("2015-12-29 01:41:05")  # of the recorded statistics
_HOLD, _CHANGE, _DWELL = "seconds a value is held", "size of a change", "dwell in state"

# of each statistic: how far the simulated figure may lie from the recorded one, as a share, a difference or a factor
SENSOR_TOLERANCES = {
    "mean": ("share", 0.2),
    "standard deviation": ("share", 0.2),
    "median change": ("share", 0.2),
    "99 % change": ("share", 0.2),
    "share of seconds unchanged": ("difference", 0.03),
    "95 % hold": ("share", 0.25),
    "99 % hold": ("share", 0.25),
    "longest hold": ("factor", 2.0),
    "autocorrelation at 60 s": ("difference", 0.1),
    "autocorrelation at 600 s": ("difference", 0.1),
    "distinct values": ("factor", 1.5),
}
DWELL_TOLERANCES = {
    f"{what} of state {state}": ("share", 0.1)
    for state in (0, 1, 2)
    for what in ("median dwell", "5 % dwell", "95 % dwell", "number")
}
TOLERANCES = SENSOR_TOLERANCES | DWELL_TOLERANCES


@cache
def recorded_statistics() -> pd.Series:
    """The recorded figures by (tag, statistic)."""
    path = files("swatlib.data").joinpath("tables", "real_normal_stats.csv")
    with path.open() as file:
        rows = pd.read_csv(file)
    figures = {(row.tag, name): value for row in rows.itertuples() for name, value in _recorded(row).items()}
    return pd.Series(figures).rename_axis(["tag", "statistic"])


def _recorded(row) -> dict[str, float]:
    """The figures in one row of the table of aggregates."""
    if row.what.startswith(_HOLD):
        return {"95 % hold": row.q95, "99 % hold": row.q99, "longest hold": row.most}
    if row.what.startswith(_CHANGE):
        return {"median change": row.q50, "99 % change": row.q99}
    if row.what.startswith(_DWELL):
        state = abs(int(row.what.removeprefix(_DWELL).split(",")[0]))
        return _dwell(state, row.q50, row.q05, row.q95, row.n)
    inside = row.what[row.what.index("(") + 1 : -1].split("; ")
    correlated, _, unchanged, distinct = (part.replace(",", "").split() for part in inside)
    return {
        "mean": row.mean,
        "standard deviation": row.sd,
        "share of seconds unchanged": float(unchanged[-1]),
        "autocorrelation at 60 s": float(correlated[4]),
        "autocorrelation at 600 s": float(correlated[7]),
        "distinct values": float(distinct[-1]),
    }


def _dwell(state: int, *figures: float) -> dict[str, float]:
    names = ("median dwell", "5 % dwell", "95 % dwell", "number")
    return {f"{name} of state {state}": float(figure) for name, figure in zip(names, figures, strict=True)}


def statistics(frame: pd.DataFrame) -> pd.Series:
    """The same figures of simulated rows at 1 Hz, by (tag, statistic)."""
    figures = {
        (tag, name): value
        for tag in frame
        for name, value in (_of_sensor if TAGS[tag].is_sensor else _of_actuator)(frame[tag].to_numpy(float)).items()
    }
    return pd.Series(figures).rename_axis(["tag", "statistic"])


def stretches(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value and length of each stretch of equal values; the first and the last are cut off by the rows' ends."""
    edges = np.flatnonzero(np.diff(values)) + 1
    return values[edges[:-1]], np.diff(edges)


def _of_sensor(values: np.ndarray) -> dict[str, float]:
    held, moves = stretches(values)[1], np.abs(np.diff(values))
    changes = moves[moves > 0]
    if not len(held):
        return {"mean": values.mean(), "standard deviation": values.std(), "share of seconds unchanged": 1.0}
    return {
        "mean": values.mean(),
        "standard deviation": values.std(),
        "median change": np.median(changes),
        "99 % change": np.quantile(changes, 0.99),
        "share of seconds unchanged": (moves == 0).mean(),
        "95 % hold": np.quantile(held, 0.95),
        "99 % hold": np.quantile(held, 0.99),
        "longest hold": held.max(),
        "autocorrelation at 60 s": _autocorrelation(values, 60),
        "autocorrelation at 600 s": _autocorrelation(values, 600),
        "distinct values": len(np.unique(values)),
    }


def _of_actuator(values: np.ndarray) -> dict[str, float]:
    states, lasting = stretches(values)
    figures: dict[str, float] = {}
    for state in np.unique(states):
        dwell = lasting[states == state]
        figures |= _dwell(int(state), *np.quantile(dwell, (0.5, 0.05, 0.95)), len(dwell))
    return figures


def _autocorrelation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])


def beside_recorded(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per tag and statistic: recorded, simulated, how far they may and do lie apart, and whether it holds."""
    table = pd.DataFrame({"recorded": recorded_statistics(), "simulated": statistics(frame)})
    table = table.loc[recorded_statistics().index]
    kinds, allowed = zip(*(TOLERANCES[name] for name in table.index.get_level_values("statistic")), strict=True)
    apart = [_apart(*figures) for figures in zip(kinds, table["recorded"], table["simulated"], strict=True)]
    table = table.assign(apart=apart, allowed=allowed)
    return table.assign(holds=table["apart"] <= table["allowed"])


def _apart(kind: str, recorded: float, simulated: float) -> float:
    if kind == "difference":
        return abs(simulated - recorded)
    if kind == "share":
        return abs(simulated - recorded) / abs(recorded)
    return max(simulated / recorded, recorded / simulated) if simulated > 0 else np.inf


def by_tag(table: pd.DataFrame) -> pd.DataFrame:
    """One row per tag of `beside_recorded`: how many figures hold, and of how many."""
    return table.groupby("tag", sort=False)["holds"].agg(held="sum", of="size")
