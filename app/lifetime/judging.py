"""Whether a fit may be used: enough customers, a sharp optimum, purchases foretold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.lifetime.histories import Floats, Ints

Reason = Literal[
    "few_customers",
    "few_repeaters",
    "holdout_error",
    "no_holdout",
    "no_customers",
    "no_repeaters",
    "nobody_ended",
    "no_convergence",
    "value_not_fitted",
    "value_mean_infinite",
    "value_no_convergence",
]

LEAST_CUSTOMERS = 500
LEAST_REPEATERS = 100
MOST_HOLDOUT_ERROR = 0.25
MOST_CORRELATION = 0.3
#: Customers with so many repeat purchases or more are one row of the holdout table.
_LAST_ROW = 7


@dataclass(frozen=True)
class HoldoutRow:
    """Customers with `purchases` repeat purchases before, and their purchases afterwards."""

    purchases: int
    customers: int
    expected: float
    actual: float


@dataclass(frozen=True)
class Holdout:
    """Purchases after the calibration, foretold and counted."""

    rows: tuple[HoldoutRow, ...]
    expected: float
    actual: float

    @property
    def error(self) -> float | None:
        """|foretold - counted| / counted; None where nothing was counted."""
        return abs(self.expected - self.actual) / self.actual if self.actual else None


def holdout(x: Ints, expected: Floats, actual: Ints) -> Holdout:
    """Add up by frequency what was expected of each customer, and what happened."""
    row = np.minimum(x, _LAST_ROW)
    sums = [
        np.bincount(row, weights=each, minlength=_LAST_ROW + 1)
        for each in (np.ones(len(x)), expected, actual.astype(np.float64))
    ]
    rows = tuple(
        HoldoutRow(number, int(n), float(foretold), float(counted))
        for number, (n, foretold, counted) in enumerate(zip(*sums, strict=True))
        if n
    )
    return Holdout(rows, float(expected.sum()), float(actual.sum()))


def doubts(customers: int, repeaters: int, held: Holdout | None) -> Sequence[Reason]:
    """Why a fit that converged is not to be relied on; empty if it is sound."""
    found: list[Reason] = []
    if customers < LEAST_CUSTOMERS:
        found.append("few_customers")
    if repeaters < LEAST_REPEATERS:
        found.append("few_repeaters")
    if held is None:
        found.append("no_holdout")
    elif held.error is None or held.error > MOST_HOLDOUT_ERROR:
        found.append("holdout_error")
    return found
