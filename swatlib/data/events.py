"""Which attacks a recording holds: the published lists where its labels bear them out, else its labels alone."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from swatlib.data.labels import resembling
from swatlib.data.labels_2015 import (
    ATTACK_PERIOD,
    agrees,
    attacks_with_action,
    half_open,
    labelled_windows,
    official_windows,
    read_table,
    true_windows,
    windows_without_attack,
    within_windows,
)
from swatlib.data.recording import DataError, Recording, touching, usual_step, zone_of
from swatlib.wording import count, listed

IN_SINGAPORE = pd.Timedelta("8h")  # that the clocks of the testbed are ahead of UTC
_GAP = 10  # usual steps after which labelled rows are taken as another event


def attacks(recording: Recording) -> pd.DataFrame:
    """Attacks that a recording holds.

    What is known exactly comes first (simulated, or after `correct_labels`). Rows of December 2015 have the official
    list, rows of 20 July 2019 its six attacks (UTC) and rows of 11 March 2026 its eleven (local time; both by the zone
    that the files state, where they do), provided that the label agrees with the list to a second at each edge;
    otherwise each interval of labelled rows is an event, "run 1" and so on. Listed attacks without physical action (5,
    9, 12, 15 and 18 of 2015) are left out.

    Parameters
    ----------
    recording
        Rows with or without a label.

    Returns
    -------
    pandas.DataFrame
        One row per attack in order of time: attack, start, end (first moment after), points (tags, parted by ";"),
        action, visibility. No row where nothing is known.

    Raises
    ------
    DataError
        Where the index has a time zone.

    References
    ----------
    Goh, Adepu, Junejo and Mathur, A Dataset to Support Research in the Design of Secure Water Treatment Systems,
    CRITIS 2016; the list of attacks comes with the recordings.

    Examples
    --------
    >>> from swatlib import Recording
    >>> index = pd.date_range("2017-06-01 10:00", periods=4, freq="s", name="time")
    >>> frame = pd.DataFrame({"LIT101": np.float32([500, 501, 700, 700])}, index)
    >>> label = pd.Series([False, False, True, True], index, name="attack")
    >>> attacks(Recording(frame, label))[["attack", "start", "end"]].iloc[0].astype(str).tolist()
    ['run 1', '2017-06-01 10:00:02', '2017-06-01 10:00:04']
    """
    if recording.events is not None:
        return recording.events
    index, later = _times(recording), _later(recording.utc_offset)
    if recording.label is not None:
        later += _later(None)  # a label that agrees with a list tells the clock better than the zone in a file
    for listed_here, labelled in ((official_windows(), labelled_windows()), *((each, each) for each in later)):
        events = touching(listed_here, index)
        if len(events) and (recording.label is None or agrees(recording.label, labelled)):
            return _with_rows(events, index)
    return _runs(recording.label)


def _with_rows(events: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Without the events that fall into a hole of the recording."""
    begins, ends = (index.searchsorted(events[side]) for side in ("start", "end"))
    return events[begins < ends].reset_index(drop=True)


def labelled_by_time(recording: Recording) -> Recording:
    """Rows without a label of 20 July 2019 or 11 March 2026, labelled by the windows of the published list.

    As they stand where the file has a label or a column that reads like one, and at any other time; a finding says
    where the list contradicts that no row is an attack.
    """
    if contradicted := _contradicted(recording):
        return recording.noting(contradicted)
    if recording.label is not None or resembling(recording.extra):
        return recording
    index = _times(recording)
    for listed_here in _later(recording.utc_offset):
        if len(events := touching(listed_here, index)):
            label = pd.Series(within_windows(index, events), index, name="attack")
            said = (
                f"no label in the file: {label.sum():,} of {count(len(label), 'row')} labelled attack by the times of "
                f"{count(len(events), 'attack')} in the list of {events['start'].iloc[0]:%d %B %Y}"
            )
            if recording.utc_offset is not None:
                said += f", by the clock of {zone_of(recording.utc_offset)} that the file states"
            return replace(recording, label=label).noting(said)
    return recording


def _contradicted(recording: Recording) -> str | None:
    """What the lists of 2019 and 2026 say against a recording in which no row is an attack; None where they agree.

    Without a label its times may be those of another clock: the list of 2019 is in UTC, that of 2026 in local time. Of
    the zones that a file states only UTC is doubted, which programs write behind the times of any clock.
    """
    if recording.events is not None:
        return None
    index, label, stated = _times(recording), recording.label, recording.utc_offset
    if label is not None and label.any():
        return None
    july, march = _later(stated)
    for listed_here in (july, march):
        if label is not None and (known := len(_with_rows(listed_here, index))):
            return f"the published list has {count(known, 'attack')} at these times, and no row is labelled attack"
    if label is not None or stated not in (None, pd.Timedelta(0)):
        return None
    clocks = ("UTC", "local time" if stated is None else "UTC")
    for listed_here, clock in zip((july, march), clocks, strict=True):
        other = index - IN_SINGAPORE if clock == "UTC" else index + IN_SINGAPORE
        if not len(_with_rows(listed_here, index)) and (known := len(_with_rows(listed_here, other))):
            return f"the published list, in {clock}, has {count(known, 'attack')} 8 hours from these unlabelled times"
    return None


def _times(recording: Recording) -> pd.DatetimeIndex:
    """Times of the rows, which lists of attacks are held against. DataError where they have a zone."""
    index = recording.frame.index
    if (zone := getattr(index, "tz", None)) is not None:
        raise DataError(
            f"the times have the zone {zone}, and the published lists of attacks are held against times without one; "
            "give recording.at(recording.frame.index.tz_localize(None))"
        )
    return index


def normal_frame(recording: Recording) -> pd.DataFrame:
    """The rows of a recording that holds no attack: all that anything may be fitted on.

    Raises DataError when a row is labelled attack, and when attacks are known in its time though nothing labels them.
    """
    if contradicted := _contradicted(recording):
        raise DataError(f"{contradicted}, so attacks might be fitted on; give other days, or cut these out")
    attacked = 0 if recording.label is None else int(recording.label.sum())
    if attacked:
        raise DataError(f"{attacked:,} of {len(recording.frame):,} rows are labelled attack; fit on normal days only")
    if recording.label is None and (like := resembling(recording.extra)):
        raise DataError(
            f"column {listed(map(repr, like))} reads like a label and is none here, so attacks might be fitted on; "
            "name it Normal/Attack and write Normal and Attack, or take it out of the file"
        )
    if known := len(attacks(recording)):
        raise DataError(f"{known} attacks are known in the time of this recording; fit on normal days only")
    return recording.frame


def correct_labels(recording: Recording) -> Recording:
    """Labels and events of the attack period of 2015 by the true windows instead of the official ones.

    The official windows run 15-66 s late or early against the rows; attacks 10 and 11 share one true window, parted
    where the official change falls. Attacks 4, 14 and 29, for which no true window is known since they left no trace in
    the 51 tags, keep the official one: `visibility` in the events tells them. Attack 27 ends with its spoof. The label
    of 29 December 06:30, a slip of attack 21 by twelve hours, is dropped. Raises DataError for a recording that is not
    of that period, has no label, or has one other than the official.
    """
    if recording.events is not None:
        raise DataError("the attacks of this recording are known exactly; there is nothing to correct")
    index, label = _times(recording), recording.label
    if label is None or index[-1] < ATTACK_PERIOD[0] or index[0] >= ATTACK_PERIOD[1]:
        raise DataError(
            "only labelled rows of 28 December 2015 to 2 January 2016 can be corrected; these "
            f"{'have no label' if label is None else f'are of {index[0]} to {index[-1]}'}"
        )
    if not agrees(label, labelled_windows()):
        raise DataError(
            "these labels are not the official ones of 2015 (an edited list, or a simulated run), so they can't be "
            "corrected; use them as they are"
        )
    events = touching(true_windows(), index)
    corrected = pd.Series(within_windows(index, events), index, name=label.name)
    return replace(recording, label=corrected, events=events).noting(*_said(label, corrected, events))


def _said(before: pd.Series, after: pd.Series, events: pd.DataFrame) -> list[str]:
    known = attacks_with_action().set_index("attack")["true_start"].notna()
    kept = [attack for attack in events["attack"] if not known[attack]]
    said = [
        f"windows of {count(len(events) - len(kept), 'attack')} replaced by the true ones: "
        f"{before.sum():,} rows were labelled attack, {after.sum():,} are now"
    ]
    if kept:
        said.append(f"attack{'s' if len(kept) > 1 else ''} {listed(kept)} left no trace, official windows kept")
    dropped = (within_windows(before.index, windows_without_attack()) & before.to_numpy()).sum()
    if dropped:
        said.append(f"{count(dropped, 'row')} of 29 Dec 06:30 to 06:42 labelled attack and none, label dropped")
    return said


def _runs(label: pd.Series | None) -> pd.DataFrame:
    """Each interval of labelled rows as an event; a gap in the rows ends it."""
    if label is None or not label.any():
        return official_windows().iloc[:0].astype({"attack": object})
    moments, step = label.index[label.to_numpy()], usual_step(label.index)
    places = np.flatnonzero(label.to_numpy())
    begins = np.r_[True, (np.diff(places) > 1) | (np.diff(moments) > _GAP * step)]
    start, last = moments[begins], moments[np.r_[begins[1:], True]]
    runs = {"attack": [f"run {number}" for number in range(1, len(start) + 1)], "start": start, "end": last + step}
    return pd.DataFrame(runs).assign(points="", action="", visibility="")


def _later(utc_offset: pd.Timedelta | None) -> list[pd.DataFrame]:
    """The lists of the days that come without a label, July 2019 and March 2026, on a clock so far ahead of UTC.

    None: the first in UTC and the second in local time, as they are given.
    """
    july, march = _listed("attacks_2019_jul.csv", "_utc"), _listed("attacks_2026_mar.csv")
    if utc_offset is None:
        return [july, march]
    return [_moved(july, utc_offset), _moved(march, utc_offset - IN_SINGAPORE)]


def _moved(events: pd.DataFrame, by: pd.Timedelta) -> pd.DataFrame:
    return events.assign(start=events["start"] + by, end=events["end"] + by)


@cache
def _listed(name: str, clock: str = "") -> pd.DataFrame:
    """Event table of a list whose windows are known to the second."""
    start, end = f"start{clock}", f"end{clock}"
    table = read_table(name, (start, end))
    return half_open(table.assign(visibility=""), table[start], table[end])
