"""A board of Grafana or Chronograf drawn plainly from its own file and the answers to its queries.

It shows what stands where and what it says, not how Grafana looks.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from swatlib.plots.answers import broken, colour, labelled, series, spans, table, written
from swatlib.plots.style import ATTACK, CYCLE, GREY, INK, ORANGE, PALE, PURPLE, SKY, Figure, nothing, styled

COLUMNS = 24
WIDE, ROW = 13.0, 0.3  # inches: of the board, of one of its rows
HEAD, PAD, TITLE = 0.45, 0.06, 0.22  # inches: above the board, around a panel, of its title
LETTER = 0.062  # inches a character at size 7
SERIES = (*CYCLE[:3], PURPLE, ORANGE, SKY)


class Panel(Protocol):
    """What is drawn: `place` holds x, y, w, h on 24 columns; `whole` is the panel's JSON in Grafana's form."""

    title: str
    kind: str
    place: Mapping[str, int]
    whole: Mapping[str, Any]


@styled
def board(
    title: str,
    answered: Iterable[tuple[Panel, list[pd.DataFrame]]],
    start: pd.Timestamp,
    end: pd.Timestamp,
    events: pd.DataFrame | None = None,
) -> Figure:
    """Panels with the answers to their queries, one a target, from `start` to `end` (UTC).

    events: known attacks, columns start and end; lines have grey bands where they were.
    """
    answered = list(answered)
    if not answered:
        return nothing(
            "The board asks InfluxDB, and points go to files here: python -m swatlib services install influxdb"
        )
    rows = max(panel.place["y"] + panel.place["h"] for panel, _ in answered)
    figure = Figure(HEAD + ROW * rows, WIDE)
    figure.set_layout_engine("none")
    figure.text(0.008, 1 - 0.14 / _height(figure), title, fontsize=11, fontweight="bold", va="top")
    said = f"drawn by swatlib from the board's file and stored data · {start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC"
    figure.text(0.992, 1 - 0.18 / _height(figure), said, fontsize=8, color=GREY, va="top", ha="right")
    for panel, answers in answered:
        if panel.kind == "row":
            place = 1 - (HEAD + (panel.place["y"] + 0.7) * ROW) / _height(figure)
            figure.text(0.008, place, panel.title, fontsize=9, fontweight="bold", color=GREY, va="center")
            continue
        ax = _panel(figure, panel, answers, (pd.Timestamp(start), pd.Timestamp(end)))
        if ax is not None and panel.kind == "timeseries" and events is not None:
            for event in events.itertuples():
                ax.axvspan(max(event.start, start), min(event.end, end), color=ATTACK, linewidth=0, zorder=0)
    return figure


def _height(figure: Figure) -> float:
    return figure.get_size_inches()[1]


def _panel(figure: Figure, panel: Panel, answers: list[pd.DataFrame], window) -> Axes | None:
    """Frame, title, and what its kind wants inside."""
    x, y, w, h = (panel.place[key] for key in "xywh")
    left, top = x / COLUMNS * WIDE + PAD, HEAD + y * ROW + PAD
    width, height = w / COLUMNS * WIDE - 2 * PAD, h * ROW - 2 * PAD
    ax = _axes(figure, left, top, width, height)
    ax.add_patch(Rectangle((0, 0), 1, 1, transform=ax.transAxes, fill=False, edgecolor=PALE, linewidth=1))
    ax.axis("off")
    most = int(width / 0.075)
    shown = panel.title if len(panel.title) <= most else panel.title[: most - 1] + "…"
    ax.text(0.08 / width, 1 - 0.06 / height, shown, fontsize=8, fontweight="bold", va="top", transform=ax.transAxes)
    if not any(len(answer) for answer in answers):
        ax.text(0.5, 0.4, "no data", color=GREY, ha="center", va="center", transform=ax.transAxes)
        return None
    draw, margins = KINDS[panel.kind]
    right, bottom, begin = margins
    names = labelled(answers) if panel.kind == "state-timeline" else []
    begin = max([begin, *(0.15 + LETTER * len(name) for name in names)])
    inside = (left + begin, top + TITLE, width - begin - right, height - TITLE - bottom)
    ax = _axes(figure, *inside)
    draw(ax, panel, answers, window)
    return ax


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches from the top left."""
    high = _height(figure)
    return figure.add_axes((left / WIDE, 1 - (top + height) / high, width / WIDE, height / high))


def _lines(ax: Axes, panel: Panel, answers: list[pd.DataFrame], window) -> None:
    """Lines or bars with a legend beneath; set points and limits dashed."""
    defaults = panel.whole.get("fieldConfig", {}).get("defaults", {})
    custom = defaults.get("custom", {})
    found = series(answers)
    bars = custom.get("drawStyle") == "bars" or panel.kind == "bar"
    for number, (name, values) in enumerate(found.items()):
        style = {"label": name, "color": SERIES[number % len(SERIES)], "linewidth": 1}
        if bars:
            _bars(ax, values, number / len(found), len(found), window, style)
        else:
            whole = broken(values)
            ax.plot(whole.index, whole, **style | _dashed(panel, name))
    if custom.get("thresholdsStyle", {}).get("mode") == "dashed":
        _limits(ax, defaults["thresholds"]["steps"])
    if custom.get("scaleDistribution", {}).get("type") == "symlog":
        ax.set_yscale("symlog", linthresh=custom["scaleDistribution"].get("linearThreshold", 1))
    if ax.get_yscale() == "linear":
        ax.yaxis.set_major_formatter(lambda value, _: written(value, unit_of(panel.whole)))
    ax.locator_params(axis="y", nbins=4) if ax.get_yscale() == "linear" else ax.minorticks_off()
    ax.tick_params(labelsize=7, length=2)
    columns = max(1, int(ax.get_window_extent().width / ax.figure.dpi / 1.0))
    rows = {"loc": "upper left", "bbox_to_anchor": (-0.01, -0.1), "ncols": columns, "fontsize": 6.5, "handlelength": 1}
    ax.legend(**rows, columnspacing=1, borderaxespad=0.3)
    _clock(ax, window)


def unit_of(whole: Mapping) -> str:
    """Grafana's name of a unit, or the suffix that Chronograf's axis has."""
    suffix = whole.get("axes", {}).get("y", {}).get("suffix", "")
    return whole.get("fieldConfig", {}).get("defaults", {}).get("unit", "") or suffix.strip()


def _bars(ax: Axes, values: pd.Series, beside: float, count: int, window, style: dict) -> None:
    """As wide as the time between them, shared by `count` series; `beside` (0 to 1) is this one's place in it."""
    steps = np.diff(values.index)
    step = min([(window[1] - window[0]) / 8, *map(pd.Timedelta, steps)])
    places = values.index.to_series().clip(window[0]) + step * beside
    ax.bar(places, values, width=0.8 * step / count, align="edge", **style)


def _dashed(panel: Panel, name: str) -> dict:
    """Colour and dashes that the file gives to one series."""
    style = {}
    for key, value in overrides(panel.whole, name).items():
        if key == "custom.lineStyle":
            style["linestyle"] = "--"
        if key == "color":
            style["color"] = colour(value["fixedColor"])
    return style


def overrides(whole: Mapping, name: str) -> dict[str, Any]:
    """Properties that a panel's file gives to the series of this name."""
    found = whole.get("fieldConfig", {}).get("overrides", ())
    matching = [each for each in found if matches(each["matcher"], name)]
    return {prop["id"]: prop["value"] for each in matching for prop in each["properties"]}


def matches(matcher: Mapping[str, str], name: str) -> bool:
    """Whether an override is meant for the series of this name; a regular expression stands between slashes."""
    if matcher["id"] == "byRegexp":
        return re.search(matcher["options"].strip("/"), name) is not None
    return matcher["options"] == name


def _limits(ax: Axes, steps: list[dict]) -> None:
    low, high = ax.get_ylim()
    for step in steps:
        value = step["value"]
        if value is not None and low - (high - low) < value < high + (high - low):
            ax.axhline(value, color=colour(step["color"]), linewidth=0.7, linestyle="--", zorder=0)


def _states(ax: Axes, panel: Panel, answers: list[pd.DataFrame], window) -> None:
    """A row a series, coloured by the words that the file has for its values."""
    defaults = panel.whole.get("fieldConfig", {}).get("defaults", {})
    found = series(answers)
    for row, (name, values) in enumerate(found.items()):
        mappings = overrides(panel.whole, name).get("mappings", defaults.get("mappings", ()))
        fixed = overrides(panel.whole, name).get("color", {}).get("fixedColor", "purple")
        words = {key: value for mapping in mappings for key, value in mapping["options"].items()}
        lasting = "custom.insertNulls" in overrides(panel.whole, name)
        for begin, stop, value in spans(values, window, lasting):
            word = words.get(value, {"text": value})
            ax.broken_barh(
                [(begin, stop - begin)], (row - 0.4, 0.8), color=colour(word.get("color", fixed)), alpha=0.8, lw=0
            )
            if stop - begin > 0.08 * np.ptp(mdates.date2num(window)):
                ax.text((begin + stop) / 2, row, word.get("text", value), fontsize=6.5, ha="center", va="center",
                        color="white", clip_on=True)  # fmt: skip
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_yticks(range(len(found)), list(found), fontsize=7)
    ax.tick_params(axis="y", length=0)
    _clock(ax, window)


def _clock(ax: Axes, window) -> None:
    ax.set_xlim(*window)
    locator = mdates.AutoDateLocator(minticks=2, maxticks=5)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    ax.tick_params(axis="x", labelsize=7, length=2)


def _numbers(ax: Axes, panel: Panel, answers: list[pd.DataFrame], _) -> None:
    """The last value of each series, large, coloured by the file's words or limits."""
    ax.axis("off")
    defaults = panel.whole.get("fieldConfig", {}).get("defaults", {})
    words = {key: value for mapping in defaults.get("mappings", ()) for key, value in mapping["options"].items()}
    lasts = {name: values.dropna().iloc[-1] for name, values in series(answers).items() if values.notna().any()}
    for row, (name, value) in enumerate(lasts.items()):
        word = words.get(key_of(value), {})
        text = word.get("text") or written(value, unit_of(panel.whole))
        shade = word.get("color") or step_of(value, defaults.get("thresholds", {}).get("steps", ()))
        size = 17 if len(lasts) == 1 else max(7, 13 - len(lasts))
        said = text if len(lasts) == 1 else f"{name}   {text}"
        ax.text(0.5, 1 - (row + 0.5) / len(lasts), said, fontsize=size, color=colour(shade) if shade else INK,
                fontweight="bold", ha="center", va="center", transform=ax.transAxes)  # fmt: skip


def key_of(value) -> str:
    """A value as the keys of mappings write it."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def step_of(value, steps: Iterable[Mapping]) -> str | None:
    """Colour of the highest limit that a number has reached."""
    if isinstance(value, str | bool | np.bool_):
        return None
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return reached[-1] if reached else None


def _rows(ax: Axes, panel: Panel, answers: list[pd.DataFrame], _) -> None:
    """As many rows as there is room for."""
    ax.axis("off")
    width, height = (size / ax.figure.dpi for size in (ax.get_window_extent().width, ax.get_window_extent().height))
    most = max(1, int(height / 0.17) - 1)
    hidden = [name for name in ("time", "Time") if overrides(panel.whole, "Time").get("custom.hideFrom.viz")]
    cells = table(pd.concat([answer for answer in answers if len(answer)]).drop(columns=hidden, errors="ignore"))
    widths = [max(map(len, [name, *cells[name][:most]])) + 3 for name in cells]
    places = np.cumsum([0, *widths[:-1]]) * LETTER / width
    for place, name in zip(places, cells, strict=True):
        for row, text in enumerate([name, *cells[name][:most]]):
            ax.text(place, 1 - row * 0.17 / height, text, fontsize=7, va="top", color=INK if row else GREY,
                    transform=ax.transAxes, clip_on=True)  # fmt: skip


# how a kind is drawn, and what it leaves free at its right, beneath and at its left (inches)
OVER_TIME, AS_NUMBERS = (_lines, (0.15, 0.5, 0.55)), (_numbers, (0.08, 0.08, 0.08))
KINDS: dict[str, tuple[Callable, tuple[float, float, float]]] = {
    "state-timeline": (_states, (0.15, 0.25, 0.5)),
    "table": (_rows, (0.08, 0.08, 0.12)),
    **dict.fromkeys(("timeseries", "line", "line-stacked", "line-stepplot", "bar", "line-plus-single-stat"), OVER_TIME),
    **dict.fromkeys(("stat", "single-stat", "gauge"), AS_NUMBERS),
}
