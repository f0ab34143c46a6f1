"""A class of one's own, in a file of its own, through notebooks, slides, sweeps, benchmarks and the command line."""

import json
import re
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from swatlib.cli.app import app
from swatlib.pipeline import Pipeline
from swatlib.report import pdf as browser
from swatlib.report.forked_kernel import prepare_forks
from swatlib.report.notebook_parameters import find_notebook
from swatlib.report.runner import report
from swatlib.report.slides import slides

OWN = """
class Distance:
    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X):
        self.mean_ = X.mean(axis=0)

    def contributions(self, X):
        return abs(X - self.mean_) ** self.power

    def score(self, X):
        return self.contributions(X).sum(axis=1)
"""
TEXT = "own_distance.py:Distance:power=3"
DATA = {"start": "2015-12-27 22:00", "days_normal": 0.5, "days_attack": 0.15}
ONE, MANY = ("03-detector", "06-protocols"), ("04-comparison", "08-attacks")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A working folder with the class; its reports and cache lie there too."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_distance.py").write_text(OWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SWAT_REPORTS_FOLDER", str(folder / "reports"))
        patch.setenv("SWAT_CACHE_FOLDER", str(folder / "cache"))
        patch.setattr(browser, "NAMES", ())
        yield folder
    sys.modules.pop("own_distance", None)


@pytest.fixture(scope="module")
def pages(here):
    """Each notebook's record and page, of a run of four notebooks with the class."""
    given = DATA | {"detector": TEXT, "detectors": [TEXT, "kmeans:clusters=5"]}
    report([find_notebook(name) for name in (*ONE, *MANY)], given, name="own", forked=prepare_forks())
    run = json.loads((here / "reports" / "own" / "run.json").read_text())
    return {step["name"]: (step, (here / "reports" / "own" / step["page"]).read_text()) for step in run["notebooks"]}


def typed(*arguments):
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", [*ONE, *MANY])
def test_a_notebook_shows_it_with_its_parameters(pages, name):
    step, page = pages[name]
    assert step["status"] == "done"
    assert "own_distance.py:Distance:power=3" in re.sub("<wbr>|&shy;", "", page)


def test_its_parameters_stand_in_the_calibration_table(pages):
    for shown in ("Distance(power=3)", "KMeans(clusters=5)"):
        assert shown in pages["04-comparison"][1]


def test_slides_have_it(pages):
    page = slides("own").page.read_text()
    assert "Distance, power=3" in page and "k-means, clusters=5" in page


def test_it_is_compared_fitted_and_loaded_by_name_on_the_command_line(pages, here):
    data = [f"--{name.replace('_', '-')}={value}" for name, value in DATA.items()]
    table = typed("compare", *data, "--detector", TEXT, "--detector", "kmeans:clusters=5")
    assert re.search(rf"^{re.escape(TEXT)} +[\d.]+", table, re.MULTILINE)
    said = typed("fit", "saved", "--days-normal", "0.5", "--detector", TEXT)
    assert "--trust own_distance.Distance" in said
    loaded = Pipeline.load(here / "saved", trusted=["own_distance.Distance"])
    assert loaded.calibration()["parameters"].tolist() == ["Distance(power=3)"]


def test_a_benchmark_in_another_process_and_here_has_it(here):
    data = "benchmark", "swat-sim-1", "--run", "3"
    typed(*data, "--sweep", f"detector={TEXT}", "--name", "swept", "--jobs", "1")
    table = pd.read_csv(here / "reports" / "swept" / "figures.csv")
    assert table["detector"].tolist() == [TEXT] and table["event recall"].notna().all()
    assert TEXT in typed(*data, "--detector", TEXT)
