"""A workbench for attack detection on the Secure Water Treatment testbed (SWaT).

Two flows that meet in one hinge:

    data | simulation → features → detectors → scores → metrics → plots → report → reports/
                        └───────── pipeline ────────┘

plant       the 51 tags, five tanks and the flows between them, as data
settings    what the environment may set
data        files of SWaT in any of their forms, to one `Recording`; labels and attacks
movement    what moved faster than usual in an attack
simulation  the same plant, simulated: physics, PLC logic, sensors, attacks
recordings  the pair of normal and attacked days that a study starts from
features    what a detector sees, causal, fitted on normal days alone
checks      what a watchman sees: evidence, tag by tag, that something never was so on normal days
detectors   one contract, one small file a family; never a label
scores      smoothing, thresholds from a false-alarm budget, persistence
pipeline    these three in one object, the same for notebook, batch and stream
metrics     what a detector is worth, given the labels
protocols   why the same scores give different figures, and what others report
benchmark   runs to judge by, and what a pipeline makes of them
field       every detector of PyOD, each with limits of time and memory
measured    what takes too long for a report, as tables
results     what a pipeline made of the attacked days, and who named which tag
store       results kept, so that nothing is computed twice
plots       figures
story       a page per attack
report      notebooks executed with parameters into pages, and their index
slides      a run as a deck, its figures and tables as files

Modules import only those above them. A score is high when a row is anomalous, everywhere.
"""

import time
from importlib import import_module

LOADED = time.time()  # code on disk that is newer is not what runs
__all__ = ["Pipeline", "Recording", "attacks", "evaluate", "load", "simulate"]

_HOMES = {
    "Pipeline": "pipeline",
    "Recording": "data",
    "attacks": "data",
    "evaluate": "metrics",
    "load": "data",
    "simulate": "simulation",
}


def __getattr__(name: str):
    # Imported when first asked for: scikit-learn and numba take seconds that `--help` need not wait for.
    if name not in _HOMES:
        raise AttributeError(f"module 'swatlib' has no attribute {name!r}")
    return getattr(import_module(f"swatlib.{_HOMES[name]}"), name)
