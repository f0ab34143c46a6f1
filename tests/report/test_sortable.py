"""Tables of a page that are sorted and filtered with the mouse; in JupyterLab: cli/test_lab.py."""

import pandas as pd
import pytest
from lab import new_page
from nbformat.v4 import new_code_cell, new_notebook, new_output

from swatlib.report.page import notebook_body, notebook_page
from swatlib.report.run_record import DONE, ReportRun, Step
from swatlib.report.sortable import sortable

FRAME = pd.DataFrame(
    {
        "F1": ["0.9", "–", "10 (9–11)", "1,200", "0.05", "2", "3", "4"],
        "tag": list("hgfedcba"),
        "delay (s)": ["on", *map(str, range(7))],
    },
    pd.Index([f"attack {place}" for place in range(1, 9)], name="name"),
)
ORDER = ["0.05", "0.9", "2", "3", "4", "10 (9–11)", "1,200", "–"]


def column(page, number):
    cells = page.locator(f"tbody tr:visible > :nth-child({number})")
    return [each.strip() for each in cells.all_inner_texts()]


def test_without_anybody_to_click_it_is_the_frame(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert sortable(FRAME) is FRAME


@pytest.fixture
def file(tmp_path):
    """A page of a notebook with a table."""
    output = new_output("display_data", {"text/html": FRAME.to_html()})
    step = Step("01-one", "One", 1, {}, {}, status=DONE, page="01-one.html")
    run = ReportRun("run", {}, [step], "2026-01-01T10:00:00+00:00", "c" * 40, {}, "2 cores")
    cells = new_notebook(cells=[new_code_cell("table", outputs=[output])])
    (tmp_path / "01-one.html").write_text(notebook_page(notebook_body(cells), run, step))
    return tmp_path / "01-one.html"


def test_a_table_of_a_page_is_sorted_by_its_headings_and_filtered_by_words(file):
    met = []
    with new_page() as page:
        page.context.set_offline(True)
        page.on("console", lambda message: met.append(message.text))
        page.on("pageerror", lambda error: met.append(str(error)))
        page.goto(file.as_uri())
        aligned = (
            page.locator("tbody tr")
            .first.locator("td")
            .evaluate_all("cells => cells.map(cell => getComputedStyle(cell).textAlign)")
        )
        assert aligned == ["right", "left", "right"]
        heading = page.locator("th", has_text="F1")
        heading.click()
        assert column(page, 2) == ORDER
        heading.click()
        assert column(page, 2) == [*ORDER[-2::-1], "–"]
        page.locator("th", has_text="name").click()
        assert column(page, 1) == FRAME.index.tolist()
        page.locator("input[type=search]").fill("ATTACK F")
        assert column(page, 1) == ["attack 3"]
    assert met == []
