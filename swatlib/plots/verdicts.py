"""Detectors side by side: when each raises an alarm, and which attacks each finds."""

from itertools import count

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from swatlib.arrays import count_within, intervals_of, mask_of
from swatlib.metrics.case import event_intervals
from swatlib.plant import stage_of
from swatlib.plots.annotations import (
    LINE_INCHES,
    chosen,
    detector_title,
    note,
    row_labels,
    row_titles,
    width_of,
    wrapped,
)
from swatlib.plots.series import CHARACTER_INCHES, bars, beginning, shade, stacked, time_axis
from swatlib.plots.style import (
    BLACK,
    BLUE,
    GREY,
    INK,
    PALE,
    SKY,
    SLIDE_WIDTH,
    VERMILION,
    WIDTH,
    Figure,
    nothing,
    styled,
)
from swatlib.wording import duration

STRIP_ROW_INCHES, CELL_INCHES = 0.25, 0.19
LYING_INCHES, NAMES_INCHES = 0.36, 1.6  # of a row of the wide form, and of the names before it
HEADING_ROOM = 0.55  # inches needed for a delay and a tag; a narrower cell has only the dot
LYING_LINE_INCHES = 0.12  # height of a line of attacked tags, which lies on its side
BESIDE_ROOM = 1.1  # inches needed for both beside each other; in a narrower cell the tag is below the delay
HEADING_LINES = 3  # lines that there is room for above the matrix
ATTACK_HEADING = "attacked tags, attack"
DELAYS = (60, 600, np.inf)  # seconds; one shade each, the darkest for the quickest
DELAY_SHADES = (BLUE, SKY, "#CFE6F5")


@styled
def strip(scores: pd.DataFrame, events: pd.DataFrame, detectors=None) -> Figure:
    """Alarms of every detector against time, the true attacks on top.

    scores: as `Pipeline.score` gives them. events: as `data.attacks` gives them. Alarms that overlap an attack are blue
    and tall, false alarms red and low. Raises ValueError for a detector that has no scores.
    """
    names, index = chosen(scores, detectors), scores.index
    if index.empty:
        return nothing("Nothing to show: the scores have no row.")
    titles, high = row_titles(names, STRIP_ROW_INCHES)
    figure = Figure(high * (len(names) + 1) + 0.85)
    axes = stacked(figure, [1])
    shade(axes, events, index)
    attacked = mask_of(event_intervals(events, index), len(index))
    bars(axes[0], pd.Series(attacked, index), 0, 0.8, color=BLACK)
    for row, name in enumerate(names, start=1):
        true, false = _true_and_false(scores[name]["alarm"].to_numpy(dtype=bool), attacked)
        bars(axes[0], pd.Series(true, index), row, 0.8, color=BLUE)
        bars(axes[0], pd.Series(false, index), row, 0.4, color=VERMILION)
    row_labels(axes[0], ["attacks", *titles])
    time_axis(axes[0], index)
    note(figure, "tall and blue: an alarm that overlaps an attack · low and red: a false alarm")
    return figure


@styled
def matrix(table: pd.DataFrame, wide: bool = False) -> Figure:
    """Attack × detector: found or missed, the detection delay, and whether the lead tag or its stage was attacked.

    Beside each detector: attacks found, their median delay, and for how many of them the lead tag was attacked.
    wide: one row per detector, for a slide; where many attacks make the cells narrow, delays and tags are left out, and
    every second, fifth, … attack is named.

    table: rows of `metrics.per_attack` of several detectors, with a column or index level `detector`, as
    `pd.concat({name: per_attack(...)}, names=["detector"])` makes it.
    """
    if table.empty:
        return nothing("No attack of this recording is known: nothing to find.")
    by_detector = dict(list(table.groupby("detector", sort=False)))
    figure = (_lying if wide else _upright)(by_detector, next(iter(by_detector.values())))
    soon, late = (duration(seconds) for seconds in DELAYS[:2])
    found = f"dark: found within {soon} · paler: within {late}, later · on: alarm already on at the start · –: missed"
    note(figure, f"{found}\nlead tag: ● attacked, ◐ another tag of an attacked stage, ○ a tag of another stage")
    return figure


def _true_and_false(alarm: np.ndarray, attacked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the alarms that overlap an attack, and of those that do not."""
    alarms = intervals_of(alarm)
    touches = count_within(attacked, alarms) > 0
    return mask_of(alarms[touches], len(alarm)), mask_of(alarms[~touches], len(alarm))


def _upright(by_detector: dict[str, pd.DataFrame], attacks: pd.DataFrame) -> Figure:
    labels = [f"{attack.points.replace(';', ' ')}   {beginning(str(attack.attack))}" for attack in attacks.itertuples()]
    column = (WIDTH - max(map(width_of, [ATTACK_HEADING, *labels])) - 0.1) / len(by_detector)
    headings = [wrapped(_heading(name, rows), column - 0.04) for name, rows in by_detector.items()]
    beside = column > BESIDE_ROOM
    above = LINE_INCHES * max(heading.count("\n") + 1 - HEADING_LINES for heading in headings)
    figure = Figure((CELL_INCHES if beside else LYING_INCHES) * len(attacks) + 1.4 + max(above, 0))
    ax = figure.subplots()
    for place, rows in enumerate(by_detector.values()):
        for row, result in enumerate(rows.itertuples()):
            look = _cell(ax, place, row, result)
            if look and beside:
                ax.text(place - 0.42, row, _when(result), **look)
                ax.text(place + 0.42, row, _lead(result), ha="right", **look)
            elif look:
                ax.text(place, row, _said(result, column), ha="center", linespacing=1, **look)
    row_labels(ax, labels)
    _headings(ax, headings)
    ax.hlines(np.arange(1, len(attacks)) - 0.5, *ax.get_xlim(), color=PALE, linewidth=0.4)
    return figure


def _lying(by_detector: dict[str, pd.DataFrame], attacks: pd.DataFrame) -> Figure:
    cell = (SLIDE_WIDTH - NAMES_INCHES) / len(attacks)
    room = cell > HEADING_ROOM
    points = attacks["points"].str.replace(";", "\n" if room else " ")
    names = 0.3 if room else CHARACTER_INCHES * points.str.len().max()
    headings = [_heading(name, rows, ", ").rstrip(", ") for name, rows in by_detector.items()]
    headings = [wrapped(heading, NAMES_INCHES) for heading in headings]
    high = max(LYING_INCHES, LINE_INCHES * max(heading.count("\n") + 1 for heading in headings))
    figure = Figure(high * len(by_detector) + names + 0.8, SLIDE_WIDTH)
    ax = figure.subplots()
    for row, rows in enumerate(by_detector.values()):
        for column, result in enumerate(rows.itertuples()):
            look = _cell(ax, column, row, result)
            if look:
                ax.text(column, row, _said(result, cell), ha="center", linespacing=1, **look)
    row_labels(ax, headings)
    ax.set_xlim(-0.5, len(attacks) - 0.5)
    numbers = attacks["attack"].astype(str).map(beginning)
    every = min(_every(max(LYING_LINE_INCHES, *map(width_of, numbers)) / cell), len(attacks))
    named = range(every - 1, len(attacks), every)
    ax.set_xticks(named, points.iloc[named], rotation=0 if room else 90)
    ax.tick_params(length=0)
    for column in named:
        ax.text(column, -0.6, numbers.iloc[column], ha="center", va="bottom", fontsize=8)
    return figure


def _every(cells: float) -> int:
    """One of so many attacks is named, if a name takes the width of `cells`: of 1, 2, 5, 10, 20, … the first enough."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    return next(step for step in steps if step >= cells)


def _cell(ax: Axes, column: int, row: int, result) -> dict:
    """Draw the background of a cell, or the dash of a miss. Returns the style of its text, empty for a miss."""
    if not result.found:
        ax.text(column, row, "–", ha="center", va="center", color=GREY)
        return {}
    shade_of = next(k for k, until in enumerate(DELAYS) if result.delay_s <= until)
    ax.add_patch(Rectangle((column - 0.47, row - 0.43), 0.94, 0.86, color=DELAY_SHADES[shade_of], linewidth=0))
    return {"va": "center", "fontsize": 8, "color": "white" if shade_of == 0 else INK}


def _when(result) -> str:
    return "on" if result.standing else duration(result.delay_s)


def _tag(result) -> str:
    return result.lead_tag if pd.notna(result.lead_tag) else ""


def _lead(result) -> str:
    return f"{_dot(result)} {_tag(result)}".strip()


def _said(result, inches: float) -> str:
    """The delay above the lead tag; in a narrow cell what fits of: the alarm stood already, above the tag's sign."""
    brief = (line for line in ("on" if result.standing else "", _dot(result)) if width_of(line) <= inches)
    return "\n".join(filter(None, (_when(result), _lead(result)) if inches > HEADING_ROOM else brief))


def _dot(result) -> str:
    """Sign for the lead tag: attacked, of an attacked stage, or neither; empty where it or the attack is unknown."""
    if not result.points or not _tag(result):
        return ""
    points = result.points.split(";")
    same_stage = stage_of(result.lead_tag) in map(stage_of, points)
    return "●" if result.lead_tag in points else "◐" if same_stage else "○"


def _heading(name: str, rows: pd.DataFrame, between: str = "\n") -> str:
    found = rows[rows["found"]]
    delay = f", {duration(found['delay_s'].median())}" if len(found) else ""
    right = between + (f"{found['attacked'].sum()} ●" if found["attacked"].notna().any() else "")
    return f"{detector_title(name)}\n{len(found)} of {len(rows)}{delay}{right}"


def _headings(ax: Axes, headings: list[str]) -> None:
    ax.set_xlim(-0.5, len(headings) - 0.5)
    ax.set_xticks(range(len(headings)), headings)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.annotate(
        ATTACK_HEADING, (0, 1), (-5, 5), xycoords="axes fraction", textcoords="offset points",
        ha="right", fontsize=8, color=GREY,
    )  # fmt: skip
