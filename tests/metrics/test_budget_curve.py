"""The curve over budgets: at the budget in use it is the table, at a lower threshold no less is in alarm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swatlib.alarms import BUDGETS
from swatlib.data import attacks
from swatlib.metrics import alarms_at, budget_curve, compare, compare_resampled, curve_verdict, intervals
from swatlib.metrics.budget_curve import CURVE_METRICS

NAMES = [metric.__name__ for metric in CURVE_METRICS]


@pytest.fixture(scope="module")
def two(scored):
    return scored[["guard", "kmeans"]]


@pytest.fixture(scope="module")
def curve(fitted, two, attacked):
    levels = fitted.only("guard", "kmeans").thresholds(BUDGETS)
    return budget_curve(two, attacked.label, attacks(attacked), levels, fitted.on_delay, fitted.hold)


def test_at_the_budget_in_use_the_curve_is_the_table(fitted, two, attacked, curve):
    table = compare(two, attacked.label, attacks(attacked)).loc["detector", NAMES]
    ends = intervals(compare_resampled(two, attacked.label, attacks(attacked)))
    at = curve.xs(fitted.budget, level="budget")
    for name in ("guard", "kmeans"):
        assert at.loc[name, "threshold"].item() == fitted.thresholds_[name]
        for metric in NAMES:
            expected = [table.loc[name, metric], *ends.loc[("detector", name), metric]]
            np.testing.assert_allclose(at.loc[name, metric], expected)


def test_a_larger_budget_never_finds_less_nor_is_less_in_alarm(curve):
    assert list(curve.index.unique("budget")) == list(BUDGETS)
    for name in ("guard", "kmeans"):
        one = curve.loc[name]
        assert one["threshold", "value"].is_monotonic_decreasing
        for metric in ("event_recall", "false_positive_rate"):
            assert one[metric, "value"].is_monotonic_increasing
            assert (one[metric, "low"] <= one[metric, "value"]).all()
            assert (one[metric, "value"] <= one[metric, "high"]).all()


def test_without_a_label_there_is_no_curve(fitted, two, attacked):
    found = budget_curve(two, None, attacks(attacked), fitted.thresholds(BUDGETS), fitted.on_delay, fitted.hold)
    assert found.empty and curve_verdict(found).startswith("No attack is labelled")


@given(
    arrays(float, st.integers(10, 60), elements=st.floats(0, 1) | st.just(np.nan)),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 9),
    st.data(),
)
def test_alarms_at_a_threshold_are_those_of_a_loop(score, levels, n, hold, data):
    k = data.draw(st.integers(1, n))
    for level, alarm in alarms_at(score, levels, (k, n), hold):
        expected, left = [], 0
        for row in range(len(score)):
            last = score[max(row - n + 1, 0) : row + 1]
            complete = len(last) == n and not np.isnan(last).any()
            left = 0 if not complete else hold + 1 if (last > level).sum() >= k else max(left - 1, 0)
            expected.append(left > 0)
        np.testing.assert_array_equal(alarm, expected)
