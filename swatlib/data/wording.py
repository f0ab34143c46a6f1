"""How findings and errors put numbers and lists."""

from collections.abc import Iterable


def count(number: int, what: str) -> str:
    """ "1 row", "37 rows", "449,919 rows"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def listed(names: Iterable, most: int = 12) -> str:
    """ "a, b and c"; past `most`, the rest as a number."""
    names = [str(name) for name in names]
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1:,} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
