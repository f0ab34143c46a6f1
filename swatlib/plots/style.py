"""The style of every figure: colours for colour-blind readers too, thin lines, white background, print sizes."""

import functools
from collections.abc import Callable
from io import BytesIO
from typing import Any, ParamSpec

import matplotlib
import matplotlib.figure
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

_Arguments = ParamSpec("_Arguments")

# Okabe and Ito, Color Universal Design, 2008
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
LINE_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

INK, GREY, PALE = "#262626", "#767676", "#DDDDDD"
ATTACK_BAND, ATTACK_EDGE, FOCUS, ALARM_RED = "#E8E8E8", "#BDBDBD", "#D8D8D8", VERMILION
ON_BAR, OPEN_BAR = "#595959", GREEN
WIDTH = 10.0  # inches, the width of a notebook
SLIDE_WIDTH = 7.0  # inches; a slide shows them larger, so that its text is readable
PIXELS_PER_INCH = 150
CSS_PIXELS_PER_INCH = 96
POSITION_DIGITS = 6  # of a part of the figure; a page of 10 inches is 1500 pixels wide

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=LINE_COLOURS),
    "axes.axisbelow": True,
    "lines.linewidth": 0.9,
    "lines.solid_joinstyle": "round",
    "patch.linewidth": 0.6,
    "text.color": INK,
    "text.parse_math": False,  # a name may hold a dollar sign
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "swatlib",  # the same figure, the same bytes
    "pdf.fonttype": 42,
}


class Layout(ConstrainedLayoutEngine):
    """Constrained layout whose positions are rounded.

    Its solver adds up in an order that depends on memory addresses, so the last digits differ from time to time, and
    with them the identifiers in an SVG.
    """

    def execute(self, fig: matplotlib.figure.Figure) -> Any:
        grids = super().execute(fig)
        for ax in fig.axes:
            if ax.get_in_layout():
                ax.set_position(Bbox(ax.get_position(original=True).get_points().round(POSITION_DIGITS)), "original")
                ax.set_in_layout(True)  # `set_position` takes it out
        return grids


class Figure(matplotlib.figure.Figure):
    """A figure that pyplot does not know: the last expression of a cell shows it, once, and no figure stays open."""

    def __init__(self, height: float, width: float = WIDTH):
        super().__init__(figsize=(width, height), dpi=PIXELS_PER_INCH, layout=Layout())

    def draw(self, renderer):
        # Ticks are made when they are first drawn, with the settings at that time.
        with matplotlib.rc_context(RC):
            super().draw(renderer)

    def _repr_png_(self) -> tuple[bytes, dict]:
        file = BytesIO()
        FigureCanvasAgg(self).print_png(file)  # lays out and draws once; `savefig` walks through all of it twice
        width, height = (round(inches * CSS_PIXELS_PER_INCH) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}


def styled(draw: Callable[_Arguments, "Figure"]) -> Callable[_Arguments, "Figure"]:
    """Run a function that returns a Figure under the settings above, and leave matplotlib's own as they were."""

    @functools.wraps(draw)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(RC):
            return draw(*args, **kwargs)

    return drawn


@styled
def nothing(text: str) -> Figure:
    """A figure with the reason why the recording has no data for the figure asked for."""
    figure = Figure(0.6)
    figure.text(0.01, 0.5, text, va="center", color=GREY)
    return figure
