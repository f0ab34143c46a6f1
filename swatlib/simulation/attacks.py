"""Attacks as data: what is done to which tag, from when, for how long, and what must hold before it begins.

An effect is a short text, written in the same way in the table of 2015, in your own lists and on the command line:

    LIT301 spoof 1200        PLC and historian read 1200
    LIT101 ramp +0.927       the reading moves from its last value by 0.927 per second
    LIT101 freeze            the reading stays at its last value
    LIT101 bias -5           this is added to the reading
    LIT101 noise 3           noise of this standard deviation is added to the reading
    LIT101 replay 3600       the reading is the one of so many seconds ago
    AIT202 slow 30           the reading follows the true one with a lag of so many seconds
    P602 wash                the running filtration ends early, in a regular backwash
    MV101 force open         the actuator does this, whatever its PLC commands (on, off, open, closed)

each with an optional `after SECONDS` and `for SECONDS` inside the attack; several are joined by ";".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from numbers import Real

import numpy as np
import pandas as pd

from swatlib.data.labels_2015 import listed_attacks
from swatlib.data.recording import moment
from swatlib.plant import TAG_NAMES, TAGS
from swatlib.simulation.parameters import CLOCKS, DISTORTIONS, EQUAL, LESS, MORE, REPLAY_SECONDS
from swatlib.wording import did_you_mean

_EFFECT = re.compile(
    r"(?P<tag>\S+)\s+(?P<verb>spoof|ramp|freeze|force|bias|noise|replay|slow|wash)(?:\s+(?P<value>(?!after\b|for\b)\S+))?"
    r"(?:\s+after\s+(?P<after>\d+))?(?:\s+for\s+(?P<seconds>\d+))?"
)
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)\s*")  # as text: pandas takes it for nanoseconds
_DATE = re.compile(r"\s*(\d{8}|(19|20|21)\d{2}(-\d|\s*$))")  # 2016 and 2015-12 too, which pandas also reads as spans
_CONDITION = re.compile(r"(?P<name>\w+)\s*(?P<relation>[<=>])\s*(?P<number>[-+]?[\d.]+)")
Duration = float | str | timedelta  # seconds, or what pandas.Timedelta takes
Moment = str | datetime | float | timedelta  # a time, or how long after the plant's start
BARE = ("freeze", "wash")  # effects without a number
LARGEST = 1e9  # number in an effect: far beyond the range of every sensor, and no reading becomes infinite
RELATIONS = {"<": LESS, "=": EQUAL, ">": MORE}
GRAMMAR = (
    "write TAG spoof NUMBER, TAG ramp NUMBER, TAG freeze or TAG force on|off|open|closed, "
    "TAG bias|noise|replay|slow NUMBER or P602 wash, "
    "optionally with after SECONDS and for SECONDS"
)


LONGEST_RUN = pd.Timedelta(3_660, "D")
_FIRST, _LAST = pd.Timestamp("1900-01-01"), pd.Timestamp("2189-12-31")


def known(name: str, names: Sequence[str] = TAG_NAMES) -> str:
    """`name` if it is one of `names`, else a ValueError that suggests the nearest."""
    if name in names:
        return name
    hint = did_you_mean(name, names) or f" The tags are {', '.join(TAG_NAMES)}."
    raise ValueError(f"no tag {name!r} in the plant.{hint}")


def seconds(value: Duration) -> int:
    """Whole seconds in a number of seconds or anything pandas.Timedelta takes; ValueError if negative, or too long."""
    number = float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    try:
        span = pd.Timedelta(number, unit="s") if isinstance(number, Real) else pd.Timedelta(number)
    except (ValueError, TypeError):
        span = pd.NaT
    if not span >= pd.Timedelta(0):
        raise ValueError(f"a duration of {value!r} makes no sense: give seconds from 0 up, or a text like '2 days'")
    if span > LONGEST_RUN:
        raise ValueError(
            f"a duration of {value!r} is over {LONGEST_RUN.days:,} days, the longest that can be simulated"
        )
    return int(span.total_seconds())


def first_second(start: Moment, otherwise: str = "") -> pd.Timestamp:
    """The time at which a plant begins; ValueError for what is no time, has a zone, or is of no year of a recording.

    otherwise: what may be written instead, for the error.
    """
    try:
        time = moment(start)
    except ValueError:
        time = pd.NaT
    if time is pd.NaT or time.tz is not None or not _FIRST <= time <= _LAST:
        raise ValueError(
            f"start: {str(start)!r} is no time from {_FIRST.year} to {_LAST.year} on the clock of the plant; write it "
            f"like 2015-12-28 10:00, without a zone{otherwise}"
        )
    return time


def _scheduled(start: Moment) -> pd.Timestamp | int:
    """A time, or seconds after the plant's start; ValueError for what is neither."""
    span = _span(start)
    return first_second(start, "; or how long after the plant's start, like 30min") if span is None else seconds(span)


def _span(start: Moment) -> Duration | None:
    """A start that says how long; None where it is a time, or neither."""
    if not isinstance(start, str):
        return start if isinstance(start, (Real, timedelta, np.timedelta64)) else None
    try:
        is_span = not _DATE.match(start) and pd.Timedelta(start) is not pd.NaT
    except ValueError:
        return None
    return start if is_span else None


@dataclass(frozen=True)
class Effect:
    """One thing done to one tag; `after` and `seconds` (None: to the end) count inside the attack."""

    tag: str
    verb: str
    value: float | None = None
    after: int = 0
    seconds: int | None = None

    @property
    def rate(self) -> float:
        """Change of the reading per second."""
        return self.value if self.verb == "ramp" and self.value is not None else 0.0

    def first(self, last: float) -> float:
        """What the tag is set to when the effect begins, if its last value was `last`."""
        return self.value if self.verb in ("spoof", "force") and self.value is not None else last

    def is_on(self, inside: int) -> bool:
        """Whether it acts `inside` seconds after the attack began."""
        return self.after <= inside and (self.seconds is None or inside < self.after + self.seconds)

    def changes(self) -> list[int]:
        """Seconds inside the attack in which it begins or ends."""
        return [self.after] if self.seconds is None else [self.after, self.after + self.seconds]

    @classmethod
    def parse(cls, text: str) -> "Effect":
        """From "LIT101 ramp +0.927 after 91"; ValueError, with what is allowed, for a text that is no effect."""
        match = _EFFECT.fullmatch(text.strip())
        if not match:
            raise ValueError(f"can't read the effect {text!r}: {GRAMMAR}")
        part = match.groupdict()
        tag = known(part["tag"])
        return cls(
            tag,
            part["verb"],
            _value(text, tag, part["verb"], part["value"]),
            int(part["after"] or 0),
            None if part["seconds"] is None else int(part["seconds"]),
        )


def _value(text: str, tag: str, verb: str, word: str | None) -> float | None:
    if verb in BARE and word is None and (verb == "freeze" or tag == "P602"):
        return None
    if verb in DISTORTIONS and not TAGS[tag].is_sensor:
        raise ValueError(f"can't {verb} {tag} in {text!r}: it is no sensor; force or spoof it")
    if verb == "force" and TAGS[tag].is_sensor:
        raise ValueError(f"can't force {tag} in {text!r}: it is a sensor; spoof, ramp or freeze it")
    codes = {said: code for code, said in TAGS[tag].codes.items() if said != "travelling"}
    value = codes.get(word or "") if verb == "force" else _number(word)
    if value is None or verb in BARE or (verb == "replay" and not 1 <= value < REPLAY_SECONDS):
        raise ValueError(f"can't read the effect {text!r}: {GRAMMAR}")
    return float(value)


def _number(word: str | None) -> float | None:
    try:
        number = float(word or "")
    except ValueError:
        return None
    return number if abs(number) <= LARGEST else None


def conditions(text: str) -> list[tuple[str, int, float]]:
    """ "P101 = 2 and LIT301 < 950" as (name, relation, number); names are tags, UF_STEP and UF_SECONDS."""
    return [_condition(text, part) for part in re.split(r"\s+and\s+", text.strip()) if part]


def _condition(text: str, part: str) -> tuple[str, int, float]:
    match = _CONDITION.fullmatch(part.strip())
    if not match:
        raise ValueError(f"can't read {part!r} in the condition {text!r}: write TAG < NUMBER, = or >, joined by and")
    return known(match["name"], (*TAG_NAMES, *CLOCKS)), RELATIONS[match["relation"]], float(match["number"])


@dataclass(frozen=True, init=False)
class Attack:
    """Effects that begin together.

    Parameters
    ----------
    effects
        Text ("LIT101 ramp +0.927; MV101 force open"), or a list of texts.
    duration
        Seconds, or anything that pandas.Timedelta takes.
    start
        A time, or how long after the plant's start, in seconds or as pandas.Timedelta takes it; None: with the next
        row. Attacks that are scheduled one after the other keep that order, even if the first had to wait.
    name
        For the event table; the text of the effects by default.
    when
        Condition on the row before ("P101 = 2 and LIT301 < 950"). From `start` on, the attack waits until it holds.
    wait
        How long it waits at most; then it begins even if the condition does not hold.
    points, action, visibility
        For the event table; by default the tags, the text of the effects, and nothing.

    Raises
    ------
    ValueError
        For an unknown tag, an effect, a condition or a start that can't be read, and a negative duration.
    """

    effects: tuple[Effect, ...]
    duration: int
    start: Moment | None
    name: object
    when: str
    wait: int
    points: str
    action: str
    visibility: str

    def __init__(
        self,
        effects: str | Sequence[str | Effect],
        duration: Duration = 300,
        start: Moment | None = None,
        name: object = None,
        when: str = "",
        wait: Duration = "80min",
        points: str = "",
        action: str = "",
        visibility: str = "",
    ):
        texts = effects.split(";") if isinstance(effects, str) else effects
        parsed = tuple(e if isinstance(e, Effect) else Effect.parse(e) for e in texts if e)
        said = effects if isinstance(effects, str) else "; ".join(map(str, effects))
        conditions(when)
        if start is not None:
            _scheduled(start)
        for field, value in {
            "effects": parsed,
            "duration": seconds(duration),
            "start": start,
            "name": said if name is None else name,
            "when": when,
            "wait": seconds(wait),
            "points": points or ";".join(dict.fromkeys(effect.tag for effect in parsed)),
            "action": action or said,
            "visibility": visibility,
        }.items():
            object.__setattr__(self, field, value)

    def begins(self, plant_start: pd.Timestamp, now: int) -> int:
        """Second after `plant_start` for which it is scheduled; `now` if it has no start."""
        if self.start is None:
            return now
        begin = _scheduled(self.start)
        return begin if isinstance(begin, int) else int((begin - plant_start).total_seconds())


def table_2015() -> pd.DataFrame:
    """The 36 attacks of 2015 that were carried out, with official, true and simulated times."""
    table = listed_attacks()
    done = table[table["begin"].notna()].reset_index(drop=True)
    return done.astype({"seconds": int})


def attacks_2015() -> list[Attack]:
    """The schedule of 28 December 2015 to 2 January 2016.

    Each waits up to two hours for its condition: a cycle of the plant takes 88 minutes at most, the recovery from
    attack 28 takes longer.
    """
    return [
        Attack(
            effects=row.effects,
            duration=row.seconds,
            start=row.begin,
            name=row.attack,
            when=row.when,
            wait="2h",
            points=row.points,
            action=row.action,
            visibility=row.visibility,
        )
        for row in table_2015().itertuples()
    ]


def scheduled_2015(start: pd.Timestamp, end: pd.Timestamp | None = None) -> list[Attack]:
    """The attacks of 2015 that are scheduled from `start` (included) to `end` (excluded; None: to the last one)."""
    until = pd.Timestamp.max if end is None else end
    return [attack for attack in attacks_2015() if start <= pd.Timestamp(attack.start) < until]


def first_attack_2015(start: pd.Timestamp) -> pd.Timestamp:
    """When the first attack of 2015 from `start` on is scheduled; after the last one, the first of all."""
    times = [pd.Timestamp(attack.start) for attack in scheduled_2015(start) or attacks_2015()]
    return min(times)
