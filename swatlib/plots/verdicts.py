"""Detectors side by side: when each raises an alarm, and which attacks each finds."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from swatlib.arrays import count_within, intervals_of, mask_of
from swatlib.metrics.case import event_intervals
from swatlib.plant import stage_of
from swatlib.plots.annotations import chosen, detector_title, note, row_labels
from swatlib.plots.series import CHARACTER_INCHES, bars, shade, stacked, time_axis
from swatlib.plots.style import BLACK, BLUE, GREY, INK, PALE, SKY, SLIDE_WIDTH, VERMILION, Figure, nothing, styled
from swatlib.wording import duration

STRIP_ROW_INCHES, CELL_INCHES = 0.25, 0.19
LYING_INCHES, NAMES_INCHES = 0.36, 1.6  # of a row of the wide form, and of the names before it
HEADING_ROOM = 0.55  # inches needed for a delay and a tag; a narrower cell has only the dot
DELAYS = (60, 600, np.inf)  # seconds; one shade each, the darkest for the quickest
DELAY_SHADES = (BLUE, SKY, "#CFE6F5")


@styled
def strip(scores: pd.DataFrame, events: pd.DataFrame, detectors=None) -> Figure:
    """Alarms of every detector against time, the true attacks on top.

    scores: as `Pipeline.score` gives them. events: as `data.attacks` gives them. Alarms that overlap an attack are blue
    and tall, false alarms red and low. Raises ValueError for a detector that has no scores.
    """
    names, index = chosen(scores, detectors), scores.index
    figure = Figure(STRIP_ROW_INCHES * (len(names) + 1) + 0.85)
    axes = stacked(figure, [1])
    shade(axes, events, index)
    attacked = mask_of(event_intervals(events, index), len(index))
    bars(axes[0], pd.Series(attacked, index), 0, 0.8, color=BLACK)
    for row, name in enumerate(names, start=1):
        true, false = _true_and_false(scores[name]["alarm"].to_numpy(dtype=bool), attacked)
        bars(axes[0], pd.Series(true, index), row, 0.8, color=BLUE)
        bars(axes[0], pd.Series(false, index), row, 0.4, color=VERMILION)
    row_labels(axes[0], ["attacks", *map(detector_title, names)])
    time_axis(axes[0], index)
    note(figure, "tall and blue: an alarm that overlaps an attack · low and red: a false alarm")
    return figure


@styled
def matrix(table: pd.DataFrame, wide: bool = False) -> Figure:
    """Attack × detector: found or missed, the detection delay, and whether the lead tag or its stage was attacked.

    Beside each detector: attacks found, their median delay, and for how many of them the lead tag was attacked.
    wide: one row per detector, for a slide; where many attacks make the cells narrow, delays and tags are left out.

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
    figure = Figure(CELL_INCHES * len(attacks) + 1.4)
    ax = figure.subplots()
    for column, rows in enumerate(by_detector.values()):
        for row, result in enumerate(rows.itertuples()):
            look = _cell(ax, column, row, result)
            if look:
                ax.text(column - 0.42, row, _when(result), **look)
                ax.text(column + 0.42, row, f"{_dot(result)} {_tag(result)}".strip(), ha="right", **look)
    row_labels(ax, [f"{attack.points.replace(';', ' ')}   {attack.attack}" for attack in attacks.itertuples()])
    _headings(ax, [_heading(name, rows) for name, rows in by_detector.items()])
    ax.hlines(np.arange(1, len(attacks)) - 0.5, *ax.get_xlim(), color=PALE, linewidth=0.4)
    return figure


def _lying(by_detector: dict[str, pd.DataFrame], attacks: pd.DataFrame) -> Figure:
    room = (SLIDE_WIDTH - NAMES_INCHES) / len(attacks) > HEADING_ROOM
    points = attacks["points"].str.replace(";", "\n" if room else " ")
    names = 0.3 if room else CHARACTER_INCHES * points.str.len().max()
    figure = Figure(LYING_INCHES * len(by_detector) + names + 0.8, SLIDE_WIDTH)
    ax = figure.subplots()
    for row, rows in enumerate(by_detector.values()):
        for column, result in enumerate(rows.itertuples()):
            look = _cell(ax, column, row, result)
            if look:
                said = (
                    [_when(result), f"{_dot(result)} {_tag(result)}".strip()]
                    if room
                    else ["on" if result.standing else "", _dot(result)]
                )
                ax.text(column, row, "\n".join(filter(None, said)), ha="center", linespacing=1, **look)
    row_labels(ax, [_heading(name, rows, ", ").rstrip(", ") for name, rows in by_detector.items()])
    ax.set_xlim(-0.5, len(attacks) - 0.5)
    ax.set_xticks(range(len(attacks)), points, rotation=0 if room else 90)
    ax.tick_params(length=0)
    for column, name in enumerate(attacks["attack"]):
        ax.text(column, -0.6, name, ha="center", va="bottom", fontsize=8)
    return figure


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
        "attacked tags, attack", (0, 1), (-5, 5), xycoords="axes fraction", textcoords="offset points",
        ha="right", fontsize=8, color=GREY,
    )  # fmt: skip
