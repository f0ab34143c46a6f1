"""How the programs of this package treat memory."""

import ctypes
import gc
from contextlib import suppress

NEW_OBJECTS = 10_000  # before Python looks for garbage; its own choice is 700, from 3.13 on 2,000
OWN_BYTES = 32 * 2**20  # of an array that gets memory of its own, and gives it back; glibc takes no more
KEPT_BYTES = 256 * 2**20  # of memory that is kept for the next arrays
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>


def keep_memory() -> None:
    """Look for garbage rarely, and keep what arrays of some megabytes leave for the next ones.

    Imports, compiling and drawing make many objects that stay: to look through them again and again takes a tenth of
    their time. Memory that went back to the system is slow to get again. That part needs glibc, and is left out
    elsewhere.
    """
    gc.set_threshold(NEW_OBJECTS)
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, OWN_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
