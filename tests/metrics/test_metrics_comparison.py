import numpy as np
import pandas as pd
import pytest

from swatlib.metrics import (
    budget_curve,
    compare,
    compare_resampled,
    curve_verdict,
    evaluate,
    per_attack,
    summary,
    verdict,
)

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
    says = "it finds 100% of the attacks at 0.0 false alarms per day, and is in alarm for 0.0% of the normal time"
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


def test_the_verdict_puts_nobody_first_where_no_alarm_is_right(scores, label):
    on = scores.copy()
    on[("pca", "alarm")] = on[("lof", "alarm")] = True
    said = "Most attacks are found by **pca**: 100%, and no alarm of any detector is right."
    assert verdict(compare(on, label, EVENTS)) == said


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


OF_SCORE = {"average_precision", "vus_pr", "vus_roc"}
OF_NORMAL_ROWS = {"false_alarms_per_day", "false_positive_rate", *OF_SCORE}
WHOLE = pd.DataFrame(
    {"attack": [1], "start": [TIMES[0]], "end": [TIMES[-1] + pd.Timedelta("1s")], "points": ["LIT101"]}
)


def unknown(table):
    return set(table.columns[table.loc["detector"].isna().all()])


def test_attack_rows_alone_say_nothing_of_false_alarms(scores, label):
    table = compare(scores, label | True, WHOLE)
    assert unknown(table) == OF_NORMAL_ROWS
    assert verdict(table, compare_resampled(scores, label | True, WHOLE, draws=20)) == (
        "Most attacks are found by **pca**: 100%. No normal row has a score, so no alarm can be false: "
        "false_alarms_per_day, false_positive_rate, average_precision, vus_pr and vus_roc are NaN, and precision and "
        "F1 say nothing."
    )


def test_a_detector_without_a_score_is_named(scores, label):
    scores[("lof", "score")], scores[("lof", "alarm")] = np.nan, False
    table = compare(scores, label, EVENTS)
    assert set(table.columns[table.loc[("detector", "lof")].isna()]) == {
        "alarms_per_day",
        "delay_median_s",
        *OF_NORMAL_ROWS,
    }
    assert verdict(table, compare_resampled(scores, label, EVENTS, draws=20)).endswith(
        "For lof alarms_per_day, false_alarms_per_day, false_positive_rate, average_precision, vus_pr and vus_roc are "
        "NaN: no normal row has a score."
    )


def test_a_detector_that_could_not_be_wrong_does_not_come_first(scores, label):
    scores.loc[~label, ("pca", "score")] = scores.loc[label, ("lof", "score")] = np.nan
    scores.loc[label, ("lof", "alarm")] = False
    scores.loc[TIMES[720:730], ("lof", "alarm")] = True
    assert summary(compare(scores, label, EVENTS))["best_detector"] == "lof"
    said = verdict(compare(scores, label, EVENTS))
    assert "nan" not in said and "**pca**" not in said
    assert said.endswith(
        "For pca false_alarms_per_day, false_positive_rate, average_precision, vus_pr and vus_roc are NaN: no normal "
        "row has a score. For lof average_precision, vus_pr and vus_roc are NaN: no attack row has a score."
    )


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (slice(0, 0), "no detector finds any of the attacks."),
        (slice(100, 150), "50% of the attacks are found; no normal row has a score."),
        (slice(0, 1_000), "**pca** finds most, 100% of the attacks, and is in alarm for 0.0% of the normal time."),
    ],
)
def test_a_curve_without_scores_is_a_sentence(scores, label, known, says):
    pca = scores[["pca"]].copy()
    pca.loc[~np.isin(np.arange(1_000), np.arange(1_000)[known]), ("pca", "score")] = np.nan
    curve = budget_curve(pca, label, EVENTS, pd.DataFrame({1.0: {"pca": 0.5}}), on_delay=(1, 1), hold=0)
    assert curve_verdict(curve).startswith(f"At 1 false alarms per day {says}")


@pytest.mark.parametrize("attacked", [True, False])
def test_a_single_row_has_no_rate(scores, label, attacked):
    row = slice(100, 101) if attacked else slice(0, 1)
    table = compare(scores.iloc[row], label.iloc[row], EVENTS.iloc[:1].assign(end=TIMES[101]))
    assert unknown(table) == ({"alarms_per_day", "delay_median_s", *OF_NORMAL_ROWS} if attacked else set(table))
    assert "Alarms per day are NaN: no row has a score, or there is a single row, whose" in verdict(table)


def test_rows_without_a_score_are_no_normal_time_and_an_attack_in_them_is_missed(scores, label):
    answer = [("pca", "score"), ("pca", "alarm")]
    scores.loc[TIMES[50:80], answer] = 1.0, True
    scores.loc[TIMES[400:900], answer] = np.nan, False
    asked = ["event_recall", "alarms_per_day", "false_alarms_per_day", "false_positive_rate"]
    figures = compare(scores, label, EVENTS).loc[("detector", "pca"), asked]
    assert figures.to_list() == [
        0.5,
        pytest.approx(2 * 86_400 / 500),
        pytest.approx(86_400 / 450),
        pytest.approx(30 / 450),
    ]
    thresholds = pd.DataFrame({1.0: {"pca": 0.5}})
    curve = budget_curve(scores, label, EVENTS, thresholds, on_delay=(1, 1), hold=0).xs("value", axis=1, level=1)
    assert curve.iloc[0][asked[2:]].to_list() == figures[asked[2:]].to_list()


def test_a_score_on_attack_rows_alone_ranks_nothing(label):
    score = np.where(label, 1.0, np.nan)
    assert pd.Series(evaluate(label, score=score)).isna().all()
    assert pd.Series(evaluate(label, score=np.full(1_000, np.nan))).isna().all()
