"""Text on a figure: units, names at the ends of lines, row labels, and a note on how to read it."""

import re
import textwrap
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from swatlib.detectors import title
from swatlib.plant import TAGS
from swatlib.plots.style import GREY, INK, RC, Figure

LONG = 10  # characters of a quantity above which its unit goes on a second line
POINTS_PER_INCH = 72
ROW_NAME_INCHES, LINE_INCHES = 2.4, 0.14  # width of the name of a row, height of a line of it


def unit_label(tag: str) -> str:
    """Quantity and unit of a tag, for an axis."""
    kind, unit = TAGS[tag].kind, TAGS[tag].unit
    return kind if kind == unit else f"{kind}{chr(10) if len(kind) > LONG else ' '}({unit})"


def chosen(scores: pd.DataFrame, detectors=None) -> list[str]:
    """Names of the detectors to draw, or of the one.

    Raises ValueError for one that has no scores, and for a table that is not of scores.
    """
    if len(scores.columns) and scores.columns.nlevels != 2:
        raise ValueError("these are no scores as Pipeline.score gives them; of one detector give scores[['pca']]")
    there = list(scores.columns.unique(0))
    names = there if detectors is None else [detectors] if isinstance(detectors, str) else list(detectors)
    if unknown := [name for name in names if name not in there]:
        raise ValueError(f"no scores of {', '.join(unknown)}; there are those of {', '.join(there)}")
    return names


def detector_title(detector: str) -> str:
    """A detector's title for readers."""
    return title(detector)


@cache
def width_of(text: str, size: float = 8, weight: str = "normal") -> float:
    """Inches of the longest line of a text."""
    font = FontProperties(family=RC["font.family"], size=size, weight=weight)
    lines = (text_to_path.get_text_width_height_descent(line, font, False)[0] for line in text.splitlines())
    return max(lines, default=0.0) / POINTS_PER_INCH


def wrapped(text: str, inches: float, size: float = 8, weight: str = "normal", most: int | None = None) -> str:
    """A text in lines of at most so many inches and `most` characters, broken at blanks; the last are the fullest.

    A word that is wider is broken after a sign in it, where that is not enough between any letters.
    """
    return "\n".join(_narrowed(line, inches, size, weight, most) for line in text.split("\n"))


def _narrowed(line: str, inches: float, size: float, weight: str, most: int | None) -> str:
    tried = ("\n".join(_broken(line, characters)) for characters in range(most or len(line), 1, -1))
    return next((lines for lines in tried if width_of(lines, size, weight) <= inches), line)


def row_titles(detectors: list[str], least: float) -> tuple[list[str], float]:
    """Titles of detectors as names of rows, and the height (inches) of a row that holds each, at least `least`."""
    titles = [wrapped(detector_title(name), ROW_NAME_INCHES) for name in detectors]
    return titles, max([least, *(LINE_INCHES * (title.count("\n") + 1) for title in titles if "\n" in title)])


def _broken(line: str, characters: int) -> list[str]:
    """Filled from the end, by filling what is read from the right: "local" stands above "outlier factor"."""
    whole_words = textwrap.wrap(line[::-1], characters, break_long_words=False, break_on_hyphens=False)
    return [piece for words in reversed(whole_words) for piece in _InWords(characters).wrap(words[::-1])] or [line]


class _InWords(textwrap.TextWrapper):
    """Breaks words after the signs that names of detectors hold, and before capitals."""

    wordsep_simple_re = re.compile(r"(\s+)|(?<=[:=_,/;])(?=\S)|(?<=[a-z])(?=[A-Z])")

    def __init__(self, width: int):
        super().__init__(width, break_on_hyphens=False)


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
