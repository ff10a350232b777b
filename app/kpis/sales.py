"""What we sold in a period: money, units, or the customers who bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Option, Scope
from app.kpis.periods import Period
from app.kpis.placed_orders import placed_orders
from app.kpis.purchases import (
    chosen,
    days_of,
    filtered,
    join_customers,
    member_of,
    open_periods,
    read,
    sets_bought,
    timelines,
)
from app.kpis.refund_basis import NET, with_orders
from app.problems import Text
from app.purchases.book import Book, Days
from app.purchases.histories import PARTS
from app.purchases.newcomers import Window
from app.purchases.stated import stated_by_orders
from app.purchases.undone import Statements
from app.purchases.values import Booked, booked

BASIS = Option(
    "basis",
    Text(
        "value: net revenue. units: quantities of orders. customers: customers who bought.",
        "value：净收入。units：订单数量合计。customers：有购买的客户数。",
    ),
    values=("value", "units", "customers"),
    default="value",
)
_MOVED = """
SELECT point, member, currency, sum(amount) AS total
FROM (
    SELECT {member} AS member, o.currency, {amount} AS amount,
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS point
    FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
        AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
    {refunds}
) AS moved
GROUP BY 1, 2, 3
"""
_REFUNDS = """
    UNION ALL
    SELECT {member}, o.currency, -r.amount,
        width_bucket(greatest(r.refunded_at, o.ordered_at), CAST(:points AS timestamptz[]))
    FROM refunds r
    JOIN orders o ON o.workspace_id = r.workspace_id AND o.external_id = r.order_external_id
    {customers}
    WHERE r.workspace_id = :workspace_id
        AND greatest(r.refunded_at, o.ordered_at) >= CAST(:first AS timestamptz)
        AND greatest(r.refunded_at, o.ordered_at) < CAST(:last AS timestamptz) {conditions}
"""
# An order that is fully refunded sold nothing: by the end of its period, or by now.
_SOLD = """
SELECT point, member, {buyers} AS buyers,
    coalesce(sum(quantity), 0) AS units, count(*) FILTER (WHERE quantity IS NULL) AS lacking
FROM {placed}
WHERE {stands}
GROUP BY 1, 2
"""


@dataclass
class Sales:
    """What one group sold in a period, or how many bought."""

    amount: Fraction = Fraction(0)
    """By the basis: money, units or customers."""
    buyers: int = 0
    currencies: set[str] = field(default_factory=set)
    lacking: int = 0
    """Orders that do not say how many units they are of."""

    @property
    def told(self) -> bool:
        """Whether anything was sold or paid back at all."""
        return bool(self.amount or self.buyers)


async def count_sales(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Sales]]:
    """What each group sold in each period; everybody is always there."""
    book = None if with_orders(scope) else await open_periods(session, scope, periods)
    found = None
    if book is not None:
        found = await _from_sets(book, scope, periods, by)
    if found is None:
        # Who bought takes longer to count than all else: it comes from the sets where it can.
        found = await _from_rows(session, scope, periods, by, counted=book is None)
        for sales, buyers in zip(found, await _buyers(book, scope, periods, by), strict=True):
            for member in sales.keys() & buyers.keys():
                sales[member].buyers = buyers[member]
    told = [{name: own for name, own in groups.items() if own.told} for groups in found]
    return [groups if by else {"": Sales()} | groups for groups in told]


async def _buyers(
    book: Book | None, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, int]]:
    """How many bought in each period, by group; nobody where nothing is kept."""
    if book is None:
        return [{} for _ in periods]
    asked = [days_of(period) for period in periods]
    sets = await sets_bought(book, asked)
    groups = await book.groups(by, scope.filters)
    return [
        {member: (sets[days] & own).bit_count() for member, own in groups.items()} for days in asked
    ]


async def _from_sets(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Sales]] | None:
    """From what is kept of purchases; None where that cannot tell."""
    asked = [days_of(period) for period in periods]
    buyers = await _buyers(book, scope, periods, by)
    basis = chosen(scope, BASIS)
    if basis == "customers":
        return [{m: Sales(Fraction(n), n) for m, n in each.items()} for each in buyers]
    if basis == "units":
        windows = [Window.of(each.start, each.end) for each in periods]
        sold = await stated_by_orders(book, "units", windows, by, scope.filters)
        return None if sold is None else list(map(_of_units, sold, buyers))
    return await _by_value(book, scope, asked, by, buyers)


def _of_units(sold: Mapping[str, Statements], buyers: Mapping[str, int]) -> dict[str, Sales]:
    return {
        member: Sales(Fraction(own.total), buyers.get(member, 0), lacking=own.orders - own.stating)
        for member, own in sold.items()
    }


async def _by_value(
    book: Book,
    scope: Scope,
    asked: Sequence[Days],
    by: str | None,
    buyers: Sequence[Mapping[str, int]],
) -> list[dict[str, Sales]] | None:
    lasts = [day for days in asked for day in (days.first, days.last)]
    sums = await booked(book, lasts, by, scope.filters)
    if sums is None or any(
        len(own.currencies) > 1 for all_ in sums.values() for own in all_.values()
    ):
        return None
    found: list[dict[str, Sales]] = []
    for days, counted in zip(asked, buyers, strict=True):
        before, after = sums[days.first], sums[days.last]
        found.append({})
        for member in after.keys() | counted.keys():
            own = after.get(member, Booked())
            grown = own.total - before.get(member, Booked()).total
            currencies = set(own.currencies) if grown or counted.get(member) else set()
            amount = Fraction(grown, PARTS)
            found[-1][member] = Sales(amount, counted.get(member, 0), currencies)
    return found


async def _from_rows(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    *,
    counted: bool,
) -> list[dict[str, Sales]]:
    """The same from the orders; who bought only if it is to be `counted`."""
    found: list[dict[str, Sales]] = [{} for _ in periods]
    basis = chosen(scope, BASIS)
    parts = {
        "member": member_of(by),
        "customers": join_customers(scope, by),
        "conditions": filtered(scope),
        "buyers": "count(DISTINCT customer_id)" if counted else "0",
        "amount": "o.amount",
        "stands": "undone IS NULL OR undone > point",
        "placed": placed_orders(scope, by, "o.customer_id, o.quantity"),
    }
    parts["refunds"] = _REFUNDS.format(**parts)
    if with_orders(scope):
        parts |= {"amount": NET, "stands": "undone IS NULL", "refunds": ""}
    for timeline in timelines(periods):
        for row in await read(session, _SOLD.format(**parts), scope, timeline):
            if (place := timeline.periods.get(row["point"])) is not None:
                sold = Sales(buyers=row["buyers"], lacking=row["lacking"])
                if basis != "value":
                    sold.amount = Fraction(row["units" if basis == "units" else "buyers"])
                found[place][row["member"]] = sold
        if basis != "value":
            continue
        for row in await read(session, _MOVED.format(**parts), scope, timeline):
            if (place := timeline.periods.get(row["point"])) is not None:
                sales = found[place].setdefault(row["member"], Sales())
                sales.amount += Fraction(row["total"])
                sales.currencies.add(row["currency"])
    return found
