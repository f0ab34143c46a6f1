"""The plant at a glance: its tanks, the flows between them with their meters, and every tag by stage."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path

from swatlib.plant import FLOWS, OPEN, STAGES, TAGS, TANKS, Flow, Tank, stage_tags
from swatlib.plots.annotations import note
from swatlib.plots.style import BLUE, GREY, INK, OPEN_BAR, PALE, Figure, styled

# Centres in units of the drawing; UF and RO are the membranes that flows lead to or through.
PLACES = {
    "supply": (-1.3, 0.0),
    "T101": (1.6, 0.0),
    "T301": (5.5, 0.0),
    "UF": (7.1, 0.0),
    "T401": (10.0, 0.0),
    "RO": (12.9, 0.0),
    "T601": (16.0, 1.0),
    "T602": (16.0, -1.0),
}
STAGE_EDGES = (-0.7, 2.3, 4.75, 9.1, 12.2, 15.1, 16.8)
TOP, RETURN, LISTING, BOTTOM = 2.9, -2.45, -3.0, -5.15
TANK_WIDTH, TANK_HEIGHT, FULL = 1.2, 1.75, 1300.0  # FULL: level in mm at the rim
MEMBRANE_WIDTH, MEMBRANE_HEIGHT = 0.8, 1.1
WATER = "#CFE6F5"
RUNNING = 0.01  # m³/h; less is noise


@styled
def plant_sketch(row: pd.Series | None = None) -> Figure:
    """Tanks, membranes and metered flows of the plant, and the tags of each stage.

    row: one row of a recording (tag → reading); then tanks show the levels read, flows above 0 are blue, and
    actuators that are on or open are green.
    """
    row = pd.Series(dtype=float) if row is None else row
    figure = Figure(4.6)
    ax = figure.subplots()
    ax.set(xlim=(-1.75, STAGE_EDGES[-1]), ylim=(BOTTOM, TOP))
    ax.set_axis_off()
    for column, (stage, edges) in enumerate(zip(STAGES, itertools.pairwise(STAGE_EDGES), strict=True)):
        _stage(ax, stage, *edges, ground="#F5F5F5" if column % 2 == 0 else "white")
        _listing(ax, stage, edges[0] + 0.1, row)
    for flow in FLOWS:
        _flow(ax, flow, row)
    for name, place in PLACES.items():
        draw = _tank if name in TANKS else _text if name == "supply" else _membrane
        draw(ax, name, place, row)
    note(
        figure,
        "LIT level · FIT flow · AIT analyser · PIT, DPIT pressure · P pump · MV valve · UV lamp · L, H set points",
    )
    return figure


def _stage(ax: Axes, stage: str, left: float, right: float, ground: str) -> None:
    ax.add_patch(Rectangle((left, BOTTOM), right - left, TOP - BOTTOM, facecolor=ground, zorder=0))
    ax.text(left + 0.1, TOP - 0.1, stage, fontweight="bold", va="top")
    ax.text(left + 0.1, TOP - 0.45, STAGES[stage], fontsize=8, va="top")


def _listing(ax: Axes, stage: str, left: float, row: pd.Series) -> None:
    """The stage's tags, consecutive numbers as a range; actuators that are on or open apart from the others."""
    tags = [TAGS[name] for name in stage_tags(stage)]
    kind = {tag.name: (tag.name.rstrip("0123456789"), not tag.is_sensor and row.get(tag.name) == OPEN) for tag in tags}
    groups = dict.fromkeys(kind.values())
    for line, (letters, runs) in enumerate(groups):
        numbers = [int(name.removeprefix(letters)) for name in kind if kind[name] == (letters, runs)]
        ax.text(left, LISTING - 0.31 * line, letters + _ranges(numbers), fontsize=8, va="top", color=_ink(runs))


def _ink(runs: bool) -> str:
    return OPEN_BAR if runs else GREY


def _ranges(numbers: list[int]) -> str:
    """301, 302, 303, 305 as "301–303, 305"."""
    runs = itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ends = [[number for _, number in run] for _, run in runs]
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in ends)


def _flow(ax: Axes, flow: Flow, row: pd.Series) -> None:
    """An arrow from source to sink with the meter on it."""
    reading = row.get(flow.meter)
    runs = reading is None or reading > RUNNING
    way = _way(flow)
    look: dict[str, Any] = {"color": BLUE if runs else GREY, "linewidth": 1.6 if runs else 0.8, "zorder": 1}
    ax.add_patch(FancyArrowPatch(path=Path(way), arrowstyle="-|>", mutation_scale=9, joinstyle="round", **look))
    text = flow.meter if reading is None else f"{flow.meter}\n{_reading(reading, '.2f', 'm³/h')}"
    box: dict[str, Any] = {
        "boxstyle": "round,pad=0.2",
        "facecolor": "white",
        "edgecolor": look["color"],
        "linewidth": 0.7,
    }
    ax.text(*_middle(way), text, ha="center", va="center", fontsize=8, linespacing=1.15, bbox=box, zorder=4)


def _reading(value: float, form: str, unit: str) -> str:
    """A value with its unit; a dash where there is none."""
    return "–" if np.isnan(value) else f"{value:{form}} {unit}"


def _way(flow: Flow) -> list[tuple[float, float]]:
    """Corners of the pipe: straight, up or down to a tank at another height, or back below all others."""
    (x0, y0), (x1, y1) = PLACES[flow.source], PLACES[flow.sink]
    if x1 < x0:
        return [(x0, y0 - TANK_HEIGHT / 2), (x0, RETURN), (x1, RETURN), (x1, y1 - MEMBRANE_HEIGHT / 2)]
    leave, reach = x0 + _half(flow.source), x1 - _half(flow.sink)
    if y0 == y1:
        return [(leave, y0), (reach, y1)]
    bend = leave + 0.15
    return [(leave, y1 / 3), (bend, y1 / 3), (bend, y1), (reach, y1)]


def _half(name: str) -> float:
    return 0.55 if name == "supply" else (TANK_WIDTH if name in TANKS else MEMBRANE_WIDTH) / 2


def _middle(way: list[tuple[float, float]]) -> tuple[float, float]:
    """Middle of the longest horizontal part that no membrane covers."""
    pieces = []
    for (x0, y0), (x1, y1) in itertools.pairwise(way):
        if y0 == y1:
            low, high = sorted((x0, x1))
            through = [x for name, (x, y) in PLACES.items() if name not in TANKS and low < x < high and y == y0]
            ends = [low, *(x + side * MEMBRANE_WIDTH / 2 for x in through for side in (-1, 1)), high]
            pieces += [
                (right - left, (left + right) / 2, y0) for left, right in zip(ends[::2], ends[1::2], strict=True)
            ]
    return max(pieces)[1:]


def _tank(ax: Axes, name: str, place: tuple[float, float], row: pd.Series) -> None:
    tank, (x, y) = TANKS[name], place
    left, foot = x - TANK_WIDTH / 2, y - TANK_HEIGHT / 2
    ax.add_patch(Rectangle((left, foot), TANK_WIDTH, TANK_HEIGHT, facecolor="white", zorder=2))
    if tank.level:
        _water(ax, tank, left, foot, row)
    ax.add_patch(Rectangle((left, foot), TANK_WIDTH, TANK_HEIGHT, fill=False, edgecolor=INK, linewidth=1, zorder=3))
    told = tank.level or tank.description.partition(",")[0].replace(" ", "\n")
    reading = f"\n{_reading(row[tank.level], '.0f', 'mm')}" if tank.level in row else ""
    ax.text(x, foot + TANK_HEIGHT - 0.08, name, fontweight="bold", ha="center", va="top", zorder=4)
    ax.text(x, foot + 0.1, told + reading, fontsize=8, ha="center", va="bottom", zorder=4)


def _water(ax: Axes, tank: Tank, left: float, foot: float, row: pd.Series) -> None:
    """Water at the level read (half way between the set points without one), and the set points L and H."""
    scale = TANK_HEIGHT / FULL
    level = row.get(tank.level, (tank.low + tank.high) / 2)
    if not np.isnan(level):
        ax.add_patch(Rectangle((left, foot), TANK_WIDTH, min(level, FULL) * scale, facecolor=WATER, zorder=2))
    for letter, point in (("L", tank.low), ("H", tank.high)):
        height = foot + point * scale
        ax.plot([left, left + 0.16], [height, height], color=INK, linewidth=0.8, zorder=3, solid_capstyle="butt")
        ax.text(left + 0.2, height, letter, fontsize=8, va="center", color=GREY, zorder=4)


def _membrane(ax: Axes, name: str, place: tuple[float, float], row: pd.Series) -> None:
    left, foot = place[0] - MEMBRANE_WIDTH / 2, place[1] - MEMBRANE_HEIGHT / 2
    box = Rectangle(
        (left, foot), MEMBRANE_WIDTH, MEMBRANE_HEIGHT, facecolor="white", edgecolor=INK, linewidth=1, zorder=3
    )
    ax.add_patch(box)
    ends = [left, left + MEMBRANE_WIDTH], [foot, foot + MEMBRANE_HEIGHT]
    ax.plot(*ends, color=PALE, linewidth=1, linestyle="--", zorder=3)
    ax.text(*place, name, fontweight="bold", ha="center", va="center", zorder=4)


def _text(ax: Axes, name: str, place: tuple[float, float], row: pd.Series) -> None:
    ax.text(*place, name, fontsize=8, ha="center", va="center")
