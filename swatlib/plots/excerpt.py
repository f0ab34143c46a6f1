"""The fixed figure of any stretch of time: chosen tags, alarms and scores, as the interactive figure shows them."""

import pandas as pd

from swatlib.data import Recording, attacks
from swatlib.plant import STAGES, TAGS
from swatlib.plots.annotations import chosen, detector_title, note, row_labels, row_titles
from swatlib.plots.panels import draw_panel, draw_score, inches
from swatlib.plots.series import bars, between, recorded, shade, stacked, time_axis
from swatlib.plots.style import ALARM_RED, WIDTH, Figure, nothing, styled

LANE_INCHES, SCORED_INCHES = 0.17, 0.5


@styled
def excerpt(
    recording: Recording, start=None, end=None, tags=(), scores: pd.DataFrame | None = None, scored=(), width=WIDTH
) -> Figure:
    """Tags from `start` to `end`, a panel for each sensor and one for the actuators of a stage; alarms on top.

    scores: as `Pipeline.score` gives them; scored: detectors whose score is drawn. Times are those of the rows; a time
    without one gives a figure that says so. Raises ValueError for a tag or detector that is not there.
    """
    recorded(recording, "excerpt")
    names = [] if scores is None else chosen(scores)
    panels = _grouped(recording, [tags] if isinstance(tags, str) else tags)
    if scores is None and len(scored):
        raise ValueError("there are no scores to draw; give them as scores")
    scored = [] if scores is None else chosen(scores, scored)
    try:
        frame = between(recording.frame, start, end)
    except ValueError as error:
        return nothing(f"Nothing to show: {error}.")
    part = None if scores is None else scores.loc[frame.index[0] : frame.index[-1]]
    names = [] if part is None or part.empty else names
    lanes, high = row_titles(names, LANE_INCHES)
    heights = [high * len(names)] * bool(names) + [SCORED_INCHES] * len(scored) * bool(names)
    heights += [inches(panel) for panel in panels]
    if not heights:
        return nothing("Nothing to show: no tag is chosen.")
    figure = Figure(sum(heights) + 0.12 * len(heights) + 0.7, width)
    axes = stacked(figure, heights)
    shade(axes, attacks(recording), frame.index)
    rest = iter(axes)
    if part is not None and names:
        _alarms(next(rest), part, names, lanes)
        for name in scored:
            draw_score(next(rest), part[name], detector_title(name))
    for ax, panel in zip(rest, panels, strict=True):
        draw_panel(ax, frame[panel])
    time_axis(axes[-1], frame.index)
    note(
        figure,
        "grey: attacks · red bar: alarm · dark bar: on · green bar: open, thin while it travels · dotted: set points",
    )
    return figure


def _alarms(ax, scores: pd.DataFrame, names: list[str], titles: list[str]) -> None:
    for row, name in enumerate(names):
        bars(ax, scores[name]["alarm"], row, 0.6, color=ALARM_RED)
    row_labels(ax, titles)


def _grouped(recording: Recording, tags) -> list[list[str]]:
    """Each sensor alone, the actuators of a stage together, in the order of the plant."""
    if unknown := [tag for tag in tags if tag not in recording.frame]:
        there = ", ".join(recording.frame)
        raise ValueError(f"{', '.join(unknown)}: no tag of this recording; choose from {there}")
    panels = []
    for stage in STAGES:
        here = [tag for tag in TAGS if tag in tags and TAGS[tag].stage == stage]
        panels += [[tag] for tag in here if TAGS[tag].is_sensor]
        switches = [tag for tag in here if not TAGS[tag].is_sensor]
        panels += [switches] if switches else []
    return panels
