"""How the amounts of orders lie: their median, and their mean without the extremes."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.purchases import filtered, join_customers, member_of, read, timelines
from app.kpis.refund_basis import LEFT, NET, with_orders
from app.purchases.book import Book
from app.purchases.histories import PARTS
from app.purchases.local_days import whole_months
from app.purchases.newcomers import Window
from app.purchases.order_amounts import (
    Amounts,
    Listings,
    amounts_of_months,
    amounts_that_stood,
    listed_amounts,
)
from app.purchases.spans import flags_of

#: Of each end of the orders, in order of their amounts, so many of a hundred are left out.
TRIMMED_PERCENT = 5


class Spread(NamedTuple):
    """How the amounts of orders lie."""

    median: float
    trimmed_mean: float


_PLACED = """
SELECT {member} AS member, {amount} AS amount FROM orders o {customers}
WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
    AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
"""
# Fully refunded orders count where they stood at the end of the period.
_EITHER = f"""
({LEFT} OR (
    SELECT max(greatest(r.refunded_at, o.ordered_at)) FROM refunds r
    WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
) >= CAST(:last AS timestamptz))
"""  # noqa: S608 - only names of our own
# Ties at the cut do not matter: the mean is taken of the amounts that are left by rank.
_SPREAD = """
SELECT member, n, sorted[(n + 1) / 2] + sorted[n / 2 + 1] AS middle,
    (SELECT sum(each) FROM unnest(
        sorted[n * {trimmed} / 100 + 1 : n - n * {trimmed} / 100]) AS each) AS trimmed
FROM (
    SELECT member, count(*) AS n, array_agg(amount ORDER BY amount) AS sorted
    FROM ({placed}) AS placed GROUP BY member
) AS groups
"""


async def spread_orders(
    session: AsyncSession, book: Book | None, scope: Scope, period: Period, by: str | None
) -> Mapping[str, Spread]:
    """The spread of the orders that stand at the end of a period, by group."""
    window = Window.of(period.start, period.end)
    months = whole_months(*window)
    found = None
    if book is not None and months:
        found = await amounts_of_months(book, months, by, scope.filters)
    if book is None or months is None or found is None:
        return await _from_rows(session, scope, period, by)
    stood = await amounts_that_stood(book, *window)
    members = {
        member: flags_of(bits, book.everybody)
        for member, bits in (await book.groups(by, scope.filters)).items()
    }
    for bucket, orders in stood.items():
        for member, flags in members.items():
            own = _of(orders, flags)
            found.setdefault(member, Amounts()).add(bucket, len(own), sum(own))
    groups = {member: own for member, own in found.items() if own.counts.total()}
    wanted = {own.up_to(rank)[0] for own in groups.values() for rank in _ranks(own) if rank}
    listed = await listed_amounts(book, months, wanted)
    for bucket in wanted:
        listed.setdefault(bucket, []).extend(stood.get(bucket, ()))
    return {member: _ranked(own, listed, members[member]) for member, own in groups.items()}


async def _from_rows(
    session: AsyncSession, scope: Scope, period: Period, by: str | None
) -> Mapping[str, Spread]:
    """From all orders of the period."""
    net = with_orders(scope)
    placed = _PLACED.format(
        member=member_of(by),
        amount=NET if net else "o.amount",
        customers=join_customers(scope, by),
        conditions=f"{filtered(scope)} AND {LEFT if net else _EITHER}",
    )
    (timeline,) = timelines([period])
    statement = _SPREAD.format(placed=placed, trimmed=TRIMMED_PERCENT)
    rows = await read(session, statement, scope, timeline)
    return {
        row["member"]: _spread(row["n"], Fraction(row["middle"]), Fraction(row["trimmed"]))
        for row in rows
    }


def _of(orders: Iterable[tuple[int, int]], flags: bytes) -> list[int]:
    """The amounts of the customers of a set."""
    return [amount for number, amount in orders if flags[number >> 3] >> (number & 7) & 1]


def _ranks(amounts: Amounts) -> tuple[int, int, int, int]:
    """The last rank that is cut off below, both middle ones, and the last that is left."""
    n = amounts.counts.total()
    cut = n * TRIMMED_PERCENT // 100
    return cut, (n + 1) // 2, n // 2 + 1, n - cut


def _ranked(own: Amounts, listed: Listings, flags: bytes) -> Spread:
    """The spread of a group by the orders of the buckets of its ranks."""

    @cache
    def ascending(bucket: int) -> list[int]:
        return sorted(_of(listed[bucket], flags))

    def at(rank: int) -> int:
        bucket, place, _ = own.up_to(rank)
        return ascending(bucket)[place - 1]

    def sum_to(rank: int) -> int:
        if not rank:
            return 0
        bucket, place, below = own.up_to(rank)
        return below + sum(ascending(bucket)[:place])

    cut, low, high, last = _ranks(own)
    middle, trimmed = at(low) + at(high), sum_to(last) - sum_to(cut)
    return _spread(own.counts.total(), Fraction(middle, PARTS), Fraction(trimmed, PARTS))


def _spread(n: int, middle: Fraction, trimmed: Fraction) -> Spread:
    """Of n orders, by the sum of the two middle amounts and that of those not cut off."""
    left = n - 2 * (n * TRIMMED_PERCENT // 100)
    return Spread(float(middle / 2), float(trimmed / left))
