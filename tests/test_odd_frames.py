"""Frames that can't be fitted on or scored: one sentence of the project's own, and the cause named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from swatlib import normal_parts
from swatlib.pipeline import Pipeline


@pytest.fixture(scope="module")
def short(normal):
    return normal.between(end="2015-12-23 18:00")


def sparse(frame):
    few = frame[["FIT101", "LIT101", "MV101"]].copy()
    few.loc[np.arange(len(few)) % 200 >= 20, "FIT101"] = np.nan
    return few


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame[["P102", "P201"]], "there is no feature to fit on: P102 and P201 do not change"),
        (sparse, "FIT101 has no reading in 90% of them: leave it out"),
        (lambda frame: frame.iloc[:0], "the recording has no row to fit on"),
        (lambda frame: frame.iloc[:1], "hours of normal rows or more"),
        (lambda frame: frame.rename(columns={"LIT101": "LIT1O1"}), "'LIT1O1' is no tag.*Did you mean 'LIT101'"),
        (lambda frame: frame.astype({"P101": object}), "P101 holds object, not numbers"),
    ],
)
def test_odd_normal_days_are_refused(short, change, says):
    with pytest.raises(ValueError, match=says):
        Pipeline(("kmeans",), startup=0).fit(replace(short, frame=change(short.frame), label=None))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame.astype({"P101": str}), r"P101 holds .*, not numbers"),
        (lambda frame: pd.concat([frame, frame[["P101"]]], axis=1), "has P101 in more than one column"),
        (lambda frame: frame.assign(foo=1.0), "it has in addition foo"),
        (lambda frame: frame.replace({"FIT101": {frame["FIT101"].iat[9]: np.inf}}), "FIT101 is infinite at 2015-12-23"),
        (
            lambda frame: frame.assign(P101=[*frame["P101"].iloc[:-1], -np.inf]),
            "P101 is infinite at 2015-12-23 00:33:19",
        ),
        (lambda frame: frame["P101"], "a DataFrame of readings is needed, not a Series"),
    ],
)
def test_odd_frames_are_not_scored(fitted, short, change, says, monkeypatch):
    monkeypatch.setattr(normal_parts, "CHUNK_ROWS", 700)
    with pytest.raises(ValueError, match=says):
        fitted.score(change(short.frame.iloc[:2_000]))


def test_an_empty_frame_has_no_scores_and_whole_numbers_are_readings(fitted, short):
    assert fitted.score(short.frame.iloc[:0]).shape == (0, 28)
    assert fitted.score(short.frame.iloc[:10].astype(int)).shape == (10, 28)


def test_rows_without_any_reading_have_no_score_and_no_alarm(fitted, short):
    rows = short.frame.iloc[:3_000].copy()
    rows.iloc[2_000:] = np.nan
    scores = fitted.score(rows).iloc[2_000 + fitted.features.carry :]
    assert scores.xs("score", axis=1, level=1).isna().all(axis=None)
    assert not scores.xs("alarm", axis=1, level=1).any(axis=None)
    assert scores.xs("lead", axis=1, level=1).isna().all(axis=None)


def test_what_is_not_fitted_or_not_in_it_is_said(fitted, short):
    with pytest.raises(ValueError, match="the pipeline is not fitted"):
        Pipeline().score(short.frame)
    with pytest.raises(ValueError, match=r"no detector 'pcaa' in this pipeline.*Did you mean 'pca'"):
        fitted.rank(short.frame, "pcaa", [0])
    with pytest.raises(ValueError, match="the frame has no row -1"):
        fitted.rank(short.frame, "pca", [-1])
    with pytest.raises(ValueError, match="fit takes a Recording"):
        Pipeline().fit(short.frame)
