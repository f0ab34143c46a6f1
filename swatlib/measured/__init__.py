"""What takes too long for a report, measured once and kept as tables: benchmarks in full, ablations, the PyOD field.

On two cores, with the packages of requirements.lock; tests hold a part of each to what the code gives now. To make one
anew, type its command and copy the tables from the folder that it names.

    swat-2015-attacks, -runs     python -m swatlib benchmark swat-2015 --run 201 --run 202 --run 203
    swat-sim-1-attacks, -runs    python -m swatlib benchmark swat-sim-1
    swat-2015-ablation           python -m swatlib ablation swat-2015
    swat-sim-1-ablation          python -m swatlib ablation swat-sim-1
    field                        python -m swatlib field
"""

from importlib.resources import files

import pandas as pd


def judged(benchmark: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `benchmark.results` gave of the default detectors: all of swat-sim-1, the held-back seeds of swat-2015."""
    return _table(f"{benchmark}-attacks"), _table(f"{benchmark}-runs")


def ablated(benchmark: str) -> pd.DataFrame:
    """What `benchmark.ablation` gave: all of swat-sim-1, the seeds 1 to 3 of swat-2015."""
    return _table(f"{benchmark}-ablation").set_index("guard").fillna({"earns": ""})


def field() -> pd.DataFrame:
    """What `field.field` gave of every detector and size."""
    return _table("field").set_index(["detector", "rows"])


def _table(name: str) -> pd.DataFrame:
    with files("swatlib").joinpath("measured", f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)
