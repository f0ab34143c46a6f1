"""swat-stress: pipelines fitted once on undisturbed normal days, judged on the schedule of 2015 with each stress."""

from collections.abc import Callable

import pandas as pd

from swatlib.cluster import HERE, Crew, told_done, values_of
from swatlib.pipeline import Pipeline
from swatlib.results import cached_fit, cached_tables, silences, unscored
from swatlib.results.fit_cache import pipeline_part
from swatlib.studies.benchmark.result import evaluate_run
from swatlib.studies.benchmark.runs import BenchmarkRun, run_2015
from swatlib.studies.stresses import STRESSES, stressed

STRESS_SEEDS = (1,)  # of the plant and of what goes wrong; one that was free for development
STRESS_FIGURES = ("found", "of", "delay_median_s", "false_alarms_per_day", "in_alarm_outside")
_Point = tuple[int, str, Pipeline, bool]  # seed, stress, pipeline to fit, whether to compute anew


def stress_test(
    seeds: tuple[int, ...] = (),
    pipeline: Callable[[], Pipeline] = Pipeline,
    stresses: tuple[str, ...] = tuple(STRESSES),
    progress: Callable[[str], None] = lambda _: None,
    force: bool = False,
    crew: Crew = HERE,
) -> pd.DataFrame:
    """One row a seed, stress and detector: what it finds and how often it is wrong, beside the stress "none".

    found, of: visible attacks. unscored: rows without a score, of `rows`. done: what the stress did; says: why rows
    lack a score. seeds: each once; STRESS_SEEDS if there is none. Raises ValueError for an unknown stress.
    """
    if unknown := [name for name in stresses if name not in STRESSES]:
        raise ValueError(f"there is no stress {unknown[0]!r}; choose from {', '.join(STRESSES)}")
    points = [(seed, name, pipeline(), force) for seed in dict.fromkeys(seeds or STRESS_SEEDS) for name in stresses]
    names = [f"{name}, seed {seed}" for seed, name, *_ in points]
    tables = crew.run(points, _judged, ended=told_done(progress, names))
    return pd.concat(values_of(tables, names), ignore_index=True)


def by_stress(table: pd.DataFrame, figure: str) -> pd.DataFrame:
    """A figure of `stress_test`, a stress a row and a detector a column; the mean over seeds."""
    means = table.groupby(["stress", "detector"], sort=False)[figure].mean().unstack("detector")
    return means.reindex(index=table["stress"].unique(), columns=pd.Index(table["detector"].unique(), name="detector"))


def _judged(point: _Point) -> pd.DataFrame:
    seed, name, pipeline, force = point
    depends = [seed, name, pipeline_part(pipeline)]
    return cached_tables("stress", depends, lambda: {"judged": _judge(seed, name, pipeline, force)}, force)["judged"]


def _judge(seed: int, name: str, pipeline: Pipeline, force: bool) -> pd.DataFrame:
    run = run_2015(seed)
    recording = stressed(run.attacked, name, seed)
    fitted = cached_fit(pipeline, run.normal, force)
    scores = fitted.score(recording.frame)
    judged = evaluate_run(BenchmarkRun(name, run.normal, recording, run.classes, run.harmless), scores)
    table = judged.summary().loc["detector"][list(STRESS_FIGURES)]
    done = recording.findings[len(run.attacked.findings) :]
    said = {"done": "; ".join(done), "says": "; ".join(silences(recording.frame, scores, fitted.history, fitted.gap))}
    table = table.assign(unscored=unscored(scores), rows=len(scores), **said).reset_index()
    table.insert(0, "stress", name)
    table.insert(0, "seed", seed)
    return table
