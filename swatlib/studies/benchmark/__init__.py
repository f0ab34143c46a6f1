"""Benchmarks of a simulated plant: runs → trials (a pipeline fitted on each) → result.

swat-2015   the schedule of December 2015, once a seed
swat-sim-1  20 runs with 200 attacks of nine classes over all stages, and 40 disturbances that are no attack
"""

from swatlib.studies.benchmark.result import BenchmarkResult, evaluate_run, near
from swatlib.studies.benchmark.runs import (
    DEVELOPED_ON,
    HELD_BACK,
    OPENED_BEFORE,
    SIM_1_SEED,
    SIM_1_VERSION,
    BenchmarkRun,
    benchmark_runs,
    table_sim_1,
)
from swatlib.studies.benchmark.trials import ablation, run_benchmark, save_tables

__all__ = [
    "DEVELOPED_ON",
    "HELD_BACK",
    "OPENED_BEFORE",
    "SIM_1_SEED",
    "SIM_1_VERSION",
    "BenchmarkResult",
    "BenchmarkRun",
    "ablation",
    "benchmark_runs",
    "evaluate_run",
    "near",
    "run_benchmark",
    "save_tables",
    "table_sim_1",
]
