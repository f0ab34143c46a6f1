"""`sh run.sh lab`, from its environment on: scratch copies of the notebooks in a real JupyterLab.

Of them notebook 00 as a person has it: a drag, an attack of the list and a score redraw the figure in a real browser,
and the table of attacks is sorted by its headings.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import nbformat
import pytest
from lab import copied, new_page, run_all
from nbformat.v4 import new_code_cell, new_notebook
from waiting import wait

from swatlib.settings import ROOT

STARTS = '. sh/environment.sh; . sh/lab.sh; python=$1; shift; lab_command "$PWD" "$@"'
OF_PYTHON = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/lab/tree/notebooks/00-explore\.ipynb\?token=\w+")
WHOLE = ["2015-12-28 10:00:00", "2015-12-29 10:00:00"]
AROUND_6 = ["2015-12-28 12:17:29", "2015-12-28 12:40:48"]
ATTACK_6 = "6 · 28 Dec 12:27 · AIT202 spoofed to 6 pH".replace(" ", "\xa0\u200b")
DRAWN = """() => {
    const figure = document.querySelector(".js-plotly-plot"), time = figure._fullLayout.xaxis
    const lines = [...figure.querySelectorAll(".js-line")].filter(line => (line.getAttribute("d") || "").length > 20)
    return [time.type, time.range, lines.length]
}"""
SENSORS = 4  # FIT101, LIT101, LIT301, LIT401
PYTHON = new_code_cell("import sys; sys.executable")


@contextmanager
def labs_in(clone):
    """Starts JupyterLab in a clone of notebooks: what it says up to its link, and the process."""
    shutil.copytree(ROOT / "sh", clone / "sh")
    started = []
    keyboard, terminal = os.openpty()  # Jupyter minds Ctrl-C where it has a terminal

    def start(*options):
        command = ["sh", "-euc", STARTS, "sh", sys.executable, *options]
        streams = {"stdin": terminal, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, cwd=clone, **streams)
        started.append(process)
        said = []
        for line in process.stdout:
            said.append(line)
            if "http://127.0.0.1" in line:
                break
        return "".join(said), process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.communicate()
        os.close(keyboard)
        os.close(terminal)


@pytest.fixture
def lab(tmp_path):
    """JupyterLab in a clone of two notebooks."""
    (tmp_path / "notebooks").mkdir()
    for name in ("00-explore", "02-two"):
        nbformat.write(new_notebook(cells=[PYTHON], metadata=OF_PYTHON), tmp_path / "notebooks" / f"{name}.ipynb")
    with labs_in(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Notebook 00, and a cell that names its Python, run in a browser by the link of a lab that met a taken port.

    The page, the link, that port, and what went wrong in the page.
    """
    clone, errors = tmp_path_factory.mktemp("clone"), []
    (clone / "notebooks").mkdir()
    copied("00-explore", clone / "notebooks", {})
    notebook = nbformat.read(clone / "notebooks" / "00-explore.ipynb", as_version=4)
    notebook.cells.append(PYTHON)
    nbformat.write(notebook, clone / "notebooks" / "00-explore.ipynb")
    with labs_in(clone) as start, new_page() as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            link = LINK.search(start(f"--port={port}")[0])
        answer(link.group(), "/api/status")
        run_all(page, link.group())
        yield page, link, port, errors


def answer(link, path):
    """What the server of a link says there; it may need another moment until it listens."""
    while True:
        try:
            with urlopen(link.replace("/lab/tree/notebooks/00-explore.ipynb", path)) as reply:
                return json.load(reply)
        except HTTPError:
            raise
        except URLError:
            time.sleep(0.1)


def test_the_lab_opens_scratch_copies_keeps_them_and_adds_new_ones(lab, tmp_path):
    said, process = lab()
    assert "Scratch copies in work/notebooks: 2 new, 0 kept as you left them" in said
    link = LINK.search(said).group()
    listed = answer(link, "/api/contents/notebooks")["content"]
    assert sorted(each["name"] for each in listed) == ["00-explore.ipynb", "02-two.ipynb"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    edited = tmp_path / "work" / "notebooks" / "00-explore.ipynb"
    edited.write_text("mine")
    (tmp_path / "notebooks" / "03-three.ipynb").write_text("{}")
    assert "Scratch copies in work/notebooks: 1 new, 2 kept as you left them" in lab()[0]
    assert edited.read_text() == "mine"


def test_the_link_passes_a_taken_port_over_and_opens_notebook_00_with_the_right_kernel_and_no_question(opened):
    page, link, port, _ = opened
    assert int(link.group(1)) != port
    page.get_by_text(f"'{sys.executable}'").wait_for()
    assert page.locator(".lm-TabBar-tabLabel", has_text="00-explore.ipynb").count() == 1
    assert page.get_by_text("official Jupyter news").count() == 0


def test_what_is_clicked_is_drawn_and_sorted(opened):
    page, _, _, errors = opened

    def shows(span, lines):
        return page.evaluate(DRAWN)[:2] == ["date", span] and page.evaluate(DRAWN)[2] >= lines

    page.locator(".js-plotly-plot .nsewdrag").first.wait_for()
    wait(lambda: shows(WHOLE, SENSORS))
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    place = page.locator(".js-plotly-plot .nsewdrag").nth(1).bounding_box()
    left, width, middle = place["x"], place["width"], place["y"] + place["height"] / 2
    page.mouse.move(left + width * 0.3, middle)
    page.mouse.down()
    page.mouse.move(left + width * 0.15, middle, steps=5)
    page.mouse.up()
    kind, span, lines = wait(lambda: (now := page.evaluate(DRAWN))[1] != WHOLE and now)
    assert kind == "date" and WHOLE[0] < span[0] < span[1] < WHOLE[1] and lines >= SENSORS
    listed = page.locator(".widget-select option").all_text_contents()
    page.locator(".widget-select select").select_option(index=listed.index(ATTACK_6))
    wait(lambda: shows(AROUND_6, SENSORS + 1))
    page.get_by_role("button", name="PCA residual").click()
    wait(lambda: shows(AROUND_6, SENSORS + 2))
    page.get_by_role("button", name="Whole recording").click()
    wait(lambda: shows(WHOLE, SENSORS + 2))
    table = page.locator("table", has=page.locator("th", has_text="visibility"))
    table.scroll_into_view_if_needed()
    starts = table.locator("tbody tr > :nth-child(2)").all_inner_texts()
    assert len(starts) > 5 and starts == sorted(starts)
    for order in (starts, starts[::-1]):
        table.locator("th", has_text="start").click()
        assert table.locator("tbody tr > :nth-child(2)").all_inner_texts() == order
    assert errors == []
