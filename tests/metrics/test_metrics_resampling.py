from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swatlib.metrics import beats, compare, compare_resampled, curves, intervals, verdict, with_intervals
from swatlib.metrics.bootstrap import _with_bounds, resampled
from swatlib.metrics.case import make_case
from swatlib.metrics.evaluation import metric_values

SEED = 20151228
TIMES = pd.date_range("2015-12-28 10:00", periods=20_000, freq="10s", name="time")


@pytest.fixture(scope="module", autouse=True)
def narrow_buffers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "WINDOW", 20)
        patch.setattr(curves, "WINDOW_STEP", 1)
        yield


@st.composite
def cases(draw):
    label = draw(arrays(bool, st.integers(1, 60)).filter(np.any))
    score = draw(arrays(float, len(label), elements=st.integers(-5, 5).map(float)))
    return make_case(label, draw(arrays(bool, len(label))), score)


def weighed(case, weights):
    return metric_values(replace(case, weights=np.array(weights, dtype=float)))


@given(cases(), st.integers(1, 3))
def test_every_event_and_day_as_often_as_it_was_gives_the_figure_itself(case, times):
    often = weighed(case, [[times] * (case.groups.max() + 1)])
    once = {name: float(value) for name, value in metric_values(case).items()}
    assert {name: float(value[0]) for name, value in often.items()} == pytest.approx(once, nan_ok=True)


@given(st.lists(st.booleans(), min_size=9, max_size=9), st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_a_draw_is_the_recording_with_its_events_repeated(alarm, times):
    label = np.tile([False, True, True], 3)
    case = make_case(label, alarm := np.array(alarm), None)
    if not any(times):
        return
    quiet = case.groups.max() + 1 - 3
    drawn = weighed(case, [[*times, *[1] * quiet]])
    rows = np.concatenate([np.flatnonzero(~label), *(np.tile([3 * k + 1, 3 * k + 2], n) for k, n in enumerate(times))])
    repeated = metric_values(make_case(label[rows], alarm[rows], None))
    for name in ("precision", "recall", "f1", "false_positive_rate"):
        assert drawn[name][0] == pytest.approx(repeated[name])
    found = np.repeat(case.hits > 0, times)
    assert drawn["event_recall"][0] == pytest.approx(found.mean())
    delays = np.repeat(np.where(alarm[1::3], 0.0, 1.0), times)[found]
    assert drawn["delay_median_s"][0] == pytest.approx(np.median(delays) if found.any() else np.nan, nan_ok=True)


UNBOUNDED = {"false_alarms_per_day", "delay_median_s"}


@given(cases(), st.integers(0, 2**32 - 1))
def test_every_draw_of_every_metric_keeps_to_its_range(case, seed):
    for name, values in metric_values(resampled(case, 20, seed)).items():
        assert not (np.asarray(values) < 0).any(), name
        assert name in UNBOUNDED or not (np.asarray(values) > 1 + 1e-12).any(), name


def test_draws_repeat_with_their_seed_and_hold_as_many_events_and_days_as_there_were():
    case = make_case(np.tile([False, True], 500), np.zeros(1000, bool))
    first, again, other = (resampled(case, 50, seed).weights for seed in (SEED, SEED, SEED + 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert set(first[:, :500].sum(axis=1)) == {500}
    assert set(first[:, 500:].sum(axis=1)) == {len(np.unique(case.groups)) - 500}


def test_quiet_time_is_drawn_by_days_and_a_short_recording_by_quarters():
    for rows, stretches in ((240 * 60, 10), (240 * 60 + 1, 10), (20 * 60, 4), (20 * 60 + 1, 4)):
        label = pd.Series(False, pd.date_range("2015-12-28", periods=rows, freq="min"))
        label.iloc[5] = True
        sizes = np.bincount(make_case(label, ~label).groups)[1:]
        np.testing.assert_allclose(sizes, np.full(stretches, rows / stretches), atol=2)


@pytest.fixture(scope="module")
def scores():
    """Three detectors on 40 attacks: one finds 36, its twin others as many, a third finds 8."""
    label = pd.Series(np.arange(20_000) % 500 >= 470, TIMES)
    attack = np.arange(20_000) // 500
    found = {"good": attack % 10 != 0, "twin": attack % 10 != 5, "poor": attack % 5 == 0}
    columns = {
        name: pd.DataFrame({"score": (alarm := label & which).astype(float), "threshold": 0.5, "alarm": alarm})
        for name, which in found.items()
    }
    return pd.concat(columns, axis=1), label, [(500 * k + 470, 500 * k + 500) for k in range(40)]


@pytest.fixture(scope="module")
def samples(scores):
    return compare_resampled(*scores, seed=SEED, draws=200)


def test_one_detector_beats_another_only_where_the_draws_agree(samples):
    better = beats(samples, "event_recall")
    assert better.loc["good"].to_dict() == {"good": False, "twin": False, "poor": True}
    assert not better.loc["poor"].any()


def test_low_is_better_where_the_metric_says_so(scores):
    noisy = scores[0].copy()
    noisy["poor", "alarm"] |= np.arange(20_000) % 500 == 100
    better = beats(compare_resampled(noisy, *scores[1:], seed=SEED, draws=100), "false_alarms_per_day")
    assert better.loc["good"].to_dict() == {"good": False, "twin": False, "poor": True}


def test_intervals_hold_the_figures(scores, samples):
    table, ends = compare(*scores, seed=SEED), intervals(samples)
    for metric in ("event_recall", "f1", "average_precision", "vus_pr"):
        inside = (ends[metric, "low"] - 1e-9 <= table[metric]) & (table[metric] <= ends[metric, "high"] + 1e-9)
        assert inside.all(), metric
    width = ends["event_recall", "high"] - ends["event_recall", "low"]
    assert width["detector", "good"] == pytest.approx(2 * 1.96 * np.sqrt(0.9 * 0.1 / 40), abs=0.05)


def test_the_table_marks_the_best_and_its_ties(scores, samples):
    shown = with_intervals(compare(*scores, seed=SEED), samples, ["event_recall"])["event_recall"]
    assert shown.loc["detector"].str[-1].to_dict() == {"good": "●", "twin": "≈", "poor": ")"}
    assert shown["baseline", "only-largest"].startswith("2.5% (0.0–")


def test_intervals_follow_their_row_in_any_order_and_company(scores, samples):
    table, names = compare(*scores, seed=SEED), ["event_recall", "f1"]
    whole = with_intervals(table, samples, names)
    turned, some = table.iloc[[4, 3, 0, 2, 1]], table.loc[["detector"]]
    assert with_intervals(turned, samples, names).equals(whole.reindex(turned.index))
    assert with_intervals(some, samples, names).equals(whole.loc[["detector"]])


def test_the_verdict_says_who_ties(scores, samples):
    assert "it does not differ clearly from twin." in verdict(compare(*scores, seed=SEED), samples)


def test_what_can_not_be_drawn_is_said(scores, samples):
    with pytest.raises(ValueError, match="no draws of accuracy; there are those of precision"):
        beats(samples, "accuracy")


def test_without_a_label_there_is_nothing_to_draw(scores):
    none, table = compare_resampled(scores[0], None, []), compare(scores[0], None, pd.DataFrame())
    assert none.empty
    pd.testing.assert_frame_equal(with_intervals(table, none, ["event_f1"]), table[["event_f1"]])


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "text"),
    [
        ("false_positive_rate", 0.000452, 6.9e-05, 0.0011, "0.05% (0.01–0.11)"),
        ("event_recall", 0.861, 0.74, 0.94, "86% (74–94)"),
        ("event_recall", 0.0, 0.0, 0.0, "0% (0–0)"),
        ("event_f1", 0.7931, 0.62, 0.9099, "0.79 (0.62–0.91)"),
        ("false_alarms_per_day", 0.51, 0.1, 1.234, "0.51 (0.10–1.23)"),
        ("false_alarms_per_day", 4210.4, 3900, 4500, "4210 (3900–4500)"),
        ("delay_median_s", 31.5, 9, 120, "32 (9–120)"),
    ],
)
def test_a_value_and_its_bounds_have_the_same_decimals(metric, value, low, high, text):
    assert _with_bounds(metric, value, low, high) == text
