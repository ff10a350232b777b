"""How the amounts of orders lie: their median, and their mean without the extremes."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.purchases import filtered, join_customers, member_of, read, timelines
from app.kpis.refund_basis import LEFT, NET, with_orders
from app.purchases.book import Book
from app.purchases.buckets import bucket_of, least_of
from app.purchases.histories import PARTS
from app.purchases.local_days import split_months
from app.purchases.newcomers import Window
from app.purchases.order_amounts import (
    Amounts,
    amounts_of_months,
    listed_amounts,
    placed_on,
    stood_later,
)
from app.purchases.spans import index_of
from app.purchases.stored_amounts import Listing

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
    before, months, after = split_months(*window)
    kept = None
    if book is not None:
        kept = await amounts_of_months(book, months, by, scope.filters)
    if book is None or kept is None:
        return await _from_rows(session, scope, period, by)
    groups = await book.groups(by, scope.filters)
    group_of = index_of(list(groups.values()), book.everybody.bit_length())
    single = await placed_on(book, frozenset([*before, *after])) + await stood_later(book, *window)
    singles = _by_group(single, group_of, len(groups))
    found = {
        member: _Orders(kept.get(member, Amounts()), own)
        for member, own in zip(groups, singles, strict=True)
    }
    wanted = {bucket for own in found.values() for bucket in own.buckets}
    for bucket, listed in (await listed_amounts(book, months, wanted)).items():
        split = _by_group(listed, group_of, len(groups))
        for own, amounts in zip(found.values(), split, strict=True):
            own.listed[bucket] += amounts
    return {member: own.spread() for member, own in found.items() if own.n}


def _by_group(orders: Listing, group_of: Sequence[int], groups: int) -> list[list[int]]:
    """The amounts of the customers of each group, by who is in which from 1."""
    found: list[list[int]] = [[] for _ in range(groups + 1)]
    for number, amount in orders:
        found[group_of[number]].append(amount)
    return found[1:]


class _Orders:
    """The amounts of a group: how many are in each bucket, and those that are known one by one."""

    def __init__(self, kept: Amounts, single: list[int]) -> None:
        single.sort()
        self.listed: dict[int, list[int]] = defaultdict(list)
        """The amounts of a bucket; of `buckets` in the end all."""
        self._amounts = kept
        first = 0
        while first < len(single):
            bucket = bucket_of(single[first])
            last = bisect_left(single, least_of(bucket + 1), first)
            self.listed[bucket] = single[first:last]
            kept.add(bucket, last - first, sum(single[first:last]))
            first = last
        self.n = kept.counts.total()

    @property
    def buckets(self) -> set[int]:
        """Those of the ranks that are asked for."""
        return {self._amounts.up_to(rank)[0] for rank in self._ranks if rank} if self.n else set()

    @property
    def _ranks(self) -> tuple[int, int, int, int]:
        """The last rank that is cut off below, both middle ones, and the last that is left."""
        cut = self.n * TRIMMED_PERCENT // 100
        return cut, (self.n + 1) // 2, self.n // 2 + 1, self.n - cut

    def spread(self) -> Spread:
        """The spread, once the buckets are listed."""
        cut, low, high, last = self._ranks
        middle, trimmed = self._at(low) + self._at(high), self._up_to(last) - self._up_to(cut)
        return _spread(self.n, Fraction(middle, PARTS), Fraction(trimmed, PARTS))

    def _at(self, rank: int) -> int:
        bucket, place, _ = self._amounts.up_to(rank)
        return sorted(self.listed[bucket])[place - 1]

    def _up_to(self, rank: int) -> int:
        if not rank:
            return 0
        bucket, place, below = self._amounts.up_to(rank)
        return below + sum(sorted(self.listed[bucket])[:place])


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


def _spread(n: int, middle: Fraction, trimmed: Fraction) -> Spread:
    """Of n orders, by the sum of the two middle amounts and that of those not cut off."""
    left = n - 2 * (n * TRIMMED_PERCENT // 100)
    return Spread(float(middle / 2), float(trimmed / left))
