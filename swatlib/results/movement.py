"""How much faster than usual each tag moved, before and during each attack."""

import itertools

import numpy as np
import pandas as pd

from swatlib.data.recording import usual_step

USUAL = 0.999  # quantile of the changes on normal days
BEFORE = pd.Timedelta("10min")


def movements(
    frame: pd.DataFrame, normal: pd.DataFrame, events: pd.DataFrame, before: pd.Timedelta = BEFORE, seconds: int = 60
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Largest change within `seconds` in the time `before` each event, and during it (events × tags).

    As a multiple of what the tag's changes stay below in 99.9 % of the `normal` rows, and at least 1; tags that do not
    change in so many of them are left out. frame, normal: rows × tags, of which those of `normal` count.
    """
    rows = max(1, round(pd.Timedelta(seconds, "s") / usual_step(frame.index)))
    usual = np.nanquantile(_changes(normal, rows), USUAL, axis=0)
    tags = list(normal.columns[usual > 0])
    moved = _changes(frame[tags], rows) / usual[usual > 0]
    edges = [frame.index.searchsorted(times) for times in (events["start"] - before, events["start"], events["end"])]
    spans = [zip(lows, highs, strict=True) for lows, highs in itertools.pairwise(edges)]
    ahead, during = ([np.fmax.reduce(moved[a:b], axis=0, initial=1.0) for a, b in each] for each in spans)
    return tuple(pd.DataFrame(each, events["attack"].to_numpy(), tags) for each in (ahead, during))


def _changes(frame: pd.DataFrame, rows: int) -> np.ndarray:
    values = frame.to_numpy()
    changes = np.full_like(values, np.nan)
    changes[rows:] = np.abs(values[rows:] - values[:-rows])
    return changes
