"""`sh run.sh lab`, from its environment on: scratch copies of the notebooks in a real JupyterLab."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from lab import new_page, run_all
from nbformat.v4 import new_code_cell, new_notebook

from swatlib.settings import ROOT

STARTS = '. sh/environment.sh; . sh/lab.sh; python=$1; shift; lab_command "$PWD" "$@"'
OF_PYTHON = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/lab/tree/notebooks/00-explore\.ipynb\?token=\w+")


@pytest.fixture
def lab(tmp_path):
    """Starts JupyterLab in a clone of two notebooks: what it says up to its link, and the process."""
    shutil.copytree(ROOT / "sh", tmp_path / "sh")
    (tmp_path / "notebooks").mkdir()
    for name in ("00-explore", "02-two"):
        notebook = new_notebook(cells=[new_code_cell("import sys; sys.executable")], metadata=OF_PYTHON)
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
    started = []
    keyboard, terminal = os.openpty()  # Jupyter minds Ctrl-C where it has a terminal

    def start(*options):
        command = ["sh", "-euc", STARTS, "sh", sys.executable, *options]
        streams = {"stdin": terminal, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, cwd=tmp_path, **streams)
        started.append(process)
        said = []
        for line in process.stdout:
            said.append(line)
            if "http://127.0.0.1" in line:
                break
        return "".join(said), process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    os.close(keyboard)
    os.close(terminal)


def answer(url):
    """What a server says that may need another moment until it listens."""
    while True:
        try:
            with urlopen(url) as reply:
                return json.load(reply)
        except URLError:
            time.sleep(0.1)


def test_the_lab_opens_scratch_copies_keeps_them_and_adds_new_ones(lab, tmp_path):
    said, process = lab()
    assert "Scratch copies in work/notebooks: 2 new, 0 kept as you left them" in said
    link = LINK.search(said).group()
    listed = answer(link.replace("/lab/tree/notebooks/00-explore.ipynb?", "/api/contents/notebooks?"))["content"]
    assert sorted(each["name"] for each in listed) == ["00-explore.ipynb", "02-two.ipynb"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    edited = tmp_path / "work" / "notebooks" / "00-explore.ipynb"
    edited.write_text("mine")
    (tmp_path / "notebooks" / "03-three.ipynb").write_text("{}")
    assert "Scratch copies in work/notebooks: 1 new, 2 kept as you left them" in lab()[0]
    assert edited.read_text() == "mine"


def test_the_link_passes_a_taken_port_over_and_opens_notebook_00_with_the_right_kernel_and_no_question(lab):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        link = LINK.search(lab(f"--port={port}")[0])
    assert int(link.group(1)) != port
    with new_page() as page:
        run_all(page, link.group())
        page.get_by_text(f"'{sys.executable}'").wait_for()
        assert page.locator(".lm-TabBar-tabLabel", has_text="00-explore.ipynb").count() == 1
        assert page.get_by_text("official Jupyter news").count() == 0
