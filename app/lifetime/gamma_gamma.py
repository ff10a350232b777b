"""Gamma-Gamma: what a purchase of a customer is worth, apart from how many there are.

Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value; Fader, Hardie and Lee (2005), RFM
and CLV. Parameters p, q, gamma. Only customers with repeat purchases above zero tell anything.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from app.lifetime.fitting import Fit, maximise
from app.lifetime.histories import Floats

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
    p, q, gamma = np.exp(logs)
    spent = gamma + mean * x
    log_spent, shape = np.log(spent), p * x
    value = (
        gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma)
        + (shape - 1) * np.log(mean) + shape * np.log(x) - (shape + q) * log_spent
    )  # fmt: skip
    both = digamma(shape + q)
    gradient = np.stack(
        [
            p * x * (both - digamma(shape) + np.log(mean) + np.log(x) - log_spent),
            q * (both - digamma(q) + np.log(gamma) - log_spent),
            gamma * (q / gamma - (shape + q) / spent),
        ]
    )
    return value, gradient


def fit(x: Floats, mean: Floats) -> Fit:
    """The parameters that make the means of repeat purchases most likely; x and mean above 0."""
    scale = float(np.mean(mean))

    def objective(logs: Floats) -> tuple[float, Floats]:
        # Money in units of its mean: currencies differ by four powers of ten.
        value, gradient = _parts(logs, x, mean / scale)
        return -float(value.sum()), -gradient.sum(axis=1)

    starts = [np.array([2.0, 3.0, 1.0]), np.array([6.0, 4.0, 0.5]), np.array([1.0, 10.0, 9.0])]
    found = maximise(objective, starts, float(len(x)))
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
