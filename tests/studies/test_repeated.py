"""What is asked for twice, or under another name, gives the figures of what was asked."""

import pandas as pd
import pytest

from swatlib.pipeline import Pipeline
from swatlib.settings import settings
from swatlib.studies import kept_budgets, later_days, stress_trials
from swatlib.studies.benchmark import save_tables, trials
from swatlib.studies.kept_budgets import budget_trials
from swatlib.studies.later_days import another_day
from swatlib.studies.stress_trials import stress_test


def no_stress(seeds, pipeline):
    return stress_test(seeds, pipeline, ("none",))


STUDIES = {"days": (later_days, another_day), "budgets": (kept_budgets, budget_trials)}
STUDIES["stress"] = stress_trials, no_stress


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))


@pytest.fixture(params=STUDIES)
def study(request, monkeypatch):
    """A study whose judge tells what it was asked: seed, and each detector with what stands behind its name."""
    module, ask = STUDIES[request.param]

    def judge(seed, *rest):
        detectors = next(each for each in rest if isinstance(each, Pipeline)).detectors
        return pd.DataFrame({"seed": seed, "detector": list(detectors), "is": list(detectors.values())})

    monkeypatch.setattr(module, "_judge", judge)
    return ask


def test_a_seed_named_twice_counts_once(study):
    table = study((2, 1, 2), lambda: Pipeline({"a": "pca"}))
    assert table["seed"].tolist() == [2, 1]


def test_two_detectors_whose_names_are_swapped_have_figures_of_their_own(study):
    for given in ({"a": "pca", "b": "kmeans"}, {"b": "pca", "a": "kmeans"}, {"b": "kmeans", "a": "pca"}):
        table = study((1,), lambda given=given: Pipeline(given))
        assert dict(zip(table["detector"], table["is"], strict=True)) == given


def test_a_benchmark_keeps_the_names_of_its_detectors_apart():
    parts = [trials.pipeline_part(Pipeline(given)) for given in ({"a": "pca"}, {"b": "pca"}, ("pca",))]
    assert parts[0] != parts[1] != parts[2]


def test_a_seed_that_failed_is_not_told_as_done():
    told = []
    with pytest.raises(ValueError, match=r"^seed -1: seed: -1 is below 0; give 0 or more$"):
        another_day((-1,), lambda: Pipeline(("pca",)), told.append)
    assert told == []


def test_a_run_named_twice_is_in_the_name_of_the_folder_once():
    assert save_tables("swat-days", (11, 12, 11)) == settings().reports_folder / "benchmark" / "swat-days-11-12"
