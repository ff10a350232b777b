"""Customer acquisition cost: spend per new customer, blended or of paid channels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition import count_acquired
from app.kpis.acquisition_spend import Spend, exact, load_spend, spent
from app.kpis.declaration import Measurement, Option, Reason, Scope
from app.kpis.periods import Period
from app.kpis.purchases import Figures, chosen, open_periods
from app.kpis.rates import Rate, garwood, rate_difference
from app.kpis.statistics import Difference, Interval
from app.problems import Text
from app.purchases.book import Book

BASIS = Option(
    "basis",
    Text(
        "blended: all spend over all new customers. paid: paid spend over the new customers of "
        "the channels that have any.",
        "blended：全部支出 / 全部新客户。paid：付费支出 / 有付费支出的渠道的新客户。",
    ),
    values=("blended", "paid"),
    default="blended",
)
LAG = Option(
    "lag_days",
    Text(
        "Spend is taken from so many local days earlier than the new customers.",
        "支出取自比新客户所在期间早这么多个当地日的同长度期间。",
    ),
    default="0",
    low=0,
    high=730,
)


@dataclass(frozen=True)
class Cost:
    """What winning some customers cost."""

    spend: Spend
    new: int
    refunded: int
    """Orders that are no purchases, being fully refunded by the end of the period."""
    channels: frozenset[str]
    """The channels that these customers came by, and those that money was spent on."""

    @property
    def each(self) -> Fraction | None:
        """The cost of one customer; None if it is no figure."""
        if self.spend.reason or not self.new:
            return None
        return self.spend.amount / self.new

    def interval(self, level: float) -> Interval | None:
        """Garwood's limits of the expected number of customers, turned into costs of one."""
        limits = garwood(Rate(self.new, 1, per=1), level)
        if self.each is None or limits is None:
            return None
        amount = float(self.spend.amount)
        return Interval(level, amount / limits.high, amount / limits.low, "garwood")


async def measure_costs(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    book: Book | None,
) -> list[dict[str, Cost]]:
    """Costs of each period, for all channels together ('') or by each of them.

    The book is open for the periods, or cannot tell.
    """
    lag = int(chosen(scope, LAG))
    paid = chosen(scope, BASIS) == "paid"
    stated = await load_spend(session, scope, periods, lag)
    if paid:
        stated = [each for each in stated if each.kind == "paid"]
    found = []
    counted = zip(*await count_acquired(session, scope, periods, "channel", book), strict=True)
    for period, (customers, refunded) in zip(periods, counted, strict=True):
        start, end = (day - timedelta(days=lag) for day in (period.start, period.end))
        within = [each for each in stated if each.period_start < end and each.period_end > start]
        names = {each.channel for each in within}
        if not paid:
            names |= customers.keys() | refunded.keys()
        groups = [{name} for name in names] if by else [names]
        costs = {}
        for channels in groups:
            own = [each for each in within if each.channel in channels]
            new = sum(customers[name].events for name in channels & customers.keys())
            left_out = sum(refunded[name] for name in channels & refunded.keys())
            cost = Cost(spent(own, start, end), new, left_out, frozenset(channels))
            costs[next(iter(channels)) if by else ""] = cost
        found.append(costs)
    return found


async def measure_acquisition_cost(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The cost of a new customer in each period; see `Kpi.formula` of the catalogue."""
    book = await open_periods(session, scope, periods, opening=True)
    found = await measure_costs(session, scope, periods, by, book)
    return [
        {name: _measurement(cost, scope.level) for name, cost in costs.items()} for costs in found
    ]


def _measurement(cost: Cost, level: float) -> Measurement:
    spend = cost.spend
    empty: Reason | None = None if cost.new else "empty_denominator"
    return Measurement(
        value=None if cost.each is None else float(cost.each),
        n=cost.new,
        numerator={} if spend.reason else {"spend": float(spend.amount)},
        denominator={"new_customers": cost.new},
        excluded={
            "fully_refunded_orders": cost.refunded,
            "days_without_statement": spend.missing_days,
        },
        interval=cost.interval(level),
        reason=spend.reason or empty,
        warnings=spend.warnings,
        currency=spend.currency,
        sources=spend.sources,
        evidence=cost,
    )


def compare_costs(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """The exact conditional test of two Poisson rates, of customers per money spent.

    The limits of the difference join the two intervals by variance recovery (MOVER; G. Y. Zou
    and A. Donner, 2008). None across currencies, or where either side has no value or cost
    nothing.
    """
    if not isinstance(now.evidence, Cost) or not isinstance(before.evidence, Cost):
        return None
    new, old = now.evidence, before.evidence
    if new.each is None or old.each is None or new.spend.currency != old.spend.currency:
        return None
    limits, former = new.interval(level), old.interval(level)
    rates = [Rate(cost.new, exact(cost.spend.amount), per=1) for cost in (new, old)]
    tested = rate_difference(rates[0], rates[1], level)
    if limits is None or former is None or tested is None:
        return None
    value, earlier = float(new.each), float(old.each)
    difference = value - earlier
    return Difference(
        difference=difference,
        low=difference - math.hypot(value - limits.low, former.high - earlier),
        high=difference + math.hypot(limits.high - value, earlier - former.low),
        level=level,
        p=tested.p,
        test=tested.test,
        method="mover_garwood",
    )
