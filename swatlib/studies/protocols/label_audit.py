"""Labels held against the rows: when attacked tags first move, what stays in alarm afterwards, what it all costs."""

import numpy as np
import pandas as pd

from swatlib.arrays import intervals_of, mask_of
from swatlib.data import Recording
from swatlib.metrics import evaluate
from swatlib.plant import TAGS, TRAVELLING
from swatlib.studies.pair import without_startup
from swatlib.studies.protocols.truth import labels, visible_events, windows

NEAR_S = 150  # the labels are off by 66 s at most, that of attack 37 by 131 s
NO_OFFICIAL_LABELS = (
    "The official labels of 2015 are not those of this recording: there is nothing to hold against the rows."
)
LABEL_WITHOUT_ATTACK = "One of the labels marks no attack in these rows, so the two can't be compared."
JUDGED = [("detector", "official"), ("detector", "true"), ("detector", "true, recovery forgiven")]
JUDGED += [("perfect", "official"), ("perfect", "true")]
NORMAL_S = 600  # without alarm for so long, the plant has recovered
AUDIT_METRICS: tuple[str, ...] = (
    "precision",
    "recall",
    "f1",
    "event_recall",
    "event_precision",
    "event_f1",
    "false_alarms_per_day",
)
AUDIT_METRICS += ("delay_median_s", "pa_f1", "range_f1", "affiliation_f1", "average_precision", "vus_pr", "vus_roc")


def first_movements(normal: Recording, attacked: Recording) -> pd.DataFrame:
    """One row an attack: its official start, when the first of its attacked tags moved and which, and both offsets.

    An attacked sensor moves where it jumps further within a row than on any normal day, or begins to stand still for
    longer; an actuator where it leaves its state. The movement nearest to the official start counts, up to 150 s
    off. `offset_s`: from the official start to the movement, negative where the label is late; NaN where no attacked
    tag moves. `true_offset_s`: the same to the true start.
    """
    table, usual = windows(attacked).dropna(subset="official_start"), without_startup(normal)
    moved = [_nearest(row, attacked.frame, usual) for row in table.itertuples()]
    table = table.assign(moved=[moment for moment, _ in moved], tag=[tag for _, tag in moved])
    table["offset_s"] = (pd.to_datetime(table["moved"]) - table["official_start"]).dt.total_seconds()
    table["true_offset_s"] = (table["true_start"] - table["official_start"]).dt.total_seconds()
    return table[["attack", "points", "official_start", "moved", "tag", "offset_s", "true_offset_s", "visibility"]]


def touching_attacks(attacked: Recording) -> pd.DataFrame:
    """Pairs of attacks whose official windows touch, so that the label has one interval for both: attacks, from, to."""
    table = windows(attacked).sort_values("official_start")
    after = table.shift(-1)
    touch = table["official_end"] >= after["official_start"]
    pairs = table["attack"].astype(str) + " and " + after["attack"].astype("Int64").astype(str)
    shown = {"attacks": pairs, "from": table["official_start"], "to": after["official_end"]}
    return pd.DataFrame(shown)[touch].reset_index(drop=True)


def phantoms(attacked: Recording) -> pd.DataFrame:
    """Intervals of the official label in which nothing was done: start, end (half-open), rows."""
    index, events = attacked.frame.index, windows(attacked)
    official = labels(attacked).get("official", pd.Series(False, index)).to_numpy()
    spans = [
        (index[start], index[stop - 1] + attacked.period, stop - start)
        for start, stop in intervals_of(official)
        if not ((events["official_start"] <= index[stop - 1]) & (events["official_end"] > index[start])).any()
    ]
    return pd.DataFrame(spans, columns=["start", "end", "rows"])


def recoveries(attacked: Recording, alarm: pd.Series) -> pd.DataFrame:
    """How long each found attack leaves the detector in alarm: attack, end, recovery_s, cut_off.

    From the true end to the last alarm row before ten minutes without one, 0 where that is before the end; `cut_off`
    by the next attack, from whose beginning an alarm is its own. Attacks without an alarm row are left out.
    """
    events = windows(attacked).dropna(subset="true_start").sort_values("true_start")
    following = [*events["true_start"], attacked.frame.index[-1]][1:]
    seconds = attacked.period.total_seconds()
    pairs = zip(events.itertuples(), following, strict=True)
    rows = [_recovery(event, alarm, until, seconds) for event, until in pairs]
    return pd.DataFrame([row for row in rows if row], columns=["attack", "end", "recovery_s", "cut_off"])


def effects(attacked: Recording, scored: pd.DataFrame) -> pd.DataFrame:
    """Metrics (rows) by official labels, by true ones, and by true ones with alarms during recovery forgiven.

    scored: one detector's columns of `Pipeline.score`. Beside it a perfect detector, which alarms exactly in the true
    windows: what it lacks under the official label, no detector can get. NaN where the rows show no attack by a label.
    """
    known, table = labels(attacked), windows(attacked)
    if "official" not in known:
        return pd.DataFrame(columns=pd.MultiIndex.from_tuples(JUDGED)).rename_axis("metric")
    official = table.rename(columns={"official_start": "start", "official_end": "end"})
    true = table.rename(columns={"true_start": "start", "true_end": "end"})
    alarm, score = scored["alarm"].astype(bool), scored["score"].astype(float)
    forgiven = _in_recovery(recoveries(attacked, alarm), attacked.frame.index) & ~known["true"]
    calm_score = score.mask(forgiven & score.notna(), score.min())
    perfect = known["true"]
    columns = (
        _met(known["official"], alarm, score, official),
        _met(known["true"], alarm, score, true),
        _met(known["true"], alarm & ~forgiven, calm_score, true),
        _met(known["official"], perfect, perfect.astype(float), official),
        _met(known["true"], perfect, perfect.astype(float), true),
    )
    return pd.DataFrame(dict(zip(JUDGED, columns, strict=True))).rename_axis("metric")


def movements_sentence(table: pd.DataFrame) -> str:
    """What the table of `first_movements` says, in three sentences."""
    if table.empty:
        return NO_OFFICIAL_LABELS
    moved, still = table[table["offset_s"].notna()], table.loc[table["offset_s"].isna(), "attack"]
    agree = (moved["offset_s"] - moved["true_offset_s"]).abs() <= 2
    return (
        f"In {len(moved)} of {len(table)} attacks an attacked tag moves near the label, in half of them by "
        f"{moved['offset_s'].abs().median():.0f} s or more off its start. In {agree.sum()} the movement is the true "
        f"start to 2 s. No attacked tag moves in: {', '.join(map(str, still)) or 'none'}."
    )


def recoveries_sentence(table: pd.DataFrame) -> str:
    """What the table of `recoveries` says, in a sentence."""
    if table.empty:
        return "No attack is found whose end is known."
    minutes = table["recovery_s"] / 60
    return (
        f"After {(minutes > 0).sum()} of {len(table)} attacks that it finds, the detector stays in alarm: "
        f"{minutes.sum():.0f} minutes in all, the longest {minutes.max():.0f}."
    )


def effects_sentence(table: pd.DataFrame) -> str:
    """What the table of `effects` says, in three sentences."""
    if table.empty:
        return NO_OFFICIAL_LABELS
    if table.loc["f1"].isna().any():
        return LABEL_WITHOUT_ATTACK
    detector, perfect = table["detector"], table["perfect", "official"]
    change, false = detector["true"] - detector["official"], detector.loc["false_alarms_per_day"]
    return (
        f"Judged by the official labels a perfect detector has an F1 of {perfect['f1']:.2f}, an average precision of "
        f"{perfect['average_precision']:.2f}. The true labels change the F1 of this one by {change['f1']:+.3f}. Of its "
        f"{false['true']:.1f} false alarms per day {false['true, recovery forgiven']:.1f} are left when those during "
        "recovery are forgiven."
    )


def label_headline(effects: pd.DataFrame, phantoms: pd.DataFrame, touching: pd.DataFrame) -> dict:
    """Headline numbers of the tables of `effects`, `phantoms` and `touching_attacks`; None where they are not known."""
    f1 = dict.fromkeys(JUDGED) if effects.empty else effects.loc["f1"]
    return {
        "f1_official": f1["detector", "official"],
        "f1_true": f1["detector", "true"],
        "f1_recovery_forgiven": f1["detector", "true, recovery forgiven"],
        "f1_of_a_perfect_detector": f1["perfect", "official"],
        "labels_without_attack": len(phantoms),
        "touching_pairs": len(touching),
    }


def _nearest(row, frame: pd.DataFrame, normal: pd.DataFrame) -> tuple:
    begin = row.official_start
    near = slice(begin - pd.Timedelta(NEAR_S, "s"), begin + pd.Timedelta(NEAR_S, "s"))
    found = [
        (abs(moment - begin), moment, tag)
        for tag in row.points.split(";")
        if tag in frame
        for moment in frame.index[_moves(frame[tag], normal[tag])].intersection(frame.loc[near].index)
    ]
    return min(found)[1:] if found else (pd.NaT, "")


def _moves(readings: pd.Series, normal: pd.Series) -> np.ndarray:
    """Rows (bool, (n,)) at which a sensor does what it never does on normal days, or an actuator leaves its state."""
    change = np.abs(np.diff(readings.to_numpy(), prepend=readings.iloc[0]))
    if not TAGS[readings.name].is_sensor:
        return (change > 0) & (readings.shift() != TRAVELLING).to_numpy()
    usual = np.abs(np.diff(normal.to_numpy()))
    spans, usual_spans = intervals_of(change == 0), intervals_of(usual == 0)
    longest = np.diff(usual_spans, axis=1).max(initial=0)
    moves = change > usual.max()
    moves[spans[np.diff(spans, axis=1)[:, 0] > longest, 0]] = True
    return moves


def _recovery(event, alarm: pd.Series, until: pd.Timestamp, period: float) -> tuple | None:
    if not _part(alarm, event.true_start, event.true_end).any():
        return None
    after = _part(alarm, event.true_end, until)
    rows = np.flatnonzero(np.append(after.to_numpy(), False))
    quiet = period * np.diff(rows, prepend=0) > NORMAL_S
    last = rows[: quiet.argmax() if quiet.any() else len(rows)]
    seconds = (after.index[last[-1]] - event.true_end).total_seconds() + period if len(last) else 0.0
    return event.attack, event.true_end, seconds, bool(period * len(after) - seconds < NORMAL_S)


def _met(label: pd.Series, alarm: pd.Series, score: pd.Series, events: pd.DataFrame) -> pd.Series:
    """The metrics AUDIT_METRICS, by the events that the rows show."""
    events = visible_events(events, label.index)
    met = evaluate(label, alarm, score, events) if len(events) and label.any() else {}
    return pd.Series(met, dtype=float).reindex(AUDIT_METRICS)


def _in_recovery(table: pd.DataFrame, index: pd.DatetimeIndex) -> np.ndarray:
    begins = pd.to_datetime(table["end"])  # of no recovery, pandas can't tell that they are times
    ends = begins + pd.to_timedelta(table["recovery_s"], unit="s")
    return mask_of(np.column_stack([index.searchsorted(begins), index.searchsorted(ends)]), len(index))


def _part(rows: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Rows from `start` to before `end`; slicing by times would take the row at the end too."""
    return rows.iloc[slice(*rows.index.searchsorted([start, end]))]
