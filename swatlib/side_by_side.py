"""Points of a sweep, or other independent pieces of work, computed side by side in processes of this machine.

`run_one` is a function of a module and a point plain data, so that both can be pickled; what `run_one` gives depends on
the point alone. So whatever calls `outcome_of` for each point, here or elsewhere, comes to the same outcomes.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

P = TypeVar("P")
R = TypeVar("R")
KILLED = "Its process was killed, or memory ran out."
ENDS_IN = 15.0  # seconds for a point to end what it started
_working = threading.Event()


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What came of a point: its value, or one sentence that says why there is none; seconds that it took."""

    value: R | None
    error: str | None
    seconds: float


def outcome_of(run_one: Callable[[P], R], point: P) -> Outcome[R]:
    """What comes of a point in this process. An error is an outcome; a KeyboardInterrupt is raised."""
    began = time.monotonic()
    try:
        return Outcome(run_one(point), None, time.monotonic() - began)
    except Exception as error:  # of whatever kind: it stops no other point
        return Outcome(None, _sentence(error), time.monotonic() - began)


def run_points(
    points: Sequence[P],
    run_one: Callable[[P], R],
    jobs: int = 1,
    began: Callable[[int], None] = lambda place: None,
    ended: Callable[[int, Outcome[R]], None] = lambda place, outcome: None,
) -> list[Outcome[R]]:
    """The outcome of each point, in their order, `jobs` at a time.

    `began(place)` and `ended(place, outcome)` are called in the thread that called this. A point whose process is
    killed has failed and stops no other. What interrupts this function ends all points that run.
    """
    waiting, told = SimpleQueue[int](), SimpleQueue[tuple[int, Outcome[R] | None]]()
    for place in range(len(points)):
        waiting.put(place)
    lanes = [_Lane(points, run_one, waiting, told) for _ in range(min(jobs, len(points)))]
    try:
        for lane in lanes:
            lane.start()
        return outcomes_told(told, len(points), began, ended)
    finally:
        for lane in lanes:
            lane.end()
        for lane in lanes:
            lane.join()


def outcomes_told(
    told: "SimpleQueue[tuple[int, Outcome[R] | None]]",
    points: int,
    began: Callable[[int], None],
    ended: Callable[[int, Outcome[R]], None],
) -> list[Outcome[R]]:
    """The outcomes of so many points, in their order, once all are told: a place with None when its point begins."""
    outcomes: dict[int, Outcome[R]] = {}
    while len(outcomes) < points:
        place, outcome = told.get()
        if outcome is None:
            began(place)
        else:
            outcomes[place] = outcome
            ended(place, outcome)
    return [outcomes[place] for place in range(points)]


class _Lane(threading.Thread):
    """Takes one point after the other and has it computed in a process, which is replaced when it dies."""

    def __init__(self, points: Sequence[Any], run_one: Callable[[Any], Any], waiting: SimpleQueue, told: SimpleQueue):
        super().__init__(daemon=True)
        self.points, self.run_one, self.waiting, self.told = points, run_one, waiting, told
        self.ending = threading.Event()
        self.process: int | None = None

    def run(self) -> None:
        while not self.ending.is_set() and not self.waiting.empty():
            with ProcessPoolExecutor(1, get_context("spawn"), _prepare_worker) as pool, suppress(BrokenProcessPool):
                self.process = pool.submit(os.getpid).result()
                self._work(pool)

    def end(self) -> None:
        """End the process; a point that runs in it ends what it has started first."""
        self.ending.set()
        self._signal(signal.SIGTERM)
        self.join(ENDS_IN)
        if self.is_alive():
            self._signal(signal.SIGKILL)

    def _work(self, pool: ProcessPoolExecutor) -> None:
        while not self.ending.is_set() and not self.waiting.empty():
            place = self.waiting.get()
            self.told.put((place, None))
            began = time.monotonic()
            try:
                outcome = pool.submit(_work, self.run_one, self.points[place]).result()
            except BrokenProcessPool:
                self.told.put((place, Outcome(None, KILLED, time.monotonic() - began)))
                raise
            except BaseException as error:  # what can't be pickled, or an end
                outcome = Outcome(None, _sentence(error), time.monotonic() - began)
            self.told.put((place, outcome))

    def _signal(self, number: int) -> None:
        if self.process and self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.process, number)


def _work(run_one: Callable[[P], R], point: P) -> Outcome[R]:
    _working.set()
    try:
        return outcome_of(run_one, point)
    finally:
        _working.clear()


def _prepare_worker() -> None:
    """Only the process that began the work is stopped by Ctrl-C, and it ends the others; so does its death."""
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, _end_work)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_work(*_: object) -> None:
    if not _working.is_set():
        os._exit(0)
    signal.signal(signal.SIGTERM, lambda *_: None)
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent, main = parent_process(), threading.main_thread().ident
    if parent is not None and main is not None:
        parent.join()
        signal.pthread_kill(
            main, signal.SIGTERM
        )  # of another thread it would not interrupt what the main one waits for
        while _working.is_set():
            time.sleep(0.1)
        os._exit(0)


def _sentence(error: BaseException) -> str:
    """Errors that are written for users speak for themselves."""
    text = " ".join(str(error).split())
    return text if text and isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: {text}"
