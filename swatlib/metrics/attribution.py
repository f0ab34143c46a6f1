"""Localisation: how often a detector ranks the attacked tags first, beside random rankings."""

from collections.abc import Collection, Iterable, Sequence
from math import comb, sqrt

import numpy as np
import pandas as pd

HIT_PLACES = (1, 3, 5)
Z_95 = 1.959963984540054  # normal quantile of a two-sided interval at 95 %
HIT_RATE_COLUMNS = ("hits", "of", "rate", "low", "high", "expected", "p_random")


def attribution(
    rankings: Iterable[Sequence[str]],
    targets: Iterable[Collection[str]],
    tags: Collection[str],
    first: Iterable[int] = HIT_PLACES,
) -> pd.DataFrame:
    """Hit rate of rankings of tags at each of `first`, beside that of random rankings.

    One row a k of `first`: `hits`, in how many of the rankings one of the first k tags is right; `of`, how many could
    be; `rate`, hits / of; `low` and `high`, its Wilson interval at 95 %; `expected`, the mean rate of rankings drawn at
    random; `p_random`, the chance that such do as well or better. High = good, but for p_random.

    rankings: of each found attack the tags, the most suspicious first. targets: of each the tags that are right; an
    attack without any is left out. tags: all that the rankings may name; a right one beside them is missed by random
    rankings too. With m right ones of n, the first k of a random ranking miss them all with a chance of
    C(n-m, k) / C(n, k); the sum over attacks is Poisson-binomial.
    Source: hit rate as in Zhao et al., RCAEval, 2024 (AC@k); interval of Wilson, JASA 1927.
    Weakness: an attack whose effects run through the plant is named by its consequences as well, which count as wrong.
    Raises ValueError for rankings and targets that differ in number.
    """
    first, tags = list(first), set(tags)
    pairs = [(list(ranking), set(right)) for ranking, right in zip(rankings, targets, strict=True) if right]
    return pd.DataFrame(
        [_row(pairs, tags, k) for k in first], index=pd.Index(first, name="first"), columns=HIT_RATE_COLUMNS
    )


def chance(right: int, tags: int, k: int) -> float:
    """Chance that the first k of a random ranking of `tags` hold at least one of `right`."""
    return 1 - comb(tags - right, k) / comb(tags, k)


def at_least(hits: int, chances: Sequence[float]) -> float:
    """Chance of `hits` or more, of independent events with these chances (the Poisson-binomial distribution)."""
    counts = np.ones(1)
    for p in chances:
        counts = np.convolve(counts, (1 - p, p))
    return float(min(counts[hits:].sum(), 1.0))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's confidence interval of a rate at 95 %. scipy's `binomtest` gives the same, after a second of imports."""
    rate, z = hits / of, Z_95
    whole = 2 * (of + z**2)
    centre, half = (2 * of * rate + z**2) / whole, z / whole * sqrt(4 * of * rate * (1 - rate) + z**2)
    return (centre - half if hits else 0.0), (centre + half if hits < of else 1.0)


def _row(pairs: list[tuple[list[str], set[str]]], tags: set[str], k: int) -> tuple:
    if not pairs:
        return 0, 0, *[np.nan] * 5
    hits = sum(not right.isdisjoint(ranking[:k]) for ranking, right in pairs)
    chances = [chance(len(right & tags), len(tags), min(k, len(tags))) for _, right in pairs]
    low, high = wilson(hits, len(pairs))
    return hits, len(pairs), hits / len(pairs), low, high, np.mean(chances), at_least(hits, chances)
