"""Pipelines on a benchmark: fitted anew on each run and judged, whole or without one of its parts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from swatlib.alarms import BUDGETS
from swatlib.atomic import write_text
from swatlib.cluster import HERE, Crew, values_of
from swatlib.metrics import baselines, beats
from swatlib.pipeline import Pipeline
from swatlib.results import cached_fit, cached_tables
from swatlib.results.fit_cache import pipeline_part
from swatlib.settings import settings
from swatlib.side_by_side import Outcome
from swatlib.studies.benchmark.budgets import at_budgets
from swatlib.studies.benchmark.result import BenchmarkResult, evaluate_run
from swatlib.studies.benchmark.runs import BenchmarkRun, benchmark_run, run_numbers
from swatlib.views.checks import CHECK_KINDS, Checks

_Point = tuple[str, int, Pipeline, bool]  # benchmark, run, pipeline to fit, whether to compute anew
_Pair = tuple[BenchmarkResult, BenchmarkResult]  # of the detectors, of the baselines
Judge = Callable[[], BenchmarkResult]
EARNED = {"event_recall": "attacks found", "false_alarms_per_day": "fewer false alarms"}


def run_benchmark(
    name: str,
    numbers: tuple[int, ...] = (),
    pipeline: Callable[[], Pipeline] = Pipeline,
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
    crew: Crew = HERE,
) -> BenchmarkResult:
    """Fit a new pipeline on each run and judge it beside the baselines; what is cached is not computed again.

    crew: does the work; what comes back is cached here too. Raises ClusterError when a run failed, after the others.
    """
    points = [(name, number, pipeline(), force) for number in run_numbers(name, numbers)]
    pairs = {point[1]: _kept(point) for point in points}
    missing = [point for point in points if pairs[point[1]] is None]

    def done(pair: _Pair) -> None:
        progress(pair[0].runs["run"].iloc[0])

    def ended(place: int, outcome: Outcome[_Pair]) -> None:
        if outcome.value is not None:
            _keep(missing[place], outcome.value)
            done(outcome.value)

    for pair in filter(None, pairs.values()):
        done(pair)
    found = values_of(crew.run(missing, _judged, ended=ended), [f"{name}, run {point[1]}" for point in missing])
    pairs |= {point[1]: pair for point, pair in zip(missing, found, strict=True)}
    return BenchmarkResult.joined(part for pair in pairs.values() for part in pair or ())


def ablation(
    name: str,
    numbers: tuple[int, ...] = (),
    kinds: tuple[str, ...] = tuple(CHECK_KINDS),
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
) -> pd.DataFrame:
    """What each part of the guard is worth: `summary` of the whole, without its hold, and without each of `kinds`.

    `earns`: in what the whole beats the guard without that part, clearly (`beats`, on the same draws).
    """
    if unknown := [kind for kind in kinds if kind not in CHECK_KINDS]:
        raise ValueError(f"there is no check {unknown[0]!r} to leave out; choose from {', '.join(CHECK_KINDS)}")
    variants = [(Checks(), {"guard": "whole", "guard-brief": "without hold"})]  # of one and the same evidence
    variants += [
        (Checks(tuple(each for each in CHECK_KINDS if each != kind)), {"guard": f"without {kind}"}) for kind in kinds
    ]
    parts = []
    for trial in _trials(name, numbers):
        for checks, called in variants:
            found = trial.result("ablation", Pipeline(tuple(called), checks=checks), force, budgets=False)
            parts.append(found.renamed(called))
        progress(parts[-1].runs["run"].iloc[0])
    judged = BenchmarkResult.joined(parts)
    drawn = judged.draws()
    better = {words: beats(drawn, metric).loc["whole"] for metric, words in EARNED.items()}
    table = judged.summary().loc["detector"]
    earns = [", ".join(words for words, over in better.items() if over[variant]) for variant in table.index]
    return table.assign(earns=earns).rename_axis("guard")


def save_tables(name: str, numbers: tuple[int, ...], **tables: pd.DataFrame) -> Path:
    """Write each table as CSV to reports/benchmark/<name>/, or <name>-<numbers>/ for some runs; returns it."""
    folder = settings().reports_folder / "benchmark" / "-".join([name, *map(str, dict.fromkeys(numbers))])
    for kind, table in tables.items():
        write_text(folder / f"{kind}.csv", table.to_csv(index=table.index.names[0] is not None))
    return folder


class _Trial:
    """A run of a benchmark, simulated if something of it has to be computed."""

    def __init__(self, name: str, number: int) -> None:
        self.key = [name, number]
        self.run = cache(lambda: benchmark_run(name, number))

    def result(
        self, study: str, pipeline: Pipeline, force: bool, judge: Judge | None = None, budgets: bool = True
    ) -> BenchmarkResult:
        """budgets: also what the detectors are worth at each budget."""
        judge = judge or (lambda: self._judged(pipeline, force, budgets))
        return self._cached(study, pipeline_part(pipeline), judge, force)

    def baselines(self, force: bool, judge: Judge | None = None) -> BenchmarkResult:
        return self._cached("baselines", [], judge or self._judged_baselines, force)

    def _judged(self, pipeline: Pipeline, force: bool, budgets: bool) -> BenchmarkResult:
        run = self.run()
        fitted = cached_fit(pipeline, run.normal, force)
        scores = fitted.score(run.attacked.frame)
        if not budgets:
            return evaluate_run(run, scores)
        thresholds = fitted.thresholds(sorted({*BUDGETS, fitted.budget}))
        found, days = at_budgets(run, scores, thresholds, fitted.on_delay, fitted.hold)
        return replace(evaluate_run(run, scores), budget_attacks=found, budget_days=days)

    def _judged_baselines(self) -> BenchmarkResult:
        return evaluate_run(self.run(), _baselines(self.run()), "baseline")

    def _cached(self, study: str, depends: list, judge: Judge, force: bool) -> BenchmarkResult:
        return BenchmarkResult(**cached_tables(study, [*self.key, *depends], lambda: vars(judge()), force))


class _NotKeptError(Exception):
    """The cache does not hold it."""


def _judged(point: _Point) -> _Pair:
    """What the detectors and the baselines are worth on a run."""
    name, number, pipeline, force = point
    trial = _Trial(name, number)
    return trial.result("benchmark", pipeline, force), trial.baselines(force)


def _kept(point: _Point) -> _Pair | None:
    """The same from the cache of this machine; None unless it holds both."""
    name, number, pipeline, force = point
    trial = _Trial(name, number)
    try:
        return None if force else (trial.result("benchmark", pipeline, False, _absent), trial.baselines(False, _absent))
    except _NotKeptError:
        return None


def _absent() -> BenchmarkResult:
    raise _NotKeptError


def _keep(point: _Point, pair: _Pair) -> None:
    """Put what another machine may have made into the cache of this one."""
    name, number, pipeline, force = point
    trial = _Trial(name, number)
    trial.result("benchmark", pipeline, force, lambda: pair[0])
    trial.baselines(force, lambda: pair[1])


def _trials(name: str, numbers: tuple[int, ...]) -> Iterator[_Trial]:
    """One after the other: memory holds one."""
    return (_Trial(name, number) for number in run_numbers(name, numbers))


def _baselines(run: BenchmarkRun) -> pd.DataFrame:
    """The alarms of `baselines` in the form of a pipeline's scores, without lead tags."""
    alarms = baselines(run.attacked.label, run.attacked.events)
    return pd.concat({name: pd.DataFrame({"alarm": alarm, "lead": np.nan}) for name, alarm in alarms.items()}, axis=1)
