"""The net promoter score: published values, brute-force coverage, properties."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from app.kpis.proportions import NpsCounts, NpsMethod, nps_difference, nps_interval
from app.kpis.statistics import Difference, Interval

LEVELS = st.floats(0.5, 0.9999)


@st.composite
def scores(draw: st.DrawFn, largest: int = 5_000) -> NpsCounts:
    """Any NPS counts with at least one answer."""
    answered = draw(st.integers(1, largest))
    promoters = draw(st.integers(0, answered))
    return NpsCounts(promoters, draw(st.integers(0, answered - promoters)), answered)


def made(found: Interval | Difference | None) -> tuple[float, float]:
    """The limits of something that must exist."""
    assert found is not None
    return found.low, found.high


def test_nps_of_the_published_shares() -> None:
    """Shares 1/2, 1/3, 1/6: score 1/3, variance 5/9, and standard error 0.041409 at n = 324."""
    counts = NpsCounts(promoters=162, detractors=54, answered=324)
    assert counts.passives == 108
    assert counts.value == pytest.approx(1 / 3)
    assert counts.variance == pytest.approx(5 / 9)
    assert counts.standard_error == pytest.approx(0.041409, abs=5e-7)
    low, high = made(nps_interval(counts, method="wald"))
    assert (high - low) / 2 / 1.959964 == pytest.approx(0.041409, abs=5e-7)


def test_nps_of_the_documented_example() -> None:
    """74 promoters and 42 detractors of 139: the envelope in the API outline."""
    counts = NpsCounts(74, 42, 139)
    assert counts.value == pytest.approx(0.2302, abs=5e-5)
    found = nps_interval(counts)
    assert made(found) == pytest.approx((0.0804, 0.3703), abs=5e-5)
    assert found is not None
    assert found.method == "adjusted_wald"


def test_two_teams_with_the_same_nps() -> None:
    """Equal scores of 0 with different spread have different intervals."""
    torn, calm = NpsCounts(50, 50, 100), NpsCounts(5, 5, 100)
    assert torn.value == calm.value == 0
    assert made(nps_interval(torn))[1] > 2 * made(nps_interval(calm))[1]


def test_unanimous_answers_keep_an_interval() -> None:
    """All promoters: Wald collapses to width 0, adjusted Wald does not."""
    counts = NpsCounts(12, 0, 12)
    assert made(nps_interval(counts, method="wald")) == (1, 1)
    low, high = made(nps_interval(counts))
    assert low < 0.8
    assert high == 1


@given(counts=scores(), level=LEVELS, method=st.sampled_from(["adjusted_wald", "wald"]))
def test_nps_interval_properties(counts: NpsCounts, level: float, method: NpsMethod) -> None:
    """Inside [-1, 1], mirrored when promoters and detractors change places, growing with level."""
    found = nps_interval(counts, level, method)
    low, high = made(found)
    assert -1 <= low <= high <= 1
    mirrored = NpsCounts(counts.detractors, counts.promoters, counts.answered)
    assert made(nps_interval(mirrored, level, method)) == pytest.approx((-high, -low), abs=1e-12)
    wider = made(nps_interval(counts, (1 + level) / 2, method))
    assert wider[0] <= low
    assert wider[1] >= high


@given(counts=scores())
def test_nps_interval_holds_the_score(counts: NpsCounts) -> None:
    """Wald always holds the score; adjusted Wald at 0.95 does from two answers on."""
    assert counts.value is not None
    low, high = made(nps_interval(counts, method="wald"))
    assert low <= counts.value <= high
    assume(counts.answered >= 2)
    low, high = made(nps_interval(counts))
    assert low <= counts.value <= high


def outcomes(n: int) -> Iterator[tuple[int, int]]:
    """Every possible number of promoters and detractors among n answers."""
    return ((p, d) for p in range(n + 1) for d in range(n + 1 - p))


@pytest.mark.parametrize("shares_of", [(0.5, 0.2), (0.7, 0.1), (0.85, 0.05), (0.3, 0.3)])
def test_nps_coverage(shares_of: tuple[float, float]) -> None:
    """Exact coverage over all outcomes of 20 answers: adjusted Wald near 0.95, above Wald."""
    p, d = shares_of
    covered = {"adjusted_wald": 0.0, "wald": 0.0}
    for promoters, detractors in outcomes(20):
        passives = 20 - promoters - detractors
        ways = math.comb(20, promoters) * math.comb(20 - promoters, detractors)
        chance = ways * p**promoters * d**detractors * (1 - p - d) ** passives
        counts = NpsCounts(promoters, detractors, 20)
        for method in ("adjusted_wald", "wald"):
            low, high = made(nps_interval(counts, method=method))
            covered[method] += chance * (low <= p - d <= high)
    assert 0.93 < covered["adjusted_wald"] < 0.985
    assert covered["adjusted_wald"] >= covered["wald"]


def test_nps_difference_by_hand() -> None:
    """z, p and limits equal a recomputation from the scored answers with the pseudo-answers."""
    now, before = NpsCounts(74, 42, 139), NpsCounts(70, 43, 151)

    def adjusted(counts: NpsCounts) -> tuple[float, float]:
        weights = {1: counts.promoters + 0.75, 0: counts.passives + 1.5}
        weights[-1] = counts.detractors + 0.75
        total = sum(weights.values())
        mean = sum(score * weight for score, weight in weights.items()) / total
        spread = sum(weight * (score - mean) ** 2 for score, weight in weights.items())
        return mean, spread / total**2

    (mean_now, square_now), (mean_before, square_before) = adjusted(now), adjusted(before)
    error = math.sqrt(square_now + square_before)
    centre = mean_now - mean_before
    found = nps_difference(now, before)
    assert found is not None
    assert found.difference == pytest.approx(32 / 139 - 27 / 151)
    assert found.p == pytest.approx(float(2 * stats.norm.sf(abs(centre / error))))
    half = float(stats.norm.ppf(0.975)) * error
    assert made(found) == pytest.approx((centre - half, centre + half))
    assert found.test == "nps_two_sample_adjusted_wald"


@given(now=scores(), before=scores(), level=LEVELS)
def test_nps_difference_properties(now: NpsCounts, before: NpsCounts, level: float) -> None:
    """Limits in [-2, 2]; p below alpha exactly when they exclude 0."""
    found = nps_difference(now, before, level)
    assert found is not None
    assert -2 <= found.low <= found.high <= 2
    assert 0 <= found.p <= 1
    if abs(found.p - (1 - level)) > 1e-9:
        assert (found.p < 1 - level) == (found.low > 0 or found.high < 0)


def test_nobody_answered() -> None:
    """An empty denominator gives no value, no interval and no difference: None, not 0."""
    counts = NpsCounts(0, 0, 0)
    assert (counts.value, counts.variance, counts.standard_error) == (None, None, None)
    assert nps_interval(counts) is None
    assert nps_difference(counts, NpsCounts(1, 0, 2)) is None
    assert nps_difference(NpsCounts(1, 0, 2), counts) is None


@pytest.mark.parametrize("counts", [(2, 2, 3), (-1, 0, 3), (0, -1, 3)])
def test_impossible_nps_counts_are_refused(counts: tuple[int, int, int]) -> None:
    """Promoters and detractors are disjoint parts of the answers."""
    with pytest.raises(ValueError, match="promoters"):
        NpsCounts(*counts)
