import numpy as np
import pandas as pd
import pytest

from swatlib.metrics import compare, evaluate

TIMES = pd.date_range("2015-12-28 10:00", periods=1_000, freq="s", name="time")
EVENTS = pd.DataFrame(
    {"attack": [7, 8], "start": TIMES[[100, 400]], "end": TIMES[[150, 700]], "points": ["LIT101", ""]}
)


@pytest.fixture
def label():
    rows = pd.Series(False, TIMES)
    rows.iloc[100:150] = rows.iloc[400:700] = True
    return rows


@pytest.fixture
def scores(label):
    columns = {"score": label.astype(float), "threshold": 0.5, "alarm": label & (np.arange(1_000) > 110)}
    return pd.concat({"pca": pd.DataFrame(columns), "lof": pd.DataFrame(columns)}, axis=1)


def test_detectors_come_first_and_null_rows_after(scores, label):
    table = compare(scores, label, EVENTS)
    nulls = ["random", "all-alarm", "only-largest", "all-but-largest", "oracle"]
    assert list(table.index) == [("detector", "pca"), ("detector", "lof"), *(("null", name) for name in nulls)]


def test_each_row_is_what_evaluate_gives(scores, label):
    table = compare(scores, label, EVENTS)
    one = evaluate(label, scores["pca"]["alarm"], scores["pca"]["score"], EVENTS)
    assert table.loc[("detector", "pca")].to_dict() == one
    assert table.loc[("null", "only-largest"), "event_recall"] == 0.5


@pytest.mark.parametrize("nothing", [None, pd.Series(False, TIMES)])
def test_without_a_label_only_alarms_are_counted(scores, nothing):
    table = compare(scores, nothing, EVENTS.iloc[:0])
    assert list(table.columns) == ["alarms_per_day"]
    assert table.loc[("detector", "pca"), "alarms_per_day"] == pytest.approx(2 * 86_400 / 999)
