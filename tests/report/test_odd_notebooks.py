"""Notebooks of which no page can be made, or that JupyterLab would not write: their own failure, and of no other."""

import json
import re
from html import unescape
from textwrap import dedent
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from swatlib.report.notebook_parameters import ReportError
from swatlib.report.runner import report, write_index
from swatlib.report.sweep_points import notebooks_at

LOST = new_markdown_cell("![x](attachment:foo.png)")
NO_ATTACHMENT = "its page can't be made: InvalidNotebook: missing attachment: foo.png"

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of that name: a seed, then the given cells, or a cell that shows a picture of these data."""

    def write(name, *given, tags=("parameters",)):
        cells = [each if isinstance(each, dict) else picture(each) for each in given]
        first = new_code_cell("seed = 0") | {"metadata": {"tags": tags}}
        content = new_notebook() | {"cells": [first, *cells, new_code_cell("print(seed)")]}
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(content))
        return tmp_path / f"{name}.ipynb"

    return write


def picture(data):
    return new_code_cell(f"display({{'image/png': {data!r}}}, raw=True)", metadata={"tags": ["thumbnail"]})


def steps(reports, name="run"):
    return json.loads((reports / name / "run.json").read_text())["notebooks"]


def test_a_notebook_without_a_page_has_failed_and_takes_none_from_others(reports, notebook):
    paths = [notebook("lost", LOST), notebook("tags", tags="parameters"), notebook("good")]
    paths += [notebook("kind", LOST | {"cell_type": "sql"}), notebook("number", 5)]
    with pytest.raises(ReportError, match=rf"^lost: {NO_ATTACHMENT}\ntags: .* 'array'\nkind: .* schemas\nnumber "):
        report(paths, name="run", jobs=2)
    assert {step["name"]: (step["status"], step["page"]) for step in steps(reports)} == {
        "lost": ("failed", None),
        "tags": ("failed", None),
        "good": ("done", "good.html"),
        "kind": ("failed", None),
        "number": ("failed", "number.html"),
    }
    assert f"lost: {NO_ATTACHMENT}<" in (reports / "index.html").read_text().replace("&#39;", "'")
    assert not (reports / "run" / ".running").exists()


def test_braces_in_a_name_are_part_of_it(reports, notebook):
    report([notebook("{seed}")], name="run")
    assert sorted(path.name for path in (reports / "run").iterdir()) == ["run.json", "{seed}.html", "{seed}.ipynb"]


def links(page):
    """Files that a page leads to, as a browser reads their addresses."""
    found = re.findall(r'href="([^"#]+)', re.sub(r"#error", "", page.read_text()))
    addresses = [urlsplit(unescape(each)) for each in found if not each.startswith("data:")]
    return [(page.parent / unquote(each.path)).resolve() for each in addresses]


def test_links_lead_to_notebooks_and_runs_of_any_name(reports, notebook):
    report([notebook("my #1, 50% ü"), notebook("good")], name="run")
    (reports / "run").rename(reports / "my #2 & 100% <run>")
    pages = [write_index(), *reports.glob("*/*.html")]
    assert [each for page in pages for each in links(page) if not each.is_file()] == []
    assert len(links(pages[0])) == 2


def test_a_page_of_an_attack_leads_to_the_notebook_that_made_it_whatever_its_name(reports, notebook):
    made = """
        from swatlib import simulate
        from swatlib.report.mouse_pages import save_attack_page
        from swatlib.settings import settings
        attacked, page = simulate("3h", start="2015-12-28 10:00", seed=2), settings().page
        save_attack_page(page.parent, attacked, None, 1, "Attack 1", "", [1], page.stem)
    """
    report([notebook("mine #2", new_code_cell(dedent(made)))], name="run")
    page = reports / "run" / "attack-1.html"
    assert [each.name for each in links(page)][:2] == ["index.html", "mine #2.html"]
    assert all(each.is_file() for each in links(page))


def test_a_picture_of_a_notebook_without_a_page_leads_nowhere(reports, notebook):
    with pytest.raises(ReportError, match="missing attachment"):
        report([notebook("lost", PIXEL, LOST)], name="run")
    assert "<a><img" in (reports / "index.html").read_text()


def test_an_error_of_any_length_is_shown_by_its_begin_and_end(reports, notebook):
    with pytest.raises(ReportError) as said:
        report([notebook("long", new_code_cell("raise ValueError('begin' + 9_999 * 'x' + 'end')"))], name="run")
    [shown] = [step["error"] for step in steps(reports)]
    assert shown in str(said.value)
    assert (shown.startswith("Cell 2: ValueError: beginxx"), shown.endswith("xxend"), len(shown)) == (True, True, 1023)


def test_a_picture_that_cannot_be_read_has_no_thumbnail(reports, notebook):
    drawn = new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1]);")
    report([notebook("one", "", "notbase64!!"), notebook("two", drawn, "")], name="run")
    assert [(step["status"], step["thumbnails"]) for step in steps(reports)] == [("done", []), ("done", ["two-1.webp"])]


RAISES = new_code_cell("1/0", metadata={"tags": ["raises-exception"]})


def test_a_cell_that_may_raise_stops_no_notebook(reports, notebook):
    with pytest.raises(ReportError, match=r"^bad stopped. Cell 3: AssertionError"):
        report([notebook("good", RAISES), notebook("bad", RAISES, new_code_cell("assert seed"))], name="run", jobs=1)
    found = [(step["status"], step["error"], step["cells_run"]) for step in steps(reports)]
    assert found == [("done", None, 3), ("failed", "Cell 3: AssertionError: ", 3)]
    pages = [(reports / "run" / name).read_text() for name in ("good.html", "bad.html")]
    assert [(page.count("division by zero"), page.count('id="error"')) for page in pages] == [(1, 0), (1, 1)]
    assert "papermill-error" not in (reports / "run" / "good.ipynb").read_text()


def test_a_point_of_a_sweep_without_a_page_keeps_its_notebook(notebook):
    path = notebook("lost", LOST)
    given = {"notebooks": [str(path)], "parameters": {"seed": 3}, "name": "seed=3", "of": "sweep"}
    result = notebooks_at(given)
    assert (result.error, result.page, sorted(result.files)) == (
        f"lost: {NO_ATTACHMENT}",
        None,
        ["lost.ipynb", "run.json"],
    )
    assert nbformat.reads(result.files["lost.ipynb"].decode(), as_version=4).cells[-1].outputs[0].text == "3\n"
