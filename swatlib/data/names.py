"""What a column is, judged by its name alone: a tag, the time, the label, or something else."""

import re
import unicodedata
from functools import lru_cache

from swatlib.plant import TAGS, Tag

_VENDOR = "HMI_"
_SUFFIX = re.compile(r"(\.PV|[. ]STATUS|\.ALARM|[._ ]VALUE)$")
_BLANK = re.compile(r"[\s_-]+")
_INVISIBLE = re.compile(
    "[\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NO-BREAK SPACE}]"
)
_ALIASES = {"DIT301": "DPIT301", "UV01": "UV401"}
_UNNAMED = re.compile(r"(unnamed:?\s*\d*|index|__index_level_0__|\d+)?", re.IGNORECASE)

_UNIT = re.compile(
    r"\s*[\[(]\s*([^\])]*?)\s*[\])]\s*$|[\s_](c?m|mm|(?:m3|m³|m\^3|cbm|l)/(?:h|min|s)|k?pa|bar|[uµμ]s/cm|ppm|mg/l|mv|ph)$",
    re.IGNORECASE,
)
_SAME_UNITS = {"us/cm": "µs/cm", "m3/h": "m³/h", "m^3/h": "m³/h", "cbm/h": "m³/h", "mg/l": "ppm"}

_TIMES = re.compile(
    r"(time|timestamp|tstamp|datetime|date|ts|epoch|(unix|epoch|posix)time(stamp)?|(gmt|utc)([+-]\d+)?)"
    r"(ms|us|ns|utc|gmt|local)?"
)
_ATTACK = {
    "attack",
    "isattack",
    "attackflag",
    "attflag",
    "attacklabel",
    "anomaly",
    "isanomaly",
    "anomalylabel",
    "outlier",
}
_ATTACK |= {"isoutlier", "intrusion", "isintrusion"}
_NORMAL = {"normal", "isnormal", "benign", "isbenign", "attacknormal"}  # 1 may mean normal
_ATTACK |= {"labelattack", "underattack", "malicious", "ismalicious"}
_LABELS = _ATTACK | _NORMAL | {"normalattack", "normalorattack", "label", "labels", "y", "class", "groundtruth"}
_LABELS |= {"ytrue", "gt", "target", "classlabel"}
_INSTRUMENT = re.compile(r"[A-Z]+\d{3}|P\d_?STATE")  # begins the name of what a plant records, be it a tag or not
_LIKE_LABELS = re.compile(
    r"attack|anomal|outlier|intrusion|malicious|normal|label|flag|target|class$|faulty?$|groundtruth"
)


@lru_cache(10_000)  # each of 51 tags is looked for among all columns
def plain(name: str) -> str:
    """The one rule for all forms: no outer blanks, vendor path, unit, `.Pv`, `.Status`, `.Alarm`, blanks, hyphens.

    Upper case; two tags that some files call otherwise get the name they have in the official files.
    """
    bare = name if name.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    bare = _UNIT.sub("", bare.strip()).upper().rpartition(_VENDOR)[2]
    bare = _BLANK.sub("", _SUFFIX.sub("", bare))
    return _ALIASES.get(bare, bare)


def tag(name: str) -> str | None:
    """The tag that a column of this name holds, or None."""
    met = plain(name)
    return met if met in TAGS else None


def other_unit(name: str, of: Tag) -> str | None:
    """The unit that a column of a sensor names in brackets, where it is not the unit of the tag."""
    met = _UNIT.search(name.strip())
    given = (met[1] or met[2] or "") if met else ""
    unit = "".join(given.split()).casefold().replace("μ", "µ") if of.is_sensor else ""
    return given if met and unit and _SAME_UNITS.get(unit, unit) != of.unit.casefold().replace("μ", "µ") else None


def tags_among(names) -> int:
    """How many different tags these names stand for."""
    return len({plain(name) for name in names if name} & TAGS.keys())


def _key(name: str) -> str:
    return re.sub(r"[\s_/.\\|()-]+", "", name).casefold()


def is_time(name: str) -> bool:
    return bool(_TIMES.fullmatch(_key(name)))


def is_label(name: str) -> bool:
    return _key(name) in _LABELS


def resembles_label(name: str) -> bool:
    """Whether a name suggests a label, though it is none of the known ones."""
    return bool(_LIKE_LABELS.search(_key(name)))


def is_instrument(name: str) -> bool:
    """Whether the plant records under this name: a switch, a state, a tag with a suffix."""
    return bool(_INSTRUMENT.match(plain(name)))


def says_normal(name: str) -> bool:
    """Whether the label's name leaves open if 1 means normal or attack."""
    return _key(name) in _NORMAL


def is_unnamed(name: str) -> bool:
    """A name that pandas or a spreadsheet made up: empty, `Unnamed: 3`, `index`, a bare number."""
    return bool(_UNNAMED.fullmatch(name.strip()))
