"""The project at a glance: from recordings to a report, and from a running plant to its boards."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from swatlib.plots.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, Figure, styled

WIDE, HIGH = 1.62, 0.62  # of a box, in units of the drawing
SOURCE_FILES, LIVE, BOARDS = BLUE, GREEN, ORANGE

# name → (x, y, what it is, colour); the services are named as in compose.yaml
BOXES = {
    "data": (1.0, 6.0, "files of SWaT", SOURCE_FILES),
    "simulation": (1.0, 5.0, "the plant of 2015", SOURCE_FILES),
    "views": (3.2, 5.5, "features, checks", SOURCE_FILES),
    "detectors": (5.3, 5.5, "one score per row", SOURCE_FILES),
    "alarms": (7.4, 5.5, "threshold, alarm", SOURCE_FILES),
    "metrics": (9.5, 5.5, "rows, events, baselines", SOURCE_FILES),
    "report": (11.6, 5.5, "notebooks, HTML", SOURCE_FILES),
    "pipeline": (5.3, 4.05, "fitted once, saved", INK),
    "producer": (1.0, 2.6, "a plant, or a file", LIVE),
    "kafka": (3.2, 2.6, "topic SWAT", LIVE),
    "stream": (5.3, 2.6, "Spark, many workers", LIVE),
    "influxdb": (8.4, 2.6, "readings, scores", LIVE),
    "episodes": (8.4, 1.1, "of alarms", LIVE),
    "grafana": (11.6, 3.1, "detectors, plant :3000", BOARDS),
    "chronograf": (11.6, 2.1, "monitoring :8888", BOARDS),
    "telegraf": (5.3, 1.1, "measures all of them", BOARDS),
    "notebooks": (11.6, 1.1, "JupyterLab :8890", BOARDS),
}
# from, to, what flows
ARROWS = (
    ("data", "views", ""),
    ("simulation", "views", ""),
    ("views", "detectors", ""),
    ("detectors", "alarms", ""),
    ("alarms", "metrics", ""),
    ("metrics", "report", ""),
    ("pipeline", "stream", "the same object scores both"),
    ("producer", "kafka", ""),
    ("kafka", "stream", ""),
    ("stream", "influxdb", "scores, alarms"),
    ("influxdb", "episodes", ""),
    ("influxdb", "grafana", ""),
    ("influxdb", "chronograf", ""),
    ("influxdb", "notebooks", ""),
    ("producer", "telegraf", ""),
    ("kafka", "telegraf", ""),
    ("stream", "telegraf", ""),
    ("telegraf", "influxdb", "rates, lag, health"),
)


@styled
def architecture() -> Figure:
    """Boxes are modules above and services below; the pipeline is in both flows."""
    figure = Figure(4.4)
    ax = figure.subplots()
    ax.set(xlim=(0, 12.6), ylim=(0.6, 6.7))
    ax.set_axis_off()
    for height, text in ((6.55, "from recordings to a report"), (3.35, "from a plant to its boards")):
        ax.text(0.19, height, text, fontweight="bold", va="center")
    left, right = BOXES["views"][0] - WIDE / 2, BOXES["alarms"][0] + WIDE / 2
    ax.plot([left, left, right, right], [5.12, 4.98, 4.98, 5.12], color=INK, linewidth=1)
    ax.plot([BOXES["pipeline"][0]] * 2, [4.98, 4.05 + HIGH / 2], color=INK, linewidth=1)
    for arrow in ARROWS:
        _arrow(ax, *arrow)
    for name, box in BOXES.items():
        _box(ax, name, *box)
    return figure


def _box(ax: Axes, name: str, x: float, y: float, what: str, colour: str) -> None:
    look: dict[str, Any] = {
        "boxstyle": "round,pad=0,rounding_size=0.08",
        "facecolor": "white",
        "edgecolor": colour,
        "linewidth": 1.4,
    }
    ax.add_patch(FancyBboxPatch((x - WIDE / 2, y - HIGH / 2), WIDE, HIGH, zorder=3, **look))
    ax.text(x, y + 0.13, name, fontweight="bold", ha="center", va="center", zorder=4)
    ax.text(x, y - 0.14, what, fontsize=7.5, color=GREY, ha="center", va="center", zorder=4)


def _arrow(ax: Axes, source: str, sink: str, what: str) -> None:
    (x0, y0, *_), (x1, y1, *_) = BOXES[source], BOXES[sink]
    beneath = abs(x1 - x0) < WIDE  # one above the other
    start = (x0, y0 - HIGH / 2) if beneath or y0 - y1 > 1.2 else (x0 + WIDE / 2, y0)
    end = (x1, y1 + HIGH / 2) if beneath else (x1 - WIDE / 2, y1)
    colour = PALE if sink == "telegraf" else GREY
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=colour, linewidth=1.2, zorder=2))
    if what:
        lifted = 0.14 if y0 == y1 else 0
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + lifted
        ground: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(*middle, what, fontsize=7.5, color=GREY, ha="center", va="center", bbox=ground, zorder=4)
