"""What takes too long for a report, measured once and kept as tables: benchmarks in full, ablations, the PyOD field.

On two cores, with the packages of requirements.lock. A test computes the guard and the baselines of run 3 of swat-sim-1
and one row of the field anew. To make a table anew, type its command and copy it from the folder that it names.

    swat-2015-attacks, -days, -runs     python -m swatlib benchmark swat-2015 --run 201 --run 202 --run 203
    swat-sim-1-attacks, -days, -runs    python -m swatlib benchmark swat-sim-1
    swat-2015-ablation                  python -m swatlib ablation swat-2015
    swat-sim-1-ablation                 python -m swatlib ablation swat-sim-1
    field                               python -m swatlib field
"""

from importlib.resources import files

import pandas as pd

from swatlib.studies.benchmark import BenchmarkResult


def measured_benchmark(benchmark: str) -> BenchmarkResult:
    """What `run_benchmark` gave of the default detectors: all of swat-sim-1, the held-back seeds of swat-2015."""
    return BenchmarkResult(*(_table(f"{benchmark}-{of}") for of in ("attacks", "days", "runs")))


def measured_ablation(benchmark: str) -> pd.DataFrame:
    """What `benchmark.ablation` gave: all of swat-sim-1, the seeds 1 to 3 of swat-2015."""
    return _table(f"{benchmark}-ablation").set_index("guard").fillna({"earns": ""})


def measured_field() -> pd.DataFrame:
    """What `pyod_field.field` gave of every detector and size."""
    return _table("field").set_index(["detector", "rows"])


def _table(name: str) -> pd.DataFrame:
    with files("swatlib.studies.measured").joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False, na_values=[""])  # "baseline" is a kind
