"""The pair every study starts from: normal days to fit on, and days with attacks to judge by."""

from dataclasses import replace

import pandas as pd

from swatlib.data import DataError, Recording, attacks, load
from swatlib.plant import TAGS
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
    and then `days_attack` with the attacks of 2015 that fall into them. Raises DataError when just one file is named,
    or they share no tag.
    """
    if bool(normal) != bool(attack):
        raise DataError("Only one of `normal` and `attack` names a file; give both, or neither to simulate.")
    if normal:
        calm, attacked = _same_tags(load(normal), load(attack))
        return calm, replace(attacked, events=attacks(attacked))
    begin = pd.Timestamp(start)
    turn = begin + pd.Timedelta(round(days_normal * SECONDS_PER_DAY), "s")
    whole = simulate(round((days_normal + days_attack) * SECONDS_PER_DAY), seed=seed, start=start)
    return whole.between(begin, turn), whole.between(turn)


def settled(recording: Recording, hours: float = 6) -> pd.DataFrame:
    """Rows of a recording without its first hours, in which the tanks fill."""
    return recording.frame[recording.frame.index >= recording.frame.index[0] + pd.Timedelta(hours, "h")]


def tag_table(recording: Recording) -> pd.DataFrame:
    """One row a tag: what it is, its least, mean and largest reading, and the share of rows in which it stays."""
    frame = recording.frame
    described = pd.DataFrame(
        {tag: {"stage": TAGS[tag].stage, "description": TAGS[tag].description, "unit": TAGS[tag].unit} for tag in frame}
    ).T
    numbers = frame.agg(["min", "mean", "max"]).T
    return described.join(numbers).assign(unchanged=(frame.diff().iloc[1:] == 0).mean())


def _same_tags(normal: Recording, attack: Recording) -> tuple[Recording, Recording]:
    common = [tag for tag in normal.frame if tag in attack.frame]
    if not common:
        names = " and ".join(recording.source[0].name for recording in (normal, attack))
        raise DataError(f"{names} share no tag; give two files of one plant.")
    return _only(normal, common), _only(attack, common)


def _only(recording: Recording, tags: list[str]) -> Recording:
    dropped = [tag for tag in recording.frame if tag not in tags]
    said = (f"{', '.join(dropped)} left out: the other recording lacks them",) if dropped else ()
    return replace(recording, frame=recording.frame[tags], findings=(*recording.findings, *said))
