"""Arithmetic over rows: the same however the rows are cut; intervals and masks are two forms of one thing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from swatlib.arrays import (
    count_within,
    intervals_of,
    joined_intervals,
    lagged,
    mask_of,
    moves_one_way,
    moving_mean,
    segments,
)

columns = arrays.arrays(np.float64, st.tuples(st.integers(1, 60), st.just(2)), elements=st.floats(-1e6, 1e6))
masks = arrays.arrays(bool, st.integers(1, 80))


@given(columns, st.integers(1, 12), st.data())
def test_a_piece_with_its_past_gives_what_the_whole_gives(X, window, data):
    start = data.draw(st.integers(0, len(X) - 1))
    begin = max(start - window, 0)
    for function in (moving_mean, lagged):
        piece = function(X[begin:], window)[start - begin :]
        np.testing.assert_array_equal(piece, function(X, window)[start:])


@given(
    arrays.arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([-2, -1, 0, 1, np.nan])), st.integers(1, 12)
)
def test_moves_one_way_are_those_since_the_last_that_went_the_other_way(moves, most):
    for row, counted in enumerate(moves_one_way(moves[:, None], most)[:, 0]):
        ways = [np.sign(each) for each in moves[: row + 1] if abs(each) > 0]
        turns = [place for place in range(1, len(ways)) if ways[place] != ways[place - 1]]
        before = sum(abs(each) > 0 for each in moves[: max(row + 1 - most, 0)])
        assert counted == len(ways) - max([before, *turns])


@given(masks)
def test_the_mask_of_the_intervals_of_a_mask_is_that_mask(mask):
    np.testing.assert_array_equal(mask_of(intervals_of(mask), len(mask)), mask)


@given(masks, st.integers(1, 20))
def test_joined_intervals_hold_every_true_row_and_lie_apart(mask, gap):
    joined = np.array(joined_intervals(mask, gap), dtype=int).reshape(-1, 2)
    assert count_within(mask, joined).sum() == mask.sum()
    assert (joined[1:, 0] - joined[:-1, 1] >= gap).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.integers(1, 30))
def test_segments_cover_all_rows_and_are_cut_exactly_at_the_gaps(steps, gap):
    index = pd.Timestamp("2015-12-28") + pd.to_timedelta(np.cumsum(steps), "s")
    cut = segments(index, pd.Timedelta(gap, "s"))
    assert [row for start, stop in cut for row in range(start, stop)] == list(range(len(steps)))
    assert [start for start, _ in cut[1:]] == [row for row in range(1, len(steps)) if steps[row] > gap]


def test_a_mean_over_no_row_is_refused():
    with pytest.raises(ValueError, match="a mean over 0 rows can't be taken"):
        moving_mean(np.ones(3), 0)
