"""Labels against readings: the offset of each label, and the label without an attack."""

import numpy as np
import pandas as pd

from swatlib.data import Recording
from swatlib.plots.annotations import note, row_labels
from swatlib.plots.panels import draw_panel, inches
from swatlib.plots.series import between, shade, time_axis
from swatlib.plots.style import BLUE, GREY, INK, PALE, VERMILION, Figure, nothing, styled

OFFSET_ROW_INCHES, TWIN, MARGIN = 0.2, 21, pd.Timedelta("10min")
NO_OFFICIAL = "The official labels of 2015 are not those of this recording."


@styled
def offsets(movements: pd.DataFrame) -> Figure:
    """Seconds from the start of each official label to the first movement of an attacked tag, and to the true start.

    movements: as `protocols.first_movements` gives them.
    """
    if movements.empty:
        return nothing(NO_OFFICIAL)
    figure = Figure(OFFSET_ROW_INCHES * len(movements) + 0.9, width=8.5)
    ax = figure.subplots()
    rows = np.arange(len(movements))
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.hlines(rows, 0, movements["offset_s"].fillna(0), color=PALE, linewidth=1.5)
    ax.plot(movements["true_offset_s"], rows, "|", color=GREY, markersize=9, markeredgewidth=1.2)
    ax.plot(movements["offset_s"], rows, "o", color=BLUE, markersize=4)
    for row, unseen in zip(rows, movements["offset_s"].isna(), strict=True):
        if unseen:
            ax.annotate("no attacked tag moves", (2, row), va="center", fontsize=8, color=VERMILION)
    row_labels(ax, [f"{row.points.replace(';', ' ')}   {row.attack}" for row in movements.itertuples()])
    ax.spines["bottom"].set_visible(True)
    ax.set(xlabel="time from the start of the official label (s)")
    ax.margins(x=0.05)
    note(figure, "dot: first movement of an attacked tag · tick: true start · left of the line: the label is late")
    return figure


@styled
def phantom(recording: Recording, phantoms: pd.DataFrame, windows: pd.DataFrame, attack: int = TWIN) -> Figure:
    """A label without an attack beside the attack it was copied from: the attacked tags in both windows.

    phantoms, windows: as `protocols.phantoms` and `protocols.windows` give them. Without the attack, the phantom alone.
    """
    if phantoms.empty:
        if windows.empty:
            return nothing(NO_OFFICIAL)
        return nothing("Every interval of the official label in this recording has an attack.")
    twin = windows[windows["attack"] == attack]
    spans = {"label without an attack": (phantoms["start"].iloc[0], phantoms["end"].iloc[0])}
    spans |= {f"attack {attack}": (row.true_start, row.true_end) for row in twin.itertuples()}
    tags = [tag for tag in ("LIT101", "MV101") if tag in recording.frame]
    if not tags:
        return nothing("This recording has neither LIT101 nor MV101, which the label without an attack is about.")
    heights = [1.6 if tag == "LIT101" else max(inches([tag]), 0.3) for tag in tags]
    figure = Figure(sum(heights) + 0.9)
    grid = figure.subplots(len(tags), len(spans), sharex="col", sharey="row", squeeze=False, height_ratios=heights)
    for axes, (heading, (start, end)) in zip(grid.T, spans.items(), strict=True):
        frame = between(recording.frame, start - MARGIN, end + MARGIN)
        shade(list(axes), pd.DataFrame({"attack": [""], "start": [start], "end": [end]}), frame.index, numbers=False)
        for ax, tag in zip(axes, tags, strict=True):
            draw_panel(ax, frame[[tag]])
        axes[0].set_title(f"{heading}, {start:%d %b}")
        time_axis(axes[-1], frame.index)
    note(figure, "grey: the labelled time (left), the attack (right)")
    return figure
