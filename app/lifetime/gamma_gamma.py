"""Gamma-Gamma: what a purchase of a customer is worth, apart from how many there are.

Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value; Fader, Hardie and Lee (2005), RFM
and CLV. Parameters p, q, gamma. Only customers with repeat purchases above zero tell anything.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from app.lifetime.fitting import Fit, maximise
from app.lifetime.histories import Floats, Ints

NAMES = ("p", "q", "gamma")


@dataclass(frozen=True)
class GammaGamma:
    """A model with its parameters; money in the currency of the data."""

    p: float
    q: float
    gamma: float

    @classmethod
    def of(cls, values: Floats) -> "GammaGamma":
        """The model with these parameters, in the order of NAMES."""
        return cls(*map(float, values))

    @property
    def mean(self) -> float:
        """What a purchase is worth over all customers: p gamma / (q - 1); for q > 1 only."""
        return self.p * self.gamma / (self.q - 1)

    def expected(self, x: Floats, mean: Floats) -> Floats:
        """What a future purchase is worth, given x repeat purchases of this mean.

        p (gamma + m x) / (p x + q - 1): the customer's mean drawn towards everybody's. For q <= 1
        the mean over customers is infinite, and no figure can be given.
        """
        if self.q <= 1:
            raise ValueError("q <= 1: the mean is infinite")
        found: Floats = self.p * (self.gamma + mean * x) / (self.p * x + self.q - 1)
        return found


def _parts(logs: Floats, x: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Each customer's log-likelihood (n) and its gradient by the log parameters (3, n)."""
    return _of_frequencies(logs, np.unique(x, return_inverse=True), mean)


def _of_frequencies(
    logs: Floats, frequencies: tuple[Floats, Ints], mean: Floats
) -> tuple[Floats, Floats]:
    """The same with x as its distinct values and each customer's place among them.

    Gamma functions are dear, and depend on x alone.
    """
    p, q, gamma = np.exp(logs)
    values, place = frequencies
    x = values[place]
    log_mean, log_spent = np.log(mean), np.log(gamma + mean * x)
    shapes = p * values
    shape = shapes[place]
    both = digamma(shapes + q)
    of_x = (
        gammaln(shapes + q) - gammaln(shapes) - gammaln(q) + q * np.log(gamma)
        + shapes * np.log(values)
    )  # fmt: skip
    value = of_x[place] + (shape - 1) * log_mean - (shape + q) * log_spent
    by_p = (both - digamma(shapes) + np.log(values))[place]
    gradient = np.stack(
        [
            p * x * (by_p + log_mean - log_spent),
            q * ((both - digamma(q) + np.log(gamma))[place] - log_spent),
            gamma * (q / gamma - (shape + q) / (gamma + mean * x)),
        ]
    )
    return value, gradient


def fit(x: Floats, mean: Floats) -> Fit:
    """The parameters that make the means of repeat purchases most likely; x and mean above 0."""
    scale = float(np.mean(mean))
    frequencies = np.unique(x, return_inverse=True)

    def objective(logs: Floats) -> tuple[float, Floats]:
        # Money in units of its mean: currencies differ by four powers of ten.
        value, gradient = _of_frequencies(logs, frequencies, mean / scale)
        return -float(value.sum()), -gradient.sum(axis=1)

    starts = [np.array([6.0, 4.0, 0.5])]
    found = maximise(objective, starts, float(len(x)))
    if not found.converged:
        more = [np.array([2.0, 3.0, 1.0]), np.array([1.0, 10.0, 9.0])]
        found = maximise(objective, [*starts, *more], float(len(x)))
    return Fit(
        values=found.values * np.array([1.0, 1.0, scale]),
        log_likelihood=found.log_likelihood - len(x) * float(np.log(scale)),
        gradient=found.gradient,
        iterations=found.iterations,
        covariance=found.covariance,
    )


def correlation(x: Floats, mean: Floats) -> float | None:
    """Pearson's correlation of how many and how much: the model takes it to be none."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(mean) == 0:
        return None
    return float(np.corrcoef(x, mean)[0, 1])
