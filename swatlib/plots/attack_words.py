"""Descriptions of attacks in words: "LIT101 ramped up by 1 mm/s"."""

from functools import cache
from itertools import groupby

from swatlib.data.labels_2015 import listed_attacks
from swatlib.plant import TAGS
from swatlib.simulation.attacks import Effect
from swatlib.wording import duration


def attack_words(action: str, points: str = "") -> str:
    """The effects of an attack in words, of its `action` (and `points`, joined by ";") in an event table.

    action: effects as `swatlib.simulation.attacks` reads them, or a line of the official list of 2015. A text that is
    neither is returned as it is; without one, the points.
    """
    text = _effects_2015().get(action, action)
    try:
        effects = [Effect.parse(part) for part in text.split(";")]
    except ValueError:
        return action or points.replace(";", ", ") or "no action is known"
    same = groupby(effects, _done)
    return ", ".join(f"{' and '.join(effect.tag for effect in group)} {done}" for done, group in same)


@cache
def _effects_2015() -> dict[str, str]:
    table = listed_attacks()
    return {action: effects for action, effects in zip(table["action"], table["effects"], strict=True) if effects}


def _done(effect: Effect) -> str:
    """What is done to the tag, with its time inside the attack."""
    after = f" after {duration(effect.after)}" if effect.after else ""
    return _verb(effect) + after + (f" for {duration(effect.seconds)}" if effect.seconds is not None else "")


def _verb(effect: Effect) -> str:
    if effect.value is None:
        return {"freeze": "frozen", "wash": "made to start a backwash"}[effect.verb]
    tag, value = TAGS[effect.tag], effect.value
    if effect.verb == "force":
        return f"forced {tag.codes[int(value)]}"
    size, way = f"{abs(value):g} {tag.unit}", "up" if value > 0 else "down"
    return {
        "spoof": f"spoofed to {value:g} {tag.unit}",
        "ramp": f"ramped {way} by {size}{' per s' if '/' in tag.unit else '/s'}",
        "bias": f"shifted {way} by {size}",
        "noise": f"disturbed by noise of {size}",
        "replay": f"replayed from {duration(abs(value))} before",
        "slow": f"smoothed over {duration(abs(value))}",
    }[effect.verb]
