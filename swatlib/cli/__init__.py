"""The command line, `python -m swatlib`."""
