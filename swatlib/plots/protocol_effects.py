"""Effects of the evaluation protocol: from one F1 to another step by step, and the range of F1 for each choice."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from swatlib.plots.annotations import note, row_labels
from swatlib.plots.style import BLUE, GREY, INK, PALE, SKY, VERMILION, Figure, nothing, styled

NO_STEPS = "No attack is labelled in this recording: there is no F1."
STEP_ROW_INCHES, LEAST_WIDTH, FIGURE_BESIDE = 0.3, 0.003, 0.12  # the last two in units of F1


@styled
def waterfall(steps: pd.DataFrame) -> Figure:
    """From the first F1 to the last, one bar per step: blue if F1 rises, red if it falls, the F1 at its end.

    steps: as `protocols.step_table` gives them.
    """
    if steps.empty:
        return nothing(NO_STEPS)
    figure = Figure(STEP_ROW_INCHES * len(steps) + 0.9, width=8.5)
    ax = figure.subplots()
    before = steps["f1"].shift(fill_value=0.0)
    ends = {0, len(steps) - 1}
    for row, (old, new) in enumerate(zip(before, steps["f1"], strict=True)):
        colour = INK if row == 0 else BLUE if new >= old else VERMILION
        left, right = min(old, new), max(old, new)
        ax.barh(row, max(right - left, LEAST_WIDTH), 0.6, left, color=colour, linewidth=0)
        if row + 1 < len(steps):
            ax.vlines(new, row + 0.3, row + 0.7, color=GREY, linewidth=0.6)
        weight = "bold" if row in ends else "normal"
        ax.annotate(f"{new:.3f}", (right, row), (4, 0), textcoords="offset points", va="center", fontweight=weight)
    _found(ax, steps)
    row_labels(ax, steps["step"].tolist())
    ax.spines["left"].set_visible(True)
    ax.set(xlim=(0, max(1.05, steps["f1"].max() + FIGURE_BESIDE)), xlabel="F1")
    note(figure, "bar: change by one more choice, up (blue) or down (red) · right: labelled attacks found")
    return figure


@styled
def spread(every: pd.DataFrame) -> Figure:
    """F1 under all protocols, one row per choice: a tick per protocol, a dot for the median.

    every: as `protocols.every` gives it.
    """
    if every.empty:
        return nothing(NO_STEPS)
    names = [name for name in ("threshold", "adjustment", "sampling", "labels", "longest", "startup") if name in every]
    rows = [(name, choice) for name in names for choice in every[name].sort_values().unique()]
    rows.sort(key=lambda row: (names.index(row[0]), every.loc[every[row[0]] == row[1], "f1"].median()))
    figure = Figure(0.24 * len(rows) + 0.9, width=8.5)
    ax = figure.subplots()
    for row, (name, choice) in enumerate(rows):
        values = every.loc[every[name] == choice, "f1"].to_numpy()
        ax.plot(values, np.full(len(values), row), "|", color=SKY, alpha=0.5, markersize=8, markeredgewidth=0.8)
        ax.plot(np.nanmedian(values), row, "o", color=BLUE, markersize=4)
    row_labels(ax, [f"{name}: {choice}" for name, choice in rows])
    borders = [row - 0.5 for row in range(1, len(rows)) if rows[row][0] != rows[row - 1][0]]
    ax.hlines(borders, 0, 1, color=PALE, linewidth=0.6)
    ax.set(xlim=(0, 1), xlabel="F1")
    ax.spines["bottom"].set_visible(True)
    note(figure, f"{len(every)} protocols for the same scores · tick: one protocol · dot: median")
    return figure


def _found(ax: Axes, steps: pd.DataFrame) -> None:
    for row, each in enumerate(steps.itertuples()):
        ax.annotate(
            f"{each.found} of {each.attacks}", (1, row), (4, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", color=GREY, fontsize=8, annotation_clip=False,
        )  # fmt: skip
