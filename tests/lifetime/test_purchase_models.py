"""BG/NBD, Pareto/NBD and Gamma-Gamma against integrals, published forms and brute force."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from app.lifetime import bgnbd, gamma_gamma, pareto_nbd
from app.lifetime.bgnbd import Bgnbd
from app.lifetime.gamma_gamma import GammaGamma
from app.lifetime.histories import Floats, Histories, compressed
from app.lifetime.pareto_nbd import ParetoNbd
from app.lifetime.quadrature import beta_nodes

BG = Bgnbd(0.243, 4.414, 0.793, 2.426)
PARETO = ParetoNbd(0.553, 10.578, 0.606, 11.669)
#: Everything that packages are known to stumble over, in one list of histories.
HARD = Histories.of(
    np.array([0.0, 0.0, 1.0, 3.0, 26.0, 171.0, 250.0, 250.0, 900.0]),
    np.array([0.0, 0.0, 0.0, 5.0, 30.9, 38.0, 10.0, 39.0, 39.0]),
    np.array([0.0, 39.0, 39.0, 20.0, 31.0, 39.0, 39.0, 39.0, 39.0]),
)
Model = Bgnbd | ParetoNbd
Parts = Callable[[Floats, Histories], tuple[Floats, Floats]]


def history(x: float, t_x: float, age: float) -> Histories:
    """One customer."""
    return Histories.of(np.array([x]), np.array([t_x]), np.array([age]))


#: Quantiles at the middles of equal shares: a mean over them is an integral over a distribution.
_SHARES = (np.arange(2_000) + 0.5) / 2_000
_HISTORIES = [(0, 0, 30), (2, 20, 30), (3, 15, 30), (1, 30, 30)]


@pytest.mark.parametrize(("x", "t_x", "age"), _HISTORIES)
def test_bgnbd_likelihood_is_the_integral(x: int, t_x: float, age: float) -> None:
    """The individual's likelihood, averaged over the gamma rate and the beta chance."""
    rate = stats.gamma.ppf(_SHARES, BG.r, scale=1 / BG.alpha)[:, None]
    p = stats.beta.ppf(_SHARES, BG.a, BG.b)
    each = rate**x * (1 - p) ** x * np.exp(-rate * age)
    if x:
        each += p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * t_x)
    found = np.exp(BG.log_likelihood(history(x, t_x, age))[0])
    assert found == pytest.approx(float(each.mean()), rel=3e-3)


@pytest.mark.parametrize(("x", "t_x", "age"), _HISTORIES)
def test_pareto_nbd_likelihood_is_the_integral(x: int, t_x: float, age: float) -> None:
    """The individual's likelihood, averaged over both gamma rates."""
    rate = stats.gamma.ppf(_SHARES, PARETO.r, scale=1 / PARETO.alpha)[:, None]
    end = stats.gamma.ppf(_SHARES, PARETO.s, scale=1 / PARETO.beta)
    both = rate + end
    stays = rate ** (x + 1) / both * np.exp(-both * age)
    each = stays + rate**x * end / both * np.exp(-both * t_x)
    found = np.exp(PARETO.log_likelihood(history(x, t_x, age))[0])
    assert found == pytest.approx(float(each.mean()), rel=3e-3)


@pytest.mark.parametrize("skew", [0.3, 1.0, 4.0])
def test_pareto_nbd_likelihood_is_the_published_form(skew: float) -> None:
    """The two 2F1 of Fader and Hardie (2005) where they do not cancel, for alpha above and below.

    At alpha = beta, where they do not exist, the neighbours on both sides enclose the value.
    """
    model = ParetoNbd(0.553, 10.578, 0.606, 10.578 * skew)
    x, t_x, age = 3.0, 20.0, 35.0
    if skew == 1.0:
        near = [ParetoNbd(0.553, 10.578, 0.606, 10.578 * (1 + e)) for e in (-1e-6, 1e-6)]
        values = [float(each.log_likelihood(history(x, t_x, age))[0]) for each in near]
        here = float(model.log_likelihood(history(x, t_x, age))[0])
        assert min(values) <= here <= max(values)
        assert here == pytest.approx(values[0], abs=1e-5)
        return
    r, alpha, s, beta = model.r, model.alpha, model.s, model.beta
    k = r + s + x
    top, second = max(alpha, beta), s + 1 if alpha >= beta else r + x

    def part(t: float) -> float:
        z = abs(alpha - beta) / (top + t)
        return float(special.hyp2f1(k, second, k + 1, z) / (top + t) ** k)

    brackets = (alpha + age) ** -(r + x) * (beta + age) ** -s + s / k * (part(t_x) - part(age))
    constant = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    published = constant + np.log(brackets)
    assert float(model.log_likelihood(history(x, t_x, age))[0]) == pytest.approx(
        published, rel=1e-10
    )


@pytest.mark.parametrize("t", [1.0, 52.0, 520.0])
def test_bgnbd_expectations_are_the_published_forms(t: float) -> None:
    """E[X(t)] and the conditional expectation by 2F1, as Fader, Hardie and Lee print them."""
    r, alpha, a, b = BG.r, BG.alpha, BG.a, BG.b
    new = (a + b - 1) / (a - 1) * (
        1 - (alpha / (alpha + t)) ** r * special.hyp2f1(r, b, a + b - 1, t / (alpha + t))
    )  # fmt: skip
    assert BG.expected(t) == pytest.approx(new, rel=1e-10)
    x, t_x, age = 4.0, 25.0, 39.0
    fallen = ((alpha + age) / (alpha + age + t)) ** (r + x)
    f = special.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    known = (a + b + x - 1) / (a - 1) * (1 - fallen * f) / (1 + odds)
    one = history(x, t_x, age)
    found = (BG.p_alive(one) * BG.expected_if_alive(one, t))[0]
    assert found == pytest.approx(known, rel=1e-10)
    assert BG.p_alive(one)[0] == pytest.approx(1 / (1 + odds), rel=1e-12)


def test_pareto_nbd_residual_is_the_published_form() -> None:
    """DERT with the confluent hypergeometric function (Fader, Hardie and Lee, 2005)."""
    r, alpha, s, beta = PARETO.r, PARETO.alpha, PARETO.s, PARETO.beta
    x, t_x, age, delta = 4.0, 25.0, 39.0, 0.0027
    one = history(x, t_x, age)
    published = (
        alpha**r * beta**s * delta ** (s - 1) * special.gamma(r + x + 1)
        * special.hyperu(s, s, delta * (beta + age))
        / (special.gamma(r) * (alpha + age) ** (r + x + 1) * np.exp(PARETO.log_likelihood(one)[0]))
    )  # fmt: skip
    found = PARETO.p_alive(one) * PARETO.discounted_if_alive(one, [np.inf], delta)[0]
    assert found[0] == pytest.approx(published, rel=1e-8)


@pytest.mark.parametrize("model", [BG, PARETO])
def test_discounting_is_the_integral_of_the_increments(model: Model) -> None:
    """Against a sum over two thousand small steps of the expectation."""
    one, delta = history(4.0, 25.0, 39.0), 0.002
    edges = np.linspace(0, 156, 2_001)
    grown = np.array([model.expected_if_alive(one, float(t))[0] for t in edges])
    steps = np.diff(grown) * np.exp(-delta * (edges[1:] + edges[:-1]) / 2)
    found = model.discounted_if_alive(one, [52.0, 156.0, np.inf], delta)
    assert found[1][0] == pytest.approx(steps.sum(), rel=1e-7)
    assert found[0][0] < found[1][0] < found[2][0]
    plain = model.discounted_if_alive(one, [52.0], 0.0)[0]
    assert plain == pytest.approx(model.expected_if_alive(one, 52.0), rel=1e-10)
    coarse = model.discounted_if_alive(one, [52.0, np.inf], delta, fine=False)
    assert coarse[0] == pytest.approx(found[0], rel=1e-4)
    assert coarse[1] == pytest.approx(found[2], rel=2e-2)


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_bgnbd_is_regular_at_one(a: float) -> None:
    """At a = 1 the published form divides by zero; its neighbours a little off agree."""
    near = Bgnbd(0.243, 4.414, 1.0001, 2.426).expected(52.0)
    assert Bgnbd(0.243, 4.414, a, 2.426).expected(52.0) == pytest.approx(near, rel=1e-3)


@pytest.mark.parametrize("s", [1 - 1e-12, 1.0, 1 + 1e-12])
def test_pareto_nbd_is_regular_at_one(s: float) -> None:
    """At s = 1 too."""
    near = ParetoNbd(0.553, 10.578, 1.0001, 11.669).expected(52.0)
    assert ParetoNbd(0.553, 10.578, s, 11.669).expected(52.0) == pytest.approx(near, rel=1e-3)


_POSITIVE = st.floats(0.01, 50.0)


@settings(max_examples=15, deadline=None)
@given(_POSITIVE, _POSITIVE, _POSITIVE, _POSITIVE, st.sampled_from([Bgnbd, ParetoNbd]))
def test_whatever_the_parameters_figures_are_finite(
    one: float, two: float, three: float, four: float, kind: type[Bgnbd] | type[ParetoNbd]
) -> None:
    """x of 171, 250 and 900, alpha = beta, long horizons: no NaN, no infinity, no negative."""
    for model in (kind(one, two, three, four), kind(one, two, three, two)):
        alive = model.p_alive(HARD)
        assert np.all(np.isfinite(model.log_likelihood(HARD)))
        assert np.all((alive >= 0) & (alive <= 1))
        for t in (0.001, 52.18, 10_000.0):
            expected = model.expected_if_alive(HARD, t)
            assert np.all(np.isfinite(expected))
            assert np.all(expected >= 0)
        for each in model.discounted_if_alive(HARD, [52.18, np.inf], 0.002, fine=False):
            assert np.all(np.isfinite(each))


@settings(max_examples=20, deadline=None)
@given(
    _POSITIVE, _POSITIVE, _POSITIVE, _POSITIVE, st.sampled_from([bgnbd._parts, pareto_nbd._parts])
)
def test_gradients_are_those_of_the_likelihood(
    one: float, two: float, three: float, four: float, parts: Parts
) -> None:
    """The analytic gradient equals differences of the log-likelihood, whatever the parameters."""
    data = Histories.of(
        np.array([0.0, 1.0, 4.0, 30.0]), np.array([0.0, 9.0, 25.0, 30.0]), np.full(4, 39.0)
    )
    logs = np.log([one, two, three, four])
    _, gradient = parts(logs, data)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5
        slope = (parts(logs + step, data)[0] - parts(logs - step, data)[0]) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_beta_nodes_integrate_polynomials_and_fractions() -> None:
    """Moments of Beta(a, b) to rounding, also for b so large that gamma functions overflow."""
    for a, b in ((0.793, 2.426), (1.0, 1.0), (0.05, 0.05), (3.0, 900.0)):
        p, weight = beta_nodes(a, b, 24)
        moment = 1.0
        for k in range(6):
            assert weight @ p**k == pytest.approx(moment, rel=1e-9)
            moment *= (a + k) / (a + b + k)


def test_compressing_changes_nothing() -> None:
    """The fit to distinct histories with weights is the fit to all customers."""
    random = np.random.default_rng(7)
    x = random.integers(0, 4, 500)
    age = random.integers(100, 270, 500)
    t_x = np.where(x > 0, random.integers(1, 100, 500), 0)
    few, place = compressed(x, t_x, age, 7.0)
    assert few.weight.sum() == 500
    assert np.allclose(few.x[place], x)
    assert np.allclose(few.T[place] * 7, age)
    every = Histories.of(x.astype(float), t_x / 7, age / 7)
    one, other = bgnbd.fit(few), bgnbd.fit(every)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-9)


def test_parameters_are_found_again() -> None:
    """Simulated customers: each true parameter lies within four standard errors."""
    random = np.random.default_rng(11)
    truth, n = Bgnbd(0.8, 6.0, 0.9, 2.5), 8_000
    age = random.integers(150, 400, n) / 7
    rate, chance = random.gamma(truth.r, 1 / truth.alpha, n), random.beta(truth.a, truth.b, n)
    x, t_x = np.zeros(n), np.zeros(n)
    for each in range(n):
        at = 0.0
        while (at := at + random.exponential(1 / rate[each])) < age[each]:
            x[each], t_x[each] = x[each] + 1, at
            if random.random() < chance[each]:
                break
    found = bgnbd.fit(Histories.of(x, t_x, age))
    assert found.converged
    assert found.errors is not None
    true = np.array([truth.r, truth.alpha, truth.a, truth.b])
    assert np.all(np.abs(found.values - true) < 4 * found.errors)


def test_gamma_gamma_likelihood_and_mean_are_integrals() -> None:
    """Means of gamma values whose scale is gamma-distributed, integrated by brute force."""
    model, x, mean = GammaGamma(6.25, 3.744, 15.44), 3.0, 22.0

    def joint(nu: float) -> float:
        seen = stats.gamma.pdf(mean, model.p * x, scale=1 / (nu * x))
        return float(seen * stats.gamma.pdf(nu, model.q, scale=1 / model.gamma))

    density, _ = integrate.quad(joint, 0, 5)
    worth, _ = integrate.quad(lambda nu: joint(nu) * model.p / nu, 1e-9, 5)
    logs = np.log([model.p, model.q, model.gamma])
    value, _ = gamma_gamma._parts(logs, np.array([x]), np.array([mean]))
    assert np.exp(value[0]) == pytest.approx(density, rel=1e-8)
    expected = model.expected(np.array([x]), np.array([mean]))[0]
    assert expected == pytest.approx(worth / density, rel=1e-8)


def test_gamma_gamma_refuses_an_infinite_mean() -> None:
    """With q <= 1 the formula would give negative or infinite values."""
    with pytest.raises(ValueError, match="infinite"):
        GammaGamma(2.0, 1.0, 3.0).expected(np.array([1.0]), np.array([10.0]))


def test_money_in_small_units_changes_only_gamma() -> None:
    """Values in yuan or in fen: the same p and q, a hundred times the scale."""
    random = np.random.default_rng(3)
    x = random.integers(1, 6, 400).astype(float)
    mean = random.gamma(6 * x, 1 / (x * random.gamma(4, 1 / 15, 400)))
    yuan, fen = gamma_gamma.fit(x, mean), gamma_gamma.fit(x, mean * 100)
    assert fen.values == pytest.approx(yuan.values * [1, 1, 100], rel=1e-5)


def test_no_maximum_is_no_fit() -> None:
    """Customers who all bought once have no likelihood to be greatest: it does not converge."""
    n = 200
    data: Any = Histories.of(np.zeros(n), np.zeros(n), np.full(n, 30.0))
    assert not bgnbd.fit(data).converged
