import numpy as np
import pytest

from swatlib.tails import Tail, reached

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


def test_a_tail_of_two_values_is_refused():
    with pytest.raises(ValueError, match="2 values have no tail to fit; give 3 or more"):
        Tail(np.arange(2.0))
