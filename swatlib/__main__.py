"""`python -m swatlib`."""

import sys

from swatlib.cli.app import app

if __name__ == "__main__":
    completion = any(word.endswith("-completion") for word in sys.argv[1:2])  # a shell completes the script `swatlib`
    app(prog_name="swatlib" if completion else "python -m swatlib")
