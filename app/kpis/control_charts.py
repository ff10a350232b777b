"""Control charts: which points of a series leave the limits of what it usually does.

EWMA charts see small lasting shifts, p-charts shares out of varying numbers. Formulas: the
NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.4 and 6.3.3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Literal

Side = Literal["above", "below"]

DEFAULT_WEIGHT = 0.2
"""Weight of the newest point in an EWMA; 0.2 to 0.3 is usual."""

DEFAULT_WIDTH = 3.0
"""Standard deviations from the centre to a limit."""

MIN_BASELINE = 8
"""Fewest points from which the usual level and its spread are taken."""

_ROUNDING = 1e-12
"""Relative slack of the limits: a series of equal values is never outside by rounding."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a series usually does: its level, the spread of one point, and from how many points."""

    centre: float
    sigma: float
    points: int


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """A point with its limits. `statistic` is what is compared: the EWMA, or the share itself."""

    statistic: float
    centre: float
    low: float
    high: float

    @property
    def outside(self) -> Side | None:
        """The side on which the statistic lies beyond its limit, if it does."""
        if self.statistic > self.high:
            return "above"
        return "below" if self.statistic < self.low else None


def baseline(values: Sequence[float | None]) -> Baseline | None:
    """Mean and standard deviation (n - 1) of the values; None below `MIN_BASELINE` of them."""
    known = [value for value in values if value is not None]
    if len(known) < MIN_BASELINE:
        return None
    centre = fsum(known) / len(known)
    spread = fsum((value - centre) ** 2 for value in known)
    return Baseline(centre, sqrt(spread / (len(known) - 1)), len(known))


def ewma_chart(
    values: Sequence[float | None],
    usual: Baseline,
    *,
    weight: float = DEFAULT_WEIGHT,
    width: float = DEFAULT_WIDTH,
) -> tuple[ControlPoint | None, ...]:
    """The exponentially weighted moving average of each point, with its limits.

    z_i = w x_i + (1 - w) z_(i-1), z_0 the centre; limits centre +- width sigma sqrt(w / (2 - w)).
    A point without a value is None and leaves the average as it was. `weight` is in (0, 1]:
    with 1 this is Shewhart's chart of individual values.
    """
    if not 0 < weight <= 1:
        raise ValueError("the weight of an EWMA lies in (0, 1]")
    slack = _ROUNDING * max(abs(usual.centre), 1.0)
    reach = width * usual.sigma * sqrt(weight / (2 - weight)) + slack
    low, high = usual.centre - reach, usual.centre + reach
    average = usual.centre
    points: list[ControlPoint | None] = []
    for value in values:
        if value is None:
            points.append(None)
            continue
        average = weight * value + (1 - weight) * average
        points.append(ControlPoint(average, usual.centre, low, high))
    return tuple(points)


def pooled_share(shares: Sequence[tuple[float | None, float]]) -> Baseline | None:
    """The usual share: all hits of all numbers. None below `MIN_BASELINE` points with answers.

    `shares` are pairs of a share and the number that it is of; sigma is that of one answer.
    """
    known = [(share, n) for share, n in shares if share is not None and n > 0]
    if len(known) < MIN_BASELINE:
        return None
    centre = fsum(share * n for share, n in known) / sum(n for _, n in known)
    centre = min(max(centre, 0.0), 1.0)
    return Baseline(centre, sqrt(centre * (1 - centre)), len(known))


def p_chart(
    shares: Sequence[tuple[float | None, float]], usual: Baseline, *, width: float = DEFAULT_WIDTH
) -> tuple[ControlPoint | None, ...]:
    """Each share with limits for its own number: centre +- width sqrt(p (1 - p) / n), in [0, 1].

    A point without answers is None.
    """
    points: list[ControlPoint | None] = []
    for share, n in shares:
        if share is None or n <= 0:
            points.append(None)
            continue
        reach = width * usual.sigma / sqrt(n) + _ROUNDING
        low, high = max(usual.centre - reach, 0.0), min(usual.centre + reach, 1.0)
        points.append(ControlPoint(share, usual.centre, low, high))
    return tuple(points)
