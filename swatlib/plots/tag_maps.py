"""Maps of tags: the movement in each attack, and the drift on normal days."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.patches import Rectangle

from swatlib.data import Recording, attacks
from swatlib.plant import TAGS
from swatlib.plots.annotations import LINE_INCHES, embolden, note, row_labels, wrapped
from swatlib.plots.panels import moving
from swatlib.plots.series import beginning, recorded, time_axis
from swatlib.plots.style import BLACK, BLUE, PALE, RC, SKY, Figure, nothing, styled
from swatlib.results.movement import movements
from swatlib.wording import duration

LEAST_INCHES = 2.8
AROUND_INCHES = 0.75  # of what stands above and below the rows of `drift`
NOTE_CHARACTERS = 145  # of a line of tags over the width of a figure
MOST = 10.0  # end of the colour scale
WHITE_TO_BLUE = LinearSegmentedColormap.from_list("white to blue", ["white", SKY, BLUE, "#00253B"]).with_extremes(
    bad=PALE
)


@styled
def movement(recording: Recording, normal: Recording, tags=None, before="10min", seconds: int = 60) -> Figure:
    """How much faster than in normal operation each tag changed, before and during each attack.

    A cell is the largest change within `seconds`, as a multiple of the 99.9 % quantile of the tag's changes in the
    `normal` rows; white up to 1, grey without a reading. tags: None for the sensors that vary; those that one of the
    recordings lacks are left out. Attacked tags are framed. The time before an attack may contain the recovery from an
    earlier one. Raises ValueError for a tag that both recordings lack.
    """
    events = attacks(recorded(recording, "movement"))
    if events.empty:
        return nothing("No attack of this recording is known: no movement to show.")
    there = list(recorded(normal, "movement").frame)
    sensors = [tag for tag in there if TAGS[tag].is_sensor]
    wanted = sensors if tags is None else [tags] if isinstance(tags, str) else list(tags)
    if unknown := [tag for tag in wanted if tag not in there and tag not in recording.frame]:
        raise ValueError(f"{', '.join(unknown)}: no tag of these recordings; choose from {', '.join(there)}")
    tags = moving(normal.frame, wanted)
    before = pd.Timedelta(before)
    ahead, during = movements(recording.frame, normal.frame[tags], events, before, seconds)
    tags = list(during)
    if not tags:
        return nothing("No sensor that changes on the normal days is in both recordings: no movement to show.")
    figure = Figure(max(0.175 * len(events) + 1.5, LEAST_INCHES))
    axes = figure.subplots(1, 2, sharey=True)
    titles = f"in the {duration(before.total_seconds())} before", "during the attack"
    for ax, table, title in zip(axes, (ahead, during), titles, strict=True):
        cells = ax.imshow(table, cmap=WHITE_TO_BLUE, norm=LogNorm(1, MOST), aspect="auto", interpolation="none")
        _grid(ax, tags, events)
        ax.set_title(title)
    axes[0].set_ylabel("attack")
    bar = figure.colorbar(cells, ax=axes, aspect=40, pad=0.01, extend="max")
    bar.set_ticks([1, 2, 5, 10], labels=["1", "2", "5", "10"])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label(f"largest change in {seconds} s,\nas a multiple of normal")
    unknown = ahead.isna().any(axis=None) or during.isna().any(axis=None)
    note(figure, "framed: attacked tag" + (" · grey: no reading" if unknown else ""))
    return figure


@styled
def drift(recording: Recording, drifting=(), block="3h") -> Figure:
    """Mean of each tag in every `block` of time, in standard deviations (within a block) from its mean over all.

    drifting: tags to set in bold, such as `Features.drifting_`. Tags that never change are listed below.
    """
    frame = recorded(recording, "drift").frame
    varying = [] if frame.empty else moving(frame, list(frame))
    if not varying:
        return nothing("No tag of this recording changes: no drift to show.")
    means, spreads = {}, {}
    for time, rows in frame.resample(block):
        readings = rows[varying].astype(float)  # of a block at a time: twice the memory of the readings
        means[time], spreads[time] = readings.mean(), readings.std()
    mean, within = pd.DataFrame(means).T, pd.DataFrame(spreads).T.mean().replace(0, np.nan)
    table = ((mean - mean.mean()) / within).T
    constant = ", ".join(tag for tag in frame if tag not in varying)
    says = textwrap.wrap(f"bold: drifting · constant: {constant or 'none'}", NOTE_CHARACTERS)
    high = max(0.165 * len(varying) + 1.1, LEAST_INCHES)
    figure = Figure(high + LINE_INCHES * (len(says) - 1))
    ax = figure.subplots()
    edges = mean.index.append(mean.index[-1:] + pd.Timedelta(block))
    cells = ax.pcolormesh(edges, np.arange(len(varying) + 1) - 0.5, table, cmap="RdBu_r", vmin=-2, vmax=2)
    row_labels(ax, varying)
    embolden(ax, drifting)
    time_axis(ax, frame.index)
    bar = figure.colorbar(cells, ax=ax, aspect=40, pad=0.01, extend="both")
    label = f"mean of {block} minus overall mean (standard deviations)"
    bar.set_label(wrapped(label, high - AROUND_INCHES, RC["axes.labelsize"]))
    bar.outline.set_visible(False)
    note(figure, "\n".join(says))
    return figure


def _grid(ax: Axes, tags: list[str], events: pd.DataFrame) -> None:
    ax.set_xticks(range(len(tags)), tags, rotation=90)
    row_labels(ax, list(map(beginning, events["attack"].astype(str))))
    ax.tick_params(length=0)
    for row, points in enumerate(events["points"]):
        for tag in set(points.split(";")) & set(tags):
            frame = (tags.index(tag) - 0.5, row - 0.5)
            ax.add_patch(Rectangle(frame, 1, 1, fill=False, edgecolor=BLACK, linewidth=0.8, clip_on=False))
