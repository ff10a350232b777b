"""A fit as it is stored and answered."""

from collections.abc import Sequence
from typing import Any

from app.lifetime.fitting import Fit

#: Changes with every change of a formula: a run names the one that it was computed with.
CODE = "lifetime-1"


def fitted(
    model: str,
    names: Sequence[str],
    found: Fit,
    *,
    n: int,
    mean: float | None = None,
    correlation: float | None = None,
) -> dict[str, Any]:
    """The members of `FittedModel`; what is not finite is not there."""
    errors = found.errors
    return {
        "model": model,
        "n": n,
        "parameters": [
            {
                "name": name,
                "value": float(found.values[place]),
                "standard_error": None if errors is None else float(errors[place]),
            }
            for place, name in enumerate(names)
        ],
        "log_likelihood": found.log_likelihood,
        "converged": found.converged,
        "gradient": found.gradient,
        "iterations": found.iterations,
        "mean": mean,
        "correlation": correlation,
    }
