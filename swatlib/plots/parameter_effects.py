"""Figures of a sweep against its parameters."""

import math
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter

from swatlib.plots.annotations import note
from swatlib.plots.looks import looks
from swatlib.plots.style import GREY, LINE_COLOURS, Figure, nothing, styled

MOST_PANELS, ACROSS = 6, 3
LOGARITHMIC = 50.0  # ratio of the largest to the smallest value from which an axis is logarithmic
BAND, CRAMPED = 0.15, 6


@styled
def against_parameters(
    table: pd.DataFrame, parameters: Sequence[str], by: Sequence[str], figures: Sequence[str], repeated: Sequence[str]
) -> Figure:
    """A panel a figure: the first parameter that was varied along the axis, a line for each combination of the others.

    table: one row a run, with a column for each of `parameters`, `by` (what else tells rows apart) and `figures`, and
    `FIGURE low`, `FIGURE high` where it has an interval. repeated: those of the parameters, as the seed, over which a
    line is the mean, and its band from the least to the greatest.
    """
    known = [name for name in figures if table[name].notna().any()]
    drawn = ([name for name in known if table[name].nunique() > 1] or known)[:MOST_PANELS]
    if not drawn:
        return nothing("There is no figure to draw yet.")
    varied = [name for name in parameters if table[name].nunique() > 1]
    once = [name for name in [*varied, *parameters] if name not in repeated] or list(parameters)
    along = next((name for name in once if _is_numeric(table[name])), once[0])
    averaged = [name for name in varied if name in repeated and name != along]
    lines = [name for name in [*varied, *by] if name not in {along, *averaged} and table[name].nunique() > 1]
    across = min(ACROSS, len(drawn))
    figure = Figure(2.5 * math.ceil(len(drawn) / across) + 0.5, width=3.4 * across)
    axes = figure.subplots(math.ceil(len(drawn) / across), across, squeeze=False).ravel()
    for ax in axes[len(drawn) :]:
        ax.remove()
    for ax, name in zip(axes, drawn, strict=False):
        _panel(ax, table, along, lines, name)
    handles, labels = axes[0].get_legend_handles_labels() if lines else ([], [])
    if handles:
        figure.legend(handles, labels, loc="outside upper left", ncols=4)
    mark = "line" if _is_numeric(table[along]) else "dash"
    means = f" · {mark}: mean over {' and '.join(averaged)}" if averaged else ""
    means += ", band: least to greatest" if averaged and mark == "line" else ""
    bars = " · bar: 95 % bootstrap interval of a run" if any(f"{name} low" in table for name in drawn) else ""
    note(figure, f"dot: a run{means}{bars}")
    return figure


def _panel(ax: Axes, table: pd.DataFrame, along: str, lines: list[str], name: str) -> None:
    values = list(dict.fromkeys(table[along]))
    numeric = _is_numeric(table[along])
    places = {value: value if numeric else place for place, value in enumerate(values)}
    groups: list[tuple[Any, pd.DataFrame]] = [((), table)]
    if lines:
        groups = list(table.groupby(lines, sort=False, dropna=False))
    colours: Iterable[str] = cycle(LINE_COLOURS)
    if lines == ["detector"]:
        colours = [each.colour for each in looks(str(key[0]) for key, _ in groups).values()]
    for (key, group), colour in zip(groups, colours, strict=False):
        rows = group[group[name].notna()]
        x, y = rows[along].map(places).astype(float), rows[name].astype(float)
        if f"{name} low" in rows:
            ends = rows[[f"{name} low", f"{name} high"]].astype(float).to_numpy().T
            ax.vlines(x, *ends, color=colour, linewidth=0.7, alpha=0.5)
        ax.plot(x, y, "o", color=colour, markersize=3, alpha=0.6)
        over = y.groupby(x).agg(["mean", "min", "max"])
        label = ", ".join(map(str, key))
        if numeric:
            ax.fill_between(over.index, over["min"], over["max"], color=colour, alpha=BAND, linewidth=0)
            ax.plot(over.index, over["mean"], color=colour, label=label)
        else:
            ax.plot(over.index, over["mean"], "_", markersize=14, color=colour, label=label)
    if numeric:
        positive = [each for each in values if each > 0]
        if len(positive) == len(values) and max(values) / min(values) >= LOGARITHMIC:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(NullFormatter())
        if len(values) <= CRAMPED:
            ax.set_xticks(values, [f"{each:g}" for each in values])
            ax.minorticks_off()
    else:
        ax.set_xticks(range(len(values)), list(map(str, values)))
        if max(len(str(each)) for each in values) > CRAMPED:
            ax.tick_params(axis="x", labelrotation=20)
    if pd.api.types.is_integer_dtype(table[name].dropna().infer_objects()):
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(x=0.08)
    ax.set(title=name, xlabel=along)
    ax.grid(axis="y")
    ax.tick_params(color=GREY)


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
