"""Normal recordings to fit on: what is left of them, and what is said where that is too little."""

import pandas as pd
import pytest

from swatlib.normal_parts import parts_of


def test_a_short_recording_is_told_the_start_up_that_it_lost():
    frame = pd.DataFrame({"LIT101": 1.0}, pd.date_range("2015-12-22 16:00", periods=101, freq="s"))
    with pytest.raises(ValueError, match=r"76 normal rows are left after 25 s of start-up; of the parts .* needs 50"):
        parts_of([frame], 6 * 3600, (0.5, 0.3, 0.2), 50)


def test_of_several_recordings_the_one_that_is_too_short_is_named():
    long, short = (
        pd.DataFrame({"LIT101": 1.0}, pd.date_range(start, periods=rows, freq="s"))
        for start, rows in (("2015-12-22", 1_000), ("2015-12-24", 10))
    )
    with pytest.raises(ValueError, match="than those from 2015-12-24 00:00:00 to 2015-12-24 00:00:09, or a smaller"):
        parts_of([long, short], 0, (0.5, 0.3, 0.2), 50)
