"""The project's notebooks on recordings of an hour or two: they run, or say how many hours they need."""

import json
import warnings

import pytest
from IPython.display import Markdown

from swatlib import attacks
from swatlib.metrics import per_attack
from swatlib.report.forked_kernel import prepare_forks
from swatlib.report.notebook_parameters import ReportError, find_notebook
from swatlib.report.runner import report
from swatlib.wording import number

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


def test_where_no_attack_is_found_03_has_no_median_and_no_warning(two_hours):
    cells = json.loads(find_notebook("03-detector").read_text())["cells"]
    (sentence,) = [text for cell in cells if "median delay" in (text := "".join(cell["source"]))]
    found = per_attack(attacks(two_hours), two_hours.label & False)
    known = {"found": found, "detector": "pca", "number": number, "Markdown": Markdown}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = eval(sentence, known).data
    assert "with a median delay of – s" in said


def test_what_needs_more_hours_says_how_many(short):
    said = "fitted on 2.3 hours of normal rows or more, and 1.0 hours were given; give more normal days"
    assert short[0].startswith("03-detector stopped.") and said in short[0]
    assert [step["status"] for step in short[1].values()] == ["done", "done", "failed"]
