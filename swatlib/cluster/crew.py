"""Who works: this process, several processes of this machine, or the executors of a Spark cluster.

A function and its points give the same wherever they run. A try that a failing disk, want of memory, or the death of
its process or executor ended is followed by another one; any other error would come again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from swatlib.cluster.shipping import Shipped, packed_pipeline
from swatlib.detectors.parsing import file_of
from swatlib.settings import NOTEBOOKS
from swatlib.side_by_side import Outcome, P, R, outcome_of, run_points

Place = int | str  # a number of processes, 1 being this one; or a Spark master
ToldPlace = Callable[[int], None]
Told = Callable[[int, Outcome], None]
TRIES = 4  # as Spark itself
NO_FILES: Mapping[str, bytes] = MappingProxyType({})


class ClusterError(ValueError):
    """Work that could not be handed out, or that failed again and again; the message says what to do."""


class Crew(ABC):
    """Those who do what they are told."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Points that are worked on at once."""

    def run(
        self,
        points: Sequence[P],
        run_one: Callable[[P], R],
        jobs: int = 1,
        began: ToldPlace = lambda place: None,
        ended: Told = lambda place, outcome: None,
    ) -> list[Outcome[R]]:
        """As `swatlib.side_by_side.run_points`. jobs: is not needed, the crew knows how many it takes."""
        work = partial(answer, run_one)
        outcomes = self._run(list(points), work, began, lambda place, outcome: ended(place, _read(outcome)))
        return [_read(outcome) for outcome in outcomes]

    @abstractmethod
    def _run(self, points: list[Any], work: Callable[[Any], Any], began: ToldPlace, ended: Told) -> list[Outcome]:
        """Outcomes whose values are answers."""

    def ship(self, folder: Path, trusted: Iterable[str] = ()) -> Shipped:
        """Hand a saved pipeline to all of them; `swatlib.cluster.shipping.loaded` gives it there."""
        return packed_pipeline(folder, trusted).shipped


@contextmanager
def crew_on(where: Place, files: Mapping[str, bytes] = NO_FILES) -> Iterator[Crew]:
    """Those who work there, ended with the block. files: as `map_on`.

    Raises ClusterError for a master that can't be used.
    """
    if isinstance(where, str):
        from swatlib.cluster.spark import on_spark

        with on_spark(where, files) as executors:
            yield executors
    else:
        yield Local(where)


def map_on(
    where: Place,
    function: Callable[[P], R],
    items: Iterable[P],
    ended: Told = lambda place, outcome: None,
    files: Mapping[str, bytes] = NO_FILES,
) -> list[R]:
    """What the function gives for each item, in their order, wherever it runs.

    Parameters
    ----------
    where
        A number of processes (1: this one), or a Spark master: `spark://host:7077`, `local-cluster[2,1,1024]`.
    function
        Of a module that the workers have too, or a `functools.partial` of one.
    ended
        Called here after each item, as they come, with its place among them and its outcome.
    files
        Content of files that items name, by path: an executor that has none there gets them (`files_named`).

    Raises ClusterError with the first sentence, after all items were done, when one failed.
    """
    given = list(items)
    with crew_on(where, files) as crew:
        outcomes = crew.run(given, function, ended=ended)
    return values_of(outcomes)


def told_done(tell: Callable[[str], None], names: Sequence[str]) -> Told:
    """What is called after each point, and tells the names of those that have a value."""

    def ended(place: int, outcome: Outcome) -> None:
        if outcome.error is None:
            tell(names[place])

    return ended


def values_of(outcomes: Sequence[Outcome[R]], names: Sequence[str] = ()) -> list[R]:
    """Values of all. Raises ClusterError with the first error, the name of its point, and how many more there are."""
    faults = [place for place, outcome in enumerate(outcomes) if outcome.error is not None]
    if faults:
        whose = f"{names[faults[0]]}: " if names else ""
        more = f" ({len(faults) - 1:,} more of {len(outcomes):,} failed too)" if faults[1:] else ""
        raise ClusterError(f"{whose}{outcomes[faults[0]].error}{more}")
    return [outcome.value for outcome in outcomes]  # type: ignore[misc]


class Local(Crew):
    """This process, or several of this machine."""

    def __init__(self, jobs: int = 1) -> None:
        if jobs < 1:
            raise ClusterError(f"{jobs:,} processes can't work; give 1 or more")
        self.jobs = jobs

    @property
    def width(self) -> int:
        return self.jobs

    def _run(self, points: list[Any], work: Callable[[Any], Any], began: ToldPlace, ended: Told) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        waiting = list(range(len(points)))
        for left in reversed(range(TRIES)):
            tried = self._try(
                [points[place] for place in waiting], work, waiting, began, _unless_again(ended, left > 0)
            )
            outcomes |= dict(zip(waiting, tried, strict=True))
            waiting = [place for place in waiting if outcomes[place].error is not None]
            if not waiting:
                break
        return [outcomes[place] for place in range(len(points))]

    def _try(
        self, points: list[Any], work: Callable[[Any], Any], places: list[int], began: ToldPlace, ended: Told
    ) -> list[Outcome]:
        if self.jobs > 1:
            return run_points(
                points, work, self.jobs, lambda at: began(places[at]), lambda at, outcome: ended(places[at], outcome)
            )
        outcomes = []
        for place, point in zip(places, points, strict=True):
            began(place)
            outcomes.append(outcome_of(work, point))
            ended(place, outcomes[-1])
        return outcomes


HERE = Local()


def answer(function: Callable[[Any], Any], item: Any) -> tuple[bool, Any]:
    """Whether there is a value, and the value, or the sentence of an error that would come again."""
    try:
        return True, function(item)
    except (OSError, MemoryError):
        raise
    except ValueError as error:
        return False, str(error)
    except Exception as error:  # of whatever kind
        return False, f"{type(error).__name__}: {error}"


def _read(outcome: Outcome[tuple[bool, Any]]) -> Outcome[Any]:
    """The outcome behind an answer."""
    if outcome.value is None:
        return Outcome(None, f"{outcome.error} (tried {TRIES} times)", outcome.seconds)
    holds, value = outcome.value
    return Outcome(value if holds else None, None if holds else value, outcome.seconds)


def _unless_again(ended: Told, again: bool) -> Told:
    """What will be tried again has not ended."""
    return lambda place, outcome: None if again and outcome.error is not None else ended(place, outcome)


def files_named(texts: Iterable[str]) -> dict[str, bytes]:
    """Content of the files that texts of detectors name, as in "my_detector.py:ZScore", by that name."""
    found = {}
    for name in filter(None, map(file_of, texts)):
        for path in (Path(name), NOTEBOOKS / name):
            if path.is_file():
                found[name] = path.read_bytes()
                break
    return found
