"""The simulated plant beside the recorded one: which figures of which tag lie how far apart."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D

from swatlib.plant import TAGS
from swatlib.plots.annotations import note, row_labels
from swatlib.plots.style import BLUE, ORANGE, PALE, SKY, VERMILION, Figure, styled
from swatlib.simulation.realism import SENSOR_TOLERANCES

DISTANCES = (0, 0.5, 1, 2, np.inf)  # in allowed distances
COLOURS = (SKY, "#CFE8F7", ORANGE, VERMILION)


@styled
def likeness(table: pd.DataFrame) -> Figure:
    """Sensors: the distance between simulated and recorded figure, in allowed distances. Actuators: how long each state
    lasts, recorded (bars from 5 to 95 %) and simulated (lines).

    table: of `realism.beside_recorded`.
    """
    figure = Figure(6.4)
    sensors, actuators = figure.subplots(1, 2, width_ratios=(1, 1.15))
    _distances(sensors, table[[TAGS[tag].is_sensor for tag, _ in table.index]])
    _dwell_times(actuators, table[[not TAGS[tag].is_sensor for tag, _ in table.index]])
    note(figure, "simulated with one seed; recorded on 28 and 29 December 2015, 36,666 s")
    return figure


def _distances(ax: Axes, table: pd.DataFrame) -> None:
    ratio, factors = table["apart"] / table["allowed"], table[table["allowed"] > 1]
    ratio[factors.index] = np.log(factors["apart"]) / np.log(factors["allowed"])
    cells = ratio.unstack("statistic").loc[table.index.unique("tag"), list(SENSOR_TOLERANCES)]
    norm = BoundaryNorm([*DISTANCES[:-1], 1e9], len(COLOURS))
    ax.pcolormesh(cells.fillna(1e6), cmap=ListedColormap(COLOURS), norm=norm, edgecolor="white", linewidth=0.5)
    ax.set_xticks(np.arange(cells.shape[1]) + 0.5, list(cells), rotation=90)
    ax.set_yticks(np.arange(len(cells)) + 0.5, list(cells.index))
    ax.invert_yaxis()
    ax.tick_params(length=0)
    ax.set_title("sensors: distance, 1 is allowed")


def _dwell_times(ax: Axes, table: pd.DataFrame) -> None:
    states = [(tag, name[-1]) for tag, name in table.index if name.startswith("median")]
    for row, (tag, state) in enumerate(states):
        figures = [table.loc[(tag, f"{what} dwell of state {state}")] for what in ("5 %", "median", "95 %")]
        low, middle, high = (figure["recorded"] for figure in figures)
        ax.barh(row, high - low, left=low, height=0.75, color=PALE)
        ax.plot([middle, middle], [row - 0.38, row + 0.38], color="black", lw=1.2)
        ax.plot([figures[0]["simulated"], figures[2]["simulated"]], [row, row], color=BLUE, lw=1.2)
        ax.plot(figures[1]["simulated"], row, "o", color=BLUE, ms=3)
    row_labels(ax, [f"{tag} {TAGS[tag].codes[int(state)]}" for tag, state in states])
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("time in the state (s)")
    ax.set_title("actuators: how long a state lasts")
    words = ("distance up to 0.5", "0.5 to 1", "1 to 2", "over 2")
    handles = [Line2D([], [], color=colour, lw=6) for colour in COLOURS]
    ax.legend(handles, words, ncols=4, loc="upper right", bbox_to_anchor=(1, -0.12), handlelength=0.8)
