"""One attack in detail: what was done, which tags changed, when each detector raised an alarm."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from swatlib.data import Recording, attacks
from swatlib.metrics import per_attack
from swatlib.plant import GAUGED_TANKS, STAGES, TAGS, stage_of, stage_tags
from swatlib.plots.annotations import chosen, detector_title, embolden, note
from swatlib.plots.attack_words import attack_words
from swatlib.plots.panels import draw_panel, draw_score, inches, moving
from swatlib.plots.series import CHARACTER_INCHES, between, recorded, shade, stacked, time_axis
from swatlib.plots.style import ALARM_RED, FOCUS, GREY, WIDTH, Figure, nothing, styled
from swatlib.wording import duration

SCORE_PANEL_INCHES = 0.5
HEADING, HEADING_INCHES = 9.5, 0.18  # size of its type, height of a line
LEAST_MARGIN, MOST_MARGIN = pd.Timedelta("5min"), pd.Timedelta("1h")


@styled
def closeup(recording: Recording, scores: pd.DataFrame, event=None, detectors=None, width: float = WIDTH) -> Figure:
    """One attack: its tags, the tanks and flows near them, and each detector's score with threshold and alarms.

    scores: as `Pipeline.score` gives them. event: a row of the event table (attack, start, end, points, action), or
    the number of an attack of the recording; None: the longest. detectors: which of the scores to draw, all if None.
    width: inches.
    Raises ValueError for an attack or a detector that is not there.
    """
    events = attacks(recorded(recording, "closeup"))
    if events.empty and event is None:
        return nothing("No attack of this recording is known: nothing to show in detail.")
    event = events.loc[(events["end"] - events["start"]).idxmax()] if event is None else _event(events, event)
    span = _around(event)
    frame, scored = between(recording.frame, *span), between(scores, *span)
    panels, names = _panels(frame, event), chosen(scores, detectors)
    heights = [inches(tags) for tags in panels] + [SCORE_PANEL_INCHES] * len(names)
    heading = _heading(event, width)
    figure = Figure(sum(heights) + 0.15 * len(heights) + 0.54 + HEADING_INCHES * len(heading), width)
    axes = stacked(figure, heights)
    shade(axes, events, frame.index)
    shade(axes, pd.DataFrame([event]), frame.index, FOCUS, numbers=False)
    for ax, tags in zip(axes, panels, strict=False):
        draw_panel(ax, frame[tags])
        embolden(ax, event["points"].split(";"))
    for ax, name in zip(axes[len(panels) :], names, strict=True):
        _score_panel(ax, scored[name], detector_title(name), event)
    time_axis(axes[-1], frame.index)
    figure.suptitle("\n".join(heading), x=0.01, ha="left", fontsize=HEADING, linespacing=1.4)
    note(
        figure,
        "bold: attacked · dark grey: this attack · dashed: threshold · red bar: alarm · triangle: first alarm",
    )
    return figure


def shown_tags(recording: Recording, attack) -> list[str]:
    """Tags of the close-up of an attack; ValueError for an attack that is not there."""
    event = _event(attacks(recording), attack)
    return [tag for panel in _panels(between(recording.frame, *_around(event)), event) for tag in panel]


def _around(event: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    margin = np.clip((event["end"] - event["start"]) / 2, LEAST_MARGIN, MOST_MARGIN)
    return event["start"] - margin, event["end"] + margin


def _event(events: pd.DataFrame, event) -> pd.Series:
    if not np.isscalar(event):
        return pd.Series(event._asdict() if hasattr(event, "_asdict") else event)
    known = events["attack"].astype(str).tolist()
    if str(event) not in known:
        raise ValueError(f"no attack {str(event)!s} in this recording; its attacks are {', '.join(known) or 'none'}")
    return events.iloc[known.index(str(event))]


def _heading(event: pd.Series, width: float) -> list[str]:
    """Lines of the heading, wrapped to the width (inches) of the figure."""
    start, end = event["start"], event["end"]
    lasted = duration((end - start).total_seconds())
    words = attack_words(event.get("action", ""), event["points"])
    did = textwrap.wrap(f"Attack {event['attack']}: {words}", int(width / CHARACTER_INCHES / 1.15))
    until = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end:%d %b %H:%M:%S}"
    return [*did, f"{start:%d %b %Y %H:%M:%S} to {until}, {lasted}"]


def _panels(frame: pd.DataFrame, event: pd.Series) -> list[list[str]]:
    """Tags of each panel: attacked sensors, then levels and flows of the stages concerned, then their actuators."""
    points = event["points"].split(";")
    stages = [stage for stage in STAGES if any(stage_of(point) == stage for point in points)]
    attacked = [point for point in points if point in frame and TAGS[point].is_sensor]
    near = [tag for stage in stages for tag in _levels_and_flows(stage) if tag in frame and tag not in attacked]
    switches = [tag for stage in stages for tag in stage_tags(stage) if not TAGS[tag].is_sensor and tag in frame]
    moved = [tag for tag in switches if tag in points or moving(frame, [tag])]
    return _by_kind(attacked) + _by_kind(list(dict.fromkeys(near))) + ([moved] if moved else [])


def _by_kind(tags: list[str]) -> list[list[str]]:
    kinds = dict.fromkeys(TAGS[tag].kind for tag in tags)
    return [[tag for tag in tags if TAGS[tag].kind == kind] for kind in kinds]


def _levels_and_flows(stage: str) -> list[str]:
    """Level of the stage's tank and the meters at it; the stage's own flows where it has no tank."""
    tank = next((tank for tank in GAUGED_TANKS if TAGS[tank.level].stage == stage), None)
    if tank is None:
        return [tag for tag in stage_tags(stage) if TAGS[tag].kind == "flow"]
    return [tank.level, *(flow.meter for flow in tank.inflows + tank.outflows)]


def _score_panel(ax: Axes, scored: pd.DataFrame, name: str, event: pd.Series) -> None:
    """Score of one detector with its threshold, alarms at the bottom, detection delay and lead tag at the right."""
    above_the_axis = draw_score(ax, scored, name)
    result = per_attack(pd.DataFrame([event]), scored["alarm"], scored["lead"]).iloc[0]
    if result["found"]:
        first = max(event["start"], scored.index[0]) + pd.Timedelta(result["delay_s"], "s")
        ax.plot([first], [1.1], marker="v", markersize=5, markeredgewidth=0, color=ALARM_RED, **above_the_axis)
    ax.annotate(
        _verdict(result), (1, 0.5), (4, 0), xycoords="axes fraction", textcoords="offset points",
        va="center", fontsize=8, color=ALARM_RED if result["found"] else GREY,
    )  # fmt: skip


def _verdict(result: pd.Series) -> str:
    if not result["found"]:
        return "missed"
    when = f"after {duration(result['delay_s'])}" if not result["standing"] else "already on"
    return f"{when}\n{result['lead_tag']}" if pd.notna(result["lead_tag"]) else when
