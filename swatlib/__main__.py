"""`python -m swatlib`."""

from swatlib.cli.app import app

app(prog_name="python -m swatlib")
