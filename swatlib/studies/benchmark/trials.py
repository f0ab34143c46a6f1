"""Pipelines on a benchmark: fitted anew on each run and judged, whole or without one of its parts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from swatlib.atomic import write_text
from swatlib.metrics import baselines, beats
from swatlib.pipeline import Pipeline
from swatlib.settings import settings
from swatlib.studies.benchmark.result import BenchmarkResult, evaluate_run
from swatlib.studies.benchmark.runs import BenchmarkRun, benchmark_runs
from swatlib.views.checks import CHECK_KINDS, Checks

EARNED = {"event_recall": "attacks found", "false_alarms_per_day": "fewer false alarms"}


def run_benchmark(
    name: str,
    numbers: tuple[int, ...] = (),
    pipeline: Callable[[], Pipeline] = Pipeline,
    progress: Callable[[str], None] = lambda _: None,
) -> BenchmarkResult:
    """Fit a new pipeline on each run and judge it beside the baselines."""
    parts = []
    for run in benchmark_runs(name, numbers):
        fitted = pipeline().fit(run.normal)
        parts += [evaluate_run(run, fitted.score(run.attacked.frame)), evaluate_run(run, _baselines(run), "baseline")]
        progress(run.name)
    return BenchmarkResult.joined(parts)


def ablation(
    name: str,
    numbers: tuple[int, ...] = (),
    kinds: tuple[str, ...] = tuple(CHECK_KINDS),
    progress: Callable[[str], None] = lambda _: None,
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
    for run in benchmark_runs(name, numbers):
        for variant, (detector, checks) in variants.items():
            scores = Pipeline((detector,), checks=checks).fit(run.normal).score(run.attacked.frame)
            parts.append(evaluate_run(run, scores.rename(columns={detector: variant}, level=0)))
        progress(run.name)
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


def _baselines(run: BenchmarkRun) -> pd.DataFrame:
    """The alarms of `baselines` in the form of a pipeline's scores, without lead tags."""
    alarms = baselines(run.attacked.label, run.attacked.events)
    return pd.concat({name: pd.DataFrame({"alarm": alarm, "lead": np.nan}) for name, alarm in alarms.items()}, axis=1)
