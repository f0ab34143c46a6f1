import numpy as np
import pytest

from swatlib.tails import LIGHT, Tail, reached, usual_scale

DAY = 86_400


@pytest.mark.parametrize(("draw", "passed"), [("exponential", np.log(DAY)), ("normal", 4.25)])
def test_what_is_reached_once_a_day_lies_a_little_above_what_is_in_truth(draw, passed):
    X = getattr(np.random.default_rng(5), draw)(size=(3 * DAY, 6))
    assert (passed * 0.9 < reached(X, DAY, 0.9)).all() and (reached(X, DAY, 0.9) < passed * 1.5).all()


def test_few_rows_let_more_be_reached_than_they_show():
    X = np.random.default_rng(5).exponential(size=(4 * DAY, 20))
    few, many = reached(X[:7_200], DAY, 0.9), reached(X, DAY, 0.9)
    assert few.mean() > many.mean() and (few > X[:7_200].max(axis=0)).mean() > 0.9


def test_a_column_in_other_units_reaches_the_same_in_them():
    X = np.random.default_rng(5).exponential(size=(20_000, 2))
    np.testing.assert_allclose(reached(8 * X + 3, DAY, 0.9), 8 * reached(X, DAY, 0.9) + 3)


def test_a_column_that_never_moves_reaches_what_it_is():
    assert reached(np.full((5_000, 2), [1.0, 7.0]), DAY, 0.9).tolist() == [1.0, 7.0]


def test_to_be_surer_is_to_go_further():
    tail = Tail(np.random.default_rng(5).normal(size=30))
    levels = [tail.reached(0.01, sure) for sure in (0.5, 0.8, 0.9, 0.99)]
    assert levels == sorted(set(levels))


def test_the_usual_scale_is_met_by_the_largest_of_many_values():
    spread, _ = usual_scale(np.random.default_rng(5).gumbel(scale=3.0, size=200_000))
    assert spread == pytest.approx(1.1 * 3.0 * np.log(np.log(2) / -np.log(0.8)), rel=0.02)
    assert usual_scale(np.r_[np.zeros(90), np.ones(10)]) is None


def test_a_middle_that_hardly_differs_draws_no_wide_tail_to_it():
    rng = np.random.default_rng(5)
    values = np.r_[rng.normal(0, 0.001, 24), rng.exponential(1, 6)]
    assert Tail(values, scale=usual_scale(values)).reached(0.01, 0.7) == Tail(values).reached(0.01, 0.7)


def test_a_scale_that_is_known_draws_few_values_to_it_and_many_hardly():
    values = np.random.default_rng(5).exponential(size=3_000)
    few, many = (
        [Tail(given, scale=scale).reached(0.01, 0.5) for scale in ((0.2, 0.3), None, (5.0, 0.3))]
        for given in (values[:30], values)
    )
    assert few == sorted(few) and few[2] > 1.5 * few[0]
    assert many == sorted(many) and many[2] < 1.1 * many[0]


def test_values_that_end_abruptly_are_let_to_say_so():
    values = np.random.default_rng(5).uniform(size=50)
    assert 1.0 < Tail(values, LIGHT).reached(0.005, 0.6) < Tail(values, (-0.2, 0.15)).reached(0.005, 0.6)


def test_values_that_are_all_the_same_reach_further_by_the_scale_that_is_known():
    assert Tail(np.ones(30)).reached(0.01, 0.5) == 1.0
    assert 1.0 < Tail(np.ones(30), scale=(0.5, 0.3)).reached(0.01, 0.5) < 2.5


def test_a_tail_of_two_values_is_refused():
    with pytest.raises(ValueError, match="2 values have no tail to fit; give 3 or more"):
        Tail(np.arange(2.0))
