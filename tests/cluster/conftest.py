"""Readings of two plants in pieces, and what one pass over each gives."""

import numpy as np
import pandas as pd
import pytest
from written import ROWS, write, write_in_pieces

from swatlib.detectors import make
from swatlib.pipeline import Pipeline


@pytest.fixture(scope="session")
def plants(attacked):
    """North, with a gap of an hour and missing readings; south, which begins elsewhere, with alarms."""
    north, south = attacked.frame.iloc[:ROWS], attacked.frame.iloc[8_000 : 8_000 + ROWS]
    silent = north.index + pd.to_timedelta(3_600 * (np.arange(ROWS) >= 1_700), unit="s")
    missing = (np.arange(ROWS) > 900)[:, None] & (np.arange(ROWS) < 1_000)[:, None] & (north.columns == "LIT101")
    return {"plant=north": north.set_axis(silent).mask(missing), "plant=south": south}


@pytest.fixture(scope="session")
def folder(plants, tmp_path_factory):
    """Pieces of very different length: some shorter than the history of the pipeline, one of two files in disorder."""
    made = tmp_path_factory.mktemp("plants") / "readings"
    write_in_pieces(plants["plant=north"], made / "plant=north", (40, 50, 1_200, 1_700, 2_500))
    write_in_pieces(plants["plant=south"].iloc[:2_000], made / "plant=south", (700,))
    late, place = plants["plant=south"].iloc[2_000:], made / "plant=south" / "day=9"
    write(late.iloc[1::2].assign(attack=False), place, "part-0")
    write(late.iloc[::2].astype(float).rename(columns={"LIT101": "LIT 101"}), place, "part-1")
    return made


@pytest.fixture(scope="session")
def own(normal, tmp_path_factory):
    """The folder of a pipeline with a class of one's own."""
    given = {"mine": make("my_detector.py:ZScore:window=30"), "pca": "pca"}
    fitted = Pipeline(given, startup=0).fit(normal.between(end="2015-12-23 06:00"))
    return fitted.save(tmp_path_factory.mktemp("own") / "own")


@pytest.fixture(scope="session")
def one_pass(plants, quick):
    pipeline = Pipeline.load(quick)
    return {plant: pipeline.score(frame) for plant, frame in plants.items()}
