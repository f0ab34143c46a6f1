"""How often Python looks for garbage in the programs of this package."""

import gc

NEW_OBJECTS = 10_000  # Python's own choice is 700, from 3.13 on 2,000


def collect_rarely() -> None:
    """Imports, compiling and drawing make many objects that stay: to look through them again and again takes a tenth
    of their time."""
    gc.set_threshold(NEW_OBJECTS)
