"""Whether stored scores are those that the pipeline gives offline: equal, not close."""

import itertools

import numpy as np
import pandas as pd

from swatlib.live.sink import SCORE_FIELDS


def unequal(stored: pd.DataFrame, offline: pd.DataFrame) -> list[str]:
    """Where stored scores differ from those of `Pipeline.score`, as "detector field"; empty when all are equal."""
    if not stored.index.equals(offline.index):
        return [f"{len(stored)} stored rows, {len(offline)} offline"]
    pairs = itertools.product(offline.columns.get_level_values(0).unique(), SCORE_FIELDS)
    return [f"{name} {part}" for name, part in pairs if not _same(stored[name][part], offline[name][part])]


def _same(stored: pd.Series, offline: pd.Series) -> bool:
    if offline.name == "lead":
        return stored.astype(object).fillna("").tolist() == offline.astype(object).fillna("").tolist()
    return np.array_equal(stored.to_numpy(), offline.to_numpy(), equal_nan=offline.dtype != bool)
