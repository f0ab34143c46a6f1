"""Work that goes wrong once, in a module of its own: processes that do it import nothing else."""

import os
import signal


def fails_once(path):
    if not os.path.exists(path):
        open(path, "x").close()
        raise OSError("the disk was busy")
    return path.name


def dies_or_fails_once(path):
    """Of capital letters it dies: kills its process, the first time that it is asked."""
    if path.name.isupper() and not os.path.exists(path):
        open(path, "x").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return fails_once(path)
