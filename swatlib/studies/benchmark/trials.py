"""Pipelines on a benchmark: fitted anew on each run and judged, whole or without one of its parts."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from swatlib.atomic import write_text
from swatlib.metrics import baselines, beats
from swatlib.pipeline import Pipeline
from swatlib.results import cached_fit, cached_tables
from swatlib.results.fit_cache import detector_part, parameters
from swatlib.settings import settings
from swatlib.studies.benchmark.result import BenchmarkResult, evaluate_run
from swatlib.studies.benchmark.runs import BenchmarkRun, benchmark_run, run_numbers
from swatlib.views.checks import CHECK_KINDS, Checks

EARNED = {"event_recall": "attacks found", "false_alarms_per_day": "fewer false alarms"}


def run_benchmark(
    name: str,
    numbers: tuple[int, ...] = (),
    pipeline: Callable[[], Pipeline] = Pipeline,
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
) -> BenchmarkResult:
    """Fit a new pipeline on each run and judge it beside the baselines; what is cached is not computed again."""
    judged = []
    for trial in _trials(name, numbers):
        found = trial.result("benchmark", pipeline(), force)
        judged += [found, trial.baselines(force)]
        progress(found.runs["run"].iloc[0])
    return BenchmarkResult.joined(judged)


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
    variants = {"whole": ("guard", Checks()), "without hold": ("guard-brief", Checks())}
    variants |= {
        f"without {kind}": ("guard", Checks(tuple(each for each in CHECK_KINDS if each != kind))) for kind in kinds
    }
    parts = []
    for trial in _trials(name, numbers):
        for variant, (detector, checks) in variants.items():
            found = trial.result("ablation", Pipeline((detector,), checks=checks), force)
            parts.append(found.called(variant))
        progress(parts[-1].runs["run"].iloc[0])
    judged = BenchmarkResult.joined(parts)
    drawn = judged.draws()
    better = {words: beats(drawn, metric).loc["whole"] for metric, words in EARNED.items()}
    earns = [", ".join(words for words, over in better.items() if over[variant]) for variant in variants]
    return judged.summary().loc["detector"].assign(earns=earns).rename_axis("guard")


def save_tables(name: str, numbers: tuple[int, ...], **tables: pd.DataFrame) -> Path:
    """Write each table as CSV to reports/benchmark/<name>/, or <name>-<numbers>/ for some runs; returns it."""
    folder = settings().reports_folder / "benchmark" / "-".join([name, *map(str, numbers)])
    for kind, table in tables.items():
        write_text(folder / f"{kind}.csv", table.to_csv(index=table.index.names[0] is not None))
    return folder


class _Trial:
    """A run of a benchmark, simulated if something of it has to be computed."""

    def __init__(self, name: str, number: int) -> None:
        self.key = [name, number]
        self.run = cache(lambda: benchmark_run(name, number))

    def result(self, study: str, pipeline: Pipeline, force: bool) -> BenchmarkResult:
        detectors = [detector_part(pipeline, name) for name in pipeline.detectors]
        return self._cached(study, [parameters(pipeline), detectors], lambda: self._judged(pipeline, force), force)

    def baselines(self, force: bool) -> BenchmarkResult:
        return self._cached(
            "baselines", [], lambda: evaluate_run(self.run(), _baselines(self.run()), "baseline"), force
        )

    def _judged(self, pipeline: Pipeline, force: bool) -> BenchmarkResult:
        run = self.run()
        return evaluate_run(run, cached_fit(pipeline, run.normal, force).score(run.attacked.frame))

    def _cached(self, study: str, depends: list, judge: Callable[[], BenchmarkResult], force: bool) -> BenchmarkResult:
        return BenchmarkResult(**cached_tables(study, [*self.key, *depends], lambda: vars(judge()), force))


def _trials(name: str, numbers: tuple[int, ...]) -> Iterator[_Trial]:
    """One after the other: memory holds one."""
    return (_Trial(name, number) for number in run_numbers(name, numbers))


def _baselines(run: BenchmarkRun) -> pd.DataFrame:
    """The alarms of `baselines` in the form of a pipeline's scores, without lead tags."""
    alarms = baselines(run.attacked.label, run.attacked.events)
    return pd.concat({name: pd.DataFrame({"alarm": alarm, "lead": np.nan}) for name, alarm in alarms.items()}, axis=1)
