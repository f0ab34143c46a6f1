"""The project's notebooks on recordings of an hour or two: they run, or say how many hours they need."""

import json

import pytest

from swatlib.report.notebook_parameters import ReportError, find_notebook
from swatlib.report.runner import report


@pytest.fixture
def short(normal, attacked, tmp_path, monkeypatch):
    """Reports a notebook on an hour of normal rows and two hours with attacks; the record of the run."""
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / "reports"))
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    hour = normal.between("2015-12-24 00:00", "2015-12-24 01:00")
    two_hours = attacked.between(end="2015-12-28 12:00")
    for name, part in (("normal", hour), ("attack", two_hours)):
        part.frame.assign(attack=part.label).to_parquet(tmp_path / f"{name}.parquet")
    files = {name: str(tmp_path / f"{name}.parquet") for name in ("normal", "attack")}

    def run(name):
        report([find_notebook(name)], files, name="short")
        return json.loads((tmp_path / "reports" / "short" / "run.json").read_text())

    return run


def test_the_data_are_shown_however_short_they_are(short, attacked):
    label = attacked.between(end="2015-12-28 12:00").label
    onsets = int((label & ~label.shift(fill_value=False)).sum())
    assert short("01-data")["notebooks"][0]["numbers"]["attacks"] == onsets


def test_features_are_fitted_on_an_hour(short):
    assert short("02-features")["notebooks"][0]["numbers"]["features"] > 50


def test_what_needs_more_hours_says_how_many(short):
    said = r"fitted on 2\.7 hours of normal rows or more, and 1\.0 hours were given; give more normal days"
    with pytest.raises(ReportError, match=said):
        short("03-detector")
