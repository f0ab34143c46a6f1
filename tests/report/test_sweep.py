"""Sweeps: a grid from what is typed, its points resumed and kept, and one page of them."""

import json
import re
import shutil

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from swatlib.cli.app import app
from swatlib.report.notebook_parameters import ReportError
from swatlib.report.run_record import LOCK_FILE
from swatlib.report.runner import report
from swatlib.report.sweep import _Sweeping, sweep
from swatlib.report.sweep_grid import grid, in_words, parse_sweeps
from swatlib.report.sweep_page import SweptPoint, figure_table
from swatlib.report.sweep_points import FigureRow, benchmark_sweep, field_sweep, notebook_sweep
from swatlib.side_by_side import outcome_of

KNOWN = {"seed": 0, "budget": 1.0, "detector": "pca", "detectors": ("pca", "lof"), "force": False}
AXES = {"budget": [0.5, 3.0], "seed": [0, 1]}
FAILED = r"^2 of 4 points failed.\nbudget=3, seed=0: 01-one stopped. Cell 3: Assert.*3 is"
CELL = """
from swatlib.report.headline import headline
from swatlib.wording import Estimate
assert budget < 2, f"{budget:g} is too much"
headline(f1=Estimate(budget / (seed + 1), (0.1, 0.9)), found=f"{seed} of 3", attacks=3)
"""


def here(points, run_one, jobs, began, ended):
    """As `run_points`, in this process, one after the other."""
    for place, point in enumerate(points):
        began(place)
        ended(place, outcome_of(run_one, point))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    first = new_code_cell("seed = 0\nbudget = 1.0", metadata={"tags": ["parameters"]})
    path = tmp_path_factory.mktemp("swept") / "01-one.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# About one"), first, new_code_cell(CELL)]), path)
    return path


@pytest.fixture(scope="module")
def swept(notebook):
    """A folder of reports with a sweep, in two processes, of which two points failed; each point as it ended."""
    done = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAT_REPORTS_FOLDER", str(notebook.parent / "reports"))
        with pytest.raises(ReportError, match=FAILED):
            sweep(notebook_sweep([notebook], AXES, {}), jobs=2, progress=ended_into(done))
    return notebook.parent / "reports", done


@pytest.fixture
def copied(swept, reports):
    """These reports, in a folder that a test may change."""
    shutil.copytree(swept[0], reports)
    return reports


def ended_into(done):
    """A `progress` that notes each point which ended."""

    def note(point):
        if point.status in {"done", "failed"}:
            done.append((in_words(point.parameters), point.status))

    return note


def figures(reports):
    (path,) = reports.glob("*/figures.csv")
    return pd.read_csv(path).drop(columns="seconds")


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["seed=1..3"], {"seed": [1, 2, 3]}),
        (["budget=0.5, 1"], {"budget": [0.5, 1.0]}),
        (["budget=1..2", "detector=pca,lof:rows=9"], {"budget": [1.0, 2.0], "detector": ["pca", "lof:rows=9"]}),
        (["detectors=pca,lof"], {"detectors": [["pca"], ["lof"]]}),
        (["detector=a:x=[1,2],b:y=(3,)"], {"detector": ["a:x=[1,2]", "b:y=(3,)"]}),
        (["detectors=a:x=[1,2],b;lof"], {"detectors": [["a:x=[1,2]", "b"], ["lof"]]}),
        (["detectors=pca,lof;guard", "force=true"], {"detectors": [["pca", "lof"], ["guard"]], "force": [True]}),
    ],
)  # fmt: skip
def test_a_grid_is_read_as_typed(texts, values):
    axes = parse_sweeps(texts, KNOWN)
    assert repr(axes) == repr(values)
    assert list(map(in_words, grid({"budget": [0.5, 1.0], "seed": [1, 2]}))) == [
        "budget=0.5, seed=1",
        "budget=0.5, seed=2",
        "budget=1, seed=1",
        "budget=1, seed=2",
    ]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["seeds=1"], r"There is no parameter 'seeds'. Did you mean 'seed'\?"),
        (["seed"], "'seed': a sweep is given as name=values"),
        (["seed="], "--sweep seed= has no value"),
        (["seed=5..1"], "--sweep seed=5..1 is an empty range; write the smaller number first"),
        (["seed=1..9999"], "--sweep seed=1..9999 are 9,999 values; give at most 1,000"),
        (["seed=1,x"], "--sweep seed: 'x' is no value of seed, which takes a whole number"),
        (["budget=1..3,5"], "'1..3' is no value of budget, which takes a number; a range is written 1..5"),
        (["detector=1..3"], "--sweep detector=1..3: only numbers have a range"),
        (["seed=1,1"], "1 comes twice"),
        (["seed=1", "seed=2"], "--sweep seed is given twice"),
        (["seed=1..40", "budget=1..40"], r"1,600 points \(40 of seed × 40 of budget\); at most 1,000"),
    ],
)
def test_a_malformed_sweep_is_one_sentence(texts, says):
    with pytest.raises(ReportError, match=says):
        parse_sweeps(texts, KNOWN)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: benchmark_sweep("swat-sim-1", {"run": [21]}, {"detector": ["pca"], "budget": 1.0}), "no run 21"),
        (lambda: benchmark_sweep("swat-sim-1", {"detector": ["pcb"]}, {"run": []}), "'pcb'"),
        (lambda: field_sweep({"detector": ["hbso"]}, {"rows": 9, "run": 1}), "Did you mean 'hbos'"),
        (lambda: field_sweep({"rows": [0]}, {"detector": "hbos", "run": 1}), "0 rows to fit on can't be drawn"),
        (lambda: notebook_sweep([], {"detectors": [["pca"], ["pcb"]]}, {}), "'pcb'"),
    ],
)
def test_what_no_point_could_use_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_points_are_computed_once_and_failed_ones_again(swept, copied, notebook):
    assert sorted(swept[1]) == [
        ("budget=0.5, seed=0", "done"),
        ("budget=0.5, seed=1", "done"),
        ("budget=3, seed=0", "failed"),
        ("budget=3, seed=1", "failed"),
    ]
    two = figures(copied)
    assert two[["budget", "seed", "f1", "f1 low", "f1 high", "found", "attacks", "status"]].to_numpy().tolist()[:2] == [
        [0.5, 0, 0.5, 0.1, 0.9, "0 of 3", 3, "done"],
        [0.5, 1, 0.25, 0.1, 0.9, "1 of 3", 3, "done"],
    ]
    done = []
    with pytest.raises(ReportError, match="2 of 4 points failed"):
        sweep(notebook_sweep([notebook], AXES, {}), progress=ended_into(done), run_all=here)
    assert done == [("budget=3, seed=0", "failed"), ("budget=3, seed=1", "failed")]
    pd.testing.assert_frame_equal(figures(copied), two)


def test_a_point_of_a_notebook_that_changed_is_computed_again(copied, notebook, tmp_path):
    content = nbformat.read(notebook, as_version=4)
    for more, status in (("", "done"), ("\n1", "waiting")):
        content.cells[2].source += more
        nbformat.write(content, tmp_path / notebook.name)
        engine = _Sweeping(notebook_sweep([tmp_path / notebook.name], AXES, {}), print)
        engine.look()
        assert engine.points[0].status == status


def test_the_page_shows_every_point_and_leads_to_it(swept):
    (index,) = swept[0].glob("*/index.html")
    folder, page = index.parent, index.read_text()
    links = re.findall(r'<td class="words"><a href="([^"]+)">(\w+)</a>', page)
    assert [status for _, status in links] == ["done", "done", "failed", "failed"]
    assert all((folder / link).is_file() for link, _ in links)
    assert "The sweep</a>" in (folder / links[0][0]).read_text()
    for shown in ("0.500 (0.100–0.900)", "0.375 (0.250–0.500)", "3 is too much", "2 of 4 points", "data:image/png"):
        assert shown in page
    over, points = (re.findall("<th>([^<]*)</th>", part) for part in page.split("Point by point"))
    assert points == ["point", "budget", "seed", "f1", "found", "attacks", "took (s)"]
    assert over == ["budget", "n", "f1", "found", "attacks"]
    row = json.loads((folder / "run.json").read_text())["notebooks"][0]
    assert (row["page"], row["numbers"], row["status"]) == ("index.html", {"points": "2 of 4", "failed": 2}, "failed")
    assert row["thumbnails"] == ["sweep.webp"]
    assert f'href="{folder.name}/index.html">Sweep of 01-one</a>' in (swept[0] / "index.html").read_text()


def test_a_picture_is_drawn_anew_when_other_points_are_done_and_only_then(copied, notebook):
    (picture,) = copied.glob("*/sweep.png")
    engine = _Sweeping(notebook_sweep([notebook], AXES, {}), lambda point: None)
    engine.look()
    engine._write("done")
    picture.write_bytes(b"")
    engine._write("done")
    assert picture.read_bytes() == b""
    engine.points.pop(0)
    engine._write("done")
    assert picture.read_bytes()


def test_a_run_is_no_sweep(reports, notebook):
    report([notebook], name="taken")
    with pytest.raises(ReportError, match="There is a run 'taken' already"):
        sweep(notebook_sweep([notebook], {"seed": [1]}, {}, "taken"), run_all=here)


def test_a_sweep_that_is_interrupted_is_not_shown_as_one_that_runs(reports, notebook):
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(notebook_sweep([notebook], {"seed": [1]}, {}, "ended"), run_all=interrupted)
    assert not (reports / "ended" / LOCK_FILE).exists()


def test_a_sweep_is_typed(copied, notebook):
    runner = CliRunner()
    arguments = ["report", str(notebook), "--sweep", "budget=0.5", "--sweep", "seed=0..2", "--jobs", "1"]
    first, again = (runner.invoke(app, arguments) for _ in range(2))
    assert "3 points, 2 of them there already" in first.output and "seed=2: done" in first.output
    assert "3 points, 3 of them there already" in again.output
    assert figures(copied)["f1"].tolist() == pytest.approx([0.5, 0.25, 0.5 / 3])
    refused = runner.invoke(app, [*arguments, "-p", "seed=1"])
    assert (refused.exit_code, "seed is given by -p and by --sweep" in refused.output) == (1, True)


def test_a_parameter_that_is_given_holds_at_each_point(reports, notebook):
    typed = ["report", str(notebook), "--sweep", "seed=1", "-p", "budget=1.5", "--jobs", "1"]
    CliRunner().invoke(app, typed)
    assert figures(reports)[["seed", "f1"]].to_numpy().tolist() == [[1, 0.75]]


def test_detectors_of_one_point_are_rows_of_their_own():
    rows = [FigureRow({"found": 3}, {"found": (1.0, 4.0)}, {"detector": name}) for name in ("pca", "lof")]
    table = figure_table(
        [SweptPoint({"budget": 0.5}, "a", "done", rows=rows), SweptPoint({"budget": 1.0}, "b", "waiting")]
    )
    assert table[["budget", "detector", "found", "found low"]].astype(object).where(
        table.notna(), None
    ).to_numpy().tolist() == [
        [0.5, "pca", 3.0, 1.0],
        [0.5, "lof", 3.0, 1.0],
        [1.0, None, None, None],
    ]
