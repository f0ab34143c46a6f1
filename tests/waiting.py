"""Waiting for what other processes do."""

import time


def wait(holds, seconds=120):
    """What `holds()` gives once it is true; fails after so many seconds without."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found
