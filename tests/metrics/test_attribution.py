from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from swatlib.metrics import attribution
from swatlib.metrics.attribution import at_least, chance, wilson

TAGS = ["LIT101", "LIT301", "P501", *range(48)]
RANKINGS = [["LIT101", "P101", "FIT101"], ["AIT202", "P203", "LIT301"], ["FIT401", "LIT401", "UV401"]]


def test_a_hit_counts_from_its_place_on():
    table = attribution(RANKINGS, [{"LIT101"}, {"LIT301"}, {"P501"}], TAGS)
    assert table[["hits", "of"]].to_dict("list") == {"hits": [1, 2, 2], "of": [3, 3, 3]}
    assert table["expected"].tolist() == pytest.approx([1 / 51, 3 / 51, 5 / 51])


def test_any_of_several_right_tags_is_a_hit_and_counts_once():
    table = attribution([["A", "B", "C"]], [{"A", "B"}], "ABCD", first=(1, 2, 4))
    assert table[["hits", "expected"]].to_dict("list") == {"hits": [1, 1, 1], "expected": [1 / 2, 1 - 1 / 6, 1.0]}


def test_an_attack_on_no_tag_is_left_out():
    pd.testing.assert_frame_equal(
        attribution(RANKINGS, [{"LIT101"}, set(), {"P501"}], TAGS),
        attribution([RANKINGS[0], RANKINGS[2]], [{"LIT101"}, {"P501"}], TAGS),
    )


def test_nothing_found_has_no_rate():
    table = attribution([], [], TAGS)
    assert table["of"].tolist() == [0, 0, 0] and table["rate"].isna().all()


def test_what_no_ranking_may_name_is_missed_by_chance_too():
    table = attribution([["A"], ["B"]], [{"A", "Z"}, {"Z"}], "AB", first=(1,))
    assert table.iloc[0][["hits", "of", "expected"]].tolist() == [1, 2, 1 / 4]


@given(st.integers(1, 7), st.data())
def test_chance_is_that_of_all_rankings_counted(tags, data):
    right, k = data.draw(st.integers(0, tags)), data.draw(st.integers(1, tags))
    hits = [any(tag < right for tag in first) for first in combinations(range(tags), k)]
    assert chance(right, tags, k) == pytest.approx(np.mean(hits))


@given(st.lists(st.floats(0, 1), max_size=6), st.integers(0, 7))
def test_at_least_is_that_of_all_outcomes_counted(chances, hits):
    outcomes = np.array(list(product((0, 1), repeat=len(chances))))
    weights = np.prod(np.where(outcomes, chances, 1 - np.array(chances)), axis=1)
    assert at_least(hits, chances) == pytest.approx(weights[outcomes.sum(axis=1) >= hits].sum())


@pytest.mark.parametrize("of", [1, 2, 5, 36])
def test_the_interval_of_a_rate_is_scipys(of):
    for hits in range(of + 1):
        assert wilson(hits, of) == binomtest(hits, of).proportion_ci(0.95, "wilson")


def test_random_rankings_reach_what_is_expected():
    seed = 3
    print(f"seed {seed}")
    random, tags = np.random.default_rng(seed), [f"T{number}" for number in range(51)]
    targets = [set(tags[: 1 + number % 3]) for number in range(3000)]
    table = attribution([random.permutation(tags).tolist() for _ in targets], targets, tags)
    assert (table["low"] < table["expected"]).all() and (table["expected"] < table["high"]).all()
    assert table["p_random"].between(0.01, 0.99).all()
