"""What else goes wrong, and how a budget is kept on later days."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, NullLocator

from swatlib.plots.annotations import LINE_INCHES, detector_title, note, wrapped
from swatlib.plots.looks import looks
from swatlib.plots.style import GREY, WIDTH, Figure, styled

STRESS_PANELS = {
    "found": "attacks found",
    "false_alarms_per_day": "false alarms per day",
    "in_alarm_outside": "share of time in alarm outside attacks",
}
UNDISTURBED = "none"
LEGEND_COLUMNS = 4
NAME_INCHES = WIDTH / LEGEND_COLUMNS - 0.6  # of a name, beside its line
RATES = (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)  # false alarms per day


@styled
def under_stress(table: pd.DataFrame, panels: Mapping[str, str] = STRESS_PANELS) -> Figure:
    """A panel a figure, a line a stress: a mark for each detector, a bar from the stress "none", where there is one.

    table: one row a stress and detector, as `stress_test` gives it; over seeds it is the mean.
    """
    from swatlib.studies.stress_trials import by_stress  # imports all that fits detectors, which no figure else needs

    given = looks(table["detector"].unique())
    stresses = list(table["stress"].unique())
    named = {detector: wrapped(detector_title(detector), NAME_INCHES) for detector in given}
    more = LINE_INCHES * max(name.count("\n") for name in named.values()) * -(-len(named) // LEGEND_COLUMNS)
    figure = Figure(0.45 * len(stresses) + 1.2 + more)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (name, title) in zip(axes, panels.items(), strict=True):
        wide = by_stress(table, name)
        for place, (detector, look) in enumerate(given.items()):
            at = [row + 0.7 * ((place + 0.5) / len(given) - 0.5) for row in range(len(stresses))]
            values = wide[detector]
            if UNDISTURBED in stresses:
                ax.hlines(at, values[UNDISTURBED], values, color=look.colour, linewidth=1)
            ax.plot(values, at, look.marker, color=look.colour, markersize=4, label=named[detector])
        ax.set(title=title, ylim=(len(stresses) - 0.5, -0.5))
        ax.set_yticks(range(len(stresses)), stresses)
        ax.grid(axis="x")
        if name == "false_alarms_per_day":
            ax.set_xscale("symlog", linthresh=1)
            _tick_rates(ax.xaxis)
            ax.set_xlim(0, 1.4 * float(np.fmax(wide.max(axis=None), 1.0)))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=LEGEND_COLUMNS)
    if UNDISTURBED in stresses:
        note(figure, "line: from what a detector gives without a stress")
    return figure


@styled
def after_the_fit(table: pd.DataFrame, days: int = 3) -> Figure:
    """False alarms per day on the normal days after a fit, the mean over seeds and `days` days, beside the budget.

    table: as `another_day` gives it.
    """
    figure = Figure(3.4)
    ax: Axes = figure.subplots()
    daily = table.groupby(["detector", "day"], sort=False)[["false_alarms", "scored_days"]].sum()
    for detector, look in looks(table["detector"].unique()).items():
        mean = daily.loc[detector].rolling(days, min_periods=1, center=True).sum()
        rate = mean["false_alarms"] / mean["scored_days"]
        named = wrapped(detector_title(detector), NAME_INCHES)
        ax.plot(rate.index, rate, color=look.colour, marker=look.marker, markersize=4, label=named)
    budget = float(table["budget"].iloc[0])
    ax.axhline(budget, color=GREY, linestyle="--", linewidth=1)
    ax.annotate(f"budget {budget:g}", (table["day"].max(), budget), color=GREY, ha="right", va="bottom")
    ax.set_yscale("symlog", linthresh=1)  # some detectors are a hundred times off, others within the budget
    _tick_rates(ax.yaxis)
    ax.set(xlabel="day after the start of the plant", ylabel="false alarms per day", ylim=(0, None))
    ax.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=LEGEND_COLUMNS)
    seeds = table["seed"].nunique()
    note(figure, f"fitted on the days before day {table['day'].min()} · mean over {seeds} plants and {days} days")
    return figure


def _tick_rates(axis: Axis) -> None:
    axis.set_major_locator(FixedLocator(RATES))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")
