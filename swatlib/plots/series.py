"""Long series against time: thinned lines, bars where a condition is true, bands for the attacks."""

from typing import Any, cast

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from swatlib.data.recording import Recording, on_clock
from swatlib.plots.style import ATTACK_BAND, ATTACK_EDGE, INK, WIDTH, Figure

RESOLUTION = 1500  # time bins over the width of a figure
GAP = 10  # sampling periods without a row that break a line
CHARACTER_INCHES = 0.075
DOT = 1.8  # points wide
MOST_OF_LABEL = 24  # characters of the name of an attack


def recorded(given: Recording, figure: str) -> Recording:
    """The recording itself. Raises ValueError for what is none, such as a frame; figure: the name of what shows it."""
    if isinstance(given, Recording):
        return given
    raise ValueError(
        f"{figure} shows a Recording, not an object of type {type(given).__name__}; give what load, simulate or "
        "recordings returns, or Recording(frame)"
    )


def between(frame: pd.DataFrame, start=None, end=None) -> pd.DataFrame:
    """Rows from `start` (included) to `end` (excluded), times as for `on_clock`. Raises ValueError if there is none."""
    index = frame.index
    low = 0 if start is None else index.searchsorted(on_clock(index, start))
    high = len(index) if end is None else index.searchsorted(on_clock(index, end))
    if high <= low:
        known = f"they go from {index[0]} to {index[-1]}" if len(index) else "there are none at all"
        raise ValueError(f"no row lies between {start} and {end}; {known}")
    return frame.iloc[low:high]


def period(index: pd.DatetimeIndex) -> pd.Timedelta:
    """Usual time between rows, from the first thousand."""
    return pd.Timedelta(np.median(np.diff(index[:1000]))) if len(index) > 1 else pd.Timedelta(1, "s")


def thin(series: pd.Series, bins: int = RESOLUTION) -> pd.Series:
    """The smallest and largest value of each of `bins` equal bins, in order of time: no peak is lost.

    A NaN at each gap in time breaks the line.
    """
    values, index = series.to_numpy(np.float64), series.index
    rows = _extremes(values, bins) if len(values) > 2 * bins else np.arange(len(values))
    gaps = np.flatnonzero(_before_gap(index))
    broken = pd.Series(np.nan, index=index[gaps] + period(index))
    thinned = pd.Series(values[rows], index=index[rows])
    return pd.concat([thinned, broken]).sort_index(kind="stable") if len(gaps) else thinned


def _before_gap(index: pd.DatetimeIndex) -> np.ndarray:
    """Whether a gap in time follows on each row but the last (n - 1,)."""
    return np.diff(index) > GAP * period(index)


def _extremes(values: np.ndarray, bins: int) -> np.ndarray:
    """Rows of the smallest and the largest value of each of `bins` equal bins."""
    block = -(-len(values) // bins)
    blocks = np.pad(values, (0, -len(values) % block), constant_values=np.nan).reshape(-1, block)
    missing = np.isnan(blocks)
    lowest = np.where(missing, np.inf, blocks).argmin(axis=1)
    highest = np.where(missing, -np.inf, blocks).argmax(axis=1)
    return np.unique(np.add([lowest, highest], np.arange(len(blocks)) * block))


def alone(values: np.ndarray) -> np.ndarray:
    """Places of values without a neighbour that is one: no line leads to them, so that they are drawn as dots."""
    there = np.r_[False, np.isfinite(values), False]
    return np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])


def line(ax: Axes, series: pd.Series, **style):
    """Draw a series of any length against time."""
    thinned = thin(series)
    values = thinned.to_numpy()
    dots: dict[str, Any] = {"marker": "o", "markersize": DOT, "markeredgewidth": 0, "markevery": alone(values).tolist()}
    return ax.plot(thinned.index.to_numpy(), values, **style, **(dots if dots["markevery"] else {}))[0]


def bars(ax: Axes, rows: pd.Series, at: float, height: float, **style) -> None:
    """Bars centred on `at` where `rows` (bool, on times) is True, parted at gaps; the shortest stays visible."""
    on, index = rows.to_numpy(dtype=bool), rows.index
    parted = _before_gap(index)
    first = np.flatnonzero(on & np.r_[True, ~on[:-1] | parted])
    last = np.flatnonzero(on & np.r_[~on[1:] | parted, True])
    start, stop = mdates.date2num(index[first]), mdates.date2num(index[last] + period(index))
    thinnest = 2 * np.ptp(mdates.date2num(index[[0, -1]])) / RESOLUTION
    widths = np.maximum(stop - start, thinnest)
    ax.broken_barh(np.column_stack([start, widths]).tolist(), (at - height / 2, height), linewidth=0, **style)


def shade(axes: list[Axes], events: pd.DataFrame, span: pd.DatetimeIndex, colour=ATTACK_BAND, numbers=True) -> None:
    """Grey bands for the attacks that touch `span` on all axes, and their numbers above the first."""
    seen = events[(events["end"] > span[0]) & (events["start"] <= span[-1])]
    start, stop = (mdates.date2num(seen[name]) for name in ("start", "end"))
    for ax in axes:
        whole_height: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "zorder": 0}
        ax.broken_barh(
            np.column_stack([start, stop - start]).tolist(), (0, 1), color=colour, linewidth=0, **whole_height
        )
        ax.vlines(start, 0, 1, color=ATTACK_EDGE, linewidth=0.6, **whole_height)
    if numbers:
        _number(axes[0], seen["attack"].astype(str).tolist(), start, stop, *mdates.date2num(span[[0, -1]]))


def _number(ax: Axes, names: list[str], start: np.ndarray, stop: np.ndarray, low: float, high: float) -> None:
    """Attack numbers above their bands; numbers that would overlap are written as a range."""
    days_an_inch = (high - low) / (0.8 * cast(Figure, ax.figure).get_size_inches()[0])
    middles = (start.clip(low, high) + stop.clip(low, high)) / 2
    for name, place in merged_labels(names, middles, CHARACTER_INCHES * days_an_inch):
        ax.annotate(
            name, (place, 1), (0, 2), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="bottom", fontsize=8, color=INK, annotation_clip=False,
        )  # fmt: skip


def beginning(name: str) -> str:
    """The name of an attack, cut where it would take the room of the figure."""
    return name if len(name) <= MOST_OF_LABEL else f"{name[: MOST_OF_LABEL - 1]}…"


def merged_labels(names: list[str], middles: np.ndarray, character: float) -> list[tuple[str, float]]:
    """Labels, of long names their beginnings, and their places; a range where they would be less than the width of a
    `character` apart.
    """
    labels: list[tuple[tuple[str, str], tuple[float, float]]] = []
    for name, middle in zip(names, middles, strict=True):
        labels.append(((name, name), (middle, middle)))
        while len(labels) > 1 and _touch(labels[-2], labels[-1], character):
            (first, left), (last, right) = labels[-2:]
            labels[-2:] = [((first[0], last[1]), (left[0], right[1]))]
    return [(_range(ends), sum(places) / 2) for ends, places in labels]


def _touch(left, right, character: float) -> bool:
    """Whether two labels (ends, places) would be less than the width of a character apart."""
    apart = (sum(right[1]) - sum(left[1])) / 2
    return apart < character * (1 + (len(_range(left[0])) + len(_range(right[0]))) / 2)


def _range(ends: tuple[str, str]) -> str:
    return "–".join(map(beginning, dict.fromkeys(ends)))


def stacked(figure: Figure, heights: list[float]) -> list[Axes]:
    """Panels of these heights (inches) below each other on one time axis, ticks only at the bottom."""
    axes = list(figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0])
    for ax in axes:
        ax.tick_params(axis="x", length=3 if ax is axes[-1] else 0)
        ax.yaxis.set_label_coords(-0.052 * WIDTH / figure.get_figwidth(), 0.5)
    return axes


def time_axis(ax: Axes, span: pd.DatetimeIndex) -> None:
    """Limits and readable dates in the zone of the times: each date once, times between."""
    locator = mdates.AutoDateLocator(tz=span.tz, minticks=4, maxticks=9)
    day, clock = "%d %b", "%H:%M"
    formatter = mdates.ConciseDateFormatter(
        locator,
        tz=span.tz,
        formats=["%Y", "%b", day, clock, clock, "%H:%M:%S"],
        zero_formats=["", "%Y", day, day, clock, clock],
        offset_formats=["", "%Y", "%b %Y", *[f"{day} %Y"] * 3],
    )
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    ax.set_xlim(span[0], span[-1] + period(span))
