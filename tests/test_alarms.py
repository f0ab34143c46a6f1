import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swatlib.alarms import (
    BLOCKS_PER_DAY,
    alarms_per_day,
    beyond_calibration,
    block_maxima,
    blocks_per_day,
    expected_alarms,
    on_delayed,
    rounded,
    rows_since_above,
    threshold,
)
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


@pytest.fixture
def eight_in_ten(monkeypatch):
    """A threshold that keeps its budget with a probability of .8, in place of the one in use."""
    monkeypatch.setattr("swatlib.alarms.SURE", 0.8)


distinct = arrays(float, st.integers(10, 80), elements=st.integers(-1000, 1000).map(float), unique=True)
budgets = st.lists(st.floats(0.05, 24), min_size=2, max_size=6, unique_by=lambda budget: round(budget, 3))


@given(distinct, budgets)
def test_every_smaller_budget_gives_a_higher_threshold(maxima, budgets):
    levels = [threshold(maxima, budget) for budget in sorted(budgets, reverse=True)]
    assert (np.diff(levels) > 0).all()


@given(distinct, budgets)
def test_a_score_in_other_units_has_its_threshold_in_them(maxima, budgets):
    for budget in budgets:
        assert threshold(5 + 8 * maxima, budget) == pytest.approx(5 + 8 * threshold(maxima, budget), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("budget", [0.05, 0.5, 4.0, 24.0])
@pytest.mark.parametrize("draw", ["normal", "exponential", "logistic"])
def test_scores_of_a_known_distribution_exceed_their_threshold_as_often_as_the_budget_says(draw, budget, eight_in_ten):
    rng = np.random.default_rng(7)
    maxima = getattr(rng, draw)(size=(60 * BLOCKS_PER_DAY, 40)).max(axis=1)
    later = getattr(rng, draw)(size=(2_000 * BLOCKS_PER_DAY, 40)).max(axis=1)
    exceeded = -np.log1p(-np.mean(later > threshold(maxima, budget))) * BLOCKS_PER_DAY
    assert budget / 4 < exceeded < 1.5 * budget


def kept_when_half_a_day_sets_it():
    """How often a threshold for one alarm a day keeps it, of scores of a known distribution."""
    rng = np.random.default_rng(11)
    levels = [threshold(rng.normal(size=(28, 40)).max(axis=1), 1.0) for _ in range(200)]
    later = np.sort(rng.normal(size=(50_000, 40)).max(axis=1))
    return np.mean(len(later) - np.searchsorted(later, levels) <= len(later) / BLOCKS_PER_DAY)


def test_a_budget_holds_one_time_in_two_when_half_a_day_sets_it():
    assert 0.45 < kept_when_half_a_day_sets_it() < 0.6


def test_a_budget_that_is_to_hold_eight_times_in_ten_does(eight_in_ten):
    assert 0.7 < kept_when_half_a_day_sets_it() < 0.95


def test_less_data_gives_a_wider_threshold(eight_in_ten):
    maxima = np.random.default_rng(3).normal(size=(40_000, 40)).max(axis=1)
    few, many = (np.mean([threshold(each, 0.5) for each in maxima.reshape(-1, n)]) for n in (20, 400))
    assert few > many + 0.1


def test_alarms_to_expect_hold_the_budget_and_narrow_with_more_data():
    maxima = np.random.default_rng(3).normal(size=(2_000, 40)).max(axis=1)
    (a, b), (c, d) = (expected_alarms(each, threshold(each, 1.0)) for each in (maxima[:30], maxima))
    assert a < c < 1 < d < b


def test_hours_leave_more_open_than_their_own_scores_say():
    maxima = np.random.default_rng(3).normal(size=(480, 40)).max(axis=1)
    (low, high), (lower, higher) = (expected_alarms(maxima[:12], 3.5, per_day) for per_day in (48.0, 96.0))
    assert (lower / low, higher / high) == pytest.approx((2, 2 * 2))
    assert expected_alarms(maxima[:12], 3.5, 480.0)[1] == 480  # one every three minutes


@pytest.mark.parametrize(("between", "least", "most"), [(0.0, 0.75, 1.0), (0.6, 0.75, 0.95), (1.6, 0.0, 0.6)])
def test_alarms_of_days_that_differ_as_simulated_ones_do_are_foretold_eight_times_in_ten(between, least, most):
    rng, inside = np.random.default_rng(5), []
    for _ in range(200):
        given, later = rng.normal(0, between / 2**0.5, size=2)  # a score that rises by 1 alarms e times as often
        maxima = rng.gumbel(given, size=3 * BLOCKS_PER_DAY)
        level = threshold(maxima, 2.0)
        low, high = expected_alarms(maxima, level)
        inside.append(low <= BLOCKS_PER_DAY * math.exp(later - level) <= high)
    assert least < np.mean(inside) < most


@pytest.mark.parametrize(
    ("blocks", "budget", "says"),
    [
        (25, 0.1, "12.5 h of calibration can't tell 0.1 from 1.9 false alarms a day: give 34 normal days"),
        (24, 1.9, "12.0 h of calibration can't tell 1.9 from 2 false alarms a day: give 3 normal days"),
        (24, 2.0, None),
        (480, 0.1, None),
    ],
)
def test_a_budget_of_less_than_one_alarm_in_the_calibration_is_said_to_be_one(blocks, budget, says):
    assert beyond_calibration(blocks, budget, share=0.3, startup=6 * 3_600) == says


@given(st.integers(10, 400), st.floats(0.05, 24))
def test_the_days_that_are_asked_for_are_enough(blocks, budget):
    said = beyond_calibration(blocks, budget, share=0.3, startup=0)
    if said:
        days = int(said.split()[-3])
        assert beyond_calibration(math.ceil(0.3 * days * BLOCKS_PER_DAY), budget, share=0.3, startup=0) is None


def test_a_score_that_never_moves_is_its_own_threshold():
    assert threshold(np.ones(20), 0.1) == 1.0 == threshold(np.ones(20), 24)


def test_a_plant_recorded_more_slowly_has_its_budget_in_days_too():
    score = np.random.default_rng(3).normal(size=8 * DAY)
    later = moving_mean(score, 10)[9:]
    slow = later[::10]
    level = threshold(block_maxima(slow[: 4 * DAY // 10], day=DAY // 10), 4)
    assert alarms_per_day(slow[4 * DAY // 10 :], level, DAY // 10) < 8


def test_alarms_are_runs_a_day():
    score = np.zeros(DAY)
    score[[10, 11, 50, 600]] = 2
    assert alarms_per_day(score, 1) == 3


@pytest.mark.parametrize("budget", [0, 48.1, math.nan])
def test_a_budget_that_no_threshold_keeps_is_refused(budget):
    with pytest.raises(ValueError, match="give a number above 0 and up to 48"):
        threshold(np.arange(20.0), budget)


def test_too_few_scores_for_a_threshold_are_counted():
    with pytest.raises(ValueError, match="100 scored rows are 0 blocks of 180 rows, too few for a threshold"):
        block_maxima(np.ones(100))


@pytest.mark.parametrize(("hours", "blocks", "per_day"), [(24, 48, 48), (5, 10, 48), (2.5, 10, 96), (0.5, 10, 480)])
def test_blocks_are_half_hours_or_as_short_as_ten_of_them_need(hours, blocks, per_day):
    score = np.append(np.full(50, np.nan), np.ones(round(3_600 * hours)))
    assert (len(block_maxima(score)), blocks_per_day(score)) == (blocks, per_day)
    assert threshold(np.arange(20.0), 1.0, per_day) >= threshold(np.arange(20.0), 1.0)
