import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swatlib.alarms import RULES, alarms_per_day, on_delayed, rounded, rows_since_above, threshold
from swatlib.arrays import moving_mean

DAY = 86_400
finite = st.floats(-1e6, 1e6)


@given(arrays(float, st.integers(1, 60), elements=finite), st.integers(1, 10), st.data())
def test_a_delayed_score_exceeds_a_threshold_exactly_when_k_of_the_last_n_do(score, n, data):
    k = data.draw(st.integers(1, n))
    level = data.draw(finite)
    counted = np.array(
        [np.sum(score[i - n + 1 : i + 1] > level) >= k if i >= n - 1 else False for i in range(len(score))]
    )
    np.testing.assert_array_equal(on_delayed(score, k, n) > level, counted)


@given(
    arrays(float, st.integers(1, 60), elements=st.floats(-3, 3) | st.just(np.nan)), st.floats(-3, 3), st.integers(0, 12)
)
def test_an_alarm_ends_when_nothing_was_above_for_the_off_delay(score, level, hold):
    expected, left = [], 0  # rows for which the alarm is still held
    for value in score:
        left = hold + 1 if value > level else 0 if np.isnan(value) else max(left - 1, 0)
        expected.append(left > 0)
    np.testing.assert_array_equal(rows_since_above(score, level, hold) <= hold, expected)
    starts = np.count_nonzero(np.diff(np.r_[False, expected].astype(int)) == 1)
    scored = np.count_nonzero(~np.isnan(score))
    assert (
        np.isnan(alarms_per_day(score, level, 1, hold))
        if not scored
        else alarms_per_day(score, level, scored, hold) == starts
    )


def test_a_missing_score_cannot_alarm_until_it_has_passed():
    score = np.ones(10)
    score[3] = np.nan
    np.testing.assert_array_equal(np.isnan(on_delayed(score, 1, 3)), [1, 1, 0, 1, 1, 1, 0, 0, 0, 0])


@given(arrays(float, 50, elements=finite), st.integers(1, 20), st.integers(20, 49))
def test_smoothing_is_the_same_wherever_the_series_begins(score, window, start):
    whole, piece = moving_mean(score, window), moving_mean(score[start - window + 1 :], window)
    np.testing.assert_array_equal(piece[window - 1 :], whole[start:])


@given(arrays(float, 20, elements=st.floats(-1e12, 1e12)))
def test_rounding_keeps_four_digits_and_forgets_the_last_bits(score):
    np.testing.assert_allclose(rounded(score), score, rtol=2**-15)
    np.testing.assert_array_equal(rounded(rounded(score)), rounded(score))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("budget", [1.0, 4.0])
def test_a_threshold_keeps_its_budget_on_later_normal_days(rule, budget):
    rng = np.random.default_rng(7)
    noise = moving_mean(rng.standard_t(8, 40 * DAY // 10 * 10), 10)
    level = threshold(noise[: 4 * DAY], budget, rule)
    later = alarms_per_day(on_delayed(noise[4 * DAY :], 8, 10), level)
    assert later < 2 * budget


def test_peaks_see_beyond_the_largest_value_when_the_budget_is_small():
    score = np.random.default_rng(3).exponential(size=2 * DAY)
    assert threshold(score, 0.01, "peaks") > score.max() * 0.95
    assert threshold(score, 0.01, "blocks") == score.max()


def test_a_smaller_budget_gives_a_higher_threshold():
    score = np.random.default_rng(3).normal(size=2 * DAY)
    levels = [threshold(score, budget) for budget in (8, 4, 2, 1, 0.5)]
    assert levels == sorted(levels)


def test_a_plant_recorded_more_slowly_has_its_budget_in_days_too():
    score = np.random.default_rng(3).normal(size=8 * DAY)
    later = moving_mean(score, 10)[9:]
    slow = later[::10]
    assert alarms_per_day(slow[4 * DAY // 10 :], threshold(slow[: 4 * DAY // 10], 4, day=DAY // 10), DAY // 10) < 8


def test_alarms_are_runs_a_day():
    score = np.zeros(DAY)
    score[[10, 11, 50, 600]] = 2
    assert alarms_per_day(score, 1) == 3


@pytest.mark.parametrize(
    ("score", "budget", "rule", "says"),
    [
        (np.ones(DAY), 1, "luck", "rule 'luck' is unknown; choose one of blocks, peaks"),
        (np.ones(DAY), 0, "peaks", "budget is 0; give a number above 0 and up to 48"),
        (np.ones(100), 1, "peaks", "100 scored rows are 0 blocks"),
    ],
)
def test_what_gives_no_threshold_is_said(score, budget, rule, says):
    with pytest.raises(ValueError, match=says):
        threshold(score, budget, rule)
