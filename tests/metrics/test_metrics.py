from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pandas.testing import assert_frame_equal
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from swatlib.arrays import mask_of
from swatlib.metrics import METRICS, baselines, curves, definitions, evaluate, per_attack

EVENT_COLUMNS = ["attack", "start", "end", "points"]
UNBOUNDED = {"false_alarms_per_day", "delay_median_s"}


@pytest.fixture(scope="module", autouse=True)
def narrow_buffers():
    """Buffers as wide as these recordings are long; 500 rows would take most of the tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "WINDOW", 20)
        yield


def rows(text: str) -> np.ndarray:
    return np.array([mark == "#" for mark in text])


def timed(values, period="s") -> pd.Series:
    return pd.Series(values, index=pd.date_range("2015-12-28 10:00", periods=len(values), freq=period))


def events_at(*spans, points="LIT101") -> pd.DataFrame:
    at = lambda second: pd.Timestamp("2015-12-28 10:00") + pd.Timedelta(second, "s")  # noqa: E731
    return pd.DataFrame([(k + 1, at(a), at(b), points) for k, (a, b) in enumerate(spans)], columns=EVENT_COLUMNS)


LABEL = rows("...####....####....")
ALARM = rows(".#...#..##...#...##")  # five alarms: three false, one in each attack


def test_point_metrics_by_hand():
    met = evaluate(LABEL, ALARM)
    expected = {"precision": 2 / 7, "recall": 2 / 8, "f1": 4 / 15, "false_positive_rate": 5 / 11}
    assert {name: met[name] for name in expected} == pytest.approx(expected)


def test_point_adjustment_fills_the_touched_attacks():
    met = evaluate(LABEL, ALARM)
    assert (met["pa_f1"], met["pa_k20_f1"]) == pytest.approx((16 / 21, 16 / 21))
    assert evaluate(rows("#####."), rows("..#..."))["pa_k20_f1"] == pytest.approx(2 / 6), "20 % is not more than 20 %"


def test_event_metrics_by_hand():
    met = evaluate(LABEL, ALARM)
    expected = {"event_recall": 1.0, "event_precision": 2 / 5, "event_f1": 4 / 7, "delay_median_s": 2.0}
    assert {name: met[name] for name in expected} == pytest.approx(expected)
    assert met["false_alarms_per_day"] == pytest.approx(3 / (11 / 86_400))
    assert met["fc1"] == pytest.approx(2 * (2 / 7) / (1 + 2 / 7))


def test_an_alarm_that_runs_into_an_attack_finds_it_and_is_neither_call_nor_false():
    met = evaluate(rows("...###..."), rows(".####...."))
    assert (met["event_recall"], met["event_precision"], met["false_alarms_per_day"]) == (1.0, 0.0, 0.0)


def test_touching_attacks_stay_apart():
    label, alarm = rows(".####."), rows(".##...")
    assert evaluate(label, alarm)["event_recall"] == 1.0
    assert evaluate(label, alarm, events=[(1, 3), (3, 5)])["event_recall"] == 0.5
    assert evaluate(timed(label), alarm, events=events_at((1, 3), (3, 5)))["event_recall"] == 0.5


def test_a_row_lasts_as_long_as_its_index_says():
    label, alarm = timed(LABEL, "10s"), timed(ALARM, "10s")
    met = evaluate(label, alarm)
    assert met["delay_median_s"] == 20.0
    assert met["false_alarms_per_day"] == pytest.approx(3 / (110 / 86_400))


def test_a_delay_counts_from_the_event_and_not_from_its_first_row():
    assert evaluate(timed(LABEL, "10s"), ALARM, events=events_at((25, 70)))["delay_median_s"] == 25.0


def test_a_hole_in_the_recording_is_no_quiet_time():
    whole = timed(LABEL)
    late = whole.index + pd.to_timedelta(np.where(np.arange(19) < 8, 0, 3600), "s")
    assert evaluate(whole.set_axis(late), ALARM) == evaluate(whole, ALARM)


def test_warm_up_rows_are_left_out_of_the_score():
    score = np.array([np.nan, np.nan, 0.1, 0.9, 0.8, 0.2])
    label = rows("##.#.#")
    met = evaluate(label, score=score)
    assert met["average_precision"] == average_precision_score(label[2:], score[2:])
    without = np.where(np.isnan(score), False, label)
    assert met == evaluate(without, score=score), "an attack in the warm-up has no say either"


def test_no_alarm_at_all_gives_zeros_and_no_delay():
    met = evaluate(LABEL, np.zeros_like(LABEL))
    assert np.isnan(met.pop("delay_median_s"))
    assert set(met.values()) == {0.0}


def test_inputs_decide_which_metrics_there_are():
    names = {needs: [metric.__name__ for metric in METRICS[needs]] for needs in METRICS}
    assert list(evaluate(LABEL, alarm=ALARM)) == names["alarm"]
    assert list(evaluate(LABEL, score=ALARM)) == names["score"]
    assert list(evaluate(LABEL, ALARM, ALARM)) == names["alarm"] + names["score"]


def test_every_metric_is_defined_in_full():
    table = definitions()
    assert list(table) == ["meaning", "formula", "direction", "range", "source", "weakness"]
    assert table.map(len).min().min() > 5
    assert list(table.index) == list(evaluate(LABEL, ALARM, ALARM))
    assert set(table["direction"]) == {"high is better", "low is better"}


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"label": LABEL, "alarm": ALARM[:5]}, "label has 19 rows and alarm has 5"),
        ({"label": LABEL, "score": np.ones((19, 2))}, "label has 19 rows and score has 19 x 2"),
        ({"label": LABEL.astype(int), "alarm": ALARM}, r"label is 1-dimensional int64; give .* label.astype\(bool\)"),
        ({"label": LABEL, "alarm": ALARM.astype(float)}, "alarm is 1-dimensional float64"),
        ({"label": ~LABEL & LABEL, "alarm": ALARM}, "no attack in label: all 19 rows are False"),
        ({"label": LABEL}, "nothing to evaluate; give alarm, score, or both"),
        ({"label": LABEL, "score": np.where(ALARM, np.inf, 0)}, "score is infinite in 7 rows"),
        ({"label": LABEL, "alarm": ALARM, "score": np.where(ALARM, np.nan, 0)}, "7 rows alarm without a score"),
        ({"label": LABEL, "alarm": ALARM, "events": []}, "events is empty"),
        ({"label": LABEL, "alarm": ALARM, "events": [1, 2]}, "events is 2 of int64; give a table of times, or n x 2"),
        ({"label": LABEL, "alarm": ALARM, "events": [(3.0, 7.0)]}, "events is 1 x 2 of float64; give .* whole numbers"),
        ({"label": LABEL, "alarm": ALARM, "events": [(3, 7), (11,)]}, "events is 2 of object; give"),
        (
            {"label": timed(LABEL).tz_localize("UTC"), "alarm": ALARM, "events": events_at((3, 7))},
            r"different time zones \(rows UTC and start none\)",
        ),
        ({"label": LABEL, "alarm": ALARM, "events": [(3, 7), (11, 30)]}, "event 2 of 2 covers rows 11 to 30 of 19"),
        ({"label": LABEL, "alarm": ALARM, "events": events_at((3, 7))}, "events stand at times and the rows at none"),
        ({"label": timed(LABEL), "alarm": ALARM, "events": events_at((50, 60))}, "event 1 of 1 covers rows 19 to 19"),
        (
            {"label": timed(LABEL), "alarm": ALARM, "events": events_at((3, 7))[["start"]]},
            "events lacks the column end",
        ),
        (
            {"label": timed(LABEL), "alarm": ALARM, "events": events_at((3, pd.NaT))},
            "event 1 of 1 has no start or no end",
        ),
        (
            {"label": timed(LABEL), "alarm": ALARM, "events": per_attack([(3, 7)], ALARM)},
            "start of the events holds int64; give times there, or pairs of rows",
        ),
        ({"label": timed(LABEL), "alarm": timed(ALARM, "2s")}, "label and alarm stand at different times"),
        ({"label": timed(LABEL)[::-1], "alarm": ALARM}, "the times of label go back"),
    ],
)
def test_what_does_not_go_together_is_said(given_, says):
    with pytest.raises(ValueError, match=says):
        evaluate(**given_)


labels = arrays(bool, st.integers(2, 60)).filter(lambda label: label.any() and not label.all())


@st.composite
def cases(draw):
    """A label with attack and normal rows, and an alarm and a score on the same rows."""
    label = draw(labels)
    alarm = draw(arrays(bool, len(label)))
    score = draw(arrays(float, len(label), elements=st.integers(-5, 5).map(float)))
    return label, alarm, score


@given(cases())
def test_every_metric_keeps_to_its_range(case):
    met = evaluate(*case)
    shares = [value for name, value in met.items() if name not in UNBOUNDED]
    assert all(0 <= value <= 1 for value in shares)
    assert met["false_alarms_per_day"] >= 0
    assert np.isnan(met["delay_median_s"]) == (met["event_recall"] == 0)


@given(labels)
def test_the_oracle_is_perfect(label):
    perfect = {"false_alarms_per_day": 0.0, "false_positive_rate": 0.0, "delay_median_s": 0.0}
    met = evaluate(label, label, label)
    assert met == pytest.approx(dict.fromkeys(met, 1.0) | perfect)


@given(cases())
def test_point_metrics_agree_with_scikit_learn(case):
    label, alarm, score = case
    met = evaluate(label, alarm, score)
    p, r, f, _ = precision_recall_fscore_support(label, alarm, average="binary", zero_division=0)
    expected = [p, r, f, average_precision_score(label, score)]
    assert [met[n] for n in ("precision", "recall", "f1", "average_precision")] == pytest.approx(expected)


@given(cases(), st.randoms(use_true_random=False))
def test_point_metrics_do_not_see_the_order_of_the_rows(case, random):
    order = random.sample(range(len(case[0])), len(case[0]))
    ordered, shuffled = evaluate(*case), evaluate(*(part[order] for part in case))
    for name in ("precision", "recall", "f1", "false_positive_rate", "average_precision"):
        assert ordered[name] == pytest.approx(shuffled[name])


@given(cases(), st.data())
def test_one_more_true_alarm_row_never_makes_a_detector_look_worse_at_finding(case, data):
    label, alarm, _ = case
    more = alarm.copy()
    more[data.draw(st.sampled_from(np.flatnonzero(label).tolist()))] = True
    before, after = evaluate(label, alarm), evaluate(label, more)
    for name in ("precision", "recall", "f1", "event_recall", "fc1", "pa_f1", "pa_k20_f1"):
        assert after[name] >= before[name] - 1e-12
    assert after["false_alarms_per_day"] <= before["false_alarms_per_day"]


@given(cases(), st.booleans())
def test_one_more_false_alarm_never_helps(case, at_the_end):
    quiet = (0, 3) if at_the_end else (3, 0)
    label, alarm = (np.pad(part, quiet) for part in case[:2])
    more = alarm.copy()
    more[-2 if at_the_end else 1] = True
    before, after = evaluate(label, alarm), evaluate(label, more)
    for name in ("precision", "f1", "event_precision", "event_f1", "fc1", "pa_f1", "pa_k20_f1"):
        assert after[name] <= before[name] + 1e-12
    assert after["false_alarms_per_day"] > before["false_alarms_per_day"]


@given(cases())
def test_point_adjustment_only_ever_adds(case):
    met = evaluate(*case[:2])
    assert met["f1"] <= met["pa_k20_f1"] <= met["pa_f1"]


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_events_does_not_matter(case, random):
    label, alarm, _ = case
    edges = np.flatnonzero(np.diff(np.concatenate([[0], label, [0]]))).reshape(-1, 2).tolist()
    random.shuffle(edges)
    assert evaluate(label, alarm, events=edges) == pytest.approx(evaluate(label, alarm), nan_ok=True)


spans_of_60_rows = st.tuples(st.integers(0, 59), st.integers(1, 60)).map(lambda s: (s[0], min(s[0] + s[1], 60)))


@given(st.lists(spans_of_60_rows, min_size=1, max_size=6), arrays(bool, 60))
def test_affiliation_keeps_to_its_range_where_events_overlap(spans, alarm):
    label = mask_of(np.array(spans), 60)
    met = evaluate(label, alarm, events=spans)
    assert all(0 <= met[f"affiliation_{name}"] <= 1 for name in ("precision", "recall", "f1"))


def test_an_event_within_another_is_one_with_it_to_affiliation():
    names = ("affiliation_precision", "affiliation_recall", "affiliation_f1")
    apart, nested = (evaluate(LABEL, ALARM, events=e) for e in ([(3, 7), (11, 15)], [(3, 7), (4, 7), (5, 6), (11, 15)]))
    assert [nested[name] for name in names] == pytest.approx([apart[name] for name in names])


def test_each_attack_by_itself():
    lead = np.where(ALARM, "FIT101", None)
    lead[13] = "MV101"
    events = events_at((3, 7), (7, 8), (11, 15), points="MV101;LIT101")
    events.loc[2, "points"] = ""
    expected = events.assign(
        found=[True, False, True],
        delay_s=[2.0, np.nan, 2.0],
        standing=False,
        lead_tag=["FIT101", np.nan, "MV101"],
        attacked=pd.array([False, pd.NA, pd.NA], dtype="boolean"),
    )
    assert_frame_equal(per_attack(events, timed(ALARM), timed(lead)), expected)
    events.loc[2, "points"] = "MV101;LIT101"
    assert per_attack(events, timed(ALARM), timed(lead))["attacked"].tolist() == [False, pd.NA, True]
    events["points"] = [None, "A", np.nan]
    assert per_attack(events, timed(ALARM), timed(lead))["attacked"].isna().all()


def test_an_alarm_that_stood_already_is_told_from_one_that_begins_with_the_attack():
    alarm = rows("##.##..##.#")
    attack_table = per_attack([(0, 2), (4, 6), (7, 9), (5, 7), (9, 11)], alarm)
    assert attack_table["standing"].tolist() == [False, True, False, False, False]
    assert attack_table["delay_s"].fillna(-1).tolist() == [0, 0, 0, -1, 1]


def test_an_alarm_that_stood_between_two_rows_stood_already():
    onset = pd.DataFrame({"start": ["2015-12-28 10:00:14"], "end": ["2015-12-28 10:01"]}, dtype="datetime64[ns]")
    attack_table = per_attack(onset, timed(rows(".######"), "10s")).iloc[0]
    assert (attack_table["delay_s"], attack_table["standing"]) == (6.0, True)


def test_attacks_given_as_rows_are_numbered():
    table = per_attack([(3, 7), (11, 15)], ALARM)
    assert table[["attack", "start", "end", "delay_s"]].to_numpy().tolist() == [[1, 3, 7, 2.0], [2, 11, 15, 2.0]]
    assert table["lead_tag"].isna().all() and table["attacked"].isna().all()


def test_a_lead_of_another_length_is_refused():
    with pytest.raises(ValueError, match="alarm has 19 rows and lead has 2"):
        per_attack([(3, 7)], ALARM, lead=["LIT101", "LIT101"])


def test_null_rows_by_hand():
    baseline_rows = baselines(timed(LABEL), events=[(3, 7), (11, 14), (14, 15)])
    assert list(baseline_rows) == [
        "random",
        "all-alarm",
        "latched",
        "only-largest",
        "all-but-largest",
        "oracle",
        "delayed-oracle",
    ]
    assert baseline_rows.index.equals(timed(LABEL).index)
    np.testing.assert_array_equal(baseline_rows["only-largest"], rows("...####............"))
    np.testing.assert_array_equal(baseline_rows["all-but-largest"], rows("...........####...."))
    assert not baseline_rows["delayed-oracle"].any(), "a minute later the recording is over"
    later = baselines(timed(LABEL, "20s"))["delayed-oracle"]
    np.testing.assert_array_equal(later, rows("......####....####."))
    assert_frame_equal(baseline_rows, baselines(timed(LABEL), events=[(3, 7), (11, 14), (14, 15)]))


# What the degenerate predictors are known to get on the attacks of 2015 as officially listed: 53,885 rows of 449,919,
# 35 events once 10 and 11 (which share a second) are taken as one; the 81 missing seconds are those of the real file.


@pytest.fixture(scope="module")
def listed():
    """Official label of 2015, and its 35 events, from the attack list."""
    table = pd.read_csv(files("swatlib.data") / "tables" / "attacks_2015.csv", parse_dates=["start", "end"])
    table = table[table["end"].notna()].set_index("attack")
    table.loc[10, "end"] = table.loc[11, "end"]
    return _label_of(table.drop(index=11))


@pytest.fixture(scope="module")
def runs_2015():
    """Official label of 2015 as in the file: 35 runs, one of them 27 and 28 together, one a phantom."""
    return _label_of(
        pd.read_csv(files("swatlib.data") / "tables" / "label_runs_2015.csv", parse_dates=["start", "end"])
    )


def _label_of(table):
    index = pd.date_range("2015-12-28 10:00", periods=450_000, freq="s")
    index = index[(index < "2015-12-31 18:00") | (index >= "2015-12-31 18:01:21")]
    events = table[["start", "end"]].assign(end=table["end"] + pd.Timedelta("1s"))
    label = pd.Series(False, index=index)
    for event in events.itertuples():
        label[event.start : event.end - pd.Timedelta("1s")] = True
    return label, events


def all_figures(label, events, alarm):
    names = ("f1", "pa_f1", "pa_k20_f1", "fc1", "event_f1", "affiliation_f1", "range_f1")
    met = evaluate(label, alarm, events=events)
    return (*(met[name] for name in names), met["event_recall"] * len(events))


def figures(label, events, alarm, *names):
    met = evaluate(label, alarm, events=events)
    return tuple(round(met[name], 3) for name in names)


@pytest.mark.parametrize(
    ("baseline_row", "expected"),
    [  # f1, pa_f1, pa_k20_f1, fc1, event_f1, affiliation_f1, range_f1, attacks found
        ("all-alarm", (0.214, 0.214, 0.214, 0.214, 0.0, 0.696, 0.007, 35)),
        ("only-largest", (0.777, 0.777, 0.777, 0.056, 0.056, 0.056, 0.055, 1)),
        ("all-but-largest", (0.535, 0.535, 0.535, 0.986, 0.986, 0.986, 0.986, 34)),
        ("oracle", (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.993, 35)),  # one alarm over 27 and 28, which touch
    ],
)
def test_one_attack_decides_the_f1(listed, baseline_row, expected):
    label, events = listed
    assert (len(label), label.sum(), len(events)) == (449_919, 53_885, 35)
    assert all_figures(label, events, baselines(label, events)[baseline_row]) == pytest.approx(expected, abs=0.0011)


def test_point_adjustment_makes_a_short_alarm_in_each_attack_perfect(listed):
    label, events = listed
    seconds = (label.index.to_numpy()[:, None] - events["start"].to_numpy()) / np.timedelta64(1, "s")
    alarm = ((seconds >= 30) & (seconds < 90)).any(axis=1)
    assert all_figures(label, events, alarm) == pytest.approx(
        (0.075, 1.0, 0.118, 1.0, 1.0, 0.944, 0.265, 35), abs=0.0011
    )
    assert evaluate(label, alarm, events=events)["delay_median_s"] == 30.0


def test_ten_seconds_every_ten_minutes_look_good_after_point_adjustment(listed):
    label, events = listed
    expected = (0.029, 0.913, 0.029, 0.200, 0.066, 0.655, 0.021, 24)
    assert all_figures(label, events, np.arange(len(label)) % 600 < 10) == pytest.approx(expected, abs=0.0011)


@pytest.mark.parametrize(
    ("share", "pa_f1", "found", "nearness"), [(0.001, 0.937, 18, 0.607), (0.005, 0.964, 29, 0.654)]
)
def test_point_adjustment_makes_noise_look_good(listed, share, pa_f1, found, nearness):
    label, events = listed
    draws = [np.random.default_rng(seed).random(len(label)) < share for seed in range(10)]
    met = pd.DataFrame([evaluate(label, draw, events=events) for draw in draws])
    assert met["f1"].max() < 0.012
    assert met["pa_f1"].min() <= pa_f1 <= met["pa_f1"].max()
    assert abs(met["event_recall"].mean() * 35 - found) < 2 * (met["event_recall"] * 35).std()
    assert met["event_f1"].max() < 0.1


def test_the_label_of_the_file_is_not_the_attack_list(runs_2015):
    label, events = runs_2015
    baseline_rows = baselines(label)
    assert (label.sum(), len(events)) == (54_621, 35)
    assert figures(label, None, baseline_rows["only-largest"], "f1", "event_recall") == (0.793, round(1 / 35, 3))
    assert figures(label, None, baseline_rows["all-but-largest"], "f1", "event_recall") == (0.511, round(34 / 35, 3))
    assert evaluate(label, baseline_rows["random"]) == pytest.approx(
        evaluate(label, baseline_rows["random"], events=events)
    )
