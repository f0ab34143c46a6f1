"""From scores to F1 under a protocol, under all of them, and step by step from one to another."""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pandas as pd

from swatlib.arrays import intervals_of, mask_of
from swatlib.cached import rows_digest
from swatlib.data import Recording, attacks
from swatlib.metrics import baselines, evaluate
from swatlib.metrics.case import share
from swatlib.results import cached_tables
from swatlib.studies.protocols.protocol import CHOICES, CUT_S, QUANTILE, Answer, Protocol, ProtocolStudy
from swatlib.studies.protocols.truth import labels, visible_events

DEFAULT_PROTOCOL = Protocol()
PROTOCOL_STEPS = (
    ("official labels", {"labels": "official"}),
    ("medians of 10 s, label max", {"sampling": "10 s, label max"}),
    ("threshold: validation maximum", {"threshold": "validation maximum"}),
    ("threshold: .999 of the validation", {"threshold": "validation quantile"}),
    ("threshold: best on the test labels", {"threshold": "best on test"}),
    ("PA%20: filled where more than 20 % is hit", {"adjustment": "PA%20"}),
    ("PA: filled at one hit", {"adjustment": "PA"}),
)
PROTOCOL_METRICS = ("f1", "precision", "recall", "found", "attacks")
BASELINE_METRICS = ("f1", "pa_k20_f1", "pa_f1", "fc1", "event_f1", "range_f1", "affiliation_f1", "vus_pr", "vus_roc")
F1_BY_ADJUSTMENT = {"none": "f1", "PA%20": "pa_k20_f1", "PA": "pa_f1"}
SHARE_TO_ADJUST = {"none": None, "PA%20": 0.2, "PA": 0.0}
NOTHING_JUDGED = "No attack is labelled in this recording: nothing can be judged, under any protocol."
NO_COMPARISON = "A label marks no attack in these rows: there are no two figures to set beside each other."
THRESHOLD_LEVELS = 1_000
BLOCK_S = 10


def evaluate_under(study: ProtocolStudy, protocol: Protocol = DEFAULT_PROTOCOL) -> dict:
    """F1 under the protocol, precision and recall before adjustment, and how many of the label's intervals were found.

    NaN, and 0 of 0 found, where the protocol leaves no attack: one too short for a block of 10 s, or a label without.
    """
    return _evaluator(study)(protocol)


def evaluate_all(study: ProtocolStudy, force: bool = False) -> pd.DataFrame:
    """All protocols, one a row: its choices, and what `evaluate_under` gives; the highest F1 first. Cached."""
    return cached_tables("protocols", study.digest, lambda: {"every": _every(study)}, force)["every"]


def _every(study: ProtocolStudy) -> pd.DataFrame:
    under = _evaluator(study)
    rows = [asdict(protocol) | under(protocol) for protocol in study.protocols()]
    table = pd.DataFrame(rows, columns=[*CHOICES, *PROTOCOL_METRICS])
    return table.sort_values("f1", ascending=False, kind="stable", ignore_index=True)


def _evaluator(study: ProtocolStudy) -> Callable[[Protocol], dict]:
    """`evaluate_under` for one study; what several protocols share is computed once."""
    rows = cache(lambda judged: _rows(study, judged))
    met = cache(lambda judged: evaluate(rows(_unadjusted(judged))[0], _alarm(*rows(_unadjusted(judged)), judged)))

    def under(protocol: Protocol) -> dict:
        label, _ = rows(_unadjusted(protocol))
        if not label.any():
            return dict.fromkeys(("f1", "precision", "recall"), np.nan) | {"found": 0, "attacks": 0}
        best = protocol.threshold == "best on test"  # the only one that an adjustment changes
        figures, attacks = met(protocol if best else replace(protocol, adjustment="none")), len(intervals_of(label))
        f1 = figures[F1_BY_ADJUSTMENT[protocol.adjustment]]
        counts = {"found": round(figures["event_recall"] * attacks), "attacks": attacks}
        return {"f1": f1, "precision": figures["precision"], "recall": figures["recall"]} | counts

    return under


def _unadjusted(protocol: Protocol) -> Protocol:
    """The protocol as far as the rows that are judged depend on it."""
    return replace(protocol, threshold=DEFAULT_PROTOCOL.threshold, adjustment=DEFAULT_PROTOCOL.adjustment)


def single_changes(study: ProtocolStudy) -> pd.DataFrame:
    """One choice changed at a time, the others as they are here: index (what, choice), with the change of F1."""
    under = _evaluator(study)
    pairs = [(name, choice) for name, choices in study.choices().items() for choice in choices if study.labels]
    rows = [under(replace(DEFAULT_PROTOCOL, **{name: choice})) for name, choice in pairs]
    index = pd.MultiIndex.from_tuples(pairs, names=["what", "choice"]) if pairs else None
    table = pd.DataFrame(rows, index, list(PROTOCOL_METRICS))
    ours = table["f1"].iloc[:1].sum(skipna=False)  # the first row is that of this workbench, if there is one
    return table.assign(change=table["f1"] - ours)


def step_table(study: ProtocolStudy) -> pd.DataFrame:
    """From our protocol to the most flattering, a choice at a time: step, f1, change, found, attacks."""
    under = _evaluator(study)
    protocol, rows = DEFAULT_PROTOCOL, [{"step": "this workbench", **under(DEFAULT_PROTOCOL)}] if study.labels else []
    for step, changes in PROTOCOL_STEPS if study.labels else ():
        if all(choice in study.choices()[name] for name, choice in changes.items()):
            protocol = replace(protocol, **changes)
            rows.append({"step": step, **under(protocol)})
    table = pd.DataFrame(rows, columns=["step", *PROTOCOL_METRICS])
    return table.assign(change=table["f1"].diff())[["step", "f1", "change", "precision", "recall", "found", "attacks"]]


def baseline_figures(attacked: Recording, seed: int = 0) -> pd.DataFrame:
    """Metrics of the baselines (rows), by the recording's own label and attacks."""
    events = visible_events(attacks(attacked), attacked.frame.index)
    if not labels(attacked) or events.empty:
        return pd.DataFrame(columns=list(BASELINE_METRICS))
    depends = [rows_digest(attacked.label, events), seed]
    return cached_tables("baselines", depends, lambda: {"met": _baseline_figures(attacked.label, events, seed)})["met"]


def _baseline_figures(label: pd.Series, events: pd.DataFrame, seed: int) -> pd.DataFrame:
    alarms = baselines(label, events, seed)
    met = {name: evaluate(label, alarm, alarm.astype(float), events) for name, alarm in alarms.items()}
    return pd.DataFrame(met).T[list(BASELINE_METRICS)]


def steps_sentence(table: pd.DataFrame) -> str:
    """What the table of `step_table` says, in two sentences."""
    if table.empty:
        return NOTHING_JUDGED
    if table["change"].isna().all():
        return NO_COMPARISON
    known = table[table["f1"].notna()]
    first, last, most = known.iloc[0], known.iloc[-1], table.loc[table["change"].idxmax()]
    return (
        f"The F1 goes from **{first['f1']:.2f}** to **{last['f1']:.2f}**, and the detector has not changed. "
        f"The step that adds most, {most['change']:.2f}, is: {most['step']}."
    )


def baselines_sentence(baseline_rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """What `baseline_figures` says beside the table of `step_table`, in a sentence."""
    if table.empty or baseline_rows.empty:
        return NOTHING_JUDGED
    if np.isnan(table["f1"].iloc[0]):
        return NO_COMPARISON
    return (
        f"Random alarms in 0.1 % of the rows have an F1 of {baseline_rows.loc['random', 'f1']:.3f}, and "
        f"{baseline_rows.loc['random', 'pa_f1']:.2f} after point adjustment; the detector has "
        f"{table['f1'].iloc[0]:.2f} before."
    )


def protocol_headline(table: pd.DataFrame, counts: pd.DataFrame) -> dict:
    """Headline numbers of the tables of `evaluate_all` and `attack_counts`; None without a label."""
    if table.empty:
        return dict.fromkeys(("f1_most_flattering", "f1_least_flattering", "attacks_found"))
    done = counts.loc["carried out"]
    return {
        "f1_most_flattering": table["f1"].max(),
        "f1_least_flattering": table["f1"].min(),
        "attacks_found": f"{done['found']:.0f} of {done['attacks']:.0f}",
    }


def spread_sentence(table: pd.DataFrame) -> str:
    """What the tables of `evaluate_all` says, in a sentence."""
    table = table[table["f1"].notna()]
    if table.empty:
        return NOTHING_JUDGED
    low, high = table["f1"].min(), table["f1"].max()
    flattering = table.iloc[0]
    return (
        f"The same scores have an F1 between **{low:.2f}** and **{high:.2f}**, by {len(table)} protocols. The highest "
        f"takes the threshold {flattering['threshold']} and adjusts by {flattering['adjustment']}; it finds "
        f"{flattering['found']} of {flattering['attacks']} intervals of the label."
    )


def _rows(study: ProtocolStudy, protocol: Protocol) -> tuple[np.ndarray, Answer]:
    """Label and answer on the rows that the protocol judges."""
    label, answer = study.labels[protocol.labels], study.answers[protocol.startup]
    if protocol.longest == "cut":
        kept = ~_tail_of_longest(label, study.rows(CUT_S))
        label, answer = label[kept], Answer(answer.score[kept], answer.alarm[kept], answer.validation)
    size = study.rows(BLOCK_S)
    if protocol.sampling == "1 s" or size == 1:
        return label, answer
    blocks = _blocks(label, size)
    both = blocks.max(axis=1) if protocol.sampling.endswith("max") else blocks.min(axis=1)
    alarm = _blocks(answer.alarm, size).sum(axis=1) > size / 2
    return both, Answer(_medians(answer.score, size), alarm, _medians(answer.validation, size))


def _tail_of_longest(label: np.ndarray, rows: int) -> np.ndarray:
    """Rows of the longest attack after its first ones, bool (n,)."""
    spans = intervals_of(label)
    if not len(spans):
        return np.zeros(len(label), dtype=bool)
    first, stop = spans[np.diff(spans, axis=1).argmax()]
    return mask_of(np.array([[min(first + rows, stop), stop]]), len(label))


def _blocks(rows: np.ndarray, size: int) -> np.ndarray:
    """Rows as blocks (blocks, size); what is left over at the end falls away."""
    return rows[: len(rows) // size * size].reshape(-1, size)


def _medians(score: np.ndarray, size: int) -> np.ndarray:
    return np.median(_blocks(score, size), axis=1)


def _alarm(label: np.ndarray, answer: Answer, protocol: Protocol) -> np.ndarray:
    if protocol.threshold == "budget":
        return answer.alarm
    if protocol.threshold == "validation maximum":
        return answer.score > answer.validation.max()
    if protocol.threshold == "validation quantile":
        return answer.score > np.quantile(answer.validation, QUANTILE)
    return answer.score > _best_threshold(label, answer.score, SHARE_TO_ADJUST[protocol.adjustment])


def _best_threshold(label: np.ndarray, score: np.ndarray, least: float | None) -> float:
    """The threshold with the highest F1 on these very labels, events filled where more than `least` of them alarms."""
    there = ~np.isnan(score)
    if not there.any():
        return np.inf
    levels = np.unique(np.concatenate([_levels(score[there]), _levels(score[there & label])]))
    true, filled = np.zeros(len(levels)), 0.0
    for start, stop in intervals_of(label):
        hits = _above(score[start:stop], levels)
        length = stop - start
        true += hits if least is None else np.where(hits > least * length, length, hits)
        filled += length
    false = _above(score[~label], levels)
    return levels[np.argmax(share(2 * true, true + false + filled))]


def _levels(score: np.ndarray) -> np.ndarray:
    return np.quantile(score, np.linspace(0, 1, THRESHOLD_LEVELS), method="nearest") if len(score) else score


def _above(score: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """How many scores exceed each level; NaN exceeds none."""
    ordered = np.sort(score[~np.isnan(score)])
    return len(ordered) - np.searchsorted(ordered, levels, side="right")
