"""How the amounts of orders lie: their median, and their mean without the extremes."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.purchases import filtered, join_customers, member_of, read, timelines
from app.purchases.book import Book
from app.purchases.buckets import bucket_of, least_of
from app.purchases.histories import PARTS
from app.purchases.local_days import whole_months
from app.purchases.order_amounts import Amounts, amounts_of_months

#: Of each end of the orders, in order of their amounts, so many of a hundred are left out.
TRIMMED_PERCENT = 5


class Spread(NamedTuple):
    """How the amounts of orders lie."""

    median: float
    trimmed_mean: float


_PLACED = """
SELECT {member} AS member, o.amount FROM orders o {customers}
WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
    AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
"""
_UNDONE_AT = """(
    SELECT max(greatest(r.refunded_at, o.ordered_at)) FROM refunds r
    WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
)"""
_STANDS = "AND (o.refunded < o.amount OR o.amount = 0)"
_STOOD = f"""
AND o.refunded = o.amount AND o.amount > 0 AND {_UNDONE_AT} >= CAST(:last AS timestamptz)
"""
_EITHER = f"""
AND (o.refunded < o.amount OR o.amount = 0 OR {_UNDONE_AT} >= CAST(:last AS timestamptz))
"""
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
_LISTED = """
SELECT member, array_agg(CAST(amount * {parts} AS bigint)) AS amounts FROM ({placed}) AS placed
GROUP BY member
"""


# The orders of some buckets are few: OFFSET 0 leaves the planner one look-up for each of them.
_EACH_CUSTOMER = """
JOIN LATERAL (
    SELECT * FROM customers c WHERE c.workspace_id = :workspace_id AND c.id = o.customer_id OFFSET 0
) AS c ON true
"""


class _Asked(NamedTuple):
    """Orders of a period and a scope, by group."""

    session: AsyncSession
    scope: Scope
    period: Period
    by: str | None

    def placed(self, condition: str, customers: str) -> str:
        return _PLACED.format(
            member=member_of(self.by),
            customers=customers,
            conditions=f"{filtered(self.scope)} {condition}",
        )

    async def amounts(self, condition: str, **more: object) -> dict[str, list[int]]:
        """The amounts in ten-thousandths, in no order."""
        customers = _EACH_CUSTOMER if self.by or self.scope.filters else ""
        statement = _LISTED.format(placed=self.placed(condition, customers), parts=PARTS)
        (timeline,) = timelines([self.period])
        rows = await read(self.session, statement, self.scope, timeline, **more)
        return {row["member"]: row["amounts"] for row in rows}


async def spread_orders(
    session: AsyncSession, book: Book | None, scope: Scope, period: Period, by: str | None
) -> Mapping[str, Spread]:
    """The spread of the orders that stand at the end of a period, by group."""
    asked = _Asked(session, scope, period, by)
    months = whole_months(period.start.toordinal(), period.end.toordinal())
    found = None
    if book is not None and months:
        found = await amounts_of_months(book, months, by, scope.filters)
    if found is None:
        return await _from_rows(asked)
    return await _from_buckets(asked, found)


async def _from_rows(asked: _Asked) -> Mapping[str, Spread]:
    """From all orders of the period."""
    customers = join_customers(asked.scope, asked.by)
    statement = _SPREAD.format(placed=asked.placed(_EITHER, customers), trimmed=TRIMMED_PERCENT)
    (timeline,) = timelines([asked.period])
    rows = await read(asked.session, statement, asked.scope, timeline)
    return {
        row["member"]: _spread(row["n"], Fraction(row["middle"]), Fraction(row["trimmed"]))
        for row in rows
    }


async def _from_buckets(asked: _Asked, found: Mapping[str, Amounts]) -> Mapping[str, Spread]:
    """From counts by bucket, and the orders of those buckets alone in which a rank lies."""
    groups = dict(found)
    stood = await asked.amounts(_STOOD)
    for member, amounts in stood.items():
        own = groups.setdefault(member, Amounts())
        for amount in amounts:
            own.take(amount)
    groups = {member: own for member, own in groups.items() if own.counts.total()}
    wanted = {own.up_to(rank)[0] for own in groups.values() for rank in _ranks(own) if rank}
    listed = await _in_buckets(asked, wanted) if wanted else {}
    spreads = {}
    for member, own in groups.items():
        ascending: dict[int, list[int]] = {}
        for amount in sorted((*listed.get(member, ()), *stood.get(member, ()))):
            ascending.setdefault(bucket_of(amount), []).append(amount)
        spreads[member] = _ranked(own, ascending)
    return spreads


async def _in_buckets(asked: _Asked, buckets: Iterable[int]) -> Mapping[str, Sequence[int]]:
    """The amounts of the orders in some buckets that are not fully refunded."""
    limits: dict[str, object] = {}
    ranges = []
    for bucket in sorted(buckets):
        low, high = (Decimal(least_of(each)) / PARTS for each in (bucket, bucket + 1))
        limits |= {f"low{bucket}": low, f"high{bucket}": high}
        ranges.append(f"o.amount >= :low{bucket} AND o.amount < :high{bucket}")
    return await asked.amounts(f"{_STANDS} AND ({' OR '.join(ranges)})", **limits)


def _ranks(amounts: Amounts) -> tuple[int, int, int, int]:
    """The last rank that is cut off below, both middle ones, and the last that is left."""
    n = amounts.counts.total()
    cut = n * TRIMMED_PERCENT // 100
    return cut, (n + 1) // 2, n // 2 + 1, n - cut


def _ranked(own: Amounts, listed: Mapping[int, Sequence[int]]) -> Spread:
    """The spread of a group by the amounts, ascending, of the buckets of its ranks."""

    def at(rank: int) -> int:
        bucket, place, _ = own.up_to(rank)
        return listed[bucket][place - 1]

    def sum_to(rank: int) -> int:
        if not rank:
            return 0
        bucket, place, below = own.up_to(rank)
        return below + sum(listed[bucket][:place])

    cut, low, high, last = _ranks(own)
    middle, trimmed = at(low) + at(high), sum_to(last) - sum_to(cut)
    return _spread(own.counts.total(), Fraction(middle, PARTS), Fraction(trimmed, PARTS))


def _spread(n: int, middle: Fraction, trimmed: Fraction) -> Spread:
    """Of n orders, by the sum of the two middle amounts and that of those not cut off."""
    left = n - 2 * (n * TRIMMED_PERCENT // 100)
    return Spread(float(middle / 2), float(trimmed / left))
