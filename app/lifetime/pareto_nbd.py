"""Pareto/NBD: purchases at a gamma-distributed rate, an end at a gamma-distributed rate.

Schmittlein, Morrison and Colombo (1987), Counting Your Customers, Management Science 33(1);
Fader and Hardie (2005), A Note on Deriving the Pareto/NBD Model. Parameters r, alpha (of the
purchases), s, beta (of the end).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import digamma, gammaln

from app.lifetime.fitting import Fit, maximise
from app.lifetime.histories import Floats, Histories
from app.lifetime.quadrature import legendre, time_weights

NAMES = ("r", "alpha", "s", "beta")
#: Panels of the integral over the end, denser towards the last purchase, and nodes in each.
_EDGES = (0.0, 0.5, 0.8, 0.95, 0.99, 0.999, 0.9999, 1.0)
_NODES = 10


@dataclass(frozen=True)
class ParetoNbd:
    """A model with its parameters; times in the unit of the fit."""

    r: float
    alpha: float
    s: float
    beta: float

    @classmethod
    def of(cls, values: Floats) -> "ParetoNbd":
        """The model with these parameters, in the order of NAMES."""
        return cls(*map(float, values))

    def log_likelihood(self, data: Histories) -> Floats:
        """Of one customer with each history."""
        found: Floats = _parts(np.log([self.r, self.alpha, self.s, self.beta]), data)[0]
        return found

    def p_alive(self, data: Histories) -> Floats:
        """Probability of not having ended by T."""
        alive = _alive(self.r, self.alpha, self.s, self.beta, data)
        ended = _ended(self.r, self.alpha, self.s, self.beta, data).log
        return np.exp(alive - np.logaddexp(alive, ended))

    def expected(self, t: float) -> float:
        """Expected purchases of a new customer in a time t, the first one not counted."""
        return float(self.expected_if_alive(Histories.of(*np.zeros((3, 1))), t)[0])

    def expected_if_alive(self, data: Histories, t: float) -> Floats:
        """Expected purchases in a time t after T of a customer who is alive at T.

        (r+x)/(alpha+T) (beta+T) (1 - q^(s-1)) / (s-1) with q = (beta+T)/(beta+T+t), written so
        that it is regular at s = 1.
        """
        far = np.log1p(t / (self.beta + data.T))
        power = -(self.s - 1) * far
        small = np.abs(power) < 1e-8
        shape = np.where(small, 1 + power / 2, np.expm1(power) / np.where(small, 1.0, power))
        rate: Floats = (self.r + data.x) / (self.alpha + data.T)
        return rate * (self.beta + data.T) * far * shape

    def discounted_if_alive(
        self, data: Histories, horizons: list[float], delta: float, *, fine: bool = True
    ) -> list[Floats]:
        """Purchases after T up to each horizon, each worth exp(-delta t) after a time t.

        For a customer who is alive at T. A horizon may be infinite; then delta > 0, and this is
        the residual of Fader, Hardie and Lee (2005), whose confluent hypergeometric function is
        the integral taken here.
        """
        ages, place = np.unique(data.T, return_inverse=True)
        scale = (self.beta + float(ages.min(initial=0.0))) / 4
        times, worth = time_weights(scale, horizons, delta, fine=fine)
        survival = np.exp(-self.s * np.log1p(times / (self.beta + ages[:, None])))
        rate = (self.r + data.x) / (self.alpha + data.T)
        return list(rate * (survival @ worth)[place].T)


@dataclass(frozen=True)
class _Ended:
    """The logarithm of s times the integral over the end, and its gradient by r, alpha, s, beta."""

    log: Floats
    gradient: Floats


def _alive(r: float, alpha: float, s: float, beta: float, data: Histories) -> Floats:
    return -(r + data.x) * np.log(alpha + data.T) - s * np.log(beta + data.T)


def _ended(r: float, alpha: float, s: float, beta: float, data: Histories) -> _Ended:
    """s times the integral of (alpha+y)^-(r+x) (beta+y)^-(s+1) over the end y from t_x to T.

    The published form is a difference of two 2F1, which cancel; the integral is a sum of
    positive terms. With m the larger of alpha and beta, l the other, k = r+x+s and
    w = ((m+y)/(m+t_x))^-k, it is (m+t_x)^-k / k times the integral of ((m+y)/(l+y))^h over w,
    h the exponent of l: greatest at w = 1, where the panels are dense. w = v^3 makes it smooth
    at 0 for large x.
    """
    gap = abs(alpha - beta)
    power = s + 1 if alpha >= beta else r + data.x
    seen = max(alpha, beta) + data.t_x
    k = r + data.x + s
    lowest = np.exp(-k / 3 * np.log((max(alpha, beta) + data.T) / seen))
    peak = power * (np.log(seen) - np.log(seen - gap))
    unit, weights = legendre(_NODES)
    total = np.zeros(len(data.x))
    sums = np.zeros((4, len(data.x)))
    for low, high in pairwise(_EDGES):
        for node, weight in zip(low + (high - low) * unit, (high - low) * weights, strict=True):
            v = lowest + (1 - lowest) * node
            log_larger = np.log(seen) - 3 / k * np.log(np.maximum(v, 1e-300))
            larger = np.exp(log_larger)
            smaller = larger - gap
            log_smaller = np.log(smaller)
            part = weight * 3 * v * v * np.exp(power * (log_larger - log_smaller) - peak)
            one, other = (larger, smaller) if alpha >= beta else (smaller, larger)
            logs = (log_larger, log_smaller) if alpha >= beta else (log_smaller, log_larger)
            total += part
            sums[0] -= part * logs[0]
            sums[1] -= part * (r + data.x) / one
            sums[2] -= part * logs[1]
            sums[3] -= part * (s + 1) / other
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(s / k) - k * np.log(seen) + peak + np.log(total * (1 - lowest))
        slopes = np.where(total > 0, sums / total, 0.0)
    slopes[2] += 1 / s
    return _Ended(log, slopes)


def _parts(logs: Floats, data: Histories) -> tuple[Floats, Floats]:
    """Each history's log-likelihood (n) and its gradient by the log parameters (4, n)."""
    r, alpha, s, beta = np.exp(logs)
    values, place = data.distinct_x
    alive = _alive(r, alpha, s, beta, data)
    ended = _ended(r, alpha, s, beta, data)
    both = np.logaddexp(alive, ended.log)
    gone = np.exp(ended.log - both)
    of_x = gammaln(r + values) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    by_r = digamma(r + values) - digamma(r) + np.log(alpha)
    stays = np.stack(
        [
            -np.log(alpha + data.T),
            -(r + data.x) / (alpha + data.T),
            -np.log(beta + data.T),
            -s / (beta + data.T),
        ]
    )
    mixed = (1 - gone) * stays + gone * ended.gradient
    gradient = np.stack(
        [
            r * (by_r[place] + mixed[0]),
            alpha * (r / alpha + mixed[1]),
            s * (np.log(beta) + mixed[2]),
            beta * (s / beta + mixed[3]),
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
    starts = [np.array([0.5, age / 3, 0.5, age / 3])]
    best = maximise(objective, starts, customers)
    if not best.converged:
        more = [np.array([1.0, age, 2.0, 2 * age]), np.array([0.2, age / 20, 0.3, age / 10])]
        best = maximise(objective, [*starts, *more], customers)
    return best
