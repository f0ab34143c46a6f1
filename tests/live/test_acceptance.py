"""Which rows are taken: a lone jump never, a plant that starts again always, and alike in batches of any size."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from swatlib.live.acceptance import FOLLOWING, JUMP, JUMPED, LATE, TAKEN, Position, accept

SECOND, DAY = 10**9, int(JUMP / np.timedelta64(1, "ns"))
TODAY = 4_000 * DAY
START = Position()


def verdicts(*times: int, restart=(), position: Position = START) -> list[int]:
    says_so = np.isin(np.arange(len(times)), restart)
    return accept(np.array(times, np.int64), says_so, position)[0].tolist()


def test_only_rows_newer_than_all_before_are_taken():
    assert verdicts(20, 10, 20, 30) == [TAKEN, LATE, LATE, TAKEN]
    assert verdicts(20, 10, 20, 30, position=Position(20)) == [LATE, LATE, LATE, TAKEN]


def test_one_row_of_today_makes_no_later_row_late():
    assert verdicts(1, 2, TODAY, 3, 4) == [TAKEN, TAKEN, JUMPED, TAKEN, TAKEN]


def test_rows_of_today_apart_from_one_another_are_never_taken():
    assert verdicts(1, TODAY, 2, TODAY + 1, 3, TODAY + 2, TODAY + 2) == [0, JUMPED, 0, JUMPED, 0, JUMPED, JUMPED]


def test_a_plant_that_starts_again_is_taken_from_the_third_row_on():
    assert verdicts(1, *range(TODAY, TODAY + 5)) == [TAKEN] + [JUMPED] * (FOLLOWING - 1) + [TAKEN] * 3


def test_a_plant_that_says_it_starts_again_loses_no_row():
    assert verdicts(1, 2, TODAY, TODAY + 1, restart=[2]) == [TAKEN] * 4
    assert verdicts(TODAY, 1, 2, restart=[2]) == [TAKEN] * 3


def test_a_first_row_of_today_makes_no_later_row_late():
    assert verdicts(TODAY, 1, 2, 3) == [TAKEN] * 4
    assert verdicts(TODAY, TODAY + 1, 1) == [TAKEN, TAKEN, LATE]


def test_a_day_without_rows_is_a_gap_and_no_jump():
    assert verdicts(0, DAY, 2 * DAY + 1) == [TAKEN, TAKEN, JUMPED]


STEPS = st.sampled_from([-3 * DAY, -SECOND, 0, SECOND, SECOND, SECOND, DAY, DAY + 1, 400 * DAY])


@given(st.lists(st.tuples(STEPS, st.booleans() | st.just(False)), max_size=30), st.sets(st.integers(0, 30)))
def test_batches_of_any_size_give_the_same(rows, cuts):
    times = np.cumsum([step for step, _ in rows], dtype=np.int64)
    restart = np.array([says_so for _, says_so in rows], bool)
    whole, last = accept(times, restart, START)
    position, parts = START, [np.zeros(0, np.int8)]
    for part in np.split(np.arange(len(rows)), sorted(cut for cut in cuts if cut < len(rows))):
        found, position = accept(times[part], restart[part], position)
        parts.append(found)
    assert (np.concatenate(parts).tolist(), position) == (whole.tolist(), last)
