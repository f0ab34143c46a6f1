import json
import re
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from swatlib.report.notebook_parameters import ReportError
from swatlib.report.run import report, write_index

PARAMETERS = "seed = 0  # of the plant\nbudget = 1.0\ndetector = 'pca'\nlong = False"
PUBLISHES = """
import pandas as pd
import matplotlib.pyplot as plt
from swatlib.data import Recording, Source
from swatlib.report.headline import headline
frame = pd.DataFrame({"LIT101": [500.0, 501.0]}, index=pd.date_range("2015-12-28 10:00", periods=2, freq="s"))
recording = Recording(frame, source=(Source("made by hand", "ab" * 32),))
headline(recording, event_f1=budget / 3, attacks_found="29 of 36", delay_median_s=float("nan"))
"""
FETCHED = re.compile(r"<(script|img|iframe|link)[^>]*(src|href)=.(?!data:)|@import|url\((?!data:)", re.IGNORECASE)


@pytest.fixture
def reports(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / "reports"))
    return tmp_path / "reports"


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of that name: heading, parameters, then the given cells."""

    def write(name, *sources, parameters=PARAMETERS, tags=("parameters",)):
        first = new_code_cell(parameters, metadata={"tags": list(tags)})
        cells = [new_markdown_cell(f"# About {name}"), first, *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        return tmp_path / f"{name}.ipynb"

    return write


def kept(reports, name):
    return json.loads((reports / name / "run.json").read_text())


def test_a_run_keeps_notebook_page_picture_and_numbers(reports, notebook):
    path = notebook("01-one", PUBLISHES, "plt.plot([1, 2]);")
    index = report([path], {"budget": 2.0}, name="first")
    assert sorted(file.name for file in (reports / "first").iterdir()) == [
        "01-one-1.webp",
        "01-one.html",
        "01-one.ipynb",
        "run.json",
    ]
    run = kept(reports, "first")
    step = run["notebooks"][0]
    assert (run["status"], step["status"], step["cells_run"]) == ("done", "done", step["cells"])
    assert step["numbers"] == {"event f1": 2 / 3, "attacks found": "29 of 36", "delay median s": None}
    assert step["parameters"] == {"seed": 0, "budget": 2.0, "detector": "pca", "long": False}
    assert run["data"][0]["name"] == "made by hand"
    page = index.read_text()
    for shown in (
        "About 01-one",
        "0.667",
        "29 of 36",
        "budget = <b>2<",
        run["data"][0]["sha256"][:12],
        "numpy",
        "webp",
    ):
        assert shown in page


def test_pages_fetch_nothing(reports, notebook):
    with pytest.raises(ReportError):
        report([notebook("01-one", PUBLISHES, "plt.plot([1, 2]);", "1/0")], name="run")
    pages = {page.name: page.read_text() for page in reports.rglob("*.html")}
    assert pages.keys() == {"index.html", "01-one.html"}
    assert [found.group() for page in pages.values() for found in FETCHED.finditer(page)] == []


def test_code_is_folded_away(reports, notebook):
    report([notebook("01-one", "6 * 7")], name="run")
    page = (reports / "run" / "01-one.html").read_text()
    assert page.count('<details class="code"><summary>') == 2
    assert "<details open" not in page and ">42<" in page.replace("\n", "")


def test_each_notebook_takes_the_parameters_it_has(reports, notebook):
    one, two = notebook("01-one", "seed"), notebook("02-two", "days", parameters="days = 1")
    report([one, two], {"seed": 5, "days": 2}, name="run")
    assert [step["given"] for step in kept(reports, "run")["notebooks"]] == [{"seed": 5}, {"days": 2}]


def test_an_unknown_parameter_is_refused_before_anything_runs(reports, notebook):
    with pytest.raises(
        ReportError, match=r"There is no parameter 'buget'. Did you mean 'budget'\? There are: seed, budget"
    ):
        report([notebook("01-one")], {"buget": 2})
    assert not reports.exists()


def test_a_notebook_without_a_parameters_cell_is_refused(reports, notebook):
    with pytest.raises(ReportError, match=r"01-one.ipynb has 0 cells tagged 'parameters', and needs exactly one"):
        report([notebook("01-one", tags=())])


def test_a_failed_run_is_kept_with_its_error(reports, notebook):
    good, bad = notebook("02-good", "seed"), notebook("01-bad", "print('so far')", "raise ValueError('no tag LIT101')")
    with pytest.raises(ReportError, match=r"^01-bad stopped. Cell 3: ValueError: no tag LIT101\nWhat ran is kept in "):
        report([bad, good], name="broken")
    run = kept(reports, "broken")
    assert (run["status"], [step["status"] for step in run["notebooks"]]) == ("failed", ["failed", "done"])
    page = (reports / "broken" / "01-bad.html").read_text()
    assert "so far" in page and 'id="error"' in page and "papermill" not in re.sub("<footer.*", "", page, flags=re.S)
    assert "no tag LIT101" in (reports / "index.html").read_text()


def test_a_killed_kernel_is_an_error_of_the_run(reports, notebook):
    with pytest.raises(ReportError, match=r"01-one stopped. The kernel ended"):
        report([notebook("01-one", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")], name="killed")
    assert kept(reports, "killed")["status"] == "failed"


def test_the_kernel_is_the_running_python_whatever_is_installed(reports, notebook, tmp_path, monkeypatch):
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": ["/no/such/python"], "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    path = notebook(
        "01-one", "import sys\nfrom swatlib.report.headline import headline\nheadline(python=sys.executable)"
    )
    report([path], name="run")
    assert kept(reports, "run")["notebooks"][0]["numbers"] == {"python": sys.executable}


def test_a_notebook_runs_in_its_own_folder(reports, notebook, tmp_path):
    (tmp_path / "beside.txt").write_text("here")
    report([notebook("01-one", "assert open('beside.txt').read() == 'here'")], name="run")
    assert kept(reports, "run")["status"] == "done"


def test_tagged_pictures_are_the_thumbnails(reports, notebook, tmp_path):
    path = notebook("01-one", "import matplotlib.pyplot as plt", "plt.plot([1]);", "plt.plot([2]);", "plt.plot([3]);")
    content = nbformat.read(path, as_version=4)
    for cell in content.cells[3:5]:
        cell.metadata["tags"] = ["thumbnail"]
    nbformat.write(content, path)
    report([path], name="run")
    assert kept(reports, "run")["notebooks"][0]["thumbnails"] == ["01-one-1.webp", "01-one-2.webp"]


def test_a_name_is_taken_once_and_stays_in_the_folder(reports, notebook):
    path = notebook("01-one")
    report([path], name="run")
    with pytest.raises(ReportError, match="There is a run 'run' already"):
        report([path], name="run")
    with pytest.raises(ReportError, match=r"'\.\./run' can't name a run"):
        report([path], name="../run")


def test_the_index_has_one_row_a_run_the_newest_first(reports, notebook):
    path = notebook("01-one")
    for name in ("older", "newer"):
        report([path], name=name)
    later = kept(reports, "newer") | {"started": "2999-01-01T00:00:00+00:00"}
    (reports / "newer" / "run.json").write_text(json.dumps(later))
    page = write_index().read_text()
    assert page.count('<tr class="done">') == 2
    assert page.index("newer/01-one.html") < page.index("older/01-one.html")


@pytest.mark.parametrize(
    ("record", "says"), [("{", "can't be read as JSON"), ("{}", "it lacks name, parameters"), ("[]", "it lacks name")]
)
def test_a_folder_without_a_record_of_its_run_is_named(reports, record, says):
    (reports / "broken").mkdir(parents=True)
    (reports / "broken" / "run.json").write_text(record)
    with pytest.raises(ValueError, match=rf"broken.run.json .*{says}.*; delete its folder, or make that report anew"):
        write_index()
