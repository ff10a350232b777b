"""Tests of means, shares and pairs: against scipy and statsmodels."""

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway

from app.analyses.evidence import benjamini_hochberg
from app.analyses.groups import (
    chi_square,
    f_survival,
    hedges_g,
    mcnemar,
    means,
    moments_of,
    paired_t,
    shares,
    welch_anova,
)
from app.kpis.means import moments
from app.kpis.proportions import Share

GROUP = st.lists(st.integers(1, 7), min_size=3, max_size=30).filter(lambda x: len(set(x)) > 1)


@given(st.lists(GROUP, min_size=2, max_size=5))
@settings(max_examples=30)
def test_welch_anova_is_that_of_statsmodels(groups: list[list[int]]) -> None:
    """F, both degrees of freedom and p (oracle: statsmodels)."""
    found = welch_anova(moments_of([Counter(group) for group in groups]))
    oracle = anova_oneway(groups, use_var="unequal")
    assert found is not None
    assert found.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-12)
    assert found.df == pytest.approx((oracle.df_num, oracle.df_denom))
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-8)


def test_welch_anova_says_nothing_of_groups_without_spread() -> None:
    """A group of one score, or of equal scores, has no variance to weigh it by."""
    assert welch_anova(moments_of([Counter([1, 2, 3]), Counter([4])])) is None
    assert welch_anova(moments_of([Counter([1, 2, 3]), Counter([4, 4, 4])])) is None
    assert welch_anova(moments_of([Counter([1, 2, 3])])) is None


def test_f_survival_is_that_of_scipy() -> None:
    """The upper tail of F, also far out (oracle: scipy)."""
    for x, df1, df2 in ((0.5, 1, 10), (4.2, 3, 20.5), (60, 5, 800), (0, 2, 2)):
        assert f_survival(x, df1, df2) == pytest.approx(stats.f.sf(x, df1, df2), rel=1e-10)


@given(
    st.lists(
        st.lists(st.integers(0, 30), min_size=3, max_size=3).filter(any), min_size=2, max_size=4
    )
)
@settings(max_examples=30)
def test_chi_square_is_that_of_scipy(table: list[list[int]]) -> None:
    """The statistic, its p and the least expected count (oracle: scipy)."""
    columns = [index for index in range(3) if any(row[index] for row in table)]
    found = chi_square([dict(zip("abc", row, strict=True)) for row in table])
    if len(columns) < 2:
        assert found is None
        return
    oracle = stats.chi2_contingency([[row[i] for i in columns] for row in table], correction=False)
    assert found is not None
    evidence, least = found
    assert evidence.statistic == pytest.approx(oracle.statistic, abs=1e-10)
    assert evidence.p == pytest.approx(oracle.pvalue, rel=1e-8)
    assert least == pytest.approx(oracle.expected_freq.min())


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=40))
@settings(max_examples=30)
def test_paired_t_is_that_of_scipy(changes: list[int]) -> None:
    """t, its interval and p (oracle: scipy); without spread p is 0 or 1 and never NaN."""
    found = paired_t(Counter(changes))
    assert found is not None
    if len(set(changes)) == 1:
        assert found.p == float(changes[0] == 0)
        return
    oracle = stats.ttest_1samp(changes, 0)
    assert found.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-12)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-8)
    interval = found.effects[0].interval
    assert interval is not None
    expected = oracle.confidence_interval()
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_mcnemar_is_the_binomial_test() -> None:
    """The exact test of the pairs that changed (oracle: scipy); none changed is no evidence."""
    for gained, lost in ((3, 9), (0, 6), (40, 61), (5, 5)):
        found = mcnemar(gained, lost, 20)
        assert found is not None
        oracle = stats.binomtest(gained, gained + lost, 0.5).pvalue
        assert found.p == pytest.approx(oracle, rel=1e-9)
        assert found.effects[0].value == pytest.approx((gained - lost) / (gained + lost + 20))
    none = mcnemar(0, 0, 7)
    assert none is not None
    assert none.p == 1.0
    assert mcnemar(0, 0, 0) is None


def test_effect_sizes_by_hand() -> None:
    """Hedges' g of {1,2,3} against {3,4,5}: -2 standard deviations of 1, times 1 - 3/15."""
    first, second = moments(Counter([1, 2, 3])), moments(Counter([3, 4, 5]))
    assert first is not None
    assert second is not None
    assert hedges_g(first, second) == pytest.approx(-2 * (1 - Fraction(3, 15)))
    evidence = means(first, second, 0.95)
    assert evidence is not None
    assert [each.name for each in evidence.effects] == ["difference", "hedges_g"]
    halves = shares(Share(1, 2), Share(1, 4), 0.95)
    assert halves is not None
    assert halves.effects[1].value == pytest.approx(0.5235987755982989)  # pi/2 - pi/3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=40)
def test_benjamini_hochberg_is_that_of_statsmodels(p_values: list[float]) -> None:
    """Adjusted p-values in the order given (oracle: statsmodels)."""
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert list(benjamini_hochberg(p_values)) == pytest.approx(list(expected))


def test_a_claim_of_welch_without_a_difference_is_rare() -> None:
    """With unequal spreads and sizes p < 0.05 comes in about 5 of 100 samples."""
    rng = random.Random(5)
    false = 0
    for _ in range(300):
        groups = [
            Counter(Fraction(round(rng.gauss(0, sd), 4)) for _ in range(n))
            for n, sd in ((12, 1), (25, 3), (40, 2))
        ]
        found = welch_anova(moments_of(groups))
        assert found is not None
        false += found.p < 0.05
    assert 0.02 <= false / 300 <= 0.085
