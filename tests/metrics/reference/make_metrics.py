"""Writes metrics.json: cases, and what public implementations make of them that the lock can't hold.

They ask for other versions of numpy or numba than ours, or for torch, so they are installed beside our environment
without their own dependencies, and run once. To make the file anew, from the top of the repository:

    pip install --no-deps --target FOLDER aeon==1.6.0 TSB-AD==1.5 dtaianomaly==0.5.1 tadpak==0.3.3 tadmetric==0.2.2 \
        statsmodels patsy stumpy toml tslearn deprecated wrapt
    PYTHONPATH=FOLDER .venv/bin/python tests/metrics/reference/make_metrics.py
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from aeon.benchmarking.metrics.anomaly_detection import range_f_score
from dtaianomaly.evaluation import (
    AffiliationFBeta,
    AffiliationPrecision,
    AffiliationRecall,
    EventWisePrecision,
    EventWiseRecall,
    PointAdjustedFBeta,
    RangeBasedFBeta,
)
from sklearn.metrics import f1_score
from tadmetric import Tadmetric
from tadpak.pak import pak
from TSB_AD.evaluation.affiliation.generics import convert_vector_to_events
from TSB_AD.evaluation.affiliation.metrics import pr_from_events
from TSB_AD.evaluation.basic_metrics import basic_metricor

MADE_WITH = ("aeon", "TSB-AD", "dtaianomaly", "tadpak", "tadmetric", "numpy")
SEED, ALARMS, SCORES, WINDOW, THRESHOLDS = 20151228, 60, 6, 500, 250
HAND_MADE = [
    ("...####....####....", ".#...#..##...#...##"),
    ("####", "#..#"),
    ("#......", "......#"),
    ("......#", "#......"),
    (".##.##.##.", ".########."),
    ("..######..", "..#.#.#..."),
    (".#.", "#.#"),
    ("....##....", "#########."),
    (".#####..##########..", "..#......#.....##..#"),  # 1 of 5 and 2 of 10: exactly 20 %
    (".#####..##########..", ".##......#.#...#...#"),
]


def bits(text: str) -> np.ndarray:
    return np.array([mark == "#" for mark in text], dtype=int)


def drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A label of a few attacks and an alarm that knows something of it, neither empty nor full."""
    while True:
        label = np.repeat(rng.random(40) < 0.2, rng.integers(1, 6, 40)).astype(int)
        alarm = np.where(rng.random(len(label)) < 0.7, label, rng.random(len(label)) < 0.3).astype(int)
        if 0 < label.sum() < len(label) and 0 < alarm.sum() < len(alarm):
            return label, alarm


def of_alarm(label: np.ndarray, alarm: np.ndarray) -> dict:
    near = pr_from_events(convert_vector_to_events(alarm), convert_vector_to_events(label), (0, len(label)))
    values = {
        "range_f1": {
            "aeon": range_f_score(label, alarm, p_alpha=0, r_alpha=0, cardinality="reciprocal"),
            "dtaianomaly": RangeBasedFBeta(alpha=0.0, gamma="reciprocal").compute(label, alarm),
        },
        "affiliation_precision": {
            "TSB-AD": near["Affiliation_Precision"],
            "dtaianomaly": AffiliationPrecision().compute(label, alarm),
        },
        "affiliation_recall": {
            "TSB-AD": near["Affiliation_Recall"],
            "dtaianomaly": AffiliationRecall().compute(label, alarm),
        },
        "affiliation_f1": {"dtaianomaly": AffiliationFBeta().compute(label, alarm)},
        "pa_f1": {
            "dtaianomaly": PointAdjustedFBeta().compute(label, alarm),
            "tadmetric": Tadmetric(alarm, label).evaluate(0.5, mode="point-adjusted").f1,
        },
        "pa_k20_f1": {"tadpak": f1_score(label, pak(alarm, label, 0.5, k=20))},
    }
    if not (alarm & label).any():
        values["range_f1"]["dtaianomaly"] = 0.0  # it divides by zero
    return values | of_points(label, alarm) | of_events(label, alarm)


def of_points(label: np.ndarray, alarm: np.ndarray) -> dict:
    met = Tadmetric(alarm, label).evaluate(0.5)
    return {"precision": {"tadmetric": met.precision}, "recall": {"tadmetric": met.recall}, "f1": {"tadmetric": met.f1}}


def of_events(label: np.ndarray, alarm: np.ndarray) -> dict:
    met = Tadmetric(alarm, label).evaluate(0.5, mode="composite")
    recall = EventWiseRecall().compute(label, alarm)
    values = {"event_recall": {"dtaianomaly": recall, "tadmetric": met.recall}, "fc1": {"tadmetric": met.f1}}
    if not label[-1]:  # TSB-AD, like the code of Garg et al., drops the last row of an event that ends the recording
        values["fc1"]["TSB-AD"] = basic_metricor().metric_EventF1PA(label, alarm, alarm)
    runs_in = (np.diff(label) == 1) & (alarm[:-1] & alarm[1:] == 1)
    quiet = (label | alarm == 0).sum()
    if quiet and not runs_in.any():  # an alarm that runs into an event is a call for it, and none for us
        # Its factor against long false alarms is undone.
        precision = EventWisePrecision().compute(label, alarm) * (label == 0).sum() / quiet
        values["event_precision"] = {"dtaianomaly": precision}
        values["event_f1"] = {"dtaianomaly": 2 * precision * recall / (precision + recall) if recall else 0.0}
    return values


def of_score(label: np.ndarray, score: np.ndarray) -> dict:
    *_, roc, pr = basic_metricor().RangeAUC_volume_opt_mem(label, score, WINDOW, THRESHOLDS)
    return {"vus_pr": {"TSB-AD": pr}, "vus_roc": {"TSB-AD": roc}}


def scored(rng: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Attacks further apart than the buffer is wide, so that it does not matter if those that meet are joined."""
    label = np.zeros(3_000, dtype=int)
    for start in (0, 900, 2_100) if number % 2 else (300, 1_300, 2_990):
        label[start : start + rng.integers(1, 300)] = 1
    score = rng.random(len(label)) + 0.5 * np.convolve(label, np.ones(41) / 41, "same")
    return label, np.round(score, 1 if number % 3 else 4)


def packed(rows: np.ndarray) -> str:
    return "".join(".#"[row] for row in rows)


def floats(values: dict) -> dict:
    return {name: {by: float(value) for by, value in each.items()} for name, each in values.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(SEED)
    alarms = [tuple(map(bits, pair)) for pair in HAND_MADE] + [drawn(rng) for _ in range(ALARMS)]
    scores = [scored(rng, number) for number in range(SCORES)]
    made = {
        "made_with": {name: version(name) for name in MADE_WITH} | {"seed": SEED},
        "alarms": [
            {"label": packed(label), "alarm": packed(alarm), "values": floats(of_alarm(label, alarm))}
            for label, alarm in alarms
        ],
        "scores": [
            {"label": packed(label), "score": score.tolist(), "values": floats(of_score(label, score))}
            for label, score in scores
        ],
    }
    path = Path(__file__).with_name("metrics.json")
    path.write_text(json.dumps(made, separators=(",", ":")).replace('{"label"', '\n{"label"') + "\n")


if __name__ == "__main__":
    main()
