"""The interactive figure of a plant that runs: rows are added as they come, and nothing else is drawn anew."""

import re
from typing import Any

import pandas as pd

from swatlib.data import Recording
from swatlib.plots.explore import Exploration
from swatlib.plots.live_view import live
from swatlib.settings import attended

TAG = re.compile(r"[A-Z]+\d{3}")
KEPT = pd.Timedelta("6h")


class Following:
    """Called with what was stored last, shows all that came since the first call, the last six hours of it.

    Where nobody can click it gives the fixed figure `live`.
    """

    def __init__(self) -> None:
        self.readings, self.scores = pd.DataFrame(), pd.DataFrame()
        self.view: Exploration | None = None

    def __call__(self, readings: pd.DataFrame, scores: pd.DataFrame, events: pd.DataFrame) -> Any:
        """readings, scores, events: as for `live`."""
        if not attended() or readings.empty or scores.empty:
            return live(readings, scores, events)
        self.readings, self.scores = _joined(self.readings, readings), _joined(self.scores, scores)
        points = [";".join(dict.fromkeys(TAG.findall(title))) for title in events["title"]]
        known = events.assign(points=points, action=events["title"], visibility="")
        recording = Recording(self.readings, events=known[known["end"] > self.readings.index[0]])
        if self.view is None:
            self.view = Exploration(recording, self.scores)
        else:
            self.view.grow(recording, self.scores)
        return self.view


def following() -> Following:
    """For `Live.watch`: the figure of `explore`, kept current."""
    return Following()


def _joined(kept: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """With the rows that are later than those kept; anew for other columns, and for another plant."""
    if kept.empty or not kept.columns.equals(read.columns) or read.index[-1] < kept.index[-1]:
        return read
    whole = pd.concat([kept, read[read.index > kept.index[-1]]])
    return whole[whole.index > whole.index[-1] - KEPT]
