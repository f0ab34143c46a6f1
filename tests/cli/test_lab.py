"""`sh run.sh lab`, from its environment on: scratch copies of the notebooks in a real JupyterLab."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from swatlib.settings import ROOT

STARTS = '. sh/environment.sh; . sh/lab.sh; python=$1; lab_command "$PWD"'


@pytest.fixture
def lab(tmp_path):
    """Starts JupyterLab in a clone of two notebooks: what it says up to its link, and the process."""
    shutil.copytree(ROOT / "sh", tmp_path / "sh")
    (tmp_path / "notebooks").mkdir()
    for name in ("01-one", "02-two"):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text('{"cells": [], "nbformat": 4}')
    started = []
    keyboard, terminal = os.openpty()  # Jupyter minds Ctrl-C where it has a terminal

    def start():
        command = ["sh", "-euc", STARTS, "sh", sys.executable]
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
    link = re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", said).group()
    listed = answer(link.replace("/lab?", "/api/contents/notebooks?"))["content"]
    assert sorted(each["name"] for each in listed) == ["01-one.ipynb", "02-two.ipynb"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    edited = tmp_path / "work" / "notebooks" / "01-one.ipynb"
    edited.write_text("mine")
    (tmp_path / "notebooks" / "03-three.ipynb").write_text("{}")
    assert "Scratch copies in work/notebooks: 1 new, 2 kept as you left them" in lab()[0]
    assert edited.read_text() == "mine"
