"""A plant that is monitored live: its tank levels, and every detector's score, threshold and alarms so far."""

import pandas as pd

from swatlib.plant import GAUGED_TANKS
from swatlib.plots.annotations import chosen, detector_title, end_labels, note, unit_label
from swatlib.plots.panels import draw_score, set_points
from swatlib.plots.series import line, shade, stacked, time_axis
from swatlib.plots.style import BLUE, Figure, nothing, styled

TANK_INCHES, LIVE_SCORE_INCHES = 0.8, 0.48


@styled
def live(readings: pd.DataFrame, scores: pd.DataFrame, events: pd.DataFrame) -> Figure:
    """What was stored so far: levels of the gauged tanks, then each detector's score (high = anomalous).

    readings: times × tags. scores: as `Pipeline.score` gives them, on their own times. events: attack, start, end.
    """
    if readings.empty or scores.empty:
        return nothing("No reading is stored yet.")
    names, gauged = chosen(scores), [tank for tank in GAUGED_TANKS if tank.level in readings]
    heights = [TANK_INCHES] * len(gauged) + [LIVE_SCORE_INCHES] * len(names)
    figure = Figure(sum(heights) + 0.1 * len(heights) + 0.7)
    axes = stacked(figure, heights)
    shade(axes, events, readings.index)
    for ax, tank in zip(axes, gauged, strict=False):
        line(ax, readings[tank.level], color=BLUE)
        ax.margins(y=0.2)
        ax.set_ylabel(unit_label(tank.level))
        end_labels(ax, {tank.level: (float(readings[tank.level].iloc[-1]), BLUE)} | set_points(ax, tank), gap=0.2)
    for ax, name in zip(axes[len(gauged) :], names, strict=True):
        draw_score(ax, scores[name], detector_title(name))
    time_axis(axes[-1], readings.index)
    note(figure, "grey: attacks · dotted: set points · dashed: threshold · red bar: alarm · times in UTC")
    return figure
