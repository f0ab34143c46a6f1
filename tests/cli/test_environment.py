"""`sh/environment.sh`, with a Python that only notes what it is asked."""

import subprocess

import pytest

from swatlib.settings import ROOT

COMPILES = ". sh/environment.sh; python=$1; installed=$2; compile_beside sh -c 'exit 3'"


@pytest.mark.parametrize(("installed", "asked"), [("yes", "SimulatedPlant().run(1)"), ("", "")])
def test_a_command_ends_as_it_does_alone_while_what_is_new_is_compiled(tmp_path, installed, asked):
    python, noted = tmp_path / "python", tmp_path / "noted"
    python.write_text(f'#!/bin/sh\nprintf "%s" "$*" >"{noted}"\n')
    python.chmod(0o755)
    ended = subprocess.run(["sh", "-euc", COMPILES, "sh", str(python), installed], check=False, cwd=ROOT)
    assert ended.returncode == 3
    assert noted.exists() == bool(asked)
    assert not asked or noted.read_text().endswith(asked)
