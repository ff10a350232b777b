"""Shares: published values, statsmodels, brute-force coverage, properties."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from app.kpis.proportions import Share, newcombe, wilson
from app.kpis.statistics import Difference, Interval

LEVELS = st.floats(0.5, 0.9999)


@st.composite
def shares(draw: st.DrawFn, largest: int = 5_000) -> Share:
    """Any share with a denominator."""
    total = draw(st.integers(1, largest))
    return Share(draw(st.integers(0, total)), total)


def made(found: Interval | Difference | None) -> tuple[float, float]:
    """The limits of something that must exist."""
    assert found is not None
    return found.low, found.high


@pytest.mark.parametrize(
    ("count", "total", "limits"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_published(count: int, total: int, limits: tuple[float, float]) -> None:
    """The four examples of Newcombe (1998), method 3."""
    assert made(wilson(Share(count, total))) == pytest.approx(limits, abs=5e-5)


@pytest.mark.parametrize(
    ("now", "before", "limits"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_newcombe_published(
    now: tuple[int, int], before: tuple[int, int], limits: tuple[float, float]
) -> None:
    """The eight examples of Newcombe (1998), method 10."""
    assert made(newcombe(Share(*now), Share(*before))) == pytest.approx(limits, abs=5e-5)


@given(share=shares(), level=LEVELS)
def test_wilson_equals_statsmodels(share: Share, level: float) -> None:
    """Wilson's interval equals an independent implementation."""
    expected = proportion_confint(share.count, share.total, 1 - level, method="wilson")
    assert made(wilson(share, level)) == pytest.approx(expected, abs=1e-12)


@given(now=shares(), before=shares(), level=LEVELS)
def test_newcombe_equals_statsmodels(now: Share, before: Share, level: float) -> None:
    """Newcombe's interval equals an independent implementation."""
    expected = confint_proportions_2indep(
        now.count, now.total, before.count, before.total,
        method="newcomb", compare="diff", alpha=1 - level,
    )  # fmt: skip
    assert made(newcombe(now, before, level)) == pytest.approx(expected, abs=1e-10)


@given(now=shares(300), before=shares(300))
def test_newcombe_p_is_where_its_interval_reaches_0(now: Share, before: Share) -> None:
    """At level 1 - p the interval ends at 0, so that p and interval never contradict."""
    found = newcombe(now, before)
    assert found is not None
    assume(1e-9 < found.p < 0.9999)
    low, high = made(newcombe(now, before, 1 - found.p))
    assert (low if found.difference > 0 else high) == pytest.approx(0, abs=1e-6)


def test_newcombe_p_is_close_to_the_pooled_z_test() -> None:
    """Fifty answers a side: the p-value is within 0.02 of the pooled z test of statsmodels."""
    for now in range(5, 46, 5):
        for before in range(5, 46, 5):
            found = newcombe(Share(now, 50), Share(before, 50))
            assert found is not None
            _, pooled = proportions_ztest([now, before], [50, 50])
            assert found.p == pytest.approx(float(pooled), abs=0.02)


@given(now=shares(), before=shares(), level=LEVELS)
def test_newcombe_agrees_with_itself(now: Share, before: Share, level: float) -> None:
    """Limits hold the difference, and exclude 0 exactly when p says so, from either side."""
    found, swapped = newcombe(now, before, level), newcombe(before, now, level)
    assert found is not None
    assert swapped is not None
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert 0 <= found.p <= 1
    if abs(found.p - (1 - level)) > 1e-6:
        assert (found.p < 1 - level) == (found.low > 0 or found.high < 0)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-12)
    assert swapped.p == pytest.approx(found.p, rel=1e-9)


@given(share=shares(), level=LEVELS, more=st.floats(0, 1))
def test_wilson_properties(share: Share, level: float, more: float) -> None:
    """Wilson stays in [0, 1], holds the share, has a width, and grows with the level."""
    found = wilson(share, level)
    assert found is not None
    assert share.value is not None
    assert 0 <= found.low <= share.value <= found.high <= 1
    assert found.width > 0
    assert found.method == "wilson"
    wider = made(wilson(share, level + more * (0.99999 - level)))
    assert wider[0] <= found.low + 1e-15
    assert wider[1] >= found.high - 1e-15


def test_wilson_at_the_ends() -> None:
    """None of n gives [0, z^2/(n+z^2)], all of n its mirror image: exactly 0 and exactly 1."""
    z_square = float(stats.norm.ppf(0.975)) ** 2
    low, high = made(wilson(Share(0, 20)))
    assert low == 0
    assert high == pytest.approx(z_square / (20 + z_square))
    low, all_of_them = made(wilson(Share(20, 20)))
    assert low == pytest.approx(1 - high)
    assert all_of_them == 1


@pytest.mark.parametrize("n", [10, 30, 100])
def test_wilson_coverage(n: int) -> None:
    """Exact coverage, summed over all outcomes, averages 0.95 over shares from 0.05 to 0.95."""
    limits = [made(wilson(Share(count, n))) for count in range(n + 1)]
    chances = [step / 200 for step in range(10, 191)]
    covered = [
        sum(
            float(stats.binom.pmf(count, n, chance))
            for count, (low, high) in enumerate(limits)
            if low <= chance <= high
        )
        for chance in chances
    ]
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.01)
    assert min(covered) > 0.83


def test_nobody_answered() -> None:
    """An empty denominator gives no value, no interval and no difference: None, not 0."""
    share = Share(0, 0)
    assert share.value is None
    assert wilson(share) is None
    assert newcombe(share, Share(1, 2)) is None
    assert newcombe(Share(1, 2), share) is None


@pytest.mark.parametrize(("count", "total"), [(-1, 3), (4, 3), (0, -1)])
def test_impossible_shares_are_refused(count: int, total: int) -> None:
    """More of something than there is of everything is a mistake in the caller."""
    with pytest.raises(ValueError, match="share"):
        Share(count, total)
