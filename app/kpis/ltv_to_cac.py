"""Lifetime value over acquisition cost, both on one margin basis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition_cost import LAG, Cost, measure_costs
from app.kpis.declaration import Measurement, Reason, Scope
from app.kpis.distributions import normal_two_sided_p
from app.kpis.lifetime_value import COHORT, measure_lifetime_value
from app.kpis.means import Moments
from app.kpis.payback import MARGIN
from app.kpis.periods import Period
from app.kpis.purchases import Figures, chosen
from app.kpis.statistics import Difference, Interval, critical_z


@dataclass(frozen=True)
class LogRatio:
    """A ratio with the standard error of its logarithm."""

    value: float
    error: float

    def interval(self, level: float) -> Interval:
        """exp(log ratio +- z times its standard error)."""
        half = critical_z(level) * self.error
        low, high = self.value * math.exp(-half), self.value * math.exp(half)
        return Interval(level, low, high, "delta_log")


async def measure_ltv_to_cac(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Historic lifetime value over the cost of a customer; see `Kpi.formula`."""
    costs = await measure_costs(session, scope, periods, by)
    margin = chosen(scope, MARGIN)
    options = {COHORT.name: chosen(scope, COHORT), "margin": margin or "100"}
    valued = await measure_lifetime_value(session, replace(scope, options=options), periods, by)
    return [
        {
            member: _measurement(cost, values.get(member), scope.level, stated=bool(margin))
            for member, cost in groups.items()
        }
        for groups, values in zip(costs, valued, strict=True)
    ]


def log_ratio(scores: Moments, cost: Cost) -> LogRatio | None:
    """The ratio of a mean to a cost per customer, taken as independent.

    The delta method on logarithms: the squared relative error of the mean, plus 1 / n for a
    Poisson count of n new customers. None unless both are above zero and the mean has a spread.
    """
    if cost.each is None or cost.each <= 0 or scores.mean <= 0 or scores.variance is None:
        return None
    relative = scores.variance / scores.n / scores.mean**2
    return LogRatio(float(scores.mean / cost.each), math.sqrt(float(relative) + 1 / cost.new))


def _measurement(
    cost: Cost, valued: Measurement | None, level: float, *, stated: bool
) -> Measurement:
    worth = valued.value if valued is not None else None
    each = None if cost.each is None else float(cost.each)
    currency = cost.spend.currency
    reason: Reason | None = None
    if not stated:
        reason = "margin_not_given"
    elif each is None:
        reason = cost.spend.reason or "empty_denominator"
    elif valued is None or worth is None:
        reason = valued.reason if valued is not None else "empty_denominator"
    elif valued.currency != currency:
        reason = "mixed_currencies"
    elif each == 0:
        reason = "not_defined"
    ratio = None
    if reason is None and valued is not None and isinstance(valued.evidence, tuple):
        ratio = log_ratio(valued.evidence[1], cost)
    known = worth is not None and each is not None and reason is None
    return Measurement(
        value=worth / each if known and worth is not None and each is not None else None,
        n=cost.new,
        numerator={"lifetime_value": worth} if stated and worth is not None else {},
        denominator={
            "new_customers": float(cost.new),
            **({"acquisition_cost": each} if each is not None else {}),
        },
        excluded={"fully_refunded_orders": cost.refunded},
        interval=None if ratio is None else ratio.interval(level),
        reason=reason,
        warnings=cost.spend.warnings,
        currency=currency,
        sources=cost.spend.sources,
        evidence=ratio,
    )


def compare_ratios(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """A z test of the two logarithms; the limits join the two intervals by variance recovery."""
    if not isinstance(now.evidence, LogRatio) or not isinstance(before.evidence, LogRatio):
        return None
    new, old = now.evidence, before.evidence
    limits, former = new.interval(level), old.interval(level)
    error = math.hypot(new.error, old.error)
    difference = new.value - old.value
    return Difference(
        difference=difference,
        low=difference - math.hypot(new.value - limits.low, former.high - old.value),
        high=difference + math.hypot(limits.high - new.value, old.value - former.low),
        level=level,
        p=normal_two_sided_p(math.log(new.value / old.value) / error),
        test="log_ratio_z",
        method="mover_log",
    )


OPTIONS = (MARGIN, COHORT, LAG)
