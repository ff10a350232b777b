"""Rates per exposure: statsmodels, scipy, brute-force coverage, properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.rates import confint_poisson

from app.kpis.rates import Rate, garwood, rate_difference

LEVELS = st.floats(0.5, 0.9999)
RATES = st.builds(Rate, st.integers(0, 3_000), st.integers(1, 10**7))


@given(rate=RATES, level=LEVELS)
def test_garwood_equals_statsmodels(rate: Rate, level: float) -> None:
    """The exact Poisson interval equals an independent implementation, per 1,000."""
    found = garwood(rate, level)
    assert found is not None
    expected = confint_poisson(rate.events, rate.exposure, "exact-c", 1 - level)
    low, high = (1000 * float(limit) for limit in expected)
    if rate.events == 0:
        low = 0.0  # statsmodels gives NaN
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert rate.value is not None
    assert 0 <= found.low <= rate.value <= found.high < math.inf
    assert found.method == "garwood"


def test_no_complaint_still_has_an_upper_bound() -> None:
    """Zero events in n give [0, 3.69/n] at 0.95, the number in every textbook."""
    found = garwood(Rate(0, 500, per=500))
    assert found is not None
    assert found.low == 0
    assert found.high == pytest.approx(3.69, abs=0.005)


def test_garwood_published() -> None:
    """Ten events: 4.80 to 18.39, as tables of the Poisson distribution print."""
    found = garwood(Rate(10, 1, per=1))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((4.80, 18.39), abs=0.005)


@given(now=RATES, before=RATES)
def test_the_conditional_test_is_binomial(now: Rate, before: Rate) -> None:
    """p is twice the smaller tail of the binomial given all events, as scipy computes it."""
    found = rate_difference(now, before)
    assert found is not None
    events = now.events + before.events
    chance = now.exposure / (now.exposure + before.exposure)
    at_most = float(stats.binom.cdf(now.events, events, chance))
    at_least = float(stats.binom.sf(now.events - 1, events, chance))
    expected = min(1, 2 * min(at_most, at_least))
    assert found.p == pytest.approx(expected, rel=1e-7, abs=1e-250)


@given(now=RATES, before=RATES, level=LEVELS)
def test_rate_difference_properties(now: Rate, before: Rate, level: float) -> None:
    """Holds the difference, changes sign when the sides change places, grows with the level."""
    found = rate_difference(now, before, level)
    swapped = rate_difference(before, now, level)
    wider = rate_difference(now, before, (1 + level) / 2)
    assert found is not None
    assert swapped is not None
    assert wider is not None
    assert wider.low <= found.low <= found.difference <= found.high <= wider.high
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))
    assert swapped.p == pytest.approx(found.p, rel=1e-7, abs=1e-250)
    assert 0 <= found.p <= 1


def test_a_side_without_events_is_bounded_as_one_sample_is() -> None:
    """Against no events over an enormous exposure, the limits are Garwood's of the other side."""
    rate = Rate(12, 4_000)
    found, alone = rate_difference(rate, Rate(0, 10**15)), garwood(rate)
    assert found is not None
    assert alone is not None
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), rel=1e-6)


@pytest.mark.parametrize(("mean_now", "mean_before"), [(2, 2), (5, 10), (15, 6), (20, 20)])
def test_rate_difference_coverage(mean_now: int, mean_before: int) -> None:
    """Exact coverage over (nearly) all outcomes is at least 0.95, and errors of p at most 0.05."""
    covered = claimed = 0.0
    for now in range(3 * mean_now + 15):
        for before in range(3 * mean_before + 15):
            chance = float(
                stats.poisson.pmf(now, mean_now) * stats.poisson.pmf(before, mean_before)
            )
            if chance < 1e-7:
                continue
            found = rate_difference(Rate(now, 1, per=1), Rate(before, 1, per=1))
            assert found is not None
            covered += chance * (found.low <= mean_now - mean_before <= found.high)
            claimed += chance * (found.p < 0.05)
    assert covered > 0.9499
    if mean_now == mean_before:
        assert claimed <= 0.05


def test_nothing_was_exposed() -> None:
    """Without exposure there is no rate; without events on both sides there is no evidence."""
    empty = Rate(0, 0)
    assert empty.value is None
    assert garwood(empty) is None
    assert rate_difference(empty, Rate(1, 10)) is None
    assert rate_difference(Rate(1, 10), empty) is None
    quiet = rate_difference(Rate(0, 10), Rate(0, 30))
    assert quiet is not None
    assert (quiet.difference, quiet.p) == (0, 1)


def test_impossible_rates_are_refused() -> None:
    """Negative counts, a scale below 1, and rates on two scales are mistakes."""
    for counts in ((-1, 5, 1000), (1, -5, 1000), (1, 5, 0)):
        with pytest.raises(ValueError, match="rate"):
            Rate(*counts)
    with pytest.raises(ValueError, match="same number of units"):
        rate_difference(Rate(1, 10, per=1000), Rate(1, 10, per=100))
