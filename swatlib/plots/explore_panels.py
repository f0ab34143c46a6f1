"""The interactive figure of a stretch of time, as plotly's plain data and layout.

From top to bottom on one axis of time: lanes of attacks and alarms, scores, then stage by stage its sensors and its
actuators.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from swatlib.data import Recording
from swatlib.plant import GAUGED_TANKS, OPEN, STAGES, TAGS, TRAVELLING
from swatlib.plots.annotations import detector_title, unit_label
from swatlib.plots.attack_words import attack_words
from swatlib.plots.explore_lanes import (
    milliseconds,
    segments_at,
    spans_of,
    stretched,
    telling_rows,
    words_in_bars,
)  # fmt: skip
from swatlib.plots.series import RESOLUTION, alone, merged_labels, period, thin
from swatlib.plots.style import (
    ALARM_RED,
    ATTACK_BAND,
    ATTACK_EDGE,
    BLACK,
    BLUE,
    GREY,
    INK,
    ON_BAR,
    OPEN_BAR,
)  # fmt: skip

LANE_PIXELS, SENSOR_PIXELS, SCORE_PIXELS, APART_PIXELS, NUMBERS_PIXELS = 21, 96, 84, 12, 18  # pixels high
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 150, 48, 6, 42  # pixels around the panels
USUAL_WIDTH = 900  # pixels of the axis of time, as far as texts must know it
CHARACTER = 6.5  # pixels
DOT_PIXELS = 3
BESIDE = 0.25  # of the shown time, also drawn before and after it, for a start of dragging
FONT = "DejaVu Sans, Verdana, sans-serif"
ATTACK_LANE = "attacks"
DOTTED = "1px,3px"  # plotly's own dots are dashes of 3 pixels
ON_AND_OFF = ((True, "white"), (False, GREY))  # colours of words on a bar, and where there is none

# What traces and axes share.
PLAIN_TRACE: dict[str, Any] = {"type": "scatter", "mode": "lines", "line": {"color": BLUE, "width": 1.1}}
PLAIN_AXIS: dict[str, Any] = {
    "anchor": "x", "fixedrange": True, "showgrid": False, "zeroline": False, "linecolor": GREY, "tickcolor": GREY,
    "ticks": "outside", "nticks": 5, "type": "linear",
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """What is to be seen: a recording's `tags` from `start` to `end`, scores of the detectors in `scored`."""

    recording: Recording
    events: pd.DataFrame
    scores: pd.DataFrame | None
    tags: tuple[str, ...]
    scored: tuple[str, ...]
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def span(self) -> tuple[float, float]:
        start, end = milliseconds(pd.DatetimeIndex([self.start, self.end]))
        return start, end

    @property
    def width(self) -> float:
        return self.span[1] - self.span[0]

    @property
    def least(self) -> float:
        """What a bar must last to be seen."""
        return 2 * self.width / RESOLUTION

    @property
    def step(self) -> float:
        """How long a row lasts."""
        return period(self.recording.frame.index) / pd.Timedelta("1ms")

    @property
    def detectors(self) -> list[str]:
        return [] if self.scores is None else list(self.scores.columns.unique(0))

    @property
    def bins(self) -> int:
        """Bins of which the extremes are drawn, also before and after."""
        return round(RESOLUTION * (1 + 2 * BESIDE))

    @cached_property
    def frame(self) -> pd.DataFrame:
        return self._part(self.recording.frame)

    @cached_property
    def scored_rows(self) -> pd.DataFrame:
        return self._part(self.scores) if self.scores is not None else pd.DataFrame()

    def seen(self, index: pd.DatetimeIndex) -> slice:
        """Rows inside the shown time and the one before and after it."""
        first = max(index.searchsorted(self.start) - 1, 0)
        return slice(first, index.searchsorted(self.end, "right") + 1)

    def _part(self, frame: pd.DataFrame) -> pd.DataFrame:
        beside, index = (self.end - self.start) * BESIDE, frame.index
        first = max(index.searchsorted(self.start - beside) - 1, 0)
        return frame.iloc[first : index.searchsorted(self.end + beside, "right") + 1]


@dataclass(frozen=True)
class Panel:
    """One axis of values: its names, its height in pixels, and what draws it."""

    names: tuple[str, ...]
    pixels: int
    draw: Callable[[Stretch, tuple[str, ...], str], tuple[list[dict], dict]]


def panels_of(stretch: Stretch) -> list[Panel]:
    """Panels from top to bottom."""
    lanes = (ATTACK_LANE, *stretch.detectors)
    panels = [Panel(lanes, LANE_PIXELS * len(lanes) + NUMBERS_PIXELS, _alarm_lanes)]
    panels += [Panel((name,), SCORE_PIXELS, _score) for name in stretch.scored]
    for stage in STAGES:
        here = [tag for tag in stretch.tags if TAGS[tag].stage == stage]
        panels += [Panel((tag,), SENSOR_PIXELS, _sensor) for tag in here if TAGS[tag].is_sensor]
        switches = tuple(tag for tag in here if not TAGS[tag].is_sensor)
        panels += [Panel(switches, LANE_PIXELS * len(switches), _state_lanes)] if switches else []
    return panels


def drawing(stretch: Stretch) -> dict[str, Any]:
    """Data and layout of the figure."""
    panels = panels_of(stretch)
    heights = np.array([panel.pixels for panel in panels])
    inside = heights.sum() + APART_PIXELS * (len(panels) - 1)
    tops = 1 - np.r_[0, np.cumsum(heights + APART_PIXELS)[:-1]] / inside
    data: list[dict] = []
    layout = _layout(stretch, int(inside))
    for number, (panel, top) in enumerate(zip(panels, tops, strict=True), start=1):
        axis = f"y{number}" if number > 1 else "y"
        traces, extra = panel.draw(stretch, panel.names, axis)
        data += [PLAIN_TRACE | {"yaxis": axis} | trace for trace in traces]
        bottom = max(top - panel.pixels / inside, 0)
        layout[f"yaxis{axis[1:]}"] = PLAIN_AXIS | extra["axis"] | {"domain": [bottom, top]}
        layout["shapes"] += extra.get("shapes", [])
        layout["annotations"] += [_title(title, (top + bottom) / 2) for title in extra.get("titles", [])]
        layout["annotations"] += extra.get("annotations", [])
    return {"data": data, "layout": layout}


def _layout(stretch: Stretch, inside: int) -> dict[str, Any]:
    start, end = stretch.start.isoformat(sep=" "), stretch.end.isoformat(sep=" ")
    return {
        "height": inside + MARGIN_TOP + MARGIN_BOTTOM,
        "autosize": True,
        "template": {},
        "margin": {"l": MARGIN_LEFT, "r": MARGIN_RIGHT, "t": MARGIN_TOP, "b": MARGIN_BOTTOM, "pad": 0},
        "font": {"family": FONT, "size": 11, "color": INK},
        "plot_bgcolor": "white",
        "paper_bgcolor": "white",
        "showlegend": False,
        "dragmode": "zoom",
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "hoverlabel": {"align": "left", "font": {"size": 11}, "namelength": -1},
        "modebar": {"orientation": "v", "remove": ["select2d", "lasso2d", "autoScale2d"]},
        "xaxis": {
            "type": "date",
            "range": [start, end],
            "autorange": False,
            "anchor": "free",
            "position": 0,
            "showgrid": False,
            "zeroline": False,
            "linecolor": GREY,
            "ticks": "outside",
            "tickcolor": GREY,
            "hoverformat": "%d %b %Y %H:%M:%S",
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": GREY,
        },
        "shapes": _shades(stretch),
        "annotations": [],
    }


def _title(text: str, at: float) -> dict[str, Any]:
    return {
        "text": text, "x": 0, "xref": "paper", "xanchor": "right", "xshift": -52, "y": at, "yref": "paper",
        "yanchor": "middle", "align": "right", "showarrow": False, "font": {"size": 11},
    }  # fmt: skip


def _near(stretch: Stretch) -> pd.DataFrame:
    """Attacks in the drawn time."""
    beside = (stretch.end - stretch.start) * BESIDE
    events = stretch.events
    return events[(events["end"] > stretch.start - beside) & (events["start"] < stretch.end + beside)]


def _shades(stretch: Stretch) -> list[dict]:
    near = _near(stretch)
    spans = zip(*(milliseconds(pd.DatetimeIndex(near[side])) for side in ("start", "end")), strict=True)
    return [
        {
            "type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0, "y1": 1, "layer": "below",
            "fillcolor": ATTACK_BAND, "line": {"width": 0.6, "color": ATTACK_EDGE},
        }
        for start, end in spans
    ]  # fmt: skip


def _alarm_lanes(stretch: Stretch, names: tuple[str, ...], axis: str) -> tuple[list[dict], dict]:
    """Attacks black with their numbers above, alarms of each detector red."""
    near = _near(stretch)
    spans = np.column_stack([milliseconds(pd.DatetimeIndex(near[side])) for side in ("start", "end")])
    traces = [_bars([(spans, 0)], BLACK, 11, stretch), _numbers(stretch, near, spans), _attack_telling(stretch)]
    scores, times = stretch.scored_rows, milliseconds(stretch.scored_rows.index) if stretch.detectors else np.empty(0)
    alarms = [scores[name]["alarm"].to_numpy(dtype=bool) for name in stretch.detectors]
    lanes = [(spans_of(mask, times, stretch.step), row) for row, mask in enumerate(alarms, start=1)]
    traces.append(_bars(lanes, ALARM_RED, 11, stretch))
    for row, (name, mask) in enumerate(zip(stretch.detectors, alarms, strict=True), start=1):
        traces.append(_alarm_telling(scores[name], mask, times, name, row))
    titles = [ATTACK_LANE, *map(detector_title, stretch.detectors)]
    return traces, {"axis": _lane_axis(titles, NUMBERS_PIXELS / LANE_PIXELS)}


def _lane_axis(titles: list[str], above: float = 0.0) -> dict[str, Any]:
    return {
        "range": [len(titles) - 0.5, -0.5 - above], "tickmode": "array", "tickvals": list(range(len(titles))),
        "ticktext": titles, "ticks": "", "showline": False,
    }  # fmt: skip


def _bars(lanes: Sequence[tuple[np.ndarray, float]], colour: str, thick: float, stretch: Stretch) -> dict:
    points = [segments_at(stretched(spans, stretch.least), row) for spans, row in lanes]
    x, y = (np.concatenate([*side, [np.nan]]) for side in zip(([], []), *points, strict=True))
    line = {"color": colour, "width": thick}
    return {"x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _numbers(stretch: Stretch, near: pd.DataFrame, spans: np.ndarray) -> dict:
    inside = (spans[:, 1] > stretch.span[0]) & (spans[:, 0] < stretch.span[1])
    middles = spans[inside].clip(*stretch.span).mean(axis=1)
    names = near["attack"].astype(str).to_numpy()[inside].tolist()
    labels = merged_labels(names, middles, stretch.width * CHARACTER / USUAL_WIDTH)
    x, text = [place for _, place in labels], [name for name, _ in labels]
    return _text(x, [-0.85] * len(x), text, INK)


def _text(x: list, y: list, text: list, colour: str) -> dict:
    look = {"size": 10, "color": colour, "family": FONT}
    return {"mode": "text", "x": x, "y": y, "text": text, "textfont": look, "hoverinfo": "skip"}


def _telling(x: np.ndarray, row: float, text: list[str], name: str) -> dict:
    """Points that can't be seen, with what is written beside the mouse."""
    return {
        "line": {"color": BLUE, "width": 0}, "x": x, "y": np.full(len(x), float(row)),
        "text": text, "name": name, "hovertemplate": "%{text}",
    }  # fmt: skip


def _attack_telling(stretch: Stretch) -> dict:
    near = _near(stretch)
    starts, ends = (milliseconds(pd.DatetimeIndex(near[side])) for side in ("start", "end"))
    beside, apart = stretch.width * BESIDE, stretch.step * max(1, -(-stretch.width // (RESOLUTION * stretch.step)))
    first = np.floor((stretch.span[0] - beside) / apart)
    grid = np.arange(first, (stretch.span[1] + beside) / apart) * apart  # on the clock, so that it only grows
    x = np.unique(np.concatenate([grid, starts, starts - 1, ends - 1, ends]))
    at = np.full(len(x), -1)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        at[(x >= start) & (x < end)] = row
    said = ["–", *(f"{row.attack}: {_done(row)}" for row in near.itertuples())]
    return _telling(x, 0, [said[each + 1] for each in at], "attack")


def _done(event) -> str:
    points = event.points.replace(";", ", ")
    words = attack_words(getattr(event, "action", ""), event.points)
    return words if not points or all(point in words for point in event.points.split(";")) else f"{points}: {words}"


def _alarm_telling(scored: pd.DataFrame, alarm: np.ndarray, times: np.ndarray, name: str, row: int) -> dict:
    rows = telling_rows(alarm)
    leads = scored["lead"].astype(object).to_numpy()[rows]
    text = [
        ("alarm" + (f", {lead} leads" if isinstance(lead, str) and lead else "")) if on else "–"
        for on, lead in zip(alarm[rows], leads, strict=True)
    ]
    return _telling(times[rows], row, text, detector_title(name))


def _score(stretch: Stretch, names: tuple[str, ...], axis: str) -> tuple[list[dict], dict]:
    """Score (high = anomalous), threshold dashed; in decades where what is shown spans more than one.

    They stand on a linear axis, since plotly.js forgets the range of one whose type changes.
    """
    [name] = names
    scored = stretch.scored_rows[name]
    threshold = float(scored["threshold"].iloc[0])
    shown = scored["score"].iloc[stretch.seen(scored.index)].to_numpy(np.float64)
    low, high = _extent(np.append(shown, threshold))
    in_decades = low > 0 and high > 10 * low
    span = _heights([low, high], in_decades)
    room = 0.1 * (np.ptp(span) or 1)
    line = _line(scored["score"], stretch, f"score, {detector_title(name)}", "")
    told = {"text": [f"{value:.5g}" for value in line["y"]], "hovertemplate": "%{text}"}
    return [line | told | {"y": _heights(line["y"], in_decades)}], {
        "axis": {"range": [span[0] - room, span[1] + room]} | (_decades(span) if in_decades else {}),
        "titles": [f"<b>score</b><br>{detector_title(name)}"],
        "shapes": [_level_line(float(_heights([threshold], in_decades)[0]), axis, INK, "dash", 1)],
    }


def _heights(values, in_decades: bool) -> np.ndarray:
    """Where values stand on an axis; NaN for those that have no place on one of decades."""
    values = np.asarray(values, np.float64)
    return np.log10(values, where=values > 0, out=np.full(len(values), np.nan)) if in_decades else values


def _decades(span: np.ndarray) -> dict[str, Any]:
    powers = np.arange(np.ceil(span[0]), span[1] + 1e-9)
    return {"tickmode": "array", "tickvals": powers.tolist(), "ticktext": [f"{10**power:g}" for power in powers]}


def _sensor(stretch: Stretch, names: tuple[str, ...], axis: str) -> tuple[list[dict], dict]:
    """Readings; a level with the set points of its tank, dotted."""
    [tag] = names
    readings = stretch.frame[tag]
    low, high = _extent(readings.iloc[stretch.seen(readings.index)].to_numpy(np.float64))
    room = 0.08 * (high - low or abs(low) or 1)
    low, high = low - room, high + room
    marks = [mark for tank in GAUGED_TANKS if tank.level == tag for mark in _set_points(tank) if low < mark[1] < high]
    unit = TAGS[tag].unit if TAGS[tag].kind != TAGS[tag].unit else ""
    named = unit_label(tag).replace("\n", "<br>")
    return [_line(readings, stretch, tag, unit)], {
        "axis": {"range": [low, high]},
        "titles": [f"<b>{tag}</b><br>{named}"],
        "shapes": [_level_line(level, axis, GREY, DOTTED, 1) for _, level in marks],
        "annotations": [_mark(f"{name} {level:g}", level, axis) for name, level in marks],
    }


def _set_points(tank) -> list[tuple[str, float]]:
    return [("LL", tank.low_low), ("L", tank.low), ("H", tank.high), ("HH", tank.high_high)]


def _extent(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)


def _level_line(level: float, axis: str, colour: str, dash: str, width: float) -> dict:
    return {
        "type": "line", "xref": "paper", "yref": axis, "x0": 0, "x1": 1, "y0": level, "y1": level, "layer": "below",
        "line": {"color": colour, "dash": dash, "width": width},
    }  # fmt: skip


def _mark(text: str, level: float, axis: str) -> dict:
    return {
        "text": text, "x": 1, "xref": "paper", "xanchor": "left", "xshift": 3, "y": level, "yref": axis,
        "yanchor": "middle", "showarrow": False, "font": {"size": 9, "color": GREY},
    }  # fmt: skip


def _line(readings: pd.Series, stretch: Stretch, name: str, unit: str) -> dict:
    drawn = thin(readings, stretch.bins)
    values = drawn.to_numpy()
    return {
        "x": milliseconds(drawn.index), "y": values, "name": name,
        "hovertemplate": f"%{{y:.5~g}} {unit}".strip(),
    } | _dots(alone(values), len(values))  # fmt: skip


def _dots(places: np.ndarray, rows: int) -> dict:
    """Markers at these places of a line, where there is any."""
    sizes = np.zeros(rows)
    sizes[places] = DOT_PIXELS
    # Markers of several sizes would else be pale, with a white edge.
    marker = {"size": sizes.tolist(), "opacity": 1, "line": {"width": 0}}
    return {"mode": "lines+markers", "marker": marker} if len(places) else {}


def _state_lanes(stretch: Stretch, names: tuple[str, ...], axis: str) -> tuple[list[dict], dict]:
    """A dark bar where a pump or lamp is on, a green one where a valve is open, thin while it travels."""
    times = milliseconds(stretch.frame.index)
    codes = {tag: stretch.frame[tag].to_numpy(np.float64) for tag in names}
    valve = {tag: TAGS[tag].kind == "valve" for tag in names}

    def lanes(wanted: int, of_valves: bool) -> list[tuple[np.ndarray, float]]:
        chosen = [(row, tag) for row, tag in enumerate(names) if valve[tag] is of_valves]
        return [(spans_of(codes[tag] == wanted, times, stretch.step), row) for row, tag in chosen]

    traces = [
        _bars(lanes(OPEN, True), OPEN_BAR, 13, stretch),
        _bars(lanes(TRAVELLING, True), OPEN_BAR, 4, stretch),
        _bars(lanes(OPEN, False), ON_BAR, 13, stretch),
        *_state_words(stretch, codes, times),
    ]
    for row, tag in enumerate(names):
        rows = telling_rows(codes[tag])
        text = [_state(tag, code) for code in codes[tag][rows]]
        traces.append(_telling(times[rows], row, text, tag))
    return traces, {"axis": _lane_axis(list(names))}


def _state(tag: str, code: float) -> str:
    return TAGS[tag].codes.get(int(code), f"{code:g}") if np.isfinite(code) else "–"


def _state_words(stretch: Stretch, codes: dict[str, np.ndarray], times: np.ndarray) -> list[dict]:
    """Words in their bars: white on a bar, grey where there is none."""
    inside = slice(*np.searchsorted(times, stretch.span))
    found = [
        (place, row, word, code)
        for row, (tag, values) in enumerate(codes.items())
        for place, word, code in words_in_bars(
            values[inside], times[inside], stretch.step, TAGS[tag].codes, stretch.width
        )
    ]
    return [_words([each for each in found if (each[3] == OPEN) is bright], colour) for bright, colour in ON_AND_OFF]


def _words(found: list[tuple[float, int, str, int]], colour: str) -> dict:
    x, y, text = ([each[part] for each in found] for part in (0, 1, 2))
    return _text(x, y, text, colour)
