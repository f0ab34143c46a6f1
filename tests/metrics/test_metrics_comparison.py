import numpy as np
import pandas as pd
import pytest

from swatlib.metrics import compare, compare_resampled, evaluate, per_attack, summary, verdict

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
    baseline_rows = ["random", "all-alarm", "latched", "only-largest", "all-but-largest", "oracle", "delayed-oracle"]
    assert list(table.index) == [
        ("detector", "pca"),
        ("detector", "lof"),
        *(("baseline", name) for name in baseline_rows),
    ]


def test_each_row_is_what_evaluate_gives(scores, label):
    table = compare(scores, label, EVENTS)
    one = evaluate(label, scores["pca"]["alarm"], scores["pca"]["score"], EVENTS)
    assert table.loc[("detector", "pca")].drop("alarms_per_day").to_dict() == one
    assert table.loc[("baseline", "only-largest"), "event_recall"] == 0.5


def test_the_verdict_names_the_detector_with_the_best_event_f1(scores, label):
    scores[("lof", "alarm")] = False
    table = compare(scores, label, EVENTS)
    assert summary(table)["best_detector"] == "pca"
    says = "it finds 100% of the attacks at 0.0 false alarms a day, and is in alarm for 0.0% of the normal time"
    assert verdict(table).startswith(f"By event F1 **pca** comes first: {says}.")


def test_the_verdict_beats_nobody_where_there_is_nobody(scores, label):
    drawn = compare_resampled(scores[["pca"]], label, EVENTS)
    assert "event F1 would be 1.00 to 1.00 (95 %). A detector" in verdict(
        compare(scores[["pca"]], label, EVENTS), drawn
    )


def test_the_verdict_names_nobody_where_nothing_is_found(scores, label):
    nothing = scores.copy()
    nothing[("pca", "alarm")] = nothing[("lof", "alarm")] = False
    assert verdict(compare(nothing, label, EVENTS)) == "No detector finds any of the attacks."


def test_an_alarm_that_never_ends_is_told_by_the_false_positive_rate_alone(scores, label):
    latched = compare(scores, label, EVENTS).loc[("baseline", "latched")]
    assert latched[["event_recall", "event_f1", "false_alarms_per_day"]].tolist() == [1, 1, 0]
    assert latched["false_positive_rate"] > 0.5


@pytest.mark.parametrize("nothing", [None, pd.Series(False, TIMES)])
def test_without_a_label_alarms_are_counted_and_not_judged(scores, nothing):
    table = compare(scores, nothing, EVENTS.iloc[:0])
    assert list(table.index) == [("detector", "pca"), ("detector", "lof")]
    assert table.dropna(axis=1).columns.tolist() == ["alarms_per_day"]
    assert table.loc[("detector", "pca"), "alarms_per_day"] == pytest.approx(2 * 86_400 / 1_000)
    assert verdict(table).startswith("No attack is labelled")
    assert list(summary(table)) == ["fewest_alarms_a_day", "most_alarms_a_day"]


def test_no_event_no_row():
    assert per_attack(EVENTS.iloc[:0], pd.Series(False, TIMES)).empty
