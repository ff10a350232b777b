"""Means of scores: scipy, exact recomputation, coverage, properties."""

import math
import random
import statistics
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.kpis.means import (
    Moments,
    cronbach_alpha,
    moments,
    moments_from_sums,
    rescale,
    t_interval,
    welch,
)

SCORES = st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=60)
FRACTIONS = st.lists(
    st.fractions(-100, 100, max_denominator=60), min_size=2, max_size=40
)  # like the composite scores of respondents


def of(scores: list[int]) -> Moments:
    """Moments of a list of scores."""
    found = moments(Counter(scores))
    assert found is not None
    return found


@given(FRACTIONS)
def test_moments_are_exact(scores: list[Fraction]) -> None:
    """Mean and sample variance of fractions equal the definition, to the last digit."""
    found = moments(Counter(scores))
    assert found is not None
    mean = sum(scores, Fraction()) / len(scores)
    squares = sum(((score - mean) ** 2 for score in scores), Fraction())
    assert found == Moments(len(scores), mean, squares / (len(scores) - 1))


def test_moments_of_decimals_do_not_drift() -> None:
    """Ten amounts of 0.10 have a mean of exactly 0.1 and no spread."""
    assert moments({Decimal("0.10"): 10}) == Moments(10, Fraction(1, 10), Fraction(0))


@given(SCORES)
def test_sums_are_enough(scores: list[int]) -> None:
    """Number, sum and sum of squares give the same moments as the histogram."""
    squares = sum(score * score for score in scores)
    assert moments_from_sums(len(scores), sum(scores), squares) == of(scores)


@given(scores=SCORES, level=st.floats(0.5, 0.9999))
def test_t_interval_equals_scipy(scores: list[int], level: float) -> None:
    """The t interval equals scipy's; equal scores give width 0 where scipy gives NaN."""
    found = t_interval(of(scores), level)
    assert found is not None
    assert found.method == "t"
    if len(set(scores)) == 1:
        assert (found.low, found.high) == (scores[0], scores[0])
        return
    error = statistics.stdev(scores) / math.sqrt(len(scores))
    expected = stats.t.interval(level, len(scores) - 1, statistics.mean(scores), error)
    limits = [float(limit) for limit in expected]
    assert [found.low, found.high] == pytest.approx(limits, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("bounds", [None, (-1_000.0, 1_000.0)])
@given(scores=SCORES, level=st.floats(0.5, 0.99))
def test_t_interval_properties(
    bounds: tuple[float, float] | None, scores: list[int], level: float
) -> None:
    """Holds the mean, stays on the scale where there is one, and grows with the level."""
    found = t_interval(of(scores), level, bounds)
    wider = t_interval(of(scores), (1 + level) / 2, bounds)
    assert found is not None
    assert wider is not None
    assert wider.low <= found.low <= of(scores).value <= found.high <= wider.high
    if bounds:
        assert -1_000 <= found.low <= found.high <= 1_000
    assert math.isfinite(found.width)


@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's, where one side does not vary
@given(now=SCORES, before=SCORES, level=st.floats(0.5, 0.9999))
def test_welch_equals_scipy(now: list[int], before: list[int], level: float) -> None:
    """Difference, p and interval equal scipy's unequal-variance t test."""
    found = welch(of(now), of(before), level)
    assert found is not None
    if len(set(now)) == len(set(before)) == 1:
        gap = now[0] - before[0]
        assert (found.low, found.high, found.p) == (gap, gap, float(gap == 0))
        return
    expected = stats.ttest_ind(now, before, equal_var=False)
    limits = expected.confidence_interval(level)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-7, abs=1e-12)
    assert found.low == pytest.approx(float(limits.low), rel=1e-7, abs=1e-7)
    assert found.high == pytest.approx(float(limits.high), rel=1e-7, abs=1e-7)
    if abs(found.p - (1 - level)) > 1e-7:
        assert (found.p < 1 - level) == (found.low > 0 or found.high < 0)


def test_t_coverage() -> None:
    """Seeded simulation: 25 answers on a skewed 5-point scale, 3,000 times; near 0.95."""
    source = random.Random(20261122)
    shares = {1: 0.05, 2: 0.1, 3: 0.2, 4: 0.35, 5: 0.3}
    truth = sum(score * share for score, share in shares.items())
    covered = 0
    for _ in range(3_000):
        found = t_interval(of(source.choices(list(shares), list(shares.values()), k=25)))
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered / 3_000 == pytest.approx(0.945, abs=0.015)


def test_one_score_and_none() -> None:
    """One score has a mean and no interval; no score has nothing."""
    one = moments({4: 1, 5: 0})
    assert one == Moments(1, Fraction(4), None)
    assert one is not None
    assert one.standard_deviation is None
    assert t_interval(one) is None
    assert welch(one, of([1, 2])) is None
    assert welch(of([1, 2]), one) is None
    assert moments({}) is None
    assert moments({3: 0}) is None
    assert moments_from_sums(0, 0, 0) is None
    assert t_interval(None) is None
    assert welch(None, of([1, 2])) is None


@given(scores=st.lists(st.integers(1, 10), min_size=1, max_size=30))
def test_rescaling_the_moments_is_rescaling_the_scores(scores: list[int]) -> None:
    """0-100 form of a 1-10 scale: 100 (mean - min) / (max - min), and the spread with it."""
    direct = moments(Counter(rescale(score, 1, 10) for score in scores))
    assert of(scores).rescaled(1, 10) == direct
    reversed_scale = of(scores).rescaled(10, 1)
    assert direct is not None
    assert reversed_scale.mean == 100 - direct.mean
    assert reversed_scale.variance == direct.variance


def test_cronbach_alpha_from_correlations() -> None:
    """Equals the covariance form k c / (v + (k - 1) c), c and v the mean covariance, variance."""
    source = random.Random(7)
    people = [[source.randint(1, 3) + base for _ in range(3)] for base in (1, 2, 3, 4, 5) * 8]
    items = [list(item) for item in zip(*people, strict=True)]
    covariances = [statistics.covariance(items[i], items[j]) for i in range(3) for j in range(i)]
    mean_covariance = statistics.mean(covariances)
    mean_variance = statistics.mean(statistics.variance(item) for item in items)
    expected = 3 * mean_covariance / (mean_variance + 2 * mean_covariance)
    variances = [of(item).variance or Fraction() for item in items]
    total = of([sum(person) for person in people]).variance or Fraction()
    assert cronbach_alpha(variances, total) == pytest.approx(expected)


def test_cronbach_alpha_without_meaning() -> None:
    """One item, or a sum that never varies, has no alpha; equal items have alpha 1."""
    assert cronbach_alpha([Fraction(2)], Fraction(2)) is None
    assert cronbach_alpha([Fraction(2), Fraction(2)], Fraction(0)) is None
    assert cronbach_alpha([1, 1, 1], 9) == 1


def test_impossible_sums_are_refused() -> None:
    """Negative counts, sums that no scores have, and scales of no length are mistakes."""
    with pytest.raises(ValueError, match="negative"):
        moments({1: 2, 2: -1})
    for n, total, squares in ((-1, 0, 0), (2, 10, 1), (1, 3, 10)):
        with pytest.raises(ValueError, match=r"negative|sums"):
            moments_from_sums(n, total, squares)
    with pytest.raises(ValueError, match="ends"):
        rescale(3, 5, 5)
