"""Lifetime value over acquisition cost, both on one margin basis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition_cost import LAG, Cost, measure_costs
from app.kpis.declaration import Measurement, Reason, Scope
from app.kpis.distributions import normal_two_sided_p
from app.kpis.lifetime_value import COHORT, DISCOUNT, value_customers
from app.kpis.means import Moments
from app.kpis.payback import MARGIN
from app.kpis.periods import Period
from app.kpis.predicted_value import HORIZON, MODE, UNRELIABLE, measure_value
from app.kpis.purchases import Figures, chosen, open_periods
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
    """Lifetime value, counted or predicted, over the cost of a customer; see `Kpi.formula`."""
    book = await open_periods(session, scope, periods, opening=True)
    costs = await measure_costs(session, scope, periods, by, book)
    margin = chosen(scope, MARGIN)
    options = {option.name: chosen(scope, option) for option in _OF_VALUE}
    wanted = replace(scope, options=options | {MARGIN.name: margin or "100"})
    if chosen(scope, MODE) == "historic":
        valued = await value_customers(session, wanted, periods, by, book, spread=False)
    else:
        valued = await measure_value(session, wanted, periods, by)
    return [
        {
            member: _measurement(cost, _whole(values.get(member)), scope.level, stated=bool(margin))
            for member, cost in groups.items()
        }
        for groups, values in zip(costs, valued, strict=True)
    ]


def _whole(valued: Measurement | None) -> Measurement:
    """What a customer is worth in all: of a prediction the past is a part, too."""
    if valued is None:
        return Measurement(None, 0, reason="empty_denominator")
    total = valued.components.get("total") if valued.model_run is not None else None
    if total is None:
        return valued
    return replace(total, model_run=valued.model_run, warnings=valued.warnings)


def log_ratio(valued: Measurement, cost: Cost) -> LogRatio | None:
    """The ratio of a value to a cost per customer, taken as independent.

    The delta method on logarithms: the squared relative error of the value (of the mean where it
    was counted, of the interval's width where it is predicted), plus 1 / n for a Poisson count of
    n new customers. None unless both are above zero and the value has a spread.
    """
    relative = _relative_error(valued)
    if relative is None or valued.value is None or cost.each is None or cost.each <= 0:
        return None
    return LogRatio(valued.value / float(cost.each), math.sqrt(relative**2 + 1 / cost.new))


def _relative_error(valued: Measurement) -> float | None:
    """The standard error of the logarithm of a value above zero."""
    if isinstance(valued.evidence, tuple):
        scores: Moments | None = valued.evidence[1]
        if scores is None or scores.mean <= 0 or scores.variance is None:
            return None
        return math.sqrt(float(scores.variance / scores.n / scores.mean**2))
    limits = valued.interval
    if valued.model_run is None or limits is None or limits.low <= 0:
        return None
    return math.log(limits.high / limits.low) / (2 * critical_z(limits.level))


def _measurement(cost: Cost, valued: Measurement, level: float, *, stated: bool) -> Measurement:
    reason = _reason(cost, valued, stated=stated)
    worth, each = valued.value, None if cost.each is None else float(cost.each)
    value = None
    if reason is None and worth is not None and each is not None:
        value = worth / each
    ratio = log_ratio(valued, cost) if value is not None else None
    return Measurement(
        value=value,
        n=cost.new,
        numerator={"lifetime_value": worth} if stated and worth is not None else {},
        denominator={
            "new_customers": float(cost.new),
            **({"acquisition_cost": each} if each is not None else {}),
        },
        excluded={"fully_refunded_orders": cost.refunded},
        interval=None if ratio is None else ratio.interval(level),
        components=_components(cost, valued) if reason is None else {},
        reason=reason,
        warnings=(*valued.warnings, *cost.spend.warnings),
        currency=cost.spend.currency,
        sources=cost.spend.sources,
        evidence=ratio,
        model_run=valued.model_run,
    )


def _components(cost: Cost, valued: Measurement) -> dict[str, Measurement]:
    """What is left of the value of a customer after the cost of winning one."""
    if valued.value is None or cost.each is None:
        return {}
    net = valued.value - float(cost.each)
    return {"net": Measurement(net, valued.n, unit="money", currency=valued.currency)}


def _reason(cost: Cost, valued: Measurement, *, stated: bool) -> Reason | None:
    """Why there is no ratio; None where there is one."""
    if not stated:
        return "margin_not_given"
    if cost.each is None:
        return cost.spend.reason or "empty_denominator"
    if valued.value is None:
        return valued.reason
    if valued.currency != cost.spend.currency:
        return "mixed_currencies"
    return None if cost.each else "not_defined"


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


_OF_VALUE = (MODE, COHORT, HORIZON, DISCOUNT, UNRELIABLE)
OPTIONS = (MARGIN, LAG, *_OF_VALUE)
