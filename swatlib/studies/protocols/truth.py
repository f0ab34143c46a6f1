"""The labels of a recording as they were published, and as the rows bear them out; and how attacks are counted."""

from dataclasses import replace

import pandas as pd

from swatlib.arrays import count_within, intervals_of
from swatlib.data import Recording, attacks, correct_labels, has_official_labels, listed_2015
from swatlib.metrics import evaluate
from swatlib.simulation import is_simulated_2015, official_events, official_label

WINDOWS = dict.fromkeys(("attack", "points", "visibility"), "object")
WINDOWS |= dict.fromkeys(("official_start", "official_end", "true_start", "true_end"), "datetime64[ns]")


def labels(attacked: Recording) -> dict[str, pd.Series]:
    """Labels by their kind, as far as they are known: "true" and "official" (bool Series on the recording's rows).

    A simulated run of 2015 has both, since the official label's errors are known attack by attack; so have the official
    files, whose label is corrected. Any other recording has one, taken as true, or none.
    """
    if attacked.label is None or not attacked.label.any():
        return {}
    if is_simulated_2015(attacked):
        return {"true": attacked.label, "official": official_label(attacked)}
    if has_official_labels(attacked):
        return {"true": correct_labels(replace(attacked, events=None)).label, "official": attacked.label}
    return {"true": attacked.label}


def visible_events(events: pd.DataFrame, index: pd.DatetimeIndex) -> pd.DataFrame:
    """The events (start, end) of which these rows show at least one; a cut, a gap or coarse sampling may hide any."""
    return events[index.searchsorted(events["start"]) < index.searchsorted(events["end"])]


def windows(attacked: Recording) -> pd.DataFrame:
    """Each attack's official and true window: attack, points, visibility, official_start, official_end, true_start, …

    Ends are half-open. Late labels have a true start before the official one. Of an attack at the edge of the
    official files one window may lie outside: it is NaT. No rows where the official label of 2015 is not that of the
    recording.
    """
    if "official" not in labels(attacked):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in WINDOWS.items()})
    if is_simulated_2015(attacked):
        official, true = official_events(attacked), attacks(attacked)
    else:
        plain = replace(attacked, events=None)
        official, true = attacks(replace(plain, label=None)), attacks(correct_labels(plain))  # of the list, not of runs
    official, true = (
        events.set_index("attack").rename(columns={"start": f"{kind}_start", "end": f"{kind}_end"})
        for kind, events in (("official", official), ("true", true))
    )
    return official.combine_first(true).reset_index()[list(WINDOWS)]


def attack_counts(attacked: Recording, alarm: pd.Series) -> pd.DataFrame:
    """The ways in which attacks are counted: one row each with attacks, found, share.

    In the whole of 2015: 41 are listed, which can be found only if they were carried out; 36 were; the official label
    has 35 runs, since two pairs touch and one run, the phantom of 29 December, is no attack; 34 are left without it.
    The true label parts attack 27 from 28. Here are those that fall into the recording; without a label, none. The
    share is NaN where there are none of a kind.
    """
    known, events = labels(attacked), visible_events(attacks(attacked), attacked.frame.index)
    if not known:
        return pd.DataFrame(columns=["attacks", "found", "share"]).rename_axis("counted")
    done = _found(attacked.label, alarm, events)
    counts = {"carried out": (len(events), done)}
    if "official" in known:
        official = intervals_of(known["official"].to_numpy())
        real = official[count_within(known["true"].to_numpy(), official) > 0]
        counts = {"listed": (len(listed_2015(attacked.frame.index)), done)} | counts
        counts["runs of the official label"] = len(official), _found(attacked.label, alarm, official)
        counts["the same without the phantom"] = len(real), _found(attacked.label, alarm, real)
    true = intervals_of(known["true"].to_numpy())
    counts["runs of the true label"] = len(true), _found(attacked.label, alarm, true)
    table = pd.DataFrame(counts, index=["attacks", "found"]).T.rename_axis("counted")
    return table.assign(share=table["found"] / table["attacks"].where(table["attacks"] > 0))


def _found(label: pd.Series, alarm: pd.Series, events) -> int:
    return round(evaluate(label, alarm, events=events)["event_recall"] * len(events)) if len(events) else 0
