"""Waiting for what other processes do."""

import time


def wait(holds, seconds=120, seen=lambda: ""):
    """What `holds()` gives once it is true; fails after so many seconds without, and says what `seen()` gives."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, seen()
        time.sleep(0.5)
    return found
