"""The amount of a single transaction: net revenue by orders, and how orders are spread."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Scope
from app.kpis.lifetime_rows import movements
from app.kpis.order_spread import Spread, spread_orders
from app.kpis.periods import Period
from app.kpis.purchases import (
    Figures,
    fully_refunded,
    gathered,
    marks,
    open_periods,
    read,
    timelines,
)
from app.kpis.refund_basis import with_orders
from app.purchases.book import Book
from app.purchases.histories import PARTS
from app.purchases.movements import moved
from app.purchases.undone import undone_orders

MOST_SPREADS = 2
"""Median and trimmed mean are given for the first of at most so many periods."""


class Sums(NamedTuple):
    """The orders of a group in a period, and what they and the refunds of the period come to."""

    orders: int = 0
    revenue: Fraction = Fraction(0)
    currencies: frozenset[str] = frozenset()


_ORDERS = """
SELECT 'orders' AS kind, made AS point, member, NULL AS currency, count(*) AS n, 0 AS amount
FROM marks WHERE made > 0 AND {stands} GROUP BY 2, 3
UNION ALL
SELECT 'money', step, member, currency, count(*), sum(amount)
FROM movements WHERE step > 0 GROUP BY 2, 3, 4
"""


async def measure_order_value(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Net revenue by orders, by period and group; see `Kpi.formula` of the catalogue."""
    figures = await average_orders(session, scope, periods, by)
    if len(periods) <= MOST_SPREADS:
        book = await _book(session, scope, periods)
        spread = await spread_orders(session, book, scope, periods[0], by)
        figures[0] = {
            member: _with_spread(each, spread.get(member)) for member, each in figures[0].items()
        }
    return figures


async def average_orders(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The same without the median and the trimmed mean, which take longer than the rest."""
    book = await _book(session, scope, periods)
    found = await _from_sums(book, scope, periods, by) if book is not None else None
    if book is not None and found is not None:
        windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
        refunded = await undone_orders(book, windows, by, scope.filters)
    else:
        found = await _from_rows(session, scope, periods, by)
        spans = [(each.starts_at, each.ends_at) for each in periods]
        refunded = await fully_refunded(session, scope, by, spans, ever=with_orders(scope))
    return gathered(found, refunded, by, Sums(), _measurement)


async def _book(session: AsyncSession, scope: Scope, periods: Sequence[Period]) -> Book | None:
    return None if with_orders(scope) else await open_periods(session, scope, periods)


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
    stands = "undone IS NULL" if with_orders(scope) else "(undone IS NULL OR undone > made)"
    orders = _ORDERS.format(stands=stands)
    for timeline in timelines(periods):
        statement = f"{marks(scope, by)},{movements(scope, by)}{orders}"
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


def _with_spread(measured: Measurement, spread: Spread | None) -> Measurement:
    if spread is None or measured.value is None:
        return measured
    parts = {
        name: Measurement(value, measured.n, currency=measured.currency)
        for name, value in spread._asdict().items()
    }
    return replace(measured, components=parts)
