"""Market share: what we sold, or the customers we had, of a total that somebody else states."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition_spend import PRORATED
from app.kpis.declaration import Measurement, Option, Reason, Scope, Source
from app.kpis.periods import Period
from app.kpis.purchases import (
    Figures,
    chosen,
    filtered,
    join_customers,
    member_of,
    read,
    timelines,
)
from app.market.coverage import Coverage, cover
from app.market.models import MarketTotal
from app.market.service import totals_within
from app.market.statements import dated
from app.problems import Text

BASIS = Option(
    "basis",
    Text(
        "value: net revenue. units: quantities of orders. customers: customers who bought.",
        "value：净收入。units：订单数量合计。customers：有购买的客户数。",
    ),
    values=("value", "units", "customers"),
    default="value",
)
NO_QUANTITY = "orders_without_quantity"
"""Some orders do not say how many units they are of: our share is at least this."""

_SALES = """
SELECT point, member, currency, sum(amount) AS total, sum(orders) AS n, 0 AS lacking
FROM (
    SELECT {member} AS member, o.currency, o.amount, 1 AS orders,
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS point
    FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
        AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
    UNION ALL
    SELECT {member}, o.currency, -r.amount, 0,
        width_bucket(greatest(r.refunded_at, o.ordered_at), CAST(:points AS timestamptz[]))
    FROM refunds r
    JOIN orders o ON o.workspace_id = r.workspace_id AND o.external_id = r.order_external_id
    {customers}
    WHERE r.workspace_id = :workspace_id
        AND greatest(r.refunded_at, o.ordered_at) >= CAST(:first AS timestamptz)
        AND greatest(r.refunded_at, o.ordered_at) < CAST(:last AS timestamptz) {conditions}
) AS moved
GROUP BY 1, 2, 3
"""
# An order that is fully refunded by the end of its period sold nothing in it.
_COUNTED = """
SELECT point, member, NULL AS currency, {total} AS total, {n} AS n,
    count(*) FILTER (WHERE quantity IS NULL) AS lacking
FROM (
    SELECT {member} AS member, o.customer_id, o.quantity,
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS point,
        CASE WHEN o.refunded = o.amount AND o.amount > 0 THEN (
            SELECT width_bucket(
                max(greatest(r.refunded_at, o.ordered_at)), CAST(:points AS timestamptz[]))
            FROM refunds r
            WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
        ) END AS undone
    FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
        AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
) AS placed
WHERE undone IS NULL OR undone > point
GROUP BY 1, 2
"""
_COUNTS = {"units": "count(*)", "customers": "count(DISTINCT customer_id)"}
_TOTALS = {
    "units": "coalesce(sum(quantity), 0)",
    "customers": "count(DISTINCT customer_id)",
}


@dataclass
class Sales:
    """What one group sold in a period, or how many it was."""

    amount: Fraction = Fraction(0)
    n: int = 0
    """Orders, or customers, by the basis."""
    currencies: set[str] = field(default_factory=set)
    lacking: int = 0
    """Orders that do not say how many units they are of."""


@dataclass(frozen=True)
class Market:
    """What is stated of the whole market in a period."""

    total: Fraction
    currency: str | None
    error: Fraction | None
    """How far the total may be off, either way."""
    largest: Fraction | None
    """The largest competitor's own total; None if not every statement names some."""
    prorated: bool
    sources: tuple[Source, ...]


async def measure_market_share(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The share of the market in each period; see `Kpi.formula` of the catalogue."""
    basis = chosen(scope, BASIS)
    start, end = min(each.start for each in periods), max(each.end for each in periods)
    stated = [
        each
        for each in await totals_within(session, scope.workspace_id, start, end)
        if each.basis == basis
    ]
    sold = await _sales(session, scope, periods, by)
    return [
        {
            member: _measurement(market_of(stated, period, basis), sales, basis)
            for member, sales in groups.items()
        }
        for period, groups in zip(periods, sold, strict=True)
    ]


async def _sales(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Sales]]:
    found: list[dict[str, Sales]] = [{} if by else {"": Sales()} for _ in periods]
    basis = chosen(scope, BASIS)
    statement = (_SALES if basis == "value" else _COUNTED).format(
        member=member_of(by),
        customers=join_customers(scope, by),
        conditions=filtered(scope),
        total=_TOTALS.get(basis),
        n=_COUNTS.get(basis),
    )
    for timeline in timelines(periods):
        for row in await read(session, statement, scope, timeline):
            place = timeline.periods.get(row["point"])
            if place is not None:
                sales = found[place].setdefault(row["member"], Sales())
                sales.amount += Fraction(row["total"])
                sales.n += row["n"]
                sales.lacking += row["lacking"]
                if row["currency"] is not None:
                    sales.currencies.add(row["currency"])
    return found


def market_of(stated: Sequence[MarketTotal], period: Period, basis: str) -> Market | Reason:
    """What is stated of the market in a period, or why nothing can be said of it.

    Sales of a part of a statement's days are taken by the share of days; the customers of a part
    are not a part of the customers, so their period must be the one asked for.
    """
    coverage = cover(dated(stated), period.start, period.end)
    if not coverage.portions or coverage.missing_days:
        return "no_market_total"
    if basis == "customers" and (coverage.prorated or len(coverage.portions) > 1):
        return "no_market_total"
    parts = coverage.portions
    currencies = {part.of.currency for part in parts}
    if len(currencies) > 1:
        return "mixed_currencies"
    margins = [part.of.error_margin for part in parts]
    errors = [
        Fraction(part.of.amount) * part.share * Fraction(margin)
        for part, margin in zip(parts, margins, strict=True)
        if margin is not None
    ]
    return Market(
        total=sum((Fraction(part.of.amount) * part.share for part in parts), Fraction(0)),
        currency=currencies.pop(),
        error=sum(errors, Fraction(0)) if len(errors) == len(parts) else None,
        largest=_largest(coverage),
        prorated=coverage.prorated,
        sources=tuple(_source(part.of) for part in parts),
    )


def _largest(coverage: Coverage[MarketTotal]) -> Fraction | None:
    """The largest competitor of those whom every statement names."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    named: dict[str, int] = defaultdict(int)
    for part in coverage.portions:
        for name, amount in part.of.competitors.items():
            sums[name] += Fraction(amount) * part.share
            named[name] += 1
    everywhere = [sums[name] for name, n in named.items() if n == len(coverage.portions)]
    return max(everywhere, default=None)


def _source(total: MarketTotal) -> Source:
    margin = None if total.error_margin is None else float(total.error_margin)
    return Source(total.source, total.period_start, total.period_end, total.stated_on, margin)


def _measurement(market: Market | Reason, sales: Sales, basis: str) -> Measurement:
    own = {"own": float(sales.amount)}
    currencies = sales.currencies | ({market.currency} if isinstance(market, Market) else set())
    mixed = basis == "value" and len(currencies - {None}) > 1
    if not isinstance(market, Market) or mixed:
        # Amounts of several currencies are not added up, not even on the way to no value.
        several = len(sales.currencies) > 1
        return Measurement(
            None,
            sales.n,
            numerator={} if several else own,
            reason=market if isinstance(market, str) else "mixed_currencies",
            currency=None if several else next(iter(sales.currencies), None),
        )
    lacking = sales.lacking if basis == "units" else 0
    return Measurement(
        value=float(sales.amount / market.total),
        n=sales.n,
        numerator=own,
        denominator={"market_total": float(market.total)},
        excluded={NO_QUANTITY: lacking},
        warnings=(
            *((PRORATED,) if market.prorated else ()),
            *((NO_QUANTITY,) if lacking else ()),
        ),
        currency=market.currency,
        components=_components(market, sales),
        sources=market.sources,
    )


def _components(market: Market, sales: Sales) -> Mapping[str, Measurement]:
    """Relative share, and what the share would be at both ends of the stated error."""
    parts = {}
    if market.largest:
        parts["relative_share"] = Measurement(
            value=float(sales.amount / market.largest),
            n=sales.n,
            numerator={"own": float(sales.amount)},
            denominator={"largest_competitor": float(market.largest)},
            unit="ratio",
        )
    if market.error is not None:
        for name, total in (
            ("lowest", market.total + market.error),
            ("highest", market.total - market.error),
        ):
            value = float(sales.amount / total)
            parts[name] = Measurement(value, sales.n, unit="ratio")
    return parts
