"""Tests of order: against scipy, and against every assignment counted one by one."""

import random
from collections import Counter
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from app.analyses.ranks import (
    kruskal_wallis,
    mann_whitney,
    midranks,
    signed_ranks,
    superiority_interval,
)

SCORES = st.lists(st.integers(1, 5), min_size=1, max_size=40)


def _ranksum(pooled: list[int], chosen: tuple[int, ...]) -> float:
    ranks = stats.rankdata(pooled)
    return float(sum(ranks[index] for index in chosen))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=200))
@settings(max_examples=30)
def test_midranks_are_those_of_scipy(scores: list[int]) -> None:
    """Equal scores share the mean of their places."""
    ranks = midranks(Counter(scores))
    assert [float(ranks[score]) for score in scores] == list(stats.rankdata(scores))


@given(SCORES, SCORES)
@settings(max_examples=40)
def test_mann_whitney_beyond_twenty_is_that_of_scipy(first: list[int], second: list[int]) -> None:
    """U, and p with tie and continuity correction (oracle: scipy)."""
    first, second = first * 16, second * 16
    found = mann_whitney(Counter(first), Counter(second))
    oracle = stats.mannwhitneyu(first, second, method="asymptotic")
    assert found is not None
    assert found.statistic == oracle.statistic
    if len(set(first + second)) > 1:
        assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)
    else:
        assert found.p == 1.0


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
)
@settings(max_examples=40)
def test_mann_whitney_of_few_counts_every_assignment(first: list[int], second: list[int]) -> None:
    """p is the share of all choices of ranks as far from the mean (oracle: enumeration)."""
    pooled, n = first + second, len(first)
    mean = n * (len(pooled) + 1) / 2
    seen = abs(_ranksum(pooled, tuple(range(n))) - mean)
    sums = [_ranksum(pooled, each) for each in combinations(range(len(pooled)), n)]
    expected = sum(abs(each - mean) >= seen - 1e-9 for each in sums) / len(sums)
    found = mann_whitney(Counter(first), Counter(second))
    assert found is not None
    assert found.p == pytest.approx(expected)


def test_mann_whitney_exact_is_that_of_scipy_without_ties() -> None:
    """Without ties the exact p equals the published distribution (oracle: scipy)."""
    first, second = [1, 4, 6, 9, 13, 17], [2, 3, 5, 7, 8, 10, 11]
    found = mann_whitney(Counter(first), Counter(second))
    assert found is not None
    oracle = stats.mannwhitneyu(first, second, method="exact")
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-12)


@given(st.lists(SCORES, min_size=2, max_size=4))
@settings(max_examples=30)
def test_kruskal_wallis_is_that_of_scipy(groups: list[list[int]]) -> None:
    """H with tie correction and its p (oracle: scipy); none where all scores are equal."""
    found = kruskal_wallis([Counter(group) for group in groups])
    if len({score for group in groups for score in group}) < 2:
        assert found is None
        return
    oracle = stats.kruskal(*groups)
    assert found is not None
    assert found.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-12)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)


@given(st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=9))
@settings(max_examples=40)
def test_signed_ranks_of_few_count_every_sign(changes: list[int]) -> None:
    """p is the share of all signs as far from the mean (oracle: enumeration)."""
    ranks = stats.rankdata([abs(each) for each in changes])
    mean = sum(ranks) / 2
    up = sum(rank for rank, each in zip(ranks, changes, strict=True) if each > 0)
    sums = [
        sum(rank for rank, plus in zip(ranks, signs, strict=True) if plus)
        for signs in product((0, 1), repeat=len(changes))
    ]
    expected = sum(abs(each - mean) >= abs(up - mean) - 1e-9 for each in sums) / len(sums)
    found = signed_ranks(Counter(changes))
    assert found is not None
    assert found.p == pytest.approx(expected)


def test_signed_ranks_beyond_fifty_are_those_of_scipy() -> None:
    """W and the normal p with tie correction, changes of 0 left out (oracle: scipy)."""
    rng = random.Random(3)
    changes = [rng.randint(-3, 4) for _ in range(200)]
    found = signed_ranks(Counter(changes))
    oracle = stats.wilcoxon(  # type: ignore[call-overload] # the stubs lack the method
        changes, zero_method="wilcox", method="asymptotic"
    )
    assert found is not None
    assert found.statistic == oracle.statistic
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert signed_ranks({0: 5}) is None


def test_superiority_interval_keeps_its_coverage() -> None:
    """Of 400 samples of 12 and 15 from two normals, about 95 % of the intervals hold the truth."""
    rng = random.Random(11)
    truth = stats.norm.cdf(0.8 / 2**0.5)
    held = 0
    for _ in range(400):
        first = [rng.gauss(0.8, 1) for _ in range(12)]
        second = [rng.gauss(0, 1) for _ in range(15)]
        value = sum(x > y for x in first for y in second) / 180
        interval = superiority_interval(value, 12, 15)
        held += interval.low <= truth <= interval.high
    assert held / 400 == pytest.approx(0.95, abs=0.035)
    assert superiority_interval(1.0, 5, 5).low < 1 == superiority_interval(1.0, 5, 5).high


@pytest.mark.parametrize("n", [8, 60])
def test_a_claim_without_a_difference_is_rare(n: int) -> None:
    """On ordinal answers of one distribution p < 0.05 comes in at most about 5 of 100 samples."""
    rng = random.Random(n)
    false = 0
    for _ in range(400):
        sides = [Counter(rng.choices((1, 2, 3, 4, 5), (1, 2, 3, 4, 2), k=n)) for _ in range(2)]
        found = mann_whitney(sides[0], sides[1])
        assert found is not None
        false += found.p < 0.05
    assert false / 400 <= 0.075
