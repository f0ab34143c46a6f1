"""The rows that the files of these tests hold."""

import pandas as pd
import pytest
import wild

from swatlib.data import Recording
from swatlib.simulation import Attack, simulate

START = pd.Timestamp("2015-12-28 10:33:00")


@pytest.fixture(scope="session")
def recorded():
    """Four minutes of six tags, 107 rows of them attack."""
    whole = simulate(240, attacks=[Attack("LIT101 spoof 700", 107, start=133)], start=START)
    return Recording(whole.frame[list(wild.SIX_TAGS)], whole.label)


@pytest.fixture
def rows(recorded):
    return wild.cells(recorded)
