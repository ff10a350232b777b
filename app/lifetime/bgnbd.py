"""BG/NBD: purchases at a gamma-distributed rate, an end after any purchase with a beta chance.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the
Pareto/NBD Model, Marketing Science 24(2). Parameters r, alpha (of the rate), a, b (of the end).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from app.lifetime.fitting import Fit, maximise
from app.lifetime.histories import Floats, Histories, Ints
from app.lifetime.quadrature import beta_nodes, time_weights

NAMES = ("r", "alpha", "a", "b")
_NODES = 128
_MOST_NODES = 512
_COARSE = 20
#: Histories by nodes of one array: bounds the memory.
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Bgnbd:
    """A model with its parameters; times in the unit of the fit."""

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def of(cls, values: Floats) -> "Bgnbd":
        """The model with these parameters, in the order of NAMES."""
        return cls(*map(float, values))

    def log_likelihood(self, data: Histories) -> Floats:
        """Of one customer with each history."""
        logs = np.log([self.r, self.alpha, self.a, self.b])
        found: Floats = _parts(logs, data)[0]
        return found

    def p_alive(self, data: Histories) -> Floats:
        """Probability of not having ended by T; 1 for x = 0, where the model knows no end."""
        end, alive = _ended(self.a, self.b, self.r, self.alpha, data)
        return np.exp(alive - np.logaddexp(alive, end))

    def expected(self, t: float) -> float:
        """Expected purchases of a new customer in a time t, the first one not counted."""
        return float(self._alive(np.zeros(1), np.zeros(1), t)[0])

    def expected_if_alive(self, data: Histories, t: float) -> Floats:
        """Expected purchases in a time t after T of a customer who is alive at T."""
        return self._alive(data.x, data.T, t)

    def _alive(self, x: Floats, T: Floats, t: float) -> Floats:  # noqa: N803 - as published
        """E[(1 - (1 + p z)^-(r+x)) / p] over p ~ Beta(a, b+x), with z = t / (alpha+T).

        The published 2F1 is this expectation; unlike it, the expectation is regular at a = 1,
        and every term is positive.
        """
        found = np.empty(len(x))
        for value, places in _by_value(x):
            age = self.alpha + T[places]
            p, weight = beta_nodes(self.a, self.b + value, _nodes_for(t / float(age.min())))
            for part in _blocks(len(places), len(p)):
                z = t / age[part, None]
                grown = -np.expm1(-(self.r + value) * np.log1p(p * z)) / p
                found[places[part]] = grown @ weight
        return found

    def discounted_if_alive(
        self, data: Histories, horizons: list[float], delta: float, *, fine: bool = True
    ) -> list[Floats]:
        """Purchases after T up to each horizon, each worth exp(-delta t) after a time t.

        For a customer who is alive at T. A horizon may be infinite; then delta > 0. The rate of
        purchases at t is the derivative of `_alive`, integrated over p and over t; coarsely it
        is right to some thousandths.
        """
        scale = (self.alpha + float(data.T.min(initial=0.0))) / 4
        times, worth = time_weights(scale, horizons, delta, fine=fine)
        found = np.empty((len(data.x), len(horizons)))
        for value, places in _by_value(data.x):
            age = self.alpha + data.T[places]
            wanted = _nodes_for(float(times[-1] / age.min())) if fine else _COARSE
            p, weight = beta_nodes(self.a, self.b + value, min(wanted, _NODES))
            rate = self.r + value
            for part in _blocks(len(places), len(p) * len(times)):
                older = age[part, None, None]
                fallen = np.exp(-(rate + 1) * np.log1p(p[:, None] * (times / older)))
                at = np.einsum("npt,p->nt", fallen, weight)
                found[places[part]] = rate / age[part, None] * (at @ worth)
        return list(found.T)


def _by_value(x: Floats) -> Iterator[tuple[float, Ints]]:
    """Each value of x with the places where it stands."""
    order = np.argsort(x, kind="stable")
    values, starts = np.unique(x[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, starts[1:]), strict=True)


def _blocks(rows: int, width: int) -> Iterator[slice]:
    """Slices of rows whose arrays of this width stay small."""
    step = max(_BLOCK // width, 1)
    for begin in range(0, rows, step):
        yield slice(begin, begin + step)


def _nodes_for(z: float) -> int:
    """Nodes for 1e-12: the integrand's nearest singularity lies at p = -1/z."""
    u = 1 + 2 / max(z, 1e-9)
    needed = 30 / (2 * np.log(u + np.sqrt(u * u - 1)))
    # Steps, so that the nodes are found in the cache.
    for number in (16, 24, 32, 48, 64, 96, 128, 192, 256, 384):
        if needed <= number:
            return number
    return _MOST_NODES


def _ended(a: float, b: float, r: float, alpha: float, data: Histories) -> tuple[Floats, Floats]:
    """Logarithms of how likely the history is, up to a factor: ended at t_x, and alive at T."""
    repeated = data.x > 0
    odds = np.where(repeated, np.log(a) - np.log(np.where(repeated, b + data.x - 1, 1.0)), -np.inf)
    rate = r + data.x
    return odds - rate * np.log(alpha + data.t_x), -rate * np.log(alpha + data.T)


def _parts(logs: Floats, data: Histories) -> tuple[Floats, Floats]:
    """Each history's log-likelihood (n) and its gradient by the log parameters (4, n)."""
    r, alpha, a, b = np.exp(logs)
    values, place = data.distinct_x
    end, alive = _ended(a, b, r, alpha, data)
    both = np.logaddexp(alive, end)
    gone = np.exp(end - both)
    of_x = (
        gammaln(r + values) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(a + b + values) + gammaln(b + values) - gammaln(b)
    )  # fmt: skip
    psi_a = digamma(a + b) - digamma(a + b + values)
    by_x = np.stack(
        [
            digamma(r + values) - digamma(r) + np.log(alpha),
            psi_a,
            psi_a + digamma(b + values) - digamma(b),
        ]
    )[:, place]
    rate = r + data.x
    older, seen = alpha + data.T, alpha + data.t_x
    per = np.where(data.x > 0, b + data.x - 1, 1.0)
    gradient = np.stack(
        [
            r * (by_x[0] - (1 - gone) * np.log(older) - gone * np.log(seen)),
            alpha * (r / alpha - rate * ((1 - gone) / older + gone / seen)),
            a * (by_x[1] + gone / a),
            b * (by_x[2] - gone / per),
        ]
    )
    return of_x[place] + both, gradient


def fit(data: Histories) -> Fit:
    """The parameters that make the histories most likely."""
    customers = float(data.weight.sum())

    def objective(logs: Floats) -> tuple[float, Floats]:
        values, gradient = _parts(logs, data)
        return -float(data.weight @ values), -(gradient @ data.weight)

    age = max(float(data.weight @ data.T) / customers, 1e-6)
    starts = [np.array([0.5, age / 4, 1.0, 2.0])]
    best = maximise(objective, starts, customers)
    if not best.converged:
        more = [np.array([0.1, age / 20, 0.3, 5.0]), np.array([2.0, age, 0.5, 0.5])]
        best = maximise(objective, [*starts, *more], customers)
    return best
