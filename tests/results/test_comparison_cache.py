"""Comparisons that are kept are those that are computed."""

import numpy as np
import pandas as pd
import pytest

from swatlib.metrics import compare
from swatlib.results import cached_comparison, comparison_cache
from swatlib.results.comparison_cache import cached_curve
from swatlib.results.detection import DetectionResults

TIMES = pd.date_range("2015-12-28 10:00", periods=1_000, freq="s", name="time")
LABEL = pd.Series(np.arange(1_000) % 500 < 50, TIMES)
EVENTS = pd.DataFrame({"attack": [1, 2], "start": TIMES[[0, 500]], "end": TIMES[[50, 550]], "points": ["LIT101", ""]})


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path))


def scores(*names):
    drawn = np.random.default_rng(len(names)).random(1_000)
    columns = {"score": drawn, "threshold": 0.9, "alarm": drawn > 0.9}
    return pd.concat({name: pd.DataFrame(columns, TIMES) for name in names}, axis=1)


@pytest.mark.parametrize("label", [LABEL, LABEL & False, None], ids=["attacks", "no attack", "no label"])
def test_it_is_the_comparison_computed_and_read(label):
    given = scores("pca", "lof"), label, EVENTS if label is LABEL else EVENTS.iloc[:0], 3
    for _ in range(2):
        pd.testing.assert_frame_equal(cached_comparison(*given), compare(*given), check_exact=True)


def test_tables_of_which_one_is_gone_are_made_anew(folder, tmp_path):
    given = scores("pca"), LABEL, EVENTS
    whole = cached_comparison(*given)
    for table in sorted(tmp_path.glob("tables/*/*.parquet")):
        table.unlink()
        with pytest.warns(UserWarning, match="are broken .* and were made anew"):
            assert cached_comparison(*given).equals(whole)


def test_baselines_are_computed_once_for_all_detectors(monkeypatch):
    first = cached_comparison(scores("pca", "lof"), LABEL, EVENTS)
    monkeypatch.delattr(comparison_cache, "compare_baselines")
    other = cached_comparison(scores("forecast"), LABEL, EVENTS)
    assert other.loc["baseline"].equals(first.loc["baseline"])
    later, a_day = scores("forecast"), pd.Timedelta("1d")
    later.index += a_day
    events = EVENTS.assign(start=EVENTS["start"] + a_day, end=EVENTS["end"] + a_day)
    with pytest.raises(NameError):
        cached_comparison(later, LABEL.set_axis(later.index), events)


def test_a_kept_curve_of_a_recording_without_attacks_is_empty_again(fitted, attacked):
    calm = attacked.frame.iloc[:2_000]
    results = DetectionResults(
        fitted.score(calm), fitted.calibration(), None, {}, {}, fitted.thresholds([1.0]), fitted.on_delay, fitted.hold
    )
    label = pd.Series(False, calm.index)
    for _ in range(2):
        assert cached_curve(results, label, EVENTS.iloc[:0]).empty
