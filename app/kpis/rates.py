"""Rates of events per exposure (complaints per 1,000 orders), taken as Poisson counts."""

import math
from dataclasses import dataclass

from app.kpis.distributions import binomial_at_least, binomial_at_most, chi_square_quantile
from app.kpis.statistics import DEFAULT_LEVEL, Difference, Interval, check_level


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` counted over `exposure` units, published per `per` units.

    An exposure may carry any number of events: this is not a share. Raises ValueError for
    negative counts or a `per` below 1.
    """

    events: int
    exposure: int
    per: int = 1000

    def __post_init__(self) -> None:
        if self.events < 0 or self.exposure < 0 or self.per < 1:
            raise ValueError("a rate needs events and exposure of at least 0, and per of 1 or more")

    @property
    def value(self) -> float | None:
        """Events per `per` units of exposure; None without exposure."""
        return self.events * self.per / self.exposure if self.exposure else None


def garwood(rate: Rate, level: float = DEFAULT_LEVEL) -> Interval | None:
    """Exact Poisson interval of a rate from chi-square quantiles (F. Garwood, 1936).

    No events at all still bounds the rate from above, by 3.69 per exposure at 0.95. None without
    exposure.
    """
    check_level(level)
    if not rate.exposure:
        return None
    low, high = _event_limits(rate.events, level)
    unit = rate.per / rate.exposure
    return Interval(level, low * unit, high * unit, "garwood")


def rate_difference(now: Rate, before: Rate, level: float = DEFAULT_LEVEL) -> Difference | None:
    """Difference of two independent rates, per the same number of units.

    p: the exact conditional test. Given all events of both sides, those of one side are binomial
    with its share of the exposure (Przyborowski and Wilenski, 1940); two-sided as twice the
    smaller tail. Interval: the two Garwood intervals joined by variance recovery, MOVER (G. Y. Zou
    and A. Donner, 2008). Both are conservative, and may disagree on the very border of evidence.
    None if either side has no exposure; raises ValueError if `per` differs.
    """
    check_level(level)
    if now.per != before.per:
        raise ValueError("rates are compared per the same number of units")
    value_now, value_before = now.value, before.value
    limits_now, limits_before = garwood(now, level), garwood(before, level)
    if value_now is None or value_before is None or limits_now is None or limits_before is None:
        return None
    difference = value_now - value_before
    return Difference(
        difference=difference,
        low=difference - math.hypot(value_now - limits_now.low, limits_before.high - value_before),
        high=difference + math.hypot(limits_now.high - value_now, value_before - limits_before.low),
        level=level,
        p=_conditional_p(now, before),
        test="poisson_conditional_exact",
        method="mover_garwood",
    )


def _event_limits(events: int, level: float) -> tuple[float, float]:
    """Garwood's limits of the expected number of events."""
    tail = (1 - level) / 2
    low = chi_square_quantile(tail, 2 * events) / 2 if events else 0.0
    return low, chi_square_quantile(1 - tail, 2 * events + 2) / 2


def _conditional_p(now: Rate, before: Rate) -> float:
    """Twice the smaller binomial tail, at most 1; 1 when nothing happened on either side."""
    events = now.events + before.events
    chance = now.exposure / (now.exposure + before.exposure)
    tails = (
        binomial_at_most(now.events, events, chance),
        binomial_at_least(now.events, events, chance),
    )
    return min(1.0, 2 * min(tails))
