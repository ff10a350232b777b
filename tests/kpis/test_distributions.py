"""The special functions against scipy, the oracle."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.kpis import distributions

DEGREES = [1, 1.5, 2, 3, 4, 5, 7.3, 10, 15.9, 16.1, 31, 33, 100, 1e3, 1e4, 1e5, 1e6]
POINTS = [1e-3, 0.1, 0.5, 1, 1.5, 1.75, 1.96, 2.5, 4, 8, 20]
CHANCES = [1e-9, 1e-6, 0.001, 0.005, 0.025, 0.3, 0.49, 0.5, 0.51, 0.9, 0.975, 0.9995, 1 - 1e-9]


@pytest.mark.parametrize("df", DEGREES)
def test_t_two_sided_p_equals_scipy(df: float) -> None:
    """The two-sided t probability has ten right digits from 1 to a million degrees."""
    for t in POINTS:
        expected = float(2 * stats.t.sf(t, df))
        assert distributions.t_two_sided_p(t, df) == pytest.approx(expected, rel=1e-10)
        assert distributions.t_two_sided_p(-t, df) == distributions.t_two_sided_p(t, df)


def test_t_near_0_equals_the_cauchy_distribution() -> None:
    """With one degree the probability is 1 - 2 atan(t) / pi: exact where scipy is not."""
    for t in (0.0, 1e-12, 1e-8, 1e-3, 1.0, 1e6, 1e100):
        expected = 2 * math.atan2(1, t) / math.pi
        assert distributions.t_two_sided_p(t, 1) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("df", DEGREES)
def test_t_quantile_equals_scipy(df: float) -> None:
    """The t quantile has ten right digits, far into both tails."""
    for p in CHANCES:
        expected = float(stats.t.ppf(p, df))
        assert distributions.t_quantile(p, df) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("p", CHANCES)
def test_t_quantile_joins_the_normal(p: float) -> None:
    """No step where the expansion for many degrees takes over, and the normal at the end."""
    normal = distributions.normal_quantile(p)
    edge = 100 * (1 + normal**2)
    exact, expanded = distributions.t_quantile(p, edge), distributions.t_quantile(p, edge + 1e-9)
    assert expanded == pytest.approx(exact, rel=1e-11, abs=1e-11)
    assert distributions.t_quantile(p, 1e15) == pytest.approx(normal, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("df", [0.5, 1, 2, 3, 4, 10, 31, 33, 100, 2_000, 20_000, 200_000])
def test_chi_square_equals_scipy(df: float) -> None:
    """Quantile and survival function of chi-square have nine right digits, as Garwood needs."""
    for p in CHANCES:
        x = float(stats.chi2.ppf(p, df))
        assert distributions.chi_square_quantile(p, df) == pytest.approx(x, rel=2e-9)
        survival = float(stats.chi2.sf(x, df))
        assert distributions.chi_square_survival(x, df) == pytest.approx(survival, rel=1e-9)


@pytest.mark.parametrize("trials", [1, 5, 20, 100, 1_000, 100_000])
def test_binomial_tails_equal_scipy(trials: int) -> None:
    """Both tails of the binomial, ends included."""
    for chance in (0.001, 0.1, 0.5, 0.77, 0.999):
        spread = math.sqrt(trials * chance * (1 - chance))
        middle = int(trials * chance)
        for count in {-1, 0, 1, middle, int(middle - 2 * spread), trials, trials + 1}:
            at_most = float(stats.binom.cdf(count, trials, chance))
            at_least = float(stats.binom.sf(count - 1, trials, chance))
            assert distributions.binomial_at_most(count, trials, chance) == pytest.approx(
                at_most, rel=1e-9, abs=1e-300
            )
            assert distributions.binomial_at_least(count, trials, chance) == pytest.approx(
                at_least, rel=1e-9, abs=1e-300
            )


def test_normal_equals_scipy() -> None:
    """Normal quantile and two-sided probability."""
    for z in (-8.0, -1.96, 0.0, 0.3, 1.644853626951, 5.0):
        two_sided = float(2 * stats.norm.sf(abs(z)))
        assert distributions.normal_two_sided_p(z) == pytest.approx(two_sided, rel=1e-12)
    for p in CHANCES:
        expected = float(stats.norm.ppf(p))
        assert distributions.normal_quantile(p) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(
    t=st.floats(-1e300, 1e300),
    df=st.floats(0.1, 1e6),
    x=st.floats(-10, 1e9),
    chance=st.floats(0, 1),
    count=st.integers(0, 5_000),
    more=st.integers(0, 5_000),
)
def test_probabilities_stay_between_0_and_1(
    t: float, df: float, x: float, chance: float, count: int, more: int
) -> None:
    """No argument, however extreme, gives a probability outside [0, 1] or none at all."""
    for p in (
        distributions.t_two_sided_p(t, df),
        distributions.chi_square_survival(x, df),
        distributions.binomial_at_most(count, count + more, chance),
        distributions.binomial_at_least(count, count + more, chance),
    ):
        assert 0 <= p <= 1


@given(p=st.floats(1e-12, 1 - 1e-12), df=st.floats(0.5, 1e6))
def test_quantiles_lead_back(p: float, df: float) -> None:
    """The distribution function of a quantile is the probability it was asked for."""
    t = distributions.t_quantile(p, df)
    tail = distributions.t_two_sided_p(t, df) / 2
    assert tail == pytest.approx(min(p, 1 - p), rel=1e-8)
    survival = distributions.chi_square_survival(distributions.chi_square_quantile(p, df), df)
    assert survival == pytest.approx(1 - p, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_impossible_probabilities_are_refused(p: float) -> None:
    """A quantile of certainty would be infinite: it is refused instead."""
    with pytest.raises(ValueError, match="probability"):
        distributions.normal_quantile(p)
    for quantile in (distributions.t_quantile, distributions.chi_square_quantile):
        with pytest.raises(ValueError, match="probability"):
            quantile(p, 5)


@pytest.mark.parametrize("df", [0.0, -1.0, math.inf, math.nan])
def test_impossible_degrees_of_freedom_are_refused(df: float) -> None:
    """Degrees of freedom are positive and finite."""
    for ask in (
        distributions.t_quantile,
        distributions.t_two_sided_p,
        distributions.chi_square_quantile,
        distributions.chi_square_survival,
    ):
        with pytest.raises(ValueError, match="degrees"):
            ask(0.9, df)
