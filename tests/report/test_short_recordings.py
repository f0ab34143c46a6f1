"""The project's notebooks on recordings of an hour or two: they run, or say how many hours they need."""

import json

import pytest

from swatlib.report.forked_kernel import prepare_forks
from swatlib.report.notebook_parameters import ReportError, find_notebook
from swatlib.report.runner import report

NOTEBOOKS = ("01-data", "02-features", "03-detector")


@pytest.fixture(scope="module")
def two_hours(attacked):
    """With the first attacks."""
    return attacked.between(end="2015-12-28 12:00")


@pytest.fixture(scope="module")
def short(normal, two_hours, tmp_path_factory):
    """What a report says of an hour of normal rows and two hours with attacks, and its record of each notebook."""
    folder = tmp_path_factory.mktemp("short")
    files = {}
    for name, part in (("normal", normal.between(end="2015-12-23 01:00")), ("attack", two_hours)):
        files[name] = str(folder / f"{name}.parquet")
        part.frame.assign(attack=part.label).to_parquet(files[name])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAT_REPORTS_FOLDER", str(folder / "reports"))
        patch.setenv("SWAT_CACHE_FOLDER", str(folder / "cache"))
        with pytest.raises(ReportError) as said:
            report(map(find_notebook, NOTEBOOKS), files, name="short", forked=prepare_forks())
    run = json.loads((folder / "reports" / "short" / "run.json").read_text())
    return str(said.value), {step["name"]: step for step in run["notebooks"]}


def test_the_data_are_shown_however_short_they_are(short, two_hours):
    onsets = int((two_hours.label & ~two_hours.label.shift(fill_value=False)).sum())
    assert short[1]["01-data"]["numbers"]["attacks"] == onsets


def test_features_are_fitted_on_an_hour(short):
    assert short[1]["02-features"]["numbers"]["features"] > 50


def test_what_needs_more_hours_says_how_many(short):
    said = "fitted on 2.3 hours of normal rows or more, and 1.0 hours were given; give more normal days"
    assert short[0].startswith("03-detector stopped.") and said in short[0]
    assert [step["status"] for step in short[1].values()] == ["done", "done", "failed"]
