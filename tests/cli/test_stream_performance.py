"""What `bench stream` takes for the throughput."""

import pandas as pd
import pytest

from swatlib.cli.stream_performance import _rate
from swatlib.servers import ServicesError


def batches(*rows: int) -> pd.DataFrame:
    """Batches of so many rows, two seconds each, one after the other."""
    times = pd.date_range("2026-01-01", periods=len(rows), freq="2s")
    return pd.DataFrame({"rows_out": rows, "seconds": 2.0}, times)


@pytest.mark.parametrize(
    ("rows", "rate"),
    [((9, 9, 100, 100), 50), ((9, 9, 100, 20, 100), 110 / 3), ((9, 9, 100, 100, 3, 1), 50), ((100, 100, 80), 40)],
    ids=["full", "a small one between", "a few rows at the end", "none but one counted"],
)
def test_all_batches_count_from_those_that_warm_up_to_the_last_full_one(rows, rate):
    assert _rate(batches(*rows)) == pytest.approx(rate)


@pytest.mark.parametrize("rows", [(), (100,), (100, 100, 1)])
def test_a_stream_without_a_batch_to_count_is_told(rows):
    with pytest.raises(ServicesError, match="more than 2 show its throughput"):
        _rate(batches(*rows))
