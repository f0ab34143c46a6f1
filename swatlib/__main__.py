"""`python -m swatlib`."""

from swatlib.cli import app

app(prog_name="python -m swatlib")
