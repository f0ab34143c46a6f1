import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swatlib.arrays import lagged, moving_mean, rows_unchanged
from swatlib.plant import TANKS
from swatlib.views.features import Features, balance_residual, is_constant


@pytest.fixture(scope="module")
def features(normal):
    return Features(means=(30,), lags=(5,)).fit(normal.frame)


def test_features_need_no_more_than_history_rows(features, normal):
    whole = features.transform(normal.frame.iloc[:5000])
    piece = features.transform(normal.frame.iloc[3000 - features.history : 3100])
    np.testing.assert_array_equal(piece[features.history :], whole[3000:3100])


def test_features_do_not_depend_on_how_the_rows_lie_in_memory(normal):
    frame = normal.frame.astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.001, len(frame))
    frame["AIT401"] = (148 + np.linspace(0, 0.003, len(frame)) + noise).astype(np.float32)  # little on a large mean
    one, other = (
        Features().fit(pd.DataFrame(order(frame.to_numpy()), frame.index, frame.columns))
        for order in (np.ascontiguousarray, np.asfortranarray)
    )
    assert one.drifting_ == other.drifting_
    np.testing.assert_array_equal(one.scale_, other.scale_)


def test_features_see_no_later_row(features, normal):
    changed = normal.frame.iloc[:3000].copy()
    changed.iloc[2000:] = 0
    before, after = (features.transform(frame)[:2000] for frame in (normal.frame.iloc[:3000], changed))
    np.testing.assert_array_equal(before, after)


def test_the_first_history_rows_have_no_features(features, normal):
    X = features.transform(normal.frame.iloc[:2000])
    assert np.isnan(X[: features.history]).all()
    assert np.isfinite(X[features.history :]).all()


def test_scaling_is_that_of_the_fit_rows(normal):
    features = Features(clip=np.inf).fit(normal.frame)
    X = features.transform(normal.frame)[features.history :]
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=1e-6)


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0, np.nan]), max_size=40), st.sampled_from([0.0, 0.05, 0.3, 0.6, 1.0]))
def test_a_tag_is_constant_where_few_known_readings_differ_from_the_most_frequent(readings, rare):
    known = [value for value in readings if not np.isnan(value)]
    differ = len(known) - max(map(known.count, known), default=0)
    assert is_constant(np.array(readings), rare) == (not known or 1 - differ / len(known) > 1 - rare)


def test_features_are_clipped(features, normal):
    far = normal.frame.iloc[:1000].copy()
    far["LIT101"] = 1e6
    assert np.nanmax(features.transform(far)) == features.clip


def test_constant_tags_have_no_feature(features):
    assert {"P102", "P201", "P401", "P502", "P603"} <= set(features.constant_)
    assert not set(features.constant_) & set(features.tag_of_)


def test_a_tag_that_moves_only_in_rows_that_no_detector_sees_is_constant(normal):
    frame = normal.frame.iloc[:9_000].copy()
    unseen = {"FIT101": slice(0, 300), "FIT201": slice(4_000, 4_600)}
    for tag, rows in unseen.items():
        frame[tag] = np.float32(1)
        frame.iloc[rows, frame.columns.get_loc(tag)] = np.arange(rows.stop - rows.start)
    assert not any(is_constant(frame[tag].to_numpy(), Features().rare) for tag in unseen)
    frame.iloc[3_900:4_700, frame.columns.get_loc("LIT101")] = np.nan
    assert set(unseen) <= set(Features().fit(frame).constant_)


def test_a_tag_that_moves_from_day_to_day_keeps_its_differences_alone(normal):
    frame = normal.frame.copy()
    frame["LIT101"] += np.linspace(0, 5000, len(frame))
    features = Features().fit(frame)
    assert "LIT101" in features.drifting_
    assert [name for name in features.names_ if name.startswith("LIT101")] == [
        "LIT101 difference 10",
        "LIT101 difference 60",
        "LIT101 still",
        "LIT101 balance",
    ]


def test_a_frame_that_lacks_tags_is_told_so(features, normal):
    with pytest.raises(ValueError, match="the frame lacks LIT101 and P102; give all 51 tags of the fit"):
        features.transform(normal.frame.drop(columns=["LIT101", "P102"]))


def test_every_feature_names_the_tag_behind_it(features):
    assert all(name.split()[0] == tag for name, tag in zip(features.names_, features.tag_of_, strict=True))
    assert len(features.names_) == len(features.mean_)


def test_a_short_hole_is_carried_and_a_long_one_is_not(features, normal):
    frame = normal.frame.iloc[:2000].copy()
    frame.iloc[1000 : 1000 + features.carry, 0] = np.nan
    assert np.isfinite(features.transform(frame)[features.history :]).all()
    frame.iloc[1000 : 1001 + features.carry, 0] = np.nan
    assert np.isnan(features.transform(frame)[1000 + features.carry]).any()


def test_features_survive_json(features, normal):
    again = Features.from_dict(json.loads(json.dumps(features.to_dict())))
    np.testing.assert_array_equal(again.transform(normal.frame[:1000]), features.transform(normal.frame[:1000]))


def test_the_mass_balance_closes_on_normal_days_and_opens_when_a_level_is_spoofed(normal):
    frame = normal.frame.iloc[:20_000].copy()
    tank = TANKS["T101"]
    assert np.nanquantile(np.abs(balance_residual(frame, tank, 120)), 0.99) < 15
    frame.iloc[10_000:, frame.columns.get_loc("LIT101")] += 100
    assert np.nanmax(np.abs(balance_residual(frame, tank, 120)[10_000:10_120])) > 80


def test_the_mass_balance_closes_whatever_the_time_between_rows(normal):
    frame = normal.frame.iloc[:20_000:10]
    features = Features().fit(frame)
    assert features.seconds_ == 10
    assert np.nanquantile(np.abs(balance_residual(frame, TANKS["T101"], 12, 10)), 0.99) < 20


def test_rows_unchanged_counts_from_the_last_change():
    X = np.array([[1.0], [1.0], [2.0], [2.0], [2.0], [2.0]])
    np.testing.assert_array_equal(rows_unchanged(X, 2)[:, 0], [0, 1, 0, 1, 2, 2])


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(1, 20))
def test_rolling_mean_is_the_mean_of_the_last_rows(values, window):
    X = np.array(values)[:, None]
    expected = pd.Series(values).rolling(window).apply(np.mean, raw=True)
    np.testing.assert_allclose(moving_mean(X, window)[:, 0], expected, rtol=1e-9, atol=1e-6)


@given(st.integers(1, 60))
def test_a_lag_longer_than_the_rows_leaves_nothing(rows):
    assert np.isnan(lagged(np.ones((10, 2)), rows)).sum() == 2 * min(rows, 10)
