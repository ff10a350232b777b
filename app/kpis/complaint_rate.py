"""The complaint rate: complaints per 1,000 orders, or complaining per 1,000 active customers.

Complaints count when they happened, or with the orders that they are about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.complaint_counts import (
    EXCLUSIONS,
    OF_COMPLAINTS,
    OF_CUSTOMERS,
    WITHOUT_KNOWN_ORDER,
    Counts,
    add_complainants,
    add_complaints,
    add_unattributed,
    complaints_about_orders,
    complaints_made,
    concerns_customers,
    count_exposures,
)
from app.kpis.complaint_development import developed
from app.kpis.complaint_sets import kept_exposures
from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, newcombe, wilson
from app.kpis.purchases import Figures, chosen, timelines
from app.kpis.rates import Rate, garwood, rate_difference
from app.kpis.statistics import Difference, Interval
from app.problems import Text

BASIS = Option(
    "basis",
    Text(
        "orders: complaints per 1,000 orders. customers: customers who complained per 1,000 who "
        "ordered.",
        "orders：每千笔订单的投诉件数。customers：每千名下单客户中投诉的客户数。",
    ),
    values=("orders", "customers"),
    default="orders",
)
ATTRIBUTION = Option(
    "attribution",
    Text(
        "occurrence: complaints count on the day on which they happened. order: with the order "
        "that they are about, whenever they came; young orders have not had the time, so the "
        "component `development` tells which share of their complaints has come by now "
        "(chain-ladder method on the orders of the last 730 days), and `expected` the rate once "
        "all have. Every complaint is looked up with its order: slower.",
        "occurrence：投诉按事发日计入。order：投诉计入其所涉订单的下单日，无论何时提出；"
        "近期订单的投诉尚未到齐，分量 `development` 给出目前已到的比例（对最近 730 天的订单用"
        "链梯法），`expected` 给出到齐后的投诉率。需逐件查找订单，较慢。",
    ),
    values=("occurrence", "order"),
    default="occurrence",
)
DIMENSIONS = (*OF_CUSTOMERS, *OF_COMPLAINTS)
PER = 1_000


async def measure_complaint_rate(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The complaint rate of each period and group; see `Kpi.formula` of the catalogue."""
    per_order = chosen(scope, BASIS) == "orders"
    by_order = chosen(scope, ATTRIBUTION) == "order"
    kept = await kept_exposures(session, scope, periods, by, per_order=per_order)
    found: list[dict[str, Counts]] = [{} for _ in periods] if kept is None else kept.found
    for timeline in timelines(periods):
        if kept is None:
            exposures = await count_exposures(session, scope, timeline, by, per_order=per_order)
            for place in timeline.periods.values():
                found[place] = exposures.get(place, {})
        complaints = complaints_about_orders if by_order else complaints_made
        told = complaints(scope, timeline, by)
        if per_order:
            await add_complaints(session, told, timeline, found)
        elif kept is not None:
            await kept.add_complainants(told, timeline)
        else:
            await add_complainants(session, told, scope, timeline, found)
        if by_order:
            await add_unattributed(session, scope, timeline, by, found)
    of_all = all(concerns_customers(name) for name in (*scope.filters, *filter(None, [by])))
    names = [
        *EXCLUSIONS,
        *(() if per_order else ("without_customer", "without_order")),
        *((WITHOUT_KNOWN_ORDER,) if by_order else ()),
    ]
    nothing = dict.fromkeys(names, 0)
    figures: Figures = [
        {
            member: _measurement(
                replace(counts, excluded=nothing | counts.excluded),
                scope.level,
                per_order=per_order,
                of_all=of_all,
            )
            for member, counts in _complete(groups, by).items()
        }
        for groups in found
    ]
    if not by_order:
        return figures
    book = kept.book if kept is not None else None
    return await developed(session, scope, periods, by, figures=figures, book=book)


def _complete(groups: Mapping[str, Counts], by: str | None) -> Mapping[str, Counts]:
    """The groups that are asked for; those of complaints alone share one exposure."""
    everybody = groups.get("", Counts())
    if by is None:
        return {"": everybody}
    if concerns_customers(by):
        return groups
    return {
        member: replace(counts, exposure=everybody.exposure)
        for member, counts in groups.items()
        if counts.events or counts.excluded
    }


def _measurement(counts: Counts, level: float, *, per_order: bool, of_all: bool) -> Measurement:
    evidence: Rate | Share
    if per_order:
        evidence = Rate(counts.events, counts.exposure, PER)
        value, interval = evidence.value, garwood(evidence, level)
    else:
        evidence = Share(counts.events, counts.exposure)
        value = counts.events * PER / counts.exposure if counts.exposure else None
        interval = _per_thousand(wilson(evidence, level))
    return Measurement(
        value=value,
        n=counts.exposure,
        numerator={"complaints" if per_order else "complaining_customers": counts.events},
        denominator={"orders" if per_order else "active_customers": counts.exposure},
        excluded=counts.excluded,
        interval=interval,
        reason=None if counts.exposure else "empty_denominator",
        evidence=evidence,
        tells_of=None if of_all else counts.events,
    )


def _per_thousand(interval: Interval | None) -> Interval | None:
    if interval is None:
        return None
    return replace(interval, low=interval.low * PER, high=interval.high * PER)


def compare_complaint_rates(
    now: Measurement, before: Measurement, level: float
) -> Difference | None:
    """The exact conditional test of two rates; Newcombe's of two shares."""
    if isinstance(now.evidence, Rate) and isinstance(before.evidence, Rate):
        return rate_difference(now.evidence, before.evidence, level)
    if isinstance(now.evidence, Share) and isinstance(before.evidence, Share):
        change = newcombe(now.evidence, before.evidence, level)
        return change and replace(
            change,
            difference=change.difference * PER,
            low=change.low * PER,
            high=change.high * PER,
        )
    return None
