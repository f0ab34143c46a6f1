"""When attacks begin and end: each waits for its time, for those scheduled to end before it, and for its condition."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from swatlib.data import EVENT_COLUMNS
from swatlib.simulation.attacks import Attack, Effect

NEVER = sys.maxsize


@dataclass(eq=False)
class Planned:
    """An attack on the agenda. Seconds count from the plant's start.

    start: second for which it is scheduled. due: when it began to wait for its condition. begin, end (half-open): when
    it was carried out.
    """

    attack: Attack
    start: int
    due: int | None = None
    begin: int = NEVER
    end: int = NEVER

    @property
    def has_begun(self) -> bool:
        return self.begin != NEVER

    def runs(self, now: int) -> bool:
        return self.begin <= now < self.end

    def is_over(self, now: int) -> bool:
        return self.end <= now

    def keeps_back(self, other: "Planned", now: int) -> bool:
        """Whether it is scheduled to end before `other` begins and has not ended: the order is kept after a wait."""
        in_order = other.attack.start is not None and self.start + self.attack.duration <= other.start
        return in_order and not self.is_over(now)

    def effects(self, now: int) -> list[Effect]:
        """Effects of the attack that act in second `now`."""
        return [e for e in self.attack.effects if self.runs(now) and e.is_on(now - self.begin)]

    def moments(self) -> list[int]:
        """Seconds in which something may begin, end or change."""
        moments = [self.start]
        if self.due is not None:
            moments.append(self.due + self.attack.wait)
        if self.has_begun:
            changes = [change for effect in self.attack.effects for change in effect.changes()]
            moments += [self.end, *(self.begin + change for change in changes)]
        return moments


class Agenda:
    """All attacks that were given to a plant."""

    def __init__(self) -> None:
        self.planned: list[Planned] = []

    def add(self, attack: Attack, start: int) -> None:
        self.planned.append(Planned(attack, start))

    def begin_due(self, now: int, holds: Callable[[str], bool]) -> list[Planned]:
        """Begin what can begin in second `now`; returns what waits for a condition that `holds` denies."""
        waiting = []
        for planned in self.planned:
            if planned.has_begun or planned.start > now:
                continue
            if any(other.keeps_back(planned, now) for other in self.planned if other is not planned):
                continue
            planned.due = now if planned.due is None else planned.due
            if holds(planned.attack.when) or now >= planned.due + planned.attack.wait:
                planned.begin, planned.end = now, now + planned.attack.duration
            else:
                waiting.append(planned)
        return waiting

    def stop(self, name: object, now: int) -> None:
        """End the attack `name` (None: all of them); one that has not begun leaves the agenda."""
        named = [planned for planned in self.planned if name is None or planned.attack.name == name]
        for planned in named:
            if planned.runs(now):
                planned.end = now
        self.planned = [planned for planned in self.planned if planned not in named or planned.has_begun]

    def effects(self, now: int) -> dict[tuple[str, bool], Effect]:
        """Effects that act in second `now`, by tag and whether it is forced; the last one added takes precedence."""
        on = [effect for planned in self.planned for effect in planned.effects(now)]
        return {(effect.tag, effect.verb == "force"): effect for effect in on}

    def next_change(self, now: int) -> int | None:
        """The first second after `now` in which something may change; None if there is none."""
        return min((m for planned in self.planned for m in planned.moments() if m > now), default=None)

    def events(self, start: pd.Timestamp, now: int) -> pd.DataFrame:
        """What was done up to second `now`, in the columns of an event table."""
        done = sorted((p for p in self.planned if p.begin < now), key=lambda p: p.begin)
        table = pd.DataFrame([_event(p, start, now) for p in done], columns=EVENT_COLUMNS)
        return table.astype({"start": "datetime64[ns]", "end": "datetime64[ns]"})


def _event(planned: Planned, start: pd.Timestamp, now: int) -> tuple:
    attack = planned.attack
    begin, end = (start + pd.Timedelta(second, unit="s") for second in (planned.begin, min(planned.end, now)))
    return attack.name, begin, end, attack.points, attack.action, attack.visibility
