"""`python -m swatlib`."""

import sys

from swatlib.cli.app import app
from swatlib.garbage import collect_rarely

if __name__ == "__main__":
    collect_rarely()
    completion = any(word.endswith("-completion") for word in sys.argv[1:2])  # a shell completes the script `swatlib`
    app(prog_name="swatlib" if completion else "python -m swatlib")
