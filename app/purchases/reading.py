"""Histories of customers: from their orders and refunds, or as they were folded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.purchases.histories import History, Move, OrderRow, RefundRow, Stated, Traits, history_of

# OFFSET 0 leaves the planner nothing but one look-up for each customer (as customers.lookup).
_CUSTOMERS = text("""
SELECT c.id, coalesce(c.segment, ''), coalesce(c.acquisition_channel, ''),
    coalesce(c.key_account_type, '')
FROM unnest(CAST(:customers AS uuid[])) AS wanted (id)
JOIN LATERAL (
    SELECT * FROM customers c WHERE c.workspace_id = :workspace_id AND c.id = wanted.id OFFSET 0
) AS c ON true
""")
_ORDERS = text("""
SELECT o.customer_id, o.ordered_at, o.amount, o.currency,
    CASE WHEN o.amount > 0 AND o.refunded = o.amount THEN (
        SELECT max(greatest(r.refunded_at, o.ordered_at)) FROM refunds r
        WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
    ) END AS undone_at, o.quantity, o.asked_for_brand
FROM unnest(CAST(:customers AS uuid[])) AS wanted (id)
JOIN LATERAL (
    SELECT * FROM orders o
    WHERE o.workspace_id = :workspace_id AND o.customer_id = wanted.id OFFSET 0
) AS o ON true
""")
_REFUNDS = text("""
SELECT o.customer_id, greatest(r.refunded_at, o.ordered_at), r.amount, o.currency
FROM unnest(CAST(:customers AS uuid[])) AS wanted (id)
JOIN LATERAL (
    SELECT * FROM orders o
    WHERE o.workspace_id = :workspace_id AND o.customer_id = wanted.id AND o.refunded > 0 OFFSET 0
) AS o ON true
JOIN LATERAL (
    SELECT * FROM refunds r
    WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id OFFSET 0
) AS r ON true
""")


async def histories_from_rows(
    session: AsyncSession,
    workspace_id: UUID,
    customers: Iterable[UUID],
    zone: ZoneInfo,
    until: datetime | None = None,
) -> dict[UUID, History]:
    """The histories of customers as their orders and refunds are now; see `history_of`."""
    named = {"workspace_id": workspace_id, "customers": sorted(customers)}
    traits = {
        id_: Traits(*found) for id_, *found in (await session.execute(_CUSTOMERS, named)).all()
    }
    orders: dict[UUID, list[OrderRow]] = {}
    for id_, *order in (await session.execute(_ORDERS, named)).all():
        orders.setdefault(id_, []).append(OrderRow(*order))
    refunds: dict[UUID, list[RefundRow]] = {}
    for id_, *refund in (await session.execute(_REFUNDS, named)).all():
        refunds.setdefault(id_, []).append(RefundRow(*refund))
    return {
        id_: history_of(own, orders.get(id_, ()), refunds.get(id_, ()), zone, until)
        for id_, own in traits.items()
    }


_FOLDED = """
SELECT number, customer_id, segment, channel, key_account_type, days, day_orders, amounts,
    undone, undone_units, undone_asked, undone_amounts, sold, asked,
    move_days, move_currencies, move_amounts,
    CAST(repeat_amount * 10000 AS bigint), latest_at
FROM unnest(CAST(:wanted AS {type}[])) AS wanted (key)
JOIN LATERAL (
    SELECT * FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id AND p.{column} = wanted.key OFFSET 0
) AS p ON true
"""
_BY_ID = text(_FOLDED.format(type="uuid", column="customer_id"))
_BY_NUMBER = text(_FOLDED.format(type="bigint", column="number"))


async def folded_by_id(
    session: AsyncSession, workspace_id: UUID, customers: Iterable[UUID]
) -> dict[UUID, tuple[int, History]]:
    """The number and the folded history of those customers that have one."""
    named = {"workspace_id": workspace_id, "wanted": sorted(customers)}
    rows = (await session.execute(_BY_ID, named)).all()
    return {row[1]: (row[0], _history(row)) for row in rows}


async def folded_by_number(
    session: AsyncSession, workspace_id: UUID, numbers: Iterable[int]
) -> dict[int, History]:
    """The folded histories of customers by their numbers."""
    named = {"workspace_id": workspace_id, "wanted": sorted(numbers)}
    rows = (await session.execute(_BY_NUMBER, named)).all()
    return {row[0]: _history(row) for row in rows}


def _history(row: Sequence[Any]) -> History:
    (
        days, orders, amounts, undone, units, undone_asked, undone_amounts, sold, asked, *moves,
        repeat_amount, latest_at,
    ) = row[5:]  # fmt: skip
    return History(
        traits=Traits(*row[2:5]),
        days=tuple(days),
        orders=tuple(orders),
        amounts=tuple(amounts),
        undone=tuple(zip(undone[::2], undone[1::2], strict=True)),
        undone_units=tuple(units),
        undone_asked=tuple(undone_asked),
        undone_amounts=tuple(undone_amounts),
        sold=tuple(map(Stated, sold[::3], sold[1::3], sold[2::3])),
        asked=tuple(map(Stated, asked[::3], asked[1::3], asked[2::3])),
        moves=tuple(map(Move, *moves)),
        repeat_amount=repeat_amount,
        latest_at=latest_at,
    )
