import errno
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from swatlib.memory import NEW_OBJECTS
from swatlib.provenance import checksum
from swatlib.report import runner
from swatlib.report.forked_kernel import prepare_forks
from swatlib.report.notebook_parameters import ReportError
from swatlib.report.runner import write_index

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
EDITED = ["notebooks/03-detector.ipynb", "swatlib/alarms.py", "swatlib/arrays.py", "swatlib/plant.py"]
PROVENANCE = {"commit": "ab" * 20, "edited": EDITED, "versions": {"python": "3"}, "machine": "2 cores"}
FETCHED = re.compile(r"<(script|img|iframe|link)[^>]*(src|href)=.(?!data:)|@import|url\((?!data:)", re.IGNORECASE)


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of that name: heading, parameters, then the given cells."""

    def write(name, *sources, parameters=PARAMETERS, tags=("parameters",)):
        first = new_code_cell(parameters, metadata={"tags": list(tags)})
        cells = [new_markdown_cell(f"# About {name}"), first, *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        return tmp_path / f"{name}.ipynb"

    return write


def report(notebooks, *given, **named):
    """With forked kernels where there can be such, as a person's report has them."""
    return runner.report(notebooks, *given, **{"forked": prepare_forks()} | named)


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def full_after_a_megabyte(path, text, **_):
    path.write_bytes(text[:1_000_000].encode())
    if len(text) > 1_000_000:
        full()


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
    report([path], name="run", forked=False)
    assert kept(reports, "run")["notebooks"][0]["numbers"] == {"python": sys.executable}


REACHED = """import gc, json
from ipykernel.connect import get_connection_info
from swatlib.report.headline import headline
transport = json.loads(get_connection_info())["transport"]
headline(transport=transport, threshold=gc.get_threshold()[0])"""


@pytest.mark.parametrize("transport", ["ipc", "tcp"])
def test_kernels_take_no_port_unless_the_path_of_a_socket_is_too_long(
    reports, notebook, tmp_path, monkeypatch, transport
):
    (tmp_path / ("long" * 20)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", {"ipc": None, "tcp": str(tmp_path / ("long" * 20))}[transport])
    report([notebook("01-one", REACHED)], name="run")
    assert kept(reports, "run")["notebooks"][0]["numbers"] == {"transport": transport, "threshold": NEW_OBJECTS}


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


def test_a_run_that_fails_before_it_begins_leaves_its_name_free(reports, notebook, monkeypatch):
    path = notebook("01-one")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left on device") as error:
        patch.setattr("swatlib.report.runner.save_record", full)
        report([path], name="run")
    assert error.value.filename == str(reports)
    assert not (reports / "run").exists()
    report([path], name="run")


def test_a_full_disk_is_named_and_cuts_no_notebook_off(reports, notebook, monkeypatch):
    monkeypatch.setattr(Path, "write_text", full_after_a_megabyte)
    long = reports / "run" / "02-long.ipynb"
    said = f"02-long stopped. OSError: [Errno 28] No space left on device: '{long}'\n"
    with pytest.raises(ReportError, match=f"^{re.escape(said)}"):
        report([notebook("01-one"), notebook("02-long", "print('x' * 2_000_000)")], name="run")
    assert [step["status"] for step in kept(reports, "run")["notebooks"]] == ["done", "failed"]
    assert sorted(path.name for path in (reports / "run").glob("*.ipynb")) == ["01-one.ipynb", "02-long.ipynb"]
    assert len(nbformat.read(long, as_version=4).cells) == 3


def test_the_index_has_one_row_a_run_the_newest_first(reports, notebook):
    path = notebook("01-one")
    for name in ("older", "newer"):
        report([path], name=name)
    later = kept(reports, "newer") | {"started": "2999-01-01T00:00:00+00:00"}
    (reports / "newer" / "run.json").write_text(json.dumps(later))
    page = write_index().read_text()
    assert page.count('<tr class="done">') == 2
    assert page.index("newer/01-one.html") < page.index("older/01-one.html")


DAMAGES = {
    "no JSON": (lambda run: "{", "Invalid JSON"),
    "a list": (lambda run: "[]", "Input should be an object"),
    "lacks all": (lambda run: "{}", "name: Field required"),
    "no date": (lambda run: json.dumps(run | {"started": "yesterday"}), "started: Value error, Invalid isoformat"),
    "step lost": (lambda run: json.dumps(run | {"notebooks": [{"name": "01"}]}), "notebooks.0.title: Field required"),
    "data lost": (lambda run: json.dumps(run | {"data": [{"name": "a"}]}), "data.0.sha256: Field required"),
    "wrong type": (lambda run: json.dumps(run | {"seconds": "long"}), "seconds: Input should be a valid number"),
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A folder with two runs of a notebook."""
    folder = tmp_path_factory.mktemp("executed")
    nbformat.write(
        new_notebook(cells=[new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]), folder / "01.ipynb"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAT_REPORTS_FOLDER", str(folder / "reports"))
        for name in ("whole", "broken"):
            report([folder / "01.ipynb"], name=name)
    return folder / "reports"


@pytest.fixture
def two_runs(reports, executed):
    """The reports folder of a test, with these two runs."""
    return shutil.copytree(executed, reports)


def test_a_run_beside_a_damaged_record_is_made(two_runs, notebook):
    (two_runs / "broken" / "run.json").write_text("{")
    page = report([notebook("01-one")], name="later").read_text()
    assert (page.count('<tr class="done">'), page.count('<tr class="damaged">')) == (2, 1)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_a_row_of_the_index(two_runs, damage):
    damaged, says = DAMAGES[damage]
    record = two_runs / "broken" / "run.json"
    record.write_text(damaged(kept(two_runs, "broken")))
    page = write_index().read_text()
    assert (page.count('<tr class="done">'), page.count('<tr class="damaged">')) == (1, 1)
    assert re.search(rf"broken/run.json can.*t be read: .*{re.escape(says)}.*; delete its folder, or make", page)


def test_a_run_of_an_older_version_and_one_without_its_pictures_are_shown(reports, notebook):
    report([notebook("01-one", "import matplotlib.pyplot as plt", "plt.plot([1]);")], name="old")
    old = kept(reports, "old")
    del old["edited"], old["notebooks"][0]["checksum"]
    (reports / "old" / "run.json").write_text(json.dumps(old))
    (reports / "old" / "01-one-1.webp").unlink()
    assert '<tr class="done">' in write_index().read_text()


def test_a_folder_that_was_renamed_is_linked_under_its_new_name(reports, notebook):
    report([notebook("01-one")], name="run")
    (reports / "run").rename(reports / "kept")
    assert 'href="kept/01-one.html"' in write_index().read_text()


def test_a_run_records_what_its_notebooks_were_and_what_their_cells_gave(reports, notebook):
    one, two = notebook("01-one"), notebook("02-two", parameters="seed = 7\nnames = ('a', 'b')")
    report([one, two], {"budget": 2.0}, name="run")
    first, second = kept(reports, "run")["notebooks"]
    assert (first["checksum"], second["checksum"]) == (checksum(one), checksum(two))
    assert (first["parameters"]["seed"], second["parameters"]["seed"]) == (0, 7)
    index, page = (reports / "index.html").read_text(), (reports / "run" / "02-two.html").read_text()
    for shown in ("budget = <b>2<", "seed = 0 (01-one) · 7 (02-two)", "names = a, b", second["checksum"][:12]):
        assert shown in index
    assert "seed = 7<" in page and second["checksum"][:12] in page


def test_a_run_names_the_notebooks_that_are_not_in_the_commit(reports, notebook, monkeypatch):
    monkeypatch.setattr("swatlib.report.runner.provenance", lambda notebooks: PROVENANCE)
    report([notebook("01-one")], name="run")
    said = "+ 4 edited: notebooks/03-detector.ipynb, swatlib/alarms.py, swatlib/arrays.py, …"
    assert said in (reports / "index.html").read_text() and said in (reports / "run" / "01-one.html").read_text()


def test_a_button_leaves_no_script_on_a_page(reports, notebook):
    report([notebook("01-one", "import ipywidgets\nipywidgets.Button()")], name="run")
    cells = (reports / "run" / "01-one.html").read_text().partition('<section class="cell"')[2]
    assert "widget-view" not in cells and "$(" not in cells


def test_an_executed_copy_runs_with_the_values_that_are_recorded(reports, notebook):
    report([notebook("01-one", "print(seed, budget)")], {"seed": 42}, name="first")
    copy = reports / "first" / "01-one.ipynb"
    report([copy], name="again")
    report([copy], {"budget": 2.0}, name="other")
    for name, given, printed in (("again", {}, "42 1.0\n"), ("other", {"budget": 2.0}, "42 2.0\n")):
        step = kept(reports, name)["notebooks"][0]
        cells = nbformat.read(reports / name / copy.name, as_version=4).cells
        assert (cells[-1].outputs[0].text, step["given"]) == (printed, given)
        assert step["parameters"] == {"seed": 42, "budget": 1.0, "detector": "pca", "long": False} | given
        assert step["cells"] == step["cells_run"] == sum(cell.cell_type == "code" for cell in cells)


def test_two_notebooks_of_one_name_are_refused(reports, notebook, tmp_path):
    path = notebook("01-one")
    (tmp_path / "b").mkdir()
    other = tmp_path / "b" / "01-One.ipynb"
    other.write_text(path.read_text())
    one_name = r"01-one.ipynb and .*01-One.ipynb have one name, .* rename one"
    for paths, says in (([path, other], one_name), ([path, path], r"01-one.ipynb is named twice; leave one out\.$")):
        with pytest.raises(ReportError, match=says):
            report(paths)
    assert not reports.exists()


RECORDINGS = "normal = ''\nattack = ''\nstart = '2015-12-26 10:00'\ndays_normal = 1.0\ndays_attack = 0.3\nseed = 0"


@pytest.mark.parametrize(
    ("parameters", "given", "says"),
    [
        ("detector = 'pca'", {"detector": "oracel"}, "'oracel'"),
        ("detectors = ('pca',)", {"detectors": ["pca", "oracel"]}, "'oracel'"),
        (RECORDINGS, {"days_attack": 0.0}, "must be above 0"),
        (RECORDINGS, {"days_normal": 1.25}, "No attack falls into .* the first one is due at 2015-12-28 10:28:58"),
        (RECORDINGS, {"normal": "a.csv"}, "Only one of"),
        (RECORDINGS.partition("attack = ''\n")[2], {"days_attack": 0.0}, "must be above 0"),
    ],
)
def test_what_no_notebook_could_use_is_refused_before_anything_runs(reports, notebook, parameters, given, says):
    with pytest.raises(ValueError, match=says):
        report([notebook("01-one", parameters=parameters), notebook("02-two", parameters=parameters)], given)
    assert not reports.exists()
