"""Correlations: against scipy, by simulation, and at the edges."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from app.analyses.association import kendall, pearson, spearman
from app.analyses.concordance import concordances

PAIRS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 7)), min_size=4, max_size=60).filter(
    lambda pairs: len({x for x, _ in pairs}) > 1 and len({y for _, y in pairs}) > 1
)


@given(PAIRS)
@settings(max_examples=40, deadline=None)
def test_coefficients_are_those_of_scipy(pairs: list[tuple[int, int]]) -> None:
    """r, rho and tau-b with their p-values (oracle: scipy)."""
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    table = Counter(pairs)
    oracles = {
        pearson: stats.pearsonr(xs, ys),
        spearman: stats.spearmanr(xs, ys),
        kendall: stats.kendalltau(xs, ys, method="asymptotic"),
    }
    for ours, oracle in oracles.items():
        found = ours(table)
        assert found is not None
        assert found.effects[0].value == pytest.approx(oracle.statistic, abs=1e-9)
        if abs(found.effects[0].value) < 1:
            assert found.p == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-12)


def test_fishers_interval_is_that_of_scipy() -> None:
    """The limits of r (oracle: scipy)."""
    rng = random.Random(4)
    pairs = [(x := rng.randint(1, 7), x + rng.randint(-3, 3)) for _ in range(50)]
    found = pearson(Counter(pairs))
    assert found is not None
    interval = found.effects[0].interval
    assert interval is not None
    expected = stats.pearsonr(*zip(*pairs, strict=True)).confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_nothing_is_said_of_few_pairs_or_of_a_constant() -> None:
    """Three pairs are too few, and what does not vary goes with nothing."""
    few = {(1, 1): 1, (2, 2): 1, (3, 1): 1}
    constant = {(1, 1): 5, (1, 2): 5}
    for ours in (pearson, spearman, kendall):
        assert ours(few) is None
        assert ours(constant) is None


def test_a_perfect_relation_has_no_interval() -> None:
    """Fisher's z of 1 is infinite: the coefficient stands alone, and no NaN leaves."""
    for ours in (pearson, spearman, kendall):
        found = ours({(score, -score): 3 for score in range(5)})
        assert found is not None
        assert found.effects[0].value == -1
        assert found.effects[0].interval is None


@pytest.mark.parametrize("ours", [pearson, spearman, kendall])
def test_intervals_keep_their_coverage(ours: object) -> None:
    """At n = 30 and a true correlation of 0.5, about 95 % of the intervals hold the truth."""
    assert callable(ours)
    truth = {
        pearson: 0.5,
        spearman: 6 / 3.141592653589793 * 0.25268025514207865,  # asin(rho / 2)
        kendall: 2 / 3.141592653589793 * 0.5235987755982989,  # asin(rho)
    }[ours]
    rng = random.Random(8)
    held = 0
    for _ in range(300):
        table: Counter[tuple[int, int]] = Counter()
        for _ in range(30):
            x, e = rng.gauss(0, 1), rng.gauss(0, 1)
            table[round(x * 1e6), round((0.5 * x + 0.75**0.5 * e) * 1e6)] += 1
        interval = ours(table).effects[0].interval
        held += interval.low <= truth <= interval.high
    assert held / 300 == pytest.approx(0.95, abs=0.04)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4)), min_size=1, max_size=40))
def test_concordances_equal_brute_force(observations: list[tuple[int, int]]) -> None:
    """Each kind of pair against all others, one by one."""
    pairs = Counter(observations)
    for kind in concordances(pairs):
        ways = [(x - kind.left) * (y - kind.right) for x, y in observations]
        assert kind.net == sum((way > 0) - (way < 0) for way in ways)
        assert kind.count == pairs[kind.left, kind.right]
