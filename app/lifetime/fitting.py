"""Maximum likelihood of positive parameters: on their logarithms, with standard errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from app.lifetime.histories import Floats

#: Negative log-likelihood and its gradient, at the logarithms of the parameters.
Objective = Callable[[Floats], tuple[float, Floats]]

_FAR = 12.0
"""A parameter beyond exp(+-12) says that the likelihood has no maximum."""
_STEP = 1e-4
_FLAT = 1e-3


@dataclass(frozen=True)
class Fit:
    """Where the likelihood is greatest, and how sharply."""

    values: Floats
    """The parameters."""
    log_likelihood: float
    gradient: float
    """The largest component of the gradient, per customer, on the log scale."""
    iterations: int
    covariance: Floats | None
    """Of the logarithms; None where the likelihood has no sharp maximum there."""

    @property
    def converged(self) -> bool:
        """A sharp maximum, away from the limits."""
        inside = bool(np.all(np.abs(np.log(self.values)) < _FAR - 1e-6))
        return inside and self.covariance is not None and self.gradient < _FLAT

    @property
    def errors(self) -> Floats | None:
        """Standard errors of the parameters: theta * se(log theta), by the delta method."""
        if self.covariance is None:
            return None
        deviation: Floats = self.values * np.sqrt(np.diag(self.covariance))
        return deviation

    def draws(self, number: int, seed: int) -> Floats:
        """Parameters that the data allow: normal on the log scale, (number, parameters).

        Without a covariance there is nothing to draw from: the estimate again and again.
        """
        centre = np.log(self.values)
        if self.covariance is None:
            return np.tile(self.values, (number, 1))
        random = np.random.default_rng(seed)
        logs = random.multivariate_normal(centre, self.covariance, size=number)
        drawn: Floats = np.exp(np.clip(logs, -_FAR, _FAR))
        return drawn


def maximise(objective: Objective, starts: Sequence[Floats], customers: float) -> Fit:
    """Fit by L-BFGS-B from each start (parameters, not logarithms) and keep the best.

    `customers` scales the objective, so that tolerances mean the same for few and for many.
    """

    def scaled(logs: Floats) -> tuple[float, Floats]:
        value, gradient = objective(logs)
        if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
            return 1e10, np.zeros_like(logs)
        return value / customers, gradient / customers

    found = [
        minimize(
            scaled,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_FAR, _FAR)] * len(start),
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500, "maxcor": 20},
        )
        for start in starts
    ]
    best = min(found, key=lambda each: float(each.fun))
    logs = np.asarray(best.x, dtype=np.float64)
    value, gradient = scaled(logs)
    return Fit(
        values=np.exp(logs),
        log_likelihood=-value * customers,
        gradient=float(np.max(np.abs(gradient))),
        iterations=sum(int(each.nit) for each in found),
        covariance=_covariance(objective, logs),
    )


def _covariance(objective: Objective, logs: Floats) -> Floats | None:
    """The inverse of the Hessian, by central differences of the gradient; None if it is none."""
    rows = []
    for step in np.eye(len(logs)) * _STEP:
        (_, above), (_, below) = objective(logs + step), objective(logs - step)
        rows.append((above - below) / (2 * _STEP))
    slopes = np.array(rows)
    hessian = (slopes + slopes.T) / 2
    if not np.all(np.isfinite(hessian)):
        return None
    curvatures = np.linalg.eigvalsh(hessian)
    if curvatures[0] <= 1e-10 * max(curvatures[-1], 1.0):
        return None
    return np.asarray(np.linalg.inv(hessian), dtype=np.float64)
