"""How a long verb is stopped: by the first Ctrl-C or `kill`, once, while it ends what it started."""

import signal
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
BY_SIGNAL = 128  # what a shell reports for a program that a signal ended: 128 and the signal's number


class Ended(KeyboardInterrupt):
    """A signal that ends the verb; `code` is what the shell is told."""

    def __init__(self, number: int):
        super().__init__()
        self.code = BY_SIGNAL + number


def end_at_first_signal() -> None:
    """From now on the first of SIGNALS raises Ended, and more of them disturb nothing."""
    for each in SIGNALS:
        signal.signal(each, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    for each in SIGNALS:
        signal.signal(each, lambda *_: None)
    raise Ended(number)
