"""The look of each detector, fixed by its name, so that it is the same in every figure and on every board."""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from swatlib.plots.style import BLACK, BLUE, GREEN, LINE_COLOURS, ORANGE, PURPLE, SKY, VERMILION


@dataclass(frozen=True)
class Look:
    """Colour of a line, the marker of a point, and the line's dashes."""

    colour: str
    marker: str
    dashes: tuple[int, tuple[int, ...] | None] = (0, None)


_DASHED, _DOTTED, _DASH_DOTTED = (0, (5, 2)), (0, (1, 1)), (0, (5, 2, 1, 2))
LOOKS = {
    "guard": Look(BLUE, "o"),
    "guard-brief": Look(BLUE, "o", _DASHED),
    "ocsvm": Look(VERMILION, "D"),
    "iforest": Look(GREEN, "s"),
    "iforest-lr": Look(GREEN, "s", _DASHED),
    "kmeans": Look(PURPLE, "^"),
    "dbscan": Look(PURPLE, "^", _DASHED),
    "lof": Look(ORANGE, "v"),
    "pca": Look(SKY, "P"),
    "autoencoder": Look(SKY, "P", _DASHED),
    "forecast": Look(BLACK, "X"),
}
_LONG, _TWO_DOTS = (0, (9, 3)), (0, (5, 2, 1, 2, 1, 2))
_EVERY = [
    Look(colour, marker, dashes)
    for dashes in (_DOTTED, _DASH_DOTTED, _LONG, _TWO_DOTS)
    for colour, marker in zip(LINE_COLOURS, "<>*phHd", strict=True)
]
OTHERS, SPARE = _EVERY[:14], _EVERY[14:]  # which names choose from; what is given where none of them is free


def look(detector: str) -> Look:
    """The look of a detector: its own, or one that its name chooses of those that no detector of ours has."""
    return LOOKS.get(detector) or OTHERS[crc32(detector.encode()) % len(OTHERS)]


def looks(detectors: Iterable[str]) -> dict[str, Look]:
    """The look of each detector; where two names choose the same one, the second has the next that is free."""
    given: dict[str, Look] = {}
    for name in detectors:
        given[name] = own = look(name)
        if own in [each for other, each in given.items() if other != name]:
            after = OTHERS[OTHERS.index(own) :] + OTHERS[: OTHERS.index(own)] + SPARE
            given[name] = next((each for each in after if each not in given.values()), own)
    return given
