"""Revenue retention: what last period's customers bring in now, with and without growth."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period, comparison_period
from app.kpis.purchases import Figures, filtered, join_customers, member_of, read
from app.kpis.refund_basis import NET, with_orders
from app.purchases.book import Book, open_book
from app.purchases.day_moves import followed_by_days
from app.purchases.digits import Amounts, lesser, total, who
from app.purchases.followed import Followed, Groups, followed_by_months
from app.purchases.histories import PARTS, parts
from app.purchases.local_days import whole_months
from app.purchases.months import brought_in
from app.purchases.newcomers import Window

#: The base, and the period that is compared with it.
_Pair = tuple[Period, Period]

# Found by the times of orders and refunds: nothing outside both periods is read. What was paid
# back before its order counts when the order does.
_KEPT = """
WITH moves AS (
    SELECT o.customer_id, o.currency, o.ordered_at AS at, {amount} AS amount
    FROM orders o
    WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:base_start AS timestamptz)
        AND o.ordered_at < CAST(:end AS timestamptz)
    {refunds}
),
each AS (
    SELECT o.customer_id, {member} AS member, o.currency,
        coalesce(sum(o.amount) FILTER (WHERE o.at < CAST(:base_end AS timestamptz)), 0) AS base,
        coalesce(sum(o.amount) FILTER (WHERE o.at >= CAST(:start AS timestamptz)), 0) AS revenue
    FROM moves o {customers} WHERE true {conditions}
    GROUP BY 1, 2, 3
)
SELECT member, currency, count(*) AS n, sum(base) AS base, sum(revenue) AS revenue,
    sum(greatest(least(base, revenue), 0)) AS kept
FROM each WHERE base > 0 GROUP BY 1, 2
"""
# Without what was paid back before the base began: that lies outside both periods.
_LEFT_THEN = """o.amount - CASE WHEN o.refunded = 0 THEN 0 ELSE coalesce((
        SELECT sum(r.amount) FROM refunds r
        WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
            AND r.refunded_at < CAST(:base_start AS timestamptz)), 0) END"""
_REFUNDS = """
    UNION ALL
    SELECT o.customer_id, o.currency, greatest(r.refunded_at, o.ordered_at), -r.amount
    FROM refunds r
    JOIN LATERAL (
        SELECT * FROM orders o
        WHERE o.workspace_id = :workspace_id AND o.external_id = r.order_external_id OFFSET 0
    ) AS o ON o.ordered_at < CAST(:end AS timestamptz)
    WHERE r.workspace_id = :workspace_id AND r.refunded_at >= CAST(:base_start AS timestamptz)
        AND r.refunded_at < CAST(:end AS timestamptz)
"""


async def measure_revenue_retention(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Net revenue retention of each period and group; see `Kpi.formula` of the catalogue."""
    pairs = [(comparison_period(period, now=now()), period) for period in periods]
    # Money has moved whatever stands now: no day is asked about.
    book = None
    if not with_orders(scope):
        book = await open_book(session, scope.workspace_id, scope.time_zone)
    if book is None:
        kept = {pair: await _from_rows(session, scope, pair, by) for pair in pairs}
    else:
        kept = await _from_kept(book, scope, pairs, by)
    nobody: Groups = {} if by else {"": {}}
    return [
        {member: _measurement(own) for member, own in (nobody | kept[pair]).items()}
        for pair in pairs
    ]


async def _from_kept(
    book: Book, scope: Scope, pairs: Sequence[_Pair], by: str | None
) -> dict[_Pair, Groups]:
    """From what is kept of purchases, in the way that reads least."""
    of_months = {pair: months for pair in pairs if (months := _months(pair))}
    found = await _from_sums(book, scope, of_months, by)
    if others := {pair: months for pair, months in of_months.items() if pair not in found}:
        found |= await _from_months(book, scope, others, by)
    if of_days := [pair for pair in pairs if pair not in found]:
        windows = [(_window(base), _window(period)) for base, period in of_days]
        followed = await followed_by_days(book, windows, by, scope.filters)
        found |= dict(zip(of_days, followed, strict=True))
    return found


def _window(period: Period) -> Window:
    return Window.of(period.start, period.end)


def _months(pair: _Pair) -> tuple[range, range] | None:
    base, months = (whole_months(*_window(each)) for each in pair)
    return (base, months) if base and months else None


async def _from_sums(
    book: Book, scope: Scope, of_months: Mapping[_Pair, tuple[range, range]], by: str | None
) -> dict[_Pair, Groups]:
    """What followed on one month in the next, where sums of that can tell."""
    singles = {
        pair: base.start
        for pair, (base, months) in of_months.items()
        if len(base) == len(months) == 1 and base.stop == months.start
    }
    if not singles:
        return {}
    found = await followed_by_months(book, list(singles.values()), by, scope.filters)
    return {} if found is None else {pair: found[month] for pair, month in singles.items()}


async def _from_months(
    book: Book, scope: Scope, of_months: Mapping[_Pair, tuple[range, range]], by: str | None
) -> dict[_Pair, Groups]:
    """The same between any months, from what customers brought in during each of them."""
    spans = list(dict.fromkeys(months for pair in of_months.values() for months in pair))
    brought = dict(zip(spans, await brought_in(book, spans), strict=True))
    groups = await book.groups(by, scope.filters)
    found: dict[_Pair, Groups] = {}
    for pair, (base, months) in of_months.items():
        found[pair] = {}
        for currency, before in brought[base].items():
            compared = _Compared(before, brought[months].get(currency, Amounts()))
            for member, customers in groups.items():
                if (own := compared.followed(customers)).customers:
                    found[pair].setdefault(member, {})[currency] = own
    return found


class _Compared:
    """What customers brought in in two periods, in one currency."""

    def __init__(self, before: Amounts, after: Amounts) -> None:
        self.base, self.revenue = before.above, after
        self.who = who(self.base)
        self.lesser = lesser(before.above, after.above)

    def followed(self, customers: int) -> Followed:
        own = self.who & customers
        sums = total(self.base, own), self.revenue.total(own), total(self.lesser, own)
        return Followed(own.bit_count(), *sums)


async def _from_rows(session: AsyncSession, scope: Scope, pair: _Pair, by: str | None) -> Groups:
    """The same between any days, from the orders and refunds."""
    base, period = pair
    net = with_orders(scope)
    statement = _KEPT.format(
        member=member_of(by),
        amount=NET if net else _LEFT_THEN,
        refunds="" if net else _REFUNDS,
        customers=join_customers(scope, by),
        conditions=filtered(scope),
    )
    rows = await read(
        session,
        statement,
        scope,
        base_start=base.starts_at,
        base_end=base.ends_at,
        start=period.starts_at,
        end=period.ends_at,
    )
    groups: Groups = {}
    for row in rows:
        sums = (parts(row[name]) for name in ("base", "revenue", "kept"))
        groups.setdefault(row["member"], {})[row["currency"]] = Followed(row["n"], *sums)
    return groups


def _measurement(by_currency: Mapping[str, Followed]) -> Measurement:
    if len(by_currency) > 1:
        return Measurement(
            None,
            sum(kept.customers for kept in by_currency.values()),
            reason="mixed_currencies",
            components={name: _figure(name, kept) for name, kept in sorted(by_currency.items())},
        )
    currency, kept = next(iter(by_currency.items()), (None, Followed()))
    return _figure(currency, kept)


def _figure(currency: str | None, kept: Followed) -> Measurement:
    """Net: what they bring in now. Gross: growth of one does not make up for loss of another."""
    denominator = {"base_revenue": float(Fraction(kept.base, PARTS))}

    def part(amount: int, name: str, *, lower: bool = False) -> Measurement:
        return Measurement(
            float(Fraction(amount, kept.base)) if kept.base else None,
            kept.customers,
            numerator={name: float(Fraction(amount, PARTS))},
            denominator=denominator,
            reason=None if kept.base else "empty_denominator",
            currency=currency,
            direction="lower" if lower else "higher",
        )

    net = part(kept.revenue, "revenue")
    parts = {
        "gross": part(kept.kept, "kept_revenue"),
        "revenue_churn": part(kept.base - kept.kept, "lost_revenue", lower=True),
        "expansion": part(kept.revenue - kept.kept, "added_revenue"),
    }
    return Measurement(
        net.value,
        net.n,
        numerator=net.numerator,
        denominator=denominator,
        reason=net.reason,
        currency=currency,
        components=parts,
    )
