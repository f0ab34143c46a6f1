"""How the programs of this package treat memory."""

import ctypes
import gc
from contextlib import suppress

NEW_OBJECTS = 10_000  # before Python looks for garbage; its own choice is 700, from 3.13 on 2,000
KEPT_BYTES = 512 * 2**20  # free at the end of the memory, above which they go back to the system
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of <malloc.h>


def keep_memory() -> None:
    """Look for garbage rarely, and keep what arrays leave for the next ones.

    Imports, compiling and drawing make many objects that stay: to look through them again and again takes a tenth of
    their time. Memory that went back to the system is slow to get again: a fit took up to a fifth longer while each
    large array had memory of its own, and no less of it at its peak. What is free before something that stays is kept
    too. That part needs glibc, and is left out elsewhere.
    """
    gc.set_threshold(NEW_OBJECTS)
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
