"""Panels of plant data: sensors of one unit as lines, actuators as bars."""

import itertools
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator

from swatlib.plant import GAUGED_TANKS, OPEN, TAGS, TRAVELLING, Tank
from swatlib.plots.annotations import end_labels, row_labels, unit_label, wrapped
from swatlib.plots.series import bars, line
from swatlib.plots.style import ALARM_RED, BLUE, GREY, INK, LINE_COLOURS, ON_BAR, OPEN_BAR, Figure

SENSOR_INCHES, ACTUATOR_INCHES = 0.95, 0.145
SIDES_INCHES = 2.0  # of labels beside a panel
SPARSE = 100  # rows from one to the next that is looked at first, since most tags move
HOW_TO_READ = "grey: attacks · dark bar: pump or lamp on · green bar: valve open, thin while it travels"


def moving(frame: pd.DataFrame, tags) -> list[str]:
    """Those of `tags` that do not stay at one value in `frame`."""
    readings = {tag: frame[tag].to_numpy() for tag in tags if tag in frame}
    return [tag for tag, values in readings.items() if _moves(values[::SPARSE]) or _moves(values)]


def _moves(values: np.ndarray) -> bool:
    return bool(np.fmin.reduce(values) < np.fmax.reduce(values))


def inches(tags: list[str]) -> float:
    """Height of the panel of these tags: all sensors of one unit, or all actuators."""
    return SENSOR_INCHES if TAGS[tags[0]].is_sensor else ACTUATOR_INCHES * len(tags)


def draw_panel(ax: Axes, frame: pd.DataFrame) -> None:
    """Columns that are all sensors of one unit, or all actuators."""
    draw = _sensors if TAGS[frame.columns[0]].is_sensor else _actuators
    draw(ax, frame)


def set_points(ax: Axes, tank: Tank) -> dict[str, tuple[float, str]]:
    """Dotted lines at the set points of a tank that are in view. Returns their labels, for `end_labels`."""
    low, high = ax.get_ylim()
    levels = {"LL": tank.low_low, "L": tank.low, "H": tank.high, "HH": tank.high_high}
    seen = {f"{name} {level:g}": (level, GREY) for name, level in levels.items() if low < level < high}
    for level, colour in seen.values():
        ax.axhline(level, color=colour, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)
    return seen


def draw_score(ax: Axes, scored: pd.DataFrame, name: str) -> dict:
    """One detector's score (high = anomalous) with its threshold, alarms at the bottom.

    Returns the keywords to draw beside the alarms.
    """
    line(ax, scored["score"], color=BLUE)
    ax.axhline(scored["threshold"].iloc[0], color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
    low, high = ax.dataLim.intervaly
    log = low > 0 and high > 10 * low
    ax.set_yscale("log" if log else "linear")
    ax.yaxis.set_major_locator(LogLocator(numticks=4) if log else MaxNLocator(3))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()
    ax.margins(y=0.2)
    title = wrapped(name, cast(Figure, ax.figure).get_figwidth() - SIDES_INCHES)
    ax.set_title(title, fontsize=8, fontweight="normal", pad=1)
    above_the_axis: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "clip_on": False}
    bars(ax, scored["alarm"], 0.06, 0.12, color=ALARM_RED, **above_the_axis)
    return above_the_axis


def _sensors(ax: Axes, frame: pd.DataFrame) -> None:
    """Lines named at their right ends; a level with the set points of its tank."""
    colours = dict(zip(frame, itertools.cycle(LINE_COLOURS), strict=False))
    for tag, colour in colours.items():
        line(ax, frame[tag], color=colour)
    ax.set_ylabel(unit_label(frame.columns[0]))
    ax.margins(y=0.08)
    marks: dict[str, Any] = {}
    for tank in GAUGED_TANKS:
        marks |= set_points(ax, tank) if tank.level in frame else {}
    end_labels(ax, {tag: (float(frame[tag].iloc[-1]), colour) for tag, colour in colours.items()} | marks, gap=0.15)


def _actuators(ax: Axes, frame: pd.DataFrame) -> None:
    for row, (tag, codes) in enumerate(frame.items()):
        valve = TAGS[tag].kind == "valve"
        bars(ax, codes == OPEN, row, 0.7, color=OPEN_BAR if valve else ON_BAR)
        bars(ax, (codes == TRAVELLING) & valve, row, 0.25, color=OPEN_BAR)
    row_labels(ax, list(frame))
