"""Process data: an overview of the stages, and the tanks against their set points."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from swatlib.data import Recording, attacks
from swatlib.plant import GAUGED_TANKS, STAGES, TAGS, Tank, stage_tags
from swatlib.plots.annotations import end_labels, note, unit_label
from swatlib.plots.panels import HOW_TO_READ, draw_panel, inches, moving, set_points
from swatlib.plots.series import between, line, recorded, shade, stacked, time_axis
from swatlib.plots.style import BLUE, INK, ORANGE, SKY, Figure, nothing, styled

TITLE_ROOM = 60.0  # mm shown beyond the set points L and H
TITLE_PAD, TITLE_ABOVE_NUMBERS = 4, 13  # points


@styled
def stages(recording: Recording, start=None, end=None, tags=None) -> Figure:
    """Overview of the six stages from `start` to `end`, attacks shaded and numbered.

    tags: sensors to draw, each with others of its stage and unit; None: the level of each stage's tank, or the flows of
    a stage without one. Below each stage are the actuators that changed in this time: a bar where on or open, thin
    while a valve travels. Raises ValueError for a time without rows, or a tag that is no sensor of the recording.
    """
    frame = between(recorded(recording, "stages").frame, start, end)
    panels = _panels(frame, [tags] if isinstance(tags, str) else tags)
    if not panels:
        return nothing("Nothing to show: no sensor is chosen, or this recording has neither a level nor a flow.")
    heights = [inches(names) for _, names in panels]
    figure = Figure(sum(heights) + 0.06 * len(panels) + 0.5)
    axes = stacked(figure, heights)
    shade(axes, attacks(recording), frame.index)
    titled = set()
    for ax, (stage, names) in zip(axes, panels, strict=True):
        draw_panel(ax, frame[names])
        if stage not in titled:
            _title(ax, f"{stage}  {STAGES[stage]}", first=ax is axes[0])
        titled.add(stage)
    time_axis(axes[-1], frame.index)
    note(figure, f"{HOW_TO_READ} · dotted: set points")
    return figure


@styled
def tanks(recording: Recording, start=None, end=None) -> Figure:
    """Levels of the gauged tanks against their set points, and below each its inflow (up) and outflow (down).

    Raises ValueError for a time without rows.
    """
    frame = between(recorded(recording, "tanks").frame, start, end)
    gauged = [tank for tank in GAUGED_TANKS if tank.level in frame]
    if not gauged:
        return nothing("Nothing to show: this recording has no level of a tank.")
    figure = Figure(2.2 * len(gauged) + 0.4)
    axes = stacked(figure, [1.5, 0.7] * len(gauged))
    shade(axes, attacks(recording), frame.index)
    for tank, level, flows in zip(gauged, axes[::2], axes[1::2], strict=True):
        _level(level, frame, tank)
        _title(level, f"{tank.name}  {tank.description}", first=level is axes[0])
        _flows(flows, frame, tank)
    time_axis(axes[-1], frame.index)
    note(figure, "grey: attacks · dotted: set points · inflow upwards, outflow downwards")
    return figure


def _panels(frame: pd.DataFrame, tags) -> list[tuple[str, list[str]]]:
    """Stage and tags of each panel, from top to bottom; the actuators of a stage come after its sensors."""
    wanted = _overview(frame) if tags is None else list(tags)
    there = [tag for tag in frame if TAGS[tag].is_sensor]
    if unknown := [tag for tag in wanted if tag not in there]:
        raise ValueError(f"{', '.join(unknown)}: no sensor of this recording; choose from {', '.join(there)}")
    panels = []
    for stage in STAGES:
        here = [tag for tag in wanted if TAGS[tag].stage == stage]
        kinds = dict.fromkeys(TAGS[tag].kind for tag in here)
        panels += [(stage, [tag for tag in here if TAGS[tag].kind == kind]) for kind in kinds]
        moved = moving(frame, [tag for tag in stage_tags(stage) if not TAGS[tag].is_sensor])
        panels += [(stage, moved)] if here and moved else []
    return panels


def _overview(frame: pd.DataFrame) -> list[str]:
    """The level of each stage's tank; where a stage has none, its flows."""
    tags = []
    for stage in STAGES:
        levels, flows = (
            [tag for tag in stage_tags(stage) if TAGS[tag].kind == kind and tag in frame] for kind in ("level", "flow")
        )
        tags += levels or flows
    return tags


def _title(ax: Axes, text: str, first: bool) -> None:
    ax.set_title(text, pad=TITLE_ABOVE_NUMBERS if first else TITLE_PAD)


def _level(ax: Axes, frame: pd.DataFrame, tank: Tank) -> None:
    line(ax, frame[tank.level], color=BLUE, linewidth=1.1)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, tank.low - TITLE_ROOM), max(high, tank.high + TITLE_ROOM))
    ax.set_ylabel(unit_label(tank.level))
    end_labels(ax, {tank.level: (float(frame[tank.level].iloc[-1]), BLUE)} | set_points(ax, tank))


def _flows(ax: Axes, frame: pd.DataFrame, tank: Tank) -> None:
    flows = [(flow.meter, 1, SKY) for flow in tank.inflows] + [(flow.meter, -1, ORANGE) for flow in tank.outflows]
    flows = [(meter, sign, colour) for meter, sign, colour in flows if meter in frame]
    for meter, sign, colour in flows:
        drawn = line(ax, sign * frame[meter], color=colour)
        ax.fill_between(*drawn.get_data(), color=colour, alpha=0.3, linewidth=0)
    ax.axhline(0, color=INK, linewidth=0.5)
    most = max(np.abs(ax.get_ylim()).max(), 1.0)
    ax.set_ylim(-most, most)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    ax.set_ylabel("flow (m³/h)")
    ends = {f"{meter} {'in' if sign > 0 else 'out'}": (sign * most / 2, colour) for meter, sign, colour in flows}
    end_labels(ax, ends, gap=0.25)
