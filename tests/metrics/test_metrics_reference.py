"""Our metrics beside public implementations: tsadmetrics as it is installed, others by what they once gave."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sklearn_metrics
from tsadmetrics.metrics.spm import PointwiseAucPr, PointwiseFScore
from tsadmetrics.metrics.tem.ptdm import PointadjustedAtKFScore
from tsadmetrics.metrics.tem.tpdm import CompositeFScore, PointadjustedFScore, RangebasedFScore, SegmentwiseFScore
from tsadmetrics.metrics.tem.tstm import AffiliationbasedFScore
from tsadmetrics.utils.functions_vus import generate_curve

from swatlib.arrays import intervals_of
from swatlib.metrics import METRICS, curves, evaluate

REFERENCE = json.loads((Path(__file__).parent / "reference" / "metrics.json").read_text())
BINARY = {
    "f1": PointwiseFScore(),
    "event_precision": SegmentwiseFScore(beta=0.0),
    "event_f1": SegmentwiseFScore(),
    "pa_f1": PointadjustedFScore(),
    "pa_k20_f1": PointadjustedAtKFScore(k=0.2),
    "fc1": CompositeFScore(),
    "range_f1": RangebasedFScore(p_alpha=0.0, r_alpha=0.0, cardinality_mode="reciprocal"),
    "affiliation_f1": AffiliationbasedFScore(),
}
OF_SCORE = ("average_precision", "vus_pr", "vus_roc")
OURS_ALONE = {"false_alarms_per_day", "false_positive_rate", "delay_median_s"}  # by hand in test_metrics


def rows(text: str) -> np.ndarray:
    return np.array([mark == "#" for mark in text])


def apart(values: dict, met: dict) -> dict:
    """What an implementation gives that ours does not."""
    return {
        (name, by): (value, met[name])
        for name, each in values.items()
        for by, value in each.items()
        if value != pytest.approx(met[name], abs=1e-9)
    }


@pytest.mark.parametrize("case", REFERENCE["alarms"], ids=lambda case: case["label"][:30])
def test_metrics_of_the_alarm_agree_with_what_others_gave(case):
    assert apart(case["values"], evaluate(rows(case["label"]), rows(case["alarm"]))) == {}


@pytest.mark.parametrize("case", REFERENCE["scores"], ids=range(len(REFERENCE["scores"])))
def test_volumes_agree_with_the_code_of_their_authors(case):
    assert apart(case["values"], evaluate(rows(case["label"]), score=case["score"])) == {}


@given(arrays(np.float32, st.integers(2, 60), elements=st.integers(-3, 3) | st.floats(-1, 1, width=32)), st.data())
def test_the_precision_recall_curve_is_that_of_scikit_learn_to_the_bit(score, data):
    label = data.draw(arrays(bool, len(score)).filter(np.any))
    precision, recall, _ = sklearn_metrics.precision_recall_curve(label, score)
    ours = curves.precision_recall_curve(label, score)
    assert [each.tolist() for each in ours] == [precision.tolist(), recall.tolist()]


@st.composite
def alarmed(draw):
    label = draw(arrays(bool, st.integers(2, 80)).filter(np.any))
    return label, draw(arrays(bool, len(label)).filter(np.any))


@pytest.mark.parametrize("name", BINARY)
@given(case=alarmed())
def test_metrics_of_the_alarm_agree_with_tsadmetrics(name, case):
    label, alarm = case
    spans = intervals_of(label)
    shares = [alarm[start:stop].mean() for start, stop in spans]
    # Exactly 20 % is enough for it; Kim et al. want more, and so does their tadpak, whose answers are in REFERENCE.
    assume(name != "pa_k20_f1" or 0.2 not in shares)
    runs_in = any(alarm[start - 1] and alarm[start] for start, _ in spans if start)
    assume(name not in ("event_precision", "event_f1") or not runs_in)  # a call for it, as for Hundman et al.; not ours
    assert evaluate(label, alarm)[name] == pytest.approx(BINARY[name].compute(label.astype(int), alarm.astype(int)))


@settings(max_examples=15)  # theirs takes a tenth of a second
@pytest.mark.parametrize("window", [0, 1, 7, 20])
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_volumes_agree_with_tsadmetrics(window, seed, digits):
    rng = np.random.default_rng(seed)
    label = np.zeros(120, dtype=bool)
    for start in (0, 50, 100):  # further apart than the widest window: it joins events whose buffers meet
        label[start : start + rng.integers(1, 21)] = True
    score = np.round(rng.random(120) + 0.5 * label, digits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "WINDOW", window)
        met = evaluate(label, score=score)
    *_, roc, pr = generate_curve(label.astype(int), score, window, "opt_mem")  # its VusRoc and VusPr: each all of it
    assert [met["vus_pr"], met["vus_roc"]] == pytest.approx([pr, roc])


@given(case=alarmed(), data=st.data())
def test_average_precision_agrees_with_tsadmetrics(case, data):
    label, _ = case
    assume(not label.all())  # it gives 1; here what can't be lost is NaN
    score = data.draw(arrays(float, len(label), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "WINDOW", 1)
        met = evaluate(label, score=score)
    assert met["average_precision"] == pytest.approx(PointwiseAucPr().compute(label.astype(int), score))


def test_every_metric_is_held_to_two_implementations():
    """Here, or to scikit-learn in test_metrics; but those that are ours alone."""
    held = {name: {"tsadmetrics"} for name in (*BINARY, *OF_SCORE)}
    for name in ("precision", "recall", "f1", "average_precision"):
        held.setdefault(name, set()).add("scikit-learn")
    for case in REFERENCE["alarms"] + REFERENCE["scores"]:
        for name, each in case["values"].items():
            held.setdefault(name, set()).update(each)
    names = {metric.__name__ for group in METRICS.values() for metric in group}
    assert {name for name in names if len(held.get(name, ())) < 2} == OURS_ALONE
