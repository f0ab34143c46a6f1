"""What detectors are worth at other budgets than the one in use: a column for each detector, a row for each figure."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator

from swatlib.metrics.budget_curve import ENDS
from swatlib.plots.annotations import LINE_INCHES, detector_title, note, wrapped
from swatlib.plots.looks import looks
from swatlib.plots.style import GREY, INK, PALE, WIDTH, Figure, nothing, styled
from swatlib.wording import duration

MOST_COLUMNS = 7  # detectors beside each other
LABELS_INCHES, BETWEEN_INCHES = 0.75, 0.15  # of the axes at the left, and between two columns
TITLE_SIZE, TITLE_CHARACTERS = 8.5, 14  # characters: of a line, at most
TITLE_LINES = 2  # that there is room for above a column
ROW_INCHES = 1.25
BUDGET_TICKS, MIDDLE_BUDGET, QUARTERS = (0.1, 1, 10), 2, (0, 0.25, 0.5, 0.75, 1)
SHARE_TICKS = (1e-4, 1e-3, 1e-2, 1e-1, 1)  # what is less stands at the lower edge
DELAY_TICKS = (1, 10, 60, 600, 3600, 36_000)  # seconds
HALO = [withStroke(linewidth=2, foreground="white")]


class Row(NamedTuple):
    """metric: of `metrics.budget_curve`. ticks: of a logarithmic axis; None: shares from 0 to 1."""

    metric: str
    title: str
    words: Callable[[float], str]
    ticks: tuple[float, ...] | None = None


ROWS = (
    Row("event_recall", "attacks found", lambda value: f"{value:.0%}"),
    Row("delay_median_s", "median delay", duration, DELAY_TICKS),
    Row("false_positive_rate", "normal time\nin alarm", lambda value: f"{float(f'{100 * value:.2g}'):g}%", SHARE_TICKS),
)


@styled
def over_budgets(curve: pd.DataFrame, budget: float) -> Figure:
    """Attacks found, median delay and normal time in alarm against the budget, of each detector beside the others.

    curve: as `metrics.budget_curve` gives it. budget: the one in use, which is marked, with its figures. Raises
    ValueError for a budget that the curve lacks.
    """
    if curve.empty:
        return nothing("No attack is labelled in this recording: what is found at other budgets is not known.")
    if budget not in (there := curve.index.unique("budget").sort_values()):
        raise ValueError(f"this curve has no budget {budget:g}; its budgets are {', '.join(map('{:g}'.format, there))}")
    names = list(curve.index.unique("detector"))
    columns = min(len(names), MOST_COLUMNS)
    lines = -(-len(names) // columns)
    titles = {name: _title(name, (WIDTH - LABELS_INCHES) / columns - BETWEEN_INCHES) for name in names}
    more = max(title.count("\n") + 1 - TITLE_LINES for title in titles.values())
    figure = Figure((ROW_INCHES * len(ROWS) + max(more, 0) * LINE_INCHES) * lines + 0.9)
    axes = figure.subplots(len(ROWS) * lines, columns, sharex=True, sharey="row", squeeze=False)
    own, tops = looks(names), {row.metric: _top(curve, row) for row in ROWS}
    gap = pd.DataFrame(np.nan, [np.nan], curve.columns)  # between two lines
    others = pd.concat([part for name in names for part in (curve.loc[name], gap)])
    for place, name in enumerate(names):
        line, column = divmod(place, columns)
        for row, ax in zip(ROWS, axes[line * len(ROWS) : (line + 1) * len(ROWS), column], strict=True):
            _line(ax, others, row, PALE, 0.8)
            _banded(ax, curve.loc[name], row, own[name].colour)
            _mark(ax, curve.loc[name], row, budget, own[name].colour, tops[row.metric])
            _axes(ax, row, tops[row.metric], first=column == 0)
        axes[line * len(ROWS), column].set_title(titles[name], color=own[name].colour, fontsize=TITLE_SIZE)
    for ax in axes[-len(ROWS) :, len(names) - (lines - 1) * columns :].flat:
        ax.set_visible(False)
    axes[-1, 0].set_xlabel("budget (false alarms per day)", loc="left")
    note(
        figure,
        f"dot and figure: budget in use: {budget:g} · band: 95 % bootstrap interval over "
        "attacks and days · grey: the other detectors",
    )
    return figure


def _title(name: str, inches: float) -> str:
    return wrapped(detector_title(name), inches, TITLE_SIZE, "bold", TITLE_CHARACTERS)


def _top(curve: pd.DataFrame, row: Row) -> float:
    """Upper end of an axis: the first tick that nothing exceeds."""
    if row.ticks is None:
        return 1.0
    highest = curve[row.metric].to_numpy(float)
    return next((tick for tick in row.ticks[1:] if not (highest > tick).any()), row.ticks[-1])


def _values(curve: pd.DataFrame, row: Row) -> dict[str, np.ndarray]:
    """Value, low and high, none below the axis."""
    least = 0.0 if row.ticks is None else row.ticks[0]
    return {end: curve[row.metric, end].to_numpy(float).clip(least) for end in ENDS}


def _line(ax: Axes, curve: pd.DataFrame, row: Row, colour: str, width: float) -> None:
    ax.plot(curve.index, _values(curve, row)["value"], color=colour, linewidth=width)


def _banded(ax: Axes, curve: pd.DataFrame, row: Row, colour: str) -> None:
    values = _values(curve, row)
    ax.fill_between(curve.index, values["low"], values["high"], color=colour, alpha=0.18, linewidth=0)
    _line(ax, curve, row, colour, 1.4)


def _mark(ax: Axes, curve: pd.DataFrame, row: Row, budget: float, colour: str, top: float) -> None:
    """The budget in use, and the figure there, above or below the line where there is more room."""
    ax.axvline(budget, color=GREY, linewidth=0.6, linestyle=(0, (4, 2)), zorder=0)
    value = curve[row.metric, "value"].get(budget, np.nan)
    if np.isnan(value):
        return
    shown = max(value, row.ticks[0]) if row.ticks else value
    place = np.log(shown / row.ticks[0]) / np.log(top / row.ticks[0]) if row.ticks else value
    right = budget <= MIDDLE_BUDGET
    ax.plot(budget, shown, "o", color=colour, markersize=4.5, markeredgecolor="white", markeredgewidth=0.7, zorder=4)
    ax.annotate(
        row.words(value), (budget, shown), (5 if right else -5, -9 if place > 0.6 else 5), textcoords="offset points",
        ha="left" if right else "right", fontsize=8, color=INK, path_effects=HALO, zorder=5,
    )  # fmt: skip


def _axes(ax: Axes, row: Row, top: float, first: bool) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(BUDGET_TICKS))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    if row.ticks is None:
        ax.set_ylim(0, 1.03)
    else:
        ax.set_yscale("log")
        ax.set_ylim(row.ticks[0], top)
    ax.yaxis.set_major_locator(FixedLocator(row.ticks or QUARTERS))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(lambda value, _: row.words(value))
    ax.grid(axis="y")
    if first:
        ax.set_ylabel(row.title)
