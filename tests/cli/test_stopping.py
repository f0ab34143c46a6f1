import signal
import subprocess
import sys
import time

import pytest

VERB = """
import pathlib, time
from swatlib.cli.app import app
from swatlib.cli.stopping import end_at_first_signal

@app.command()
def last():
    end_at_first_signal()
    try:
        pathlib.Path("waits").touch()
        while True: time.sleep(0.01)
    finally:
        pathlib.Path("ends").touch()
        while not pathlib.Path("go").exists(): time.sleep(0.01)

app(["last"])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_ends_a_verb_and_more_do_not_disturb_its_end(tmp_path, number, code):
    process = subprocess.Popen([sys.executable, "-c", VERB], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for awaited in ("waits", "ends"):
        while not (tmp_path / awaited).exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(number)
    (tmp_path / "go").touch()
    _, complained = process.communicate()
    assert (process.returncode, complained) == (code, "Stopped.\n")
