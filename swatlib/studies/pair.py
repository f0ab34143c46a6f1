"""The pair every study starts from: normal days to fit on, and days with attacks to judge by."""

from dataclasses import replace

import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.data import DataError, Recording, attacks, load
from swatlib.data.facts import is_untimed
from swatlib.limits import allowed
from swatlib.normal_parts import settled
from swatlib.simulation import cached_simulation
from swatlib.simulation.attacks import LONGEST_RUN, first_attack_2015, first_second, scheduled_2015
from swatlib.wording import count


def recordings(
    normal: str = "",
    attack: str = "",
    start: str = "2015-12-26 10:00",
    days_normal: float = 2.0,
    days_attack: float = 1.0,
    seed: int = 0,
    parameters: str = "2015",
) -> tuple[Recording, Recording]:
    """Normal and attacked recording, with the same tags: the files `normal` and `attack`, or a simulated run.

    The attacked one has its `events`. The simulated plant starts empty at `start`, runs `days_normal` without an attack
    and then `days_attack` with the attacks of 2015 that fall into them; `parameters` as in `simulate`. Rows at times
    that both files hold are left out of the normal one. Raises DataError when just one file is named, they share no tag
    or seem to be swapped, no normal row is of a time of its own, an attack falls into the simulated `days_normal`, or
    none into `days_attack`; ValueError for days or a seed that are no numbers.
    """
    if bool(normal) != bool(attack):
        raise DataError("Only one of `normal` and `attack` names a file; give both, or neither to simulate.")
    if normal:
        normal_days, attacked = _apart(*_same_tags(*_not_swapped(load(normal), load(attack))))
        return normal_days, replace(attacked, events=attacks(attacked))
    for name, days in (("days_normal", days_normal), ("days_attack", days_attack)):
        allowed(name, days, float)
    asked = f"{days_normal:g} normal days and {days_attack:g} with attacks were asked for"
    if not (days_normal > 0 and days_attack > 0):  # neither is NaN
        raise DataError(f"{asked}; both must be above 0.")
    if days_normal + days_attack > LONGEST_RUN.days:
        raise DataError(f"{asked}; no more than {LONGEST_RUN.days:,} days can be simulated.")
    try:
        begin = first_second(start)
    except ValueError as error:
        raise DataError(str(error)) from None
    span = round((days_normal + days_attack) * SECONDS_PER_DAY)
    turn, end = (begin + pd.Timedelta(each, "s") for each in (round(days_normal * SECONDS_PER_DAY), span))
    if early := scheduled_2015(begin, turn):
        raise DataError(
            f"{count(len(early), 'attack')} of 2015 would fall into the normal days from {begin} to {turn}; give an "
            "earlier start, or fewer days_normal."
        )
    if not scheduled_2015(turn, end):
        raise _without_attack(begin, turn, end)
    whole = cached_simulation(span, seed=seed, start=start, parameters=parameters)
    attacked = whole.between(turn)
    if attacked.events is None or attacked.events.empty:
        raise _without_attack(begin, turn, end)
    return whole.between(begin, turn), attacked


def _without_attack(begin: pd.Timestamp, turn: pd.Timestamp, end: pd.Timestamp) -> DataError:
    first = first_attack_2015(turn)
    advice = first.floor("h") - (turn - begin)
    return DataError(
        f"No attack falls into the attacked days from {turn} to {end}, and the first one is due at {first}; "
        f"give start='{advice:%Y-%m-%d %H:%M}', or more days_attack."
    )


def _not_swapped(normal: Recording, attack: Recording) -> tuple[Recording, Recording]:
    attacked = 0 if normal.label is None else int(normal.label.sum())
    if attacked and (attack.label is None or not attack.label.any()):
        raise DataError(
            f"The normal file {normal.source[0].name} holds {count(attacked, 'attack row')} and the attack file "
            f"{attack.source[0].name} none; give the normal file as `normal` and the other as `attack`."
        )
    return normal, attack


def without_startup(recording: Recording, hours: float = 6) -> pd.DataFrame:
    """Rows of a recording without its first hours, in which the tanks fill; of a short one without its first quarter.

    They are the recording's own, no copy. Raises DataError when less than half an hour is left.
    """
    frame = settled(recording.frame, 3_600 * hours)
    left, given = (each.index[-1] - each.index[0] for each in (frame, recording.frame))
    if left < pd.Timedelta("29min"):
        raise DataError(
            f"0.7 hours of normal rows are needed, of which the first quarter is left out as start-up, and "
            f"{given / pd.Timedelta('1h'):.1f} were given; give more normal rows."
        )
    return frame


def _same_tags(normal: Recording, attack: Recording) -> tuple[Recording, Recording]:
    common = [tag for tag in normal.frame if tag in attack.frame]
    common = [tag for tag in common if not (normal.frame[tag].isna().all() or attack.frame[tag].isna().all())] or common
    if not common:
        names = " and ".join(recording.source[0].name for recording in (normal, attack))
        raise DataError(f"{names} share no tag; give two files of one plant.")
    return _only(normal, common), _only(attack, common)


def _apart(normal: Recording, attack: Recording) -> tuple[Recording, Recording]:
    """Without the normal rows at times that the attack recording holds too: what is judged is not to be learnt from."""
    shared = normal.frame.index.isin(attack.frame.index) & (not is_untimed(normal))
    if shared.all():
        raise DataError(
            "Every normal row is of a time that the attack recording holds too, so that what is judged would be learnt "
            "from; give normal days of another time."
        )
    if not shared.any():
        return normal, attack
    said = f"{shared.sum():,} rows left out: the attack recording has rows of the same times"
    return normal.take(~shared).noting(said), attack


def _only(recording: Recording, tags: list[str]) -> Recording:
    dropped = [tag for tag in recording.frame if tag not in tags]
    said = [f"{', '.join(dropped)} left out: one of the recordings has no reading of them"] if dropped else []
    return replace(recording, frame=recording.frame[tags]).noting(*said)
