"""The pair every study starts from: normal days to fit on, and days with attacks to judge by."""

from dataclasses import replace

import pandas as pd

from swatlib.data import DataError, Recording, attacks, load
from swatlib.data.times import UNTIMED
from swatlib.simulation import simulate

SECONDS_PER_DAY = 86_400


def recordings(
    normal: str = "",
    attack: str = "",
    start: str = "2015-12-26 10:00",
    days_normal: float = 2.0,
    days_attack: float = 1.0,
    seed: int = 0,
) -> tuple[Recording, Recording]:
    """Normal and attacked recording, with the same tags: the files `normal` and `attack`, or a simulated run.

    The attacked one has its `events`. The simulated plant starts empty at `start`, runs `days_normal` without an attack
    and then `days_attack` with the attacks of 2015 that fall into them. Rows that both files hold are left out of the
    normal one. Raises DataError when just one file is named, or they share no tag.
    """
    if bool(normal) != bool(attack):
        raise DataError("Only one of `normal` and `attack` names a file; give both, or neither to simulate.")
    if normal:
        normal_days, attacked = _apart(*_same_tags(load(normal), load(attack)))
        return normal_days, replace(attacked, events=attacks(attacked))
    if min(days_normal, days_attack) <= 0:
        raise DataError(
            f"{days_normal:g} normal days and {days_attack:g} with attacks were asked for; both must be above 0."
        )
    begin = _time(start)
    turn = begin + pd.Timedelta(round(days_normal * SECONDS_PER_DAY), "s")
    whole = simulate(round((days_normal + days_attack) * SECONDS_PER_DAY), seed=seed, start=start)
    return whole.between(begin, turn), whole.between(turn)


def _time(text: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(text)
    except ValueError:
        raise DataError(f"start: {text!r} is no time; write it like 2015-12-26 10:00") from None


def without_startup(recording: Recording, hours: float = 6) -> pd.DataFrame:
    """Rows of a recording without its first hours, in which the tanks fill."""
    return recording.frame[recording.frame.index >= recording.frame.index[0] + pd.Timedelta(hours, "h")]


def _same_tags(normal: Recording, attack: Recording) -> tuple[Recording, Recording]:
    common = [tag for tag in normal.frame if tag in attack.frame]
    if not common:
        names = " and ".join(recording.source[0].name for recording in (normal, attack))
        raise DataError(f"{names} share no tag; give two files of one plant.")
    return _only(normal, common), _only(attack, common)


def _apart(normal: Recording, attack: Recording) -> tuple[Recording, Recording]:
    """Without the normal rows that the attack recording holds too: what is judged is not to be learnt from."""
    shared = normal.frame.index.isin(attack.frame.index) & (normal.frame.index[0] != UNTIMED)
    if shared.all():
        raise DataError("Every normal row is in the attack recording too; give normal days of their own.")
    if not shared.any():
        return normal, attack
    said = f"{shared.sum():,} rows left out: the attack recording holds them too"
    parts = {name: part[~shared] for name in ("frame", "label", "extra") if (part := getattr(normal, name)) is not None}
    return replace(normal, **parts, findings=(*normal.findings, said)), attack


def _only(recording: Recording, tags: list[str]) -> Recording:
    dropped = [tag for tag in recording.frame if tag not in tags]
    said = (f"{', '.join(dropped)} left out: the other recording lacks them",) if dropped else ()
    return replace(recording, frame=recording.frame[tags], findings=(*recording.findings, *said))
