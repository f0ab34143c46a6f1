import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swatlib import cached
from swatlib.cached import KINDS
from swatlib.data import attacks
from swatlib.pipeline import Pipeline
from swatlib.results.fit_cache import cached_features, cached_fit
from swatlib.results.result_cache import cached_results
from swatlib.views.features import Features

NAMES = ("pca", "kmeans", "forecast")  # of different histories


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    return tmp_path / "cache" / "results"


@pytest.fixture(scope="module")
def normal_days(normal):
    return normal.between("2015-12-23", "2015-12-23 03:00")


@pytest.fixture(scope="module")
def day(attacked):
    """Four hours with the first attacks, and a hole in time."""
    part = attacked.between(end="2015-12-28 14:00")
    rows = np.r_[0:1_800, 3_600 : len(part.frame)]
    return replace(part, frame=part.frame.iloc[rows], label=part.label.iloc[rows])


def pipeline(*names, **parameters):
    return Pipeline(names, startup=0, **parameters)


@pytest.fixture(scope="module")
def made(normal_days, day, tmp_path_factory):
    """A cache folder in which three detectors, fitted together, have an entry each."""
    where = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SWAT_CACHE_FOLDER", str(where))
        assert cached_results(pipeline(*NAMES), normal_days, day).computed == NAMES
    return where


@pytest.fixture
def kept(folder, made):
    """The cache folder of a test, with these entries."""
    shutil.copytree(made, folder.parent)
    return folder


def same(a, b):
    pd.testing.assert_frame_equal(a.scores, b.scores, check_exact=True)
    pd.testing.assert_frame_equal(a.calibration, b.calibration, check_exact=True)
    assert a.rankings.keys() == b.rankings.keys()
    for name in a.rankings:
        pd.testing.assert_frame_equal(a.rankings[name], b.rankings[name], check_column_type=False)


def test_what_is_kept_is_what_a_joint_fit_gives(normal_days, day):
    for name in NAMES:
        cached_results(pipeline(name), normal_days, day)
    kept = cached_results(pipeline(*NAMES), normal_days, day)
    fitted = pipeline(*NAMES).fit(normal_days)
    assert kept.computed == ()
    pd.testing.assert_frame_equal(kept.scores, fitted.score(day.frame), check_exact=True, check_freq=False)
    pd.testing.assert_frame_equal(kept.calibration, fitted.calibration(), check_exact=True)


def test_adding_a_detector_computes_that_one(kept, normal_days, day):
    together = cached_results(pipeline(*NAMES), normal_days, day)
    assert together.computed == ()
    assert cached_results(pipeline("lof", *NAMES), normal_days, day).computed == ("lof",)
    same(cached_results(pipeline(*NAMES), normal_days, day), together)


def test_force_computes_anew(kept, normal_days, day):
    first = cached_results(pipeline("pca"), normal_days, day)
    again = cached_results(pipeline("pca"), normal_days, day, force=True)
    assert (first.computed, again.computed) == ((), ("pca",))
    same(again, first)


@pytest.mark.parametrize(
    "change",
    [
        lambda normal_days, day: (pipeline("pca", budget=2.0), normal_days, day),
        lambda normal_days, day: (pipeline("pca"), normal_days.between(end=normal_days.frame.index[-1]), day),
        lambda normal_days, day: (pipeline("pca"), normal_days, replace(day, frame=day.frame + np.float32(1))),
        lambda normal_days, day: (pipeline("pca"), normal_days, replace(day, label=~day.label)),
        lambda normal_days, day: (pipeline("pca"), normal_days, replace(day, events=attacks(day).iloc[1:])),
    ],
    ids=["budget", "normal rows", "readings", "label", "events"],
)
def test_whatever_a_result_depends_on_makes_another(kept, normal_days, day, change):
    assert cached_results(pipeline("pca"), normal_days, day).computed == ()
    assert cached_results(*change(normal_days, day)).computed == ("pca",)


def test_other_code_makes_another(kept, normal_days, day, monkeypatch):
    assert cached_results(pipeline("pca"), normal_days, day).computed == ()
    monkeypatch.setattr(cached, "code_digest", lambda without: "changed")
    assert cached_results(pipeline("pca"), normal_days, day).computed == ("pca",)


def test_code_that_was_edited_meanwhile_keeps_nothing(normal_days, day, folder, monkeypatch):
    monkeypatch.setattr("swatlib.LOADED", 0.0)
    edited = cached_results(pipeline("pca"), normal_days, day)
    assert (edited.computed, folder.exists()) == (("pca",), False)
    assert edited.notes == (
        "the code was edited after this session began: nothing was cached; restart it to see the change",
    )


def flipped(whole):
    """One bit of the scores is another."""
    return whole[: len(whole) // 3] + bytes([whole[len(whole) // 3] ^ 4]) + whole[len(whole) // 3 + 1 :]


def foreign(_):
    """A table that is none of ours."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:1000], lambda whole: b"", lambda whole: b"PAR1 nothing PAR1", flipped, foreign]
)
def test_a_broken_entry_is_named_and_made_anew(kept, normal_days, day, damage):
    first = cached_results(pipeline("pca"), normal_days, day)
    (path,) = kept.glob("pca-*")
    path.write_bytes(damage(path.read_bytes()))
    mended = cached_results(pipeline("pca"), normal_days, day)
    assert mended.computed == ("pca",)
    assert len(mended.notes) == 1 and mended.notes[0].startswith(f"the cached results {path.name} are broken (")
    same(mended, first)
    assert cached_results(pipeline("pca"), normal_days, day).notes == ()


def test_no_detector_is_refused(normal_days, day):
    with pytest.raises(ValueError, match="there is no detector to fit; name one or more of guard"):
        cached_results(pipeline(), normal_days, day)


def test_a_folder_that_takes_nothing_is_said(normal_days, day, folder):
    folder.parent.mkdir()
    folder.write_text("a file")
    assert cached_results(pipeline("pca"), normal_days, day).notes[0].startswith("no results were cached: ")


@pytest.mark.parametrize(
    ("kind", "maker"),
    {"simulated": "simulation.cache", "fits": "results.fit_cache", "results": "results.result_cache"}.items(),
)
def test_no_entry_depends_on_a_module_that_is_left_out_of_its_key(kind, maker):
    program = f"import sys, swatlib.{maker}; print([m for m in sys.modules if m.startswith('swatlib.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in json.loads(done.stdout.replace("'", '"'))}
    assert loaded & set(KINDS[kind]) == set()


def test_a_fit_that_is_read_scores_as_the_one_that_was_made(kept, normal_days, day, monkeypatch):
    fitted = pipeline(*NAMES).fit(normal_days)
    monkeypatch.setattr(Pipeline, "fit", None)  # all are there
    read = cached_fit(pipeline(*NAMES), normal_days)
    assert (read.detectors, read.fitted_on, read.history) == (fitted.detectors, fitted.fitted_on, fitted.history)
    pd.testing.assert_frame_equal(read.score(day.frame), fitted.score(day.frame), check_exact=True)


def test_a_broken_fit_is_named_and_made_anew(kept, normal_days):
    (folder,) = (kept.parent / "fits").glob("pca-*")
    (folder / "pca.skops").write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="the cached fits pca-.* are broken .* and were made anew"):
        cached_fit(pipeline("pca"), normal_days)
    cached_fit(pipeline("pca"), normal_days)


def test_features_that_are_read_are_those_that_were_fitted(normal_days, day, monkeypatch):
    cached_features(Features(lags=(5,)), normal_days.frame)
    fitted = Features(lags=(5,)).fit(normal_days.frame)
    monkeypatch.setattr(Features, "fit", None)  # they are there
    read = cached_features(Features(lags=(5,)), normal_days.frame)
    assert (read.to_dict(), read.names_, read.drifting_) == (fitted.to_dict(), fitted.names_, fitted.drifting_)
    np.testing.assert_array_equal(read.transform(day.frame), fitted.transform(day.frame))


def test_broken_features_are_named_and_made_anew(normal_days, folder):
    made = cached_features(Features(), normal_days.frame)
    (path,) = (folder.parent / "fits").glob("features-*")
    path.write_text(path.read_text().replace("mean_", "means", 1))
    with pytest.warns(UserWarning, match="the cached fits features-.* are broken .* and were made anew"):
        assert cached_features(Features(), normal_days.frame).to_dict() == made.to_dict()


def test_rankings_stand_at_each_alarm_and_begin_with_its_lead(kept, normal_days, day):
    for name in NAMES:
        alone = cached_results(pipeline(name), normal_days, day)
        assert alone.computed == ()
        judged, ranking = alone.scores[name], alone.rankings[name]
        starts = judged.index[judged["alarm"] & ~judged["alarm"].shift(fill_value=False)]
        assert len(starts) and set(starts) <= set(ranking.index)
        assert ranking.loc[starts, 1].tolist() == judged.loc[starts, "lead"].tolist()


def test_hit_rates_count_each_found_attack_once(kept, normal_days, day):
    found, events = cached_results(pipeline(*NAMES), normal_days, day), attacks(day)
    attack_table, named, rates = found.per_attack(events), found.named(events), found.hit_rates(events)
    for name in NAMES:
        table = attack_table.loc[name]
        assert named.loc[name][1].tolist() == table["lead_tag"].dropna().tolist()
        nameable = table["found"] & (table["points"] != "MV504")
        assert rates.loc[(name, "tag", 1), ["hits", "of"]].tolist() == [table["attacked"].sum(), nameable.sum()]
