"""What a column is, judged by its name alone: a tag, the time, the label, or something else."""

import re

from swatlib.plant import TAGS

_VENDOR = "HMI_"
_SUFFIX = re.compile(r"(\.PV|[. ]STATUS|\.ALARM)$")
_BLANK = re.compile(r"[\s-]+")
_ALIASES = {"DIT301": "DPIT301", "UV01": "UV401"}
_UNNAMED = re.compile(r"(unnamed:?\s*\d*|index|__index_level_0__|\d+)?", re.IGNORECASE)

_TIMES = re.compile(r"(time|timestamp|tstamp|datetime|date|(gmt|utc)([+-]\d+)?)")
_LABELS = {"normal/attack", "attack/normal", "normal", "attack", "isattack", "label", "labels", "y", "anomaly"}
ATTACK_NAMES = {"attack", "isattack", "anomaly"}


def plain(name: str) -> str:
    """The one rule for all forms: no outer blanks, vendor path, `.Pv`, `.Status`, `.Alarm`, inner blanks or hyphens.

    Upper case; two tags that some files call otherwise get the name they have in the official files.
    """
    bare = name.strip().upper().rpartition(_VENDOR)[2]
    bare = _BLANK.sub("", _SUFFIX.sub("", bare))
    return _ALIASES.get(bare, bare)


def tag(name: str) -> str | None:
    """The tag that a column of this name holds, or None."""
    return plain(name) if plain(name) in TAGS else None


def tags_among(names) -> int:
    """How many different tags these names stand for."""
    return len({tag(name) for name in names if name} - {None})


def _key(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).casefold()


def is_time(name: str) -> bool:
    return bool(_TIMES.fullmatch(_key(name)))


def is_label(name: str) -> bool:
    return _key(name) in _LABELS


def says_attack(name: str) -> bool:
    """Whether the label's name itself tells that the greater of two numbers means attack."""
    return _key(name) in ATTACK_NAMES


def says_normal(name: str) -> bool:
    """Whether the label's name leaves open if 1 means normal or attack."""
    return _key(name) == "normal"


def is_unnamed(name: str) -> bool:
    """A name that pandas or a spreadsheet made up: empty, `Unnamed: 3`, `index`, a bare number."""
    return bool(_UNNAMED.fullmatch(name.strip()))
