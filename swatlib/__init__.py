"""A workbench for attack detection on the Secure Water Treatment testbed (SWaT).

Two flows that meet in the pipeline:

    data | simulation → views → detectors → alarms → metrics → studies → plots → report → reports/
                        └────── pipeline ───────┘ saved ─┐
    data | simulation → producer → topic → stream (pipeline.score) → sink → InfluxDB → boards

The floor, which everything may use:
    plant        the 51 tags, five tanks and the flows between them, as data
    settings     what the environment may set
    provenance   commit, versions, machine: what a figure needs beside it
    atomic       files written whole or not at all
    side_by_side independent pieces of work in processes; an error of one stops no other
    limits       what a parameter may be, checked in one place
    tails        what normal days reach beyond what was seen of them, and how sure that is
    arrays       arithmetic over consecutive rows; intervals, segments, gaps
    wording      numbers, durations, lists, "did you mean"

Offline, each layer importing only from layers before it:
    data         files of SWaT in any of their forms, to one `Recording`; labels and attacks
    simulation   the same plant, simulated: physics, PLC logic, sensors, attacks
    views        what a detector sees, causal and fitted on normal days: features, plausibility checks
    detectors    one contract, one small file per family; never a label
    alarms       thresholds from a false-alarm budget, on-delay, off-delay
    alarm_episodes  rows in alarm that follow each other, as values, of a detector or of a plant
    pipeline     views, detectors and alarms in one object, the same for notebook, batch and stream; `saved` keeps it
    metrics      what a detector is worth, given the labels
    results      what a pipeline made of the attacked days, cached
    cluster      the same work here, in several processes or on Spark's executors; months of many plants scored
    studies      the pair of recordings a study starts from; protocols, benchmarks, ceiling, the field of PyOD, tables
    plots        figures
    report       notebooks executed into pages, their index, slides of a run
    cli          the command line

Live:
    live         producer, topic, stream, sink, and a session that runs them together
    servers      Kafka, InfluxDB and Telegraf without containers

A score is high when a row is anomalous, everywhere.
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
