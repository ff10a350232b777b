"""sBG: contracts that are renewed or not, with a beta-distributed chance of ending.

Fader and Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21(1);
(2010) Customer-Base Valuation in a Contractual Setting. Parameters alpha, beta of the chance to
end at each renewal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.lifetime.fitting import Fit, maximise
from app.lifetime.histories import Floats

NAMES = ("alpha", "beta")
_NOTHING = 1e-13
_MOST_TERMS = 100_000


@dataclass(frozen=True)
class Renewal:
    """One opportunity to renew: `period` 1 is the first; `renewed` of `at_risk` did."""

    period: int
    at_risk: int
    renewed: int


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """A model with its parameters; time in contract periods."""

    alpha: float
    beta: float

    @classmethod
    def of(cls, values: Floats) -> "ShiftedBetaGeometric":
        """The model with these parameters, in the order of NAMES."""
        return cls(*map(float, values))

    def retention(self, period: int) -> float:
        """The share that renews at an opportunity, of those who come to it."""
        return (self.beta + period - 1) / (self.alpha + self.beta + period - 1)

    def survival(self, period: int) -> float:
        """The share that is left after so many opportunities: B(alpha, beta+t) / B(alpha, beta)."""
        left = 1.0
        for each in range(1, period + 1):
            left *= self.retention(each)
        return left

    def residual_renewals(self, period: int, discount: float) -> float:
        """Discounted expected renewals of a customer who comes to an opportunity (DERL).

        The first, at once, is not discounted; each later one by 1 + `discount` a period more.
        The sum of which the published 2F1 is the closed form: it is finite and positive term by
        term for any parameters.
        """
        total, term = 0.0, 1.0
        for step in range(_MOST_TERMS):
            term *= self.retention(period + step)
            total += term
            term /= 1 + discount
            if term < _NOTHING * total * discount:
                break
        return total

    def margin_multiple(self, discount: float) -> float:
        """What a new customer brings in, for a margin of 1 a period from the first renewal on.

        The sum over t of survival(t) / (1 + `discount`)^t.
        """
        return self.residual_renewals(1, discount) / (1 + discount)


def constant_margin_multiple(retention: float, discount: float) -> float:
    """The same if everybody renews with one chance: r / (1 + i - r), the margin multiple.

    The simple formula of lifetime value. It takes those who stay to end as easily as those who
    have ended, and so tells too little (Fader and Hardie, 2010). Finite for r < 1 + i: as a
    share is at most 1, for any `discount` above 0.
    """
    return retention / (1 + discount - retention)


def fit(renewals: Sequence[Renewal]) -> Fit:
    """The parameters that make the renewals most likely."""
    period = np.array([float(each.period) for each in renewals])
    risk = np.array([float(each.at_risk) for each in renewals])
    kept = np.array([float(each.renewed) for each in renewals])

    def objective(logs: Floats) -> tuple[float, Floats]:
        alpha, beta = np.exp(logs)
        stays, all_ = beta + period - 1, alpha + beta + period - 1
        value = kept @ np.log(stays) + (risk - kept).sum() * np.log(alpha) - risk @ np.log(all_)
        both = (risk / all_).sum()
        by_alpha = alpha * ((risk - kept).sum() / alpha - both)
        by_beta = beta * ((kept / stays).sum() - both)
        return -float(value), -np.array([by_alpha, by_beta])

    starts = [np.array([1.0, 1.0]), np.array([0.5, 5.0])]
    return maximise(objective, starts, float(risk.sum()))
