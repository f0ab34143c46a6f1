"""Benchmarks of a simulated plant: runs → trials (a pipeline fitted on each) → judging.

swat-2015   the schedule of December 2015, once a seed
swat-sim-1  20 runs with 200 attacks of nine classes over all stages, and 40 disturbances that are none
"""

from swatlib.benchmark.judging import Judged, judge, near
from swatlib.benchmark.runs import DEVELOPED_ON, HELD_BACK, OPENED_BEFORE, SIM_1_SEED, Run, benchmark, table_sim_1
from swatlib.benchmark.trials import ablation, results, save

__all__ = [
    "DEVELOPED_ON",
    "HELD_BACK",
    "OPENED_BEFORE",
    "SIM_1_SEED",
    "Judged",
    "Run",
    "ablation",
    "benchmark",
    "judge",
    "near",
    "results",
    "save",
    "table_sim_1",
]
