"""Localisation: hit rates of each detector beside those of random rankings."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from swatlib.plots.annotations import note, row_labels, row_titles
from swatlib.plots.style import BLUE, GREY, INK, PALE, SKY, VERMILION, Figure, nothing, styled

RATE_ROW_INCHES = 0.52
PANELS = {"tag": "an attacked tag", "stage": "a tag of an attacked stage"}
RATE_SHADES = (BLUE, "#2F8FC4", SKY)  # for k from small to large


@styled
def hit_rates(table: pd.DataFrame) -> Figure:
    """Share of the found attacks in which one of the first k tags is right, with 95 % interval, and the chance level.

    table: `Results.hit_rates`, index (detector, right, first).
    """
    if table["of"].max() == 0:
        return nothing("No found attack is known to be on a tag of the recording: there is no hit rate.")
    detectors = list(table.index.unique("detector"))
    titles, high = row_titles(detectors, RATE_ROW_INCHES)
    figure = Figure(high * len(detectors) + 1.0)
    axes = figure.subplots(1, len(PANELS), sharey=True)
    for ax, (right, says) in zip(axes, PANELS.items(), strict=True):
        for row, name in enumerate(detectors):
            _rates(ax, row, table.xs(name, level="detector").xs(right, level="right"))
        row_labels(ax, titles)
        _scale(ax, says)
    first = ", ".join(map(str, table.index.unique("first")))
    note(
        figure,
        f"from top: among the first {first} tags · bar: share of the found attacks, hits beside it\n"
        "line: 95 % interval (Wilson) · red: what a random ranking of all tags is expected to give",
    )
    return figure


def _rates(ax: Axes, row: int, rates: pd.DataFrame) -> None:
    at = row + np.linspace(-0.26, 0.26, len(rates))
    height = 0.9 * (at[1] - at[0]) if len(at) > 1 else 0.5
    ax.barh(at, rates["rate"], height, color=RATE_SHADES[: len(rates)], linewidth=0)
    ax.hlines(at, rates["low"], rates["high"], color=INK, linewidth=0.8)
    ax.vlines(rates["expected"], at - height / 2, at + height / 2, color=VERMILION, linewidth=1.6, zorder=3)
    for place, hit in zip(at, rates.itertuples(), strict=True):
        ax.text(1.02, place, f"{hit.hits}/{hit.of}" if hit.of else "–", va="center", fontsize=7, color=GREY)


def _scale(ax: Axes, words: str) -> None:
    ax.set_title(words)
    ax.set_xlim(0, 1.08)
    ax.set_xticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100 %"])
    ax.grid(axis="x", color=PALE)
