"""`python -m swatlib`."""

import sys

from swatlib.cli.app import app
from swatlib.memory import keep_memory

if __name__ == "__main__":
    keep_memory()
    completion = any(word.endswith("-completion") for word in sys.argv[1:2])  # a shell completes the script `swatlib`
    app(prog_name="swatlib" if completion else "python -m swatlib")
