"""Parameters that make no sense are refused when they are given, in one sentence that names them."""

import math

import numpy as np
import pytest

from swatlib.alarms import alarms_per_day, on_delayed
from swatlib.detectors import DETECTORS, make
from swatlib.detectors.neighbours import KMeans
from swatlib.pipeline import Pipeline
from swatlib.views.checks import Checks
from swatlib.views.features import Features


@pytest.mark.parametrize(
    "given",
    [
        *({"budget": budget} for budget in (0, -1, math.inf, math.nan, "1", True)),
        *({"smoothing": rows} for rows in (0, -1, 1.5, "10", None)),
        *({"on_delay": pair} for pair in ((11, 10), (0, 10), (8,), (8, 10, 12), 8, "8 of 10")),
        *({"off_delay": seconds} for seconds in (-1, math.nan, 1801, "60")),
        *({"shares": shares} for shares in ((0.5, 0.5, 0.5), (1.0, 0.0, 0.0), (0.7, 0.5, -0.2), (0.5, 0.5))),
        *({"startup": seconds} for seconds in (-1, math.nan, math.inf, "6h")),
        *({"gap": gap} for gap in (0, -1, 0.5)),
        *({"detectors": names} for names in ("pca", ("pca", "pca"), ("isolation_forrest",), (1,), ())),
        {"features": None},
        {"checks": Features()},
    ],
    ids=str,
)
def test_a_pipeline_refuses_what_makes_no_sense(given):
    with pytest.raises(ValueError, match=r"give|choose|name|There is no detector"):
        Pipeline(**given)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Features, {"differences": (0,)}),
        (Features, {"means": 30}),
        (Features, {"still": -1}),
        (Features, {"clip": math.nan}),
        (Features, {"clip": 0}),
        (Features, {"rare": 2}),
        (Features, {"block": 0}),
        (Features, {"carry": "10"}),
        (Checks, {"carry": -1}),
        (Checks, {"kinds": "jump"}),
        (Checks, {"kinds": ()}),
        (Checks, {"kinds": ("jmup",)}),
        (KMeans, {"clusters": 0}),
        (KMeans, {"seed": -1}),
        (DETECTORS["pca"], {"explained": 1.5}),
        (DETECTORS["forecast"], {"ridge": math.nan}),
        (DETECTORS["lof"], {"neighbours": "20"}),
    ],
    ids=str,
)
def test_views_and_detectors_refuse_what_makes_no_sense(kind, given):
    with pytest.raises(ValueError, match=r"give|choose"):
        kind(**given)


def test_lists_are_taken_as_tuples_and_numbers_of_numpy_as_numbers():
    pipeline = Pipeline(["pca"], on_delay=[8, 10], smoothing=np.int64(5))
    assert (pipeline.detectors, pipeline.on_delay, type(pipeline.smoothing)) == (("pca",), (8, 10), int)


def test_more_scores_than_there_are_can_not_be_asked_for():
    with pytest.raises(ValueError, match="11 of the last 10 scores"):
        on_delayed(np.zeros(20), 11, 10)


def test_without_a_scored_row_there_is_no_rate_of_alarms():
    assert math.isnan(alarms_per_day(np.full(5, np.nan), 1)) and math.isnan(alarms_per_day(np.empty(0), 1))


def test_an_unknown_detector_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'iforest'"):
        make("iforrest")
