"""From scores to F1 under a protocol, under all of them, and step by step from one to another."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from swatlib.metrics import evaluate
from swatlib.metrics.case import runs, share, within
from swatlib.protocols.study import CUT_ROWS, QUANTILE, Answer, Protocol, Study

OURS = Protocol()
STEPS = (
    ("official labels", {"labels": "official"}),
    ("medians of 10 s, label max", {"sampling": "10 s, label max"}),
    ("threshold: validation maximum", {"threshold": "validation maximum"}),
    ("threshold: .999 of the validation", {"threshold": "validation quantile"}),
    ("threshold: best on the test labels", {"threshold": "best on test"}),
    ("PA%20: filled where more than 20 % is hit", {"adjustment": "PA%20"}),
    ("PA: filled at one hit", {"adjustment": "PA"}),
)
FIGURE = {"none": "f1", "PA%20": "pa_k20_f1", "PA": "pa_f1"}
LEAST = {"none": None, "PA%20": 0.2, "PA": 0.0}
LEVELS = 1_000
SECONDS = 10


def judge(study: Study, protocol: Protocol = OURS) -> dict:
    """F1 under the protocol, precision and recall before adjustment, and of how many label runs how many were found."""
    label, answer = _rows(study, protocol)
    alarm = _alarm(label, answer, protocol)
    met = evaluate(label, alarm)
    attacks = len(runs(label))
    figures = {"f1": met[FIGURE[protocol.adjustment]], "precision": met["precision"], "recall": met["recall"]}
    return figures | {"found": round(met["event_recall"] * attacks), "attacks": attacks}


def every(study: Study) -> pd.DataFrame:
    """All protocols, one a row: its choices, and what `judge` makes of it; the highest F1 first."""
    table = pd.DataFrame([asdict(protocol) | judge(study, protocol) for protocol in study.protocols()])
    return table.sort_values("f1", ascending=False, kind="stable", ignore_index=True)


def alone(study: Study) -> pd.DataFrame:
    """One choice changed at a time, the others as they are here: index (what, choice), with the change of F1."""
    rows = {
        (name, choice): judge(study, replace(OURS, **{name: choice}))
        for name, choices in study.choices().items()
        for choice in choices
    }
    table = pd.DataFrame(rows).T.rename_axis(["what", "choice"])
    return table.assign(change=table["f1"] - judge(study)["f1"])


def steps(study: Study) -> pd.DataFrame:
    """From our protocol to the most flattering, a choice at a time: step, f1, change, found, attacks."""
    protocol, rows = OURS, [{"step": "this workbench", **judge(study)}]
    for step, changes in STEPS:
        if all(choice in study.choices()[name] for name, choice in changes.items()):
            protocol = replace(protocol, **changes)
            rows.append({"step": step, **judge(study, protocol)})
    table = pd.DataFrame(rows)
    return table.assign(change=table["f1"].diff())[["step", "f1", "change", "precision", "recall", "found", "attacks"]]


def said_spread(table: pd.DataFrame) -> str:
    """What the table of `every` says, in a sentence."""
    low, high = table["f1"].min(), table["f1"].max()
    flattering = table.iloc[0]
    return (
        f"The same scores have an F1 between **{low:.2f}** and **{high:.2f}**, by {len(table)} protocols. The highest "
        f"takes the threshold {flattering['threshold']} and adjusts by {flattering['adjustment']}; it finds "
        f"{flattering['found']} of {flattering['attacks']} label runs."
    )


def _rows(study: Study, protocol: Protocol) -> tuple[np.ndarray, Answer]:
    """Label and answer on the rows that the protocol judges."""
    label, answer = study.labels[protocol.labels], study.answers[protocol.startup]
    if protocol.longest == "cut":
        kept = ~_tail_of_longest(label)
        label, answer = label[kept], Answer(answer.score[kept], answer.alarm[kept], answer.validation)
    if protocol.sampling == "1 s":
        return label, answer
    both = _blocks(label).max(axis=1) if protocol.sampling.endswith("max") else _blocks(label).min(axis=1)
    alarm = _blocks(answer.alarm).sum(axis=1) > SECONDS / 2
    return both, Answer(_medians(answer.score), alarm, _medians(answer.validation))


def _tail_of_longest(label: np.ndarray) -> np.ndarray:
    spans = runs(label)
    first, stop = spans[np.diff(spans, axis=1).argmax()]
    return within(np.array([[min(first + CUT_ROWS, stop), stop]]), len(label))


def _blocks(rows: np.ndarray) -> np.ndarray:
    """Rows as blocks of ten (blocks, 10); what is left over at the end falls away."""
    return rows[: len(rows) // SECONDS * SECONDS].reshape(-1, SECONDS)


def _medians(score: np.ndarray) -> np.ndarray:
    return np.median(_blocks(score), axis=1)


def _alarm(label: np.ndarray, answer: Answer, protocol: Protocol) -> np.ndarray:
    if protocol.threshold == "budget":
        return answer.alarm
    if protocol.threshold == "validation maximum":
        return answer.score > answer.validation.max()
    if protocol.threshold == "validation quantile":
        return answer.score > np.quantile(answer.validation, QUANTILE)
    return answer.score > _best_threshold(label, answer.score, LEAST[protocol.adjustment])


def _best_threshold(label: np.ndarray, score: np.ndarray, least: float | None) -> float:
    """The threshold with the highest F1 on these very labels, events filled where more than `least` of them alarms."""
    there = ~np.isnan(score)
    levels = np.unique(np.concatenate([_levels(score[there]), _levels(score[there & label])]))
    true, filled = np.zeros(len(levels)), 0.0
    for start, stop in runs(label):
        hits = _above(score[start:stop], levels)
        length = stop - start
        true += hits if least is None else np.where(hits > least * length, length, hits)
        filled += length
    false = _above(score[~label], levels)
    return levels[share(2 * true, true + false + filled).argmax()]


def _levels(score: np.ndarray) -> np.ndarray:
    return np.quantile(score, np.linspace(0, 1, LEVELS), method="nearest")


def _above(score: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """How many scores exceed each level; NaN exceeds none."""
    ordered = np.sort(score[~np.isnan(score)])
    return len(ordered) - np.searchsorted(ordered, levels, side="right")
