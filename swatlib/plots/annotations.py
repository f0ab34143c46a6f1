"""Text on a figure: units, names at the ends of lines, row labels, and a note on how to read it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from swatlib.detectors import title
from swatlib.plant import TAGS
from swatlib.plots.style import GREY, INK, Figure

LONG = 10  # characters of a quantity above which its unit goes on a second line


def unit_label(tag: str) -> str:
    """Quantity and unit of a tag, for an axis."""
    kind, unit = TAGS[tag].kind, TAGS[tag].unit
    return kind if kind == unit else f"{kind}{chr(10) if len(kind) > LONG else ' '}({unit})"


def chosen(scores: pd.DataFrame, detectors=None) -> list[str]:
    """Names of the detectors to draw. Raises ValueError for one that has no scores."""
    there = list(scores.columns.unique(0))
    names = there if detectors is None else list(detectors)
    if unknown := [name for name in names if name not in there]:
        raise ValueError(f"no scores of {', '.join(unknown)}; there are those of {', '.join(there)}")
    return names


def detector_title(detector: str) -> str:
    """A detector's title for readers."""
    return title(detector)


def note(figure: Figure, text: str) -> None:
    """How to read the figure, in small grey print beneath it."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color=GREY)


def row_labels(ax: Axes, names: list[str]) -> None:
    """Names of the rows of an axis of bands, the first on top; no frame."""
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names, color=INK)
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def embolden(ax: Axes, names) -> None:
    """Set the row and end labels that are among `names` in bold."""
    for text in [*ax.texts, *ax.get_yticklabels()]:
        text.set_fontweight("bold" if text.get_text() in names else "normal")


def end_labels(ax: Axes, labels: dict[str, tuple[float, str]], gap: float = 0.1) -> None:
    """Names at the right end of lines: name → (value, colour), at least `gap` of the axis' height apart."""
    low, high = ax.get_ylim()
    heights = {name: np.nan_to_num((value - low) / (high - low), nan=0.5) for name, (value, _) in labels.items()}
    names = sorted(heights, key=lambda name: heights[name])
    places = spread_out(np.array([heights[name] for name in names]).clip(0, 1), gap)
    for name, place in zip(names, places, strict=True):
        ax.annotate(
            name, (1, place), (4, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", color=labels[name][1], fontsize=8, annotation_clip=False,
        )  # fmt: skip


def spread_out(places: np.ndarray, gap: float) -> np.ndarray:
    """Ascending places moved as little as possible, by least squares, so that each is `gap` above the one before.

    An isotonic regression: of all means from a place at or before each to one at or after it, the largest smallest.
    Source: Robertson, Wright and Dykstra, Order Restricted Statistical Inference, 1988.
    """
    steps = gap * np.arange(len(places))
    wanted, count = places - steps, range(len(places))
    moved = [max(min(wanted[low : high + 1].mean() for high in count[k:]) for low in range(k + 1)) for k in count]
    return np.clip(moved, 0, max(0, 1 - gap * (len(places) - 1))) + steps
