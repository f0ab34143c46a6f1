"""Sweeps: a grid from what is typed, its points resumed and kept, and one page of them."""

import json
import re

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from swatlib.cli.app import app
from swatlib.report.notebook_parameters import ReportError
from swatlib.report.runner import report
from swatlib.report.sweep import sweep
from swatlib.report.sweep_grid import grid, in_words, parse_sweeps
from swatlib.report.sweep_page import SweptPoint, figure_table
from swatlib.report.sweep_points import FigureRow, benchmark_sweep, field_sweep, notebook_sweep
from swatlib.side_by_side import outcome_of

KNOWN = {"seed": 0, "budget": 1.0, "detector": "pca", "detectors": ("pca", "lof"), "force": False}
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


@pytest.fixture
def notebook(tmp_path):
    first = new_code_cell("seed = 0\nbudget = 1.0", metadata={"tags": ["parameters"]})
    path = tmp_path / "01-one.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# About one"), first, new_code_cell(CELL)]), path)
    return path


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


def test_points_are_computed_once_and_failed_ones_again(reports, notebook):
    done = []
    axes = {"budget": [0.5, 3.0], "seed": [0, 1]}
    given = notebook_sweep([notebook], axes, {})

    def note(point):
        if point.status in {"done", "failed"}:
            done.append((in_words(point.parameters), point.status))

    with pytest.raises(
        ReportError, match=r"^2 of 4 points failed.\nbudget=3, seed=0: 01-one stopped. Cell 3: Assert.*3 is"
    ):
        sweep(given, jobs=2, progress=note)
    assert sorted(done) == [
        ("budget=0.5, seed=0", "done"),
        ("budget=0.5, seed=1", "done"),
        ("budget=3, seed=0", "failed"),
        ("budget=3, seed=1", "failed"),
    ]
    two = figures(reports)
    done.clear()
    with pytest.raises(ReportError, match="2 of 4 points failed"):
        sweep(given, progress=note, run_all=here)
    assert done == [("budget=3, seed=0", "failed"), ("budget=3, seed=1", "failed")]
    pd.testing.assert_frame_equal(figures(reports), two)
    assert two[["budget", "seed", "f1", "f1 low", "f1 high", "found", "attacks", "status"]].to_numpy().tolist()[:2] == [
        [0.5, 0, 0.5, 0.1, 0.9, "0 of 3", 3, "done"],
        [0.5, 1, 0.25, 0.1, 0.9, "1 of 3", 3, "done"],
    ]
    more = notebook_sweep([notebook], {"budget": [0.5, 1.5], "seed": [1]}, {})
    done.clear()
    sweep(more, progress=note, run_all=here)
    assert done == [("budget=1.5, seed=1", "done")]
    content = nbformat.read(notebook, as_version=4)
    content.cells[2].source += "\n1"
    nbformat.write(content, notebook)
    done.clear()
    sweep(notebook_sweep([notebook], {"budget": [0.5], "seed": [0]}, {}), progress=note, run_all=here)
    assert done == [("budget=0.5, seed=0", "done")]


def test_the_page_shows_every_point_and_leads_to_it(reports, notebook):
    with pytest.raises(ReportError):
        sweep(notebook_sweep([notebook], {"budget": [1.0, 3.0], "seed": [0, 1]}, {}, "mine"), run_all=here)
    page = (reports / "mine" / "index.html").read_text()
    links = re.findall(r'<td class="words"><a href="([^"]+)">(\w+)</a>', page)
    assert [status for _, status in links] == ["done", "done", "failed", "failed"]
    assert all((reports / "mine" / link).is_file() for link, _ in links)
    assert "The sweep</a>" in (reports / "mine" / links[0][0]).read_text()
    for shown in ("1.00 (0.100–0.900)", "0.750 (0.500–1.00)", "3 is too much", "2 of 4 points", "data:image/png"):
        assert shown in page
    over, points = (re.findall("<th>([^<]*)</th>", part) for part in page.split("Point by point"))
    assert points == ["point", "budget", "seed", "f1", "found", "attacks", "took (s)"]
    assert over == ["budget", "n", "f1", "found", "attacks"]
    row = json.loads((reports / "mine" / "run.json").read_text())["notebooks"][0]
    assert (row["page"], row["numbers"], row["status"]) == ("index.html", {"points": "2 of 4", "failed": 2}, "failed")
    assert 'href="mine/index.html">Sweep of 01-one</a>' in (reports / "index.html").read_text()


def test_a_run_is_no_sweep(reports, notebook):
    report([notebook], name="taken")
    with pytest.raises(ReportError, match="There is a run 'taken' already"):
        sweep(notebook_sweep([notebook], {"seed": [1]}, {}, "taken"), run_all=here)


def test_a_sweep_is_typed(reports, notebook):
    runner = CliRunner()
    arguments = ["report", str(notebook), "--sweep", "seed=1..2", "--jobs", "1"]
    first, again = (runner.invoke(app, [*arguments, "-p", "budget=1"]) for _ in range(2))
    assert "seed=1: done" in first.output and "2 points, 2 of them there already" in again.output
    assert figures(reports)["f1"].tolist() == [0.5, 1 / 3]
    refused = runner.invoke(app, [*arguments, "-p", "seed=1"])
    assert (refused.exit_code, "seed is given by -p and by --sweep" in refused.output) == (1, True)


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
