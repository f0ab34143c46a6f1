"""Who works: this process, several processes of this machine, or the executors of a Spark cluster.

A function and its points give the same wherever they run. What fails is tried again, but for a ValueError, which its
user can mend; an executor or process that dies is replaced.
"""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from swatlib.cluster.shipping import Shipped, packed_pipeline
from swatlib.detectors.own_classes import run_source
from swatlib.side_by_side import Outcome, P, R, outcome_of, run_points
from swatlib.wording import count

Place = int | str  # a number of processes, 1 being this one; or a Spark master
ToldPlace = Callable[[int], None]
Told = Callable[[int, Outcome], None]
TRIES = 4  # as Spark itself
NO_SOURCES: Mapping[str, str] = MappingProxyType({})


class ClusterError(ValueError):
    """Work that could not be handed out, or that failed again and again; the message says what to do."""


class Crew(ABC):
    """Those who do what they are told. sources: of classes of one's own that points hold, by module name."""

    def __init__(self, sources: Mapping[str, str] = NO_SOURCES) -> None:
        self.sources = dict(sources)

    def run(
        self,
        points: Sequence[P],
        run_one: Callable[[P], R],
        jobs: int = 1,
        began: ToldPlace = lambda place: None,
        ended: Told = lambda place, outcome: None,
    ) -> list[Outcome[R]]:
        """As `swatlib.side_by_side.run_points`, tried again where it fails. jobs: the crew knows how many it takes."""
        work = partial(answer, run_one)
        given: list[Any] = list(points)
        if self.sources:
            work, given = partial(_with_sources, self.sources), [pickle.dumps((work, point)) for point in points]
        outcomes = self._run(given, work, began, lambda place, outcome: ended(place, _read(outcome)))
        return [_read(outcome) for outcome in outcomes]

    @abstractmethod
    def _run(self, points: list[Any], work: Callable[[Any], Any], began: ToldPlace, ended: Told) -> list[Outcome]:
        """Outcomes whose values are answers."""

    def ship(self, folder: Path, trusted: Iterable[str] = ()) -> Shipped:
        """Hand a saved pipeline to all of them; `swatlib.cluster.shipping.loaded` gives it there."""
        return packed_pipeline(folder, trusted).shipped


@contextmanager
def crew_on(where: Place, sources: Mapping[str, str] = NO_SOURCES) -> Iterator[Crew]:
    """Those who work there, ended with the block. Raises ClusterError for a master that can't be used."""
    if isinstance(where, str):
        from swatlib.cluster.spark import on_spark

        with on_spark(where, sources) as executors:
            yield executors
    else:
        yield Local(where, sources)


def map_on(
    where: Place,
    function: Callable[[P], R],
    items: Iterable[P],
    ended: Told = lambda place, outcome: None,
    sources: Mapping[str, str] = NO_SOURCES,
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
    sources
        Source by module name of classes of one's own that items hold (`swatlib.detectors.own_classes.sources`).

    Raises ClusterError with the first sentence, after all items were done, when one failed.
    """
    given = list(items)
    with crew_on(where, sources) as crew:
        outcomes = crew.run(given, function, ended=ended)
    return values_of(outcomes)


def values_of(outcomes: Sequence[Outcome[R]], names: Sequence[str] = ()) -> list[R]:
    """Values of all. Raises ClusterError with the first error, the name of its point, and how many more there are."""
    faults = [place for place, outcome in enumerate(outcomes) if outcome.error is not None]
    if faults:
        whose = f"{names[faults[0]]}: " if names else ""
        more = f" ({count(len(faults) - 1, 'more')} of {len(outcomes):,} failed too)" if faults[1:] else ""
        raise ClusterError(f"{whose}{outcomes[faults[0]].error}{more}")
    return [outcome.value for outcome in outcomes]  # type: ignore[misc]


class Local(Crew):
    """This process, or several of this machine."""

    def __init__(self, jobs: int, sources: Mapping[str, str] = NO_SOURCES) -> None:
        super().__init__(sources)
        if jobs < 1:
            raise ClusterError(f"{count(jobs, 'process')} can't work; give 1 or more")
        self.jobs = jobs

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


def answer(function: Callable[[Any], Any], item: Any) -> tuple[bool, Any]:
    """Whether there is a value, and the value or the sentence of a ValueError, which need not be tried again."""
    try:
        return True, function(item)
    except ValueError as error:
        return False, str(error)


def _read(outcome: Outcome[tuple[bool, Any]]) -> Outcome[Any]:
    """The outcome behind an answer."""
    if outcome.value is None:
        return Outcome(None, f"{outcome.error} (tried {TRIES} times)", outcome.seconds)
    holds, value = outcome.value
    return Outcome(value if holds else None, None if holds else value, outcome.seconds)


def _unless_again(ended: Told, again: bool) -> Told:
    """What will be tried again has not ended."""
    return lambda place, outcome: None if again and outcome.error is not None else ended(place, outcome)


def _with_sources(sources: Mapping[str, str], call: bytes) -> tuple[bool, Any]:
    """An answer; a point that holds a class of one's own is read when the class is there. `call` comes from `Crew`."""
    for name, source in sources.items():
        run_source(name, source, Path(f"{name}.py"))
    work, point = pickle.loads(call)
    return work(point)
