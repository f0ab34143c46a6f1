"""Alarm episodes as values: exactly the runs of the column `alarm`, with what was seen in them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swatlib.alarm_episodes import DETECTOR_FIELDS, detector_episodes, plant_episodes
from swatlib.arrays import intervals_of

START = pd.Timestamp("2015-12-28 10:00")


def judged_rows(alarm, score, lead="LIT101"):
    times = pd.date_range(START, periods=len(alarm), freq="s")
    return pd.DataFrame({"score": score, "threshold": 1.0, "alarm": alarm, "lead": np.where(alarm, lead, None)}, times)


rows = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*[arrays(bool, n)] * 2, *[arrays(float, n, elements=st.floats(1.5, 9))] * 2)
)


@given(rows)
def test_an_episode_is_a_run_of_the_alarm(drawn):
    a, b, score_a, score_b = drawn
    scores = pd.concat({"pca": judged_rows(a, score_a), "lof": judged_rows(b, score_b)}, axis=1)
    found = detector_episodes(scores)
    for name, alarm, score in (("pca", a, score_a), ("lof", b, score_b)):
        one = found[found["detector"] == name]
        spans = intervals_of(alarm)
        assert [*zip(one["start"], one["end"], one["lasts_s"], one["peak"], strict=True)] == [
            (scores.index[first], scores.index[stop - 1], stop - first, score[first:stop].max() - 1)
            for first, stop in spans
        ]
    assert found["start"].is_monotonic_increasing


def test_without_an_alarm_the_table_is_empty_and_of_the_same_types():
    alarm = np.arange(10) > 5
    none, some = (
        detector_episodes(pd.concat({"pca": judged_rows(on, np.ones(10))}, axis=1)) for on in (alarm & False, alarm)
    )
    assert len(none) == 0 and none.dtypes.equals(some.dtypes) and none.nlargest(3, "lasts_s").empty


@given(rows)
def test_an_episode_of_the_plant_is_a_run_of_any_alarm(drawn):
    a, b, score_a, score_b = drawn
    scores = pd.concat({"pca": judged_rows(a, score_a), "lof": judged_rows(b, score_b, "P101")}, axis=1)
    found = plant_episodes(scores)
    spans = intervals_of(a | b)
    assert found.index.tolist() == scores.index[spans[:, 0]].tolist()
    assert found["end"].tolist() == scores.index[spans[:, 1] - 1].tolist()
    assert found["standing"].tolist() == (spans[:, 1] == len(a)).tolist()
    assert found["agree"].tolist() == [int(a[first:stop].any()) + int(b[first:stop].any()) for first, stop in spans]
    highest = np.maximum(np.where(a, score_a, 0), np.where(b, score_b, 0))
    assert found["peak"].tolist() == [highest[first:stop].max() - 1 for first, stop in spans]


def test_the_peak_above_a_threshold_of_nothing_is_a_number():
    judged = judged_rows(np.array([True, True]), np.array([1.0, 2.0])).assign(threshold=0.0)
    assert np.isfinite(detector_episodes(pd.concat({"guard": judged}, axis=1))["peak"]).all()


def test_an_episode_says_what_led():
    score = np.array([2, 4, 2, 0.5])
    judged = judged_rows(np.array([True, True, True, False]), score).assign(lead=["LIT101", "P101", "P101", None])
    [episode] = detector_episodes(pd.concat({"pca": judged}, axis=1)).to_dict("records")
    assert episode == dict(
        zip(
            DETECTOR_FIELDS, ("pca", START, START + pd.Timedelta("2s"), 3, 3, "LIT101", "P101 at the peak"), strict=True
        )
    )


def test_with_the_readings_an_episode_says_what_its_lead_does(fitted, scored, attacked):
    found = fitted.episodes(scored, attacked.frame)
    assert found["why"].str.split().str[0].tolist() == found["lead"].tolist()
    pd.testing.assert_frame_equal(found.drop(columns="why"), fitted.episodes(scored).drop(columns="why"))
    later = found[found["start"] >= scored.index[40_000]]
    some = fitted.episodes(scored.iloc[40_000:], attacked.frame)
    assert len(later) and some.merge(later)["why"].to_list() == later["why"].to_list()
    with pytest.raises(ValueError, match=r"the frame has no row at .*, where an episode begins"):
        fitted.episodes(scored, attacked.frame.iloc[40_000:])
