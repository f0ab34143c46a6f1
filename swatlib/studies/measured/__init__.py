"""What takes too long for a report, measured once and kept as tables: benchmarks in full, ablations, the PyOD field.

On two cores, with the packages of requirements.lock. A test computes the guard and the baselines of run 3 of
swat-sim-1 and two stresses anew. To make a table anew, type its command and copy it from the
folder that it names: of a benchmark attacks, days, runs and curve.

    swat-2015-attacks, …, -curve        python -m swatlib benchmark swat-2015 --run 321 … --run 333 (HELD_BACK)
    swat-sim-1-attacks, …, -curve       python -m swatlib benchmark swat-sim-1
    swat-sim-1-ceiling                  python -m swatlib ceiling
    swat-2015-ablation                  python -m swatlib ablation swat-2015 --run 1
    swat-sim-1-ablation                 python -m swatlib ablation swat-sim-1 --run 1 … --run 6
    field                               python -m swatlib field --rows 1000 --rows 5000
    swat-stress                         python -m swatlib benchmark swat-stress
    swat-days                           python -m swatlib benchmark swat-days
    swat-budgets                        python -m swatlib benchmark swat-budgets
"""

from importlib.resources import files

import pandas as pd

from swatlib.studies.benchmark import BenchmarkResult

ABLATED = (1, 2, 3, 4, 5, 6)  # runs of swat-sim-1


def measured_benchmark(benchmark: str) -> BenchmarkResult:
    """What `run_benchmark` gave of the default detectors: all of swat-sim-1, the held-back seeds of swat-2015."""
    return BenchmarkResult(*(_table(f"{benchmark}-{of}") for of in ("attacks", "days", "runs")))


def measured_curve(benchmark: str) -> pd.DataFrame:
    """What `BenchmarkResult.curve` gave of the same: attacks found, delay and time in alarm at each budget."""
    with files("swatlib.studies.measured").joinpath(f"{benchmark}-curve.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, header=[0, 1], index_col=[0, 1])


def measured_ablation(benchmark: str) -> pd.DataFrame:
    """What `benchmark.ablation` gave: the runs ABLATED of swat-sim-1, seed 1 of swat-2015."""
    return _table(f"{benchmark}-ablation").set_index("guard").fillna({"earns": ""})


def measured_ceiling() -> pd.DataFrame:
    """What `ceiling.ceiling_trials` gave of all attacks of swat-sim-1."""
    return _table("swat-sim-1-ceiling").fillna({"traces": "", "by": ""})


def measured_field() -> pd.DataFrame:
    """What `pyod_field.field` gave of every detector, fitted on 1,000 and 5,000 rows, on run 3 of swat-sim-1."""
    return _table("field").set_index(["detector", "rows"])


def measured_stress() -> pd.DataFrame:
    """What `stress_trials.stress_test` gave of the default detectors."""
    return _table("swat-stress").fillna({"done": "", "says": ""})


def measured_days() -> pd.DataFrame:
    """What `later_days.another_day` gave of the default detectors."""
    return _table("swat-days")


def measured_budgets() -> pd.DataFrame:
    """What `kept_budgets.budget_trials` gave of the default detectors."""
    return _table("swat-budgets")


def _table(name: str) -> pd.DataFrame:
    with files("swatlib.studies.measured").joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        # "baseline" is a kind; the fast parser of floats is off by a last bit
        return pd.read_csv(file, keep_default_na=False, na_values=[""], float_precision="round_trip")
