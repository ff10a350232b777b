"""The amount of a single transaction: net revenue by orders, and how orders are spread."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Scope
from app.kpis.lifetime_rows import movements
from app.kpis.periods import Period
from app.kpis.purchases import (
    Figures,
    filtered,
    fully_refunded,
    gathered,
    join_customers,
    marks,
    member_of,
    open_periods,
    read,
    timelines,
)
from app.purchases.book import Book
from app.purchases.histories import PARTS
from app.purchases.movements import moved
from app.purchases.undone import undone_orders

MOST_SPREADS = 2
"""Median and trimmed mean are given for the first of at most so many periods."""
#: Of each end of the orders, in order of their amounts, so many of a hundred are left out.
TRIMMED_PERCENT = 5


class Sums(NamedTuple):
    """The orders of a group in a period, and what they and the refunds of the period come to."""

    orders: int = 0
    revenue: Fraction = Fraction(0)
    currencies: frozenset[str] = frozenset()


class Spread(NamedTuple):
    """How the amounts of orders lie."""

    median: float
    trimmed_mean: float


_ORDERS = """
SELECT 'orders' AS kind, made AS point, member, NULL AS currency, count(*) AS n, 0 AS amount
FROM marks WHERE made > 0 AND (undone IS NULL OR undone > made) GROUP BY 2, 3
UNION ALL
SELECT 'money', step, member, currency, count(*), sum(amount)
FROM movements WHERE step > 0 GROUP BY 2, 3, 4
"""
# Ties at the cut do not matter: the mean is taken of the amounts that are left by rank.
_SPREAD = """
WITH placed AS (
    SELECT {member} AS member, o.amount FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
        AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
        AND (o.refunded < o.amount OR o.amount = 0 OR (
            SELECT max(greatest(r.refunded_at, o.ordered_at)) FROM refunds r
            WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
        ) >= CAST(:last AS timestamptz))
),
ranked AS (
    SELECT member, amount, row_number() OVER (PARTITION BY member ORDER BY amount) AS place,
        count(*) OVER (PARTITION BY member) AS n
    FROM placed
)
SELECT member,
    avg(amount) FILTER (WHERE place IN ((n + 1) / 2, n / 2 + 1)) AS median,
    avg(amount) FILTER (WHERE place > n * {trimmed} / 100 AND place <= n - n * {trimmed} / 100)
        AS trimmed_mean
FROM ranked GROUP BY member
"""


async def measure_order_value(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Net revenue by orders, by period and group; see `Kpi.formula` of the catalogue."""
    book = await open_periods(session, scope, periods)
    found = await _from_sums(book, scope, periods, by) if book is not None else None
    if book is not None and found is not None:
        windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
        refunded = await undone_orders(book, windows, by, scope.filters)
    else:
        found = await _from_rows(session, scope, periods, by)
        spans = [(each.starts_at, each.ends_at) for each in periods]
        refunded = await fully_refunded(session, scope, by, spans)
    figures = gathered(found, refunded, by, Sums(), _measurement)
    if len(periods) <= MOST_SPREADS:
        spread = await _spread(session, scope, periods[0], by)
        figures[0] = {
            member: _with_spread(each, spread.get(member)) for member, each in figures[0].items()
        }
    return figures


async def _from_sums(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Sums]] | None:
    """From the sums by day; None where these are not kept."""
    windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
    days = await moved(book, windows, by, scope.filters)
    if days is None:
        return None
    found: list[dict[str, Sums]] = []
    for each in days:
        found.append({})
        for (member, currency), (n, amount) in each.groups.items():
            _add(found[-1], member, currency, n, Fraction(amount, PARTS))
    return found


def _add(
    groups: dict[str, Sums], member: str, currency: str | None, n: int, amount: Fraction
) -> None:
    """Without a currency, n orders; with one, n movements of money."""
    so_far = groups.get(member, Sums())
    if not currency and n:
        groups[member] = so_far._replace(orders=so_far.orders + n)
    elif currency and n:
        groups[member] = so_far._replace(
            revenue=so_far.revenue + amount, currencies=so_far.currencies | {currency}
        )


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Sums]]:
    """The same from all orders and refunds."""
    found: list[dict[str, Sums]] = [{} for _ in periods]
    for timeline in timelines(periods):
        statement = f"{marks(scope, by)},{movements(scope, by)}{_ORDERS}"
        for row in await read(session, statement, scope, timeline):
            place = timeline.periods.get(row["point"])
            if place is not None:
                amount = Fraction(row["amount"])
                _add(found[place], row["member"], row["currency"], row["n"], amount)
    return found


def _measurement(sums: Sums, refunded: int) -> Measurement:
    excluded = {"fully_refunded_orders": refunded}
    denominator = {"orders": sums.orders}
    if len(sums.currencies) > 1:
        return Measurement(
            None, sums.orders, denominator=denominator, excluded=excluded,
            reason="mixed_currencies",
        )  # fmt: skip
    return Measurement(
        value=float(sums.revenue / sums.orders) if sums.orders else None,
        n=sums.orders,
        numerator={"net_revenue": float(sums.revenue)},
        denominator=denominator,
        excluded=excluded,
        reason=None if sums.orders else "empty_denominator",
        currency=next(iter(sums.currencies), None),
    )


async def _spread(
    session: AsyncSession, scope: Scope, period: Period, by: str | None
) -> Mapping[str, Spread]:
    statement = _SPREAD.format(
        member=member_of(by),
        customers=join_customers(scope, by),
        conditions=filtered(scope),
        trimmed=TRIMMED_PERCENT,
    )
    (timeline,) = timelines([period])
    rows = await read(session, statement, scope, timeline)
    return {row["member"]: Spread(float(row["median"]), float(row["trimmed_mean"])) for row in rows}


def _with_spread(measured: Measurement, spread: Spread | None) -> Measurement:
    if spread is None or measured.value is None:
        return measured
    parts = {
        name: Measurement(value, measured.n, currency=measured.currency)
        for name, value in spread._asdict().items()
    }
    return replace(measured, components=parts)
