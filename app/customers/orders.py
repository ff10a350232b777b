"""Orders: upserts of one and of many, reading and lists."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.customers.customer_rows import customer_ids
from app.customers.models import Customer, Order
from app.customers.order_rows import OrderRows
from app.customers.schemas import OrderLine, OrderPut
from app.customers.upsert import accepted, tell_of_load, upsert
from app.db import now
from app.errors import NotFound
from app.events.service import record
from app.fields import storable, zone
from app.http.bulk import Item, Outcome
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor, latest_first
from app.workspaces.service import fetch_workspace


async def load_orders(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[OrderLine]]
) -> list[Outcome]:
    """Upsert the orders of a chunk, with one event for the whole of it."""
    outcomes = await _upsert(session, workspace_id, items)
    tell_of_load(session, workspace_id, "orders.loaded", outcomes)
    return outcomes


async def put_order(
    session: AsyncSession, workspace_id: UUID, external_id: str, order: OrderPut
) -> tuple[Order, Status]:
    """Create the order or replace it; and which of these it was.

    Raises 409 `refund-exceeds-order` and `currency-mismatch` where refunds forbid the change.
    """
    said = {name: getattr(order, name) for name in order.model_fields_set}
    line = OrderLine(external_id=external_id, **said)
    (outcome,) = await _upsert(session, workspace_id, [Item(0, line)])
    status = accepted(outcome)
    if status in {"created", "updated"}:
        event = "order.created" if status == "created" else "order.changed"
        record(session, workspace_id, event, external_id)
    return await fetch_order(session, workspace_id, external_id), status


async def _upsert(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[OrderLine]]
) -> list[Outcome]:
    workspace = await fetch_workspace(session, workspace_id)
    at = now()
    names = (item.value.customer for item in items)
    customers = await customer_ids(session, workspace_id, names, at=at)
    rows = OrderRows(
        session, workspace_id, at=at, zone=zone(workspace.time_zone), customers=customers
    )
    return await upsert(rows, items)


async def find_order(
    session: AsyncSession, workspace_id: UUID, external_id: str, *, lock: bool = False
) -> Order | None:
    """The order with that external id, locked against other writers if asked."""
    try:
        storable(external_id)
    except ValueError:
        return None
    query = (
        select(Order)
        .where(Order.workspace_id == workspace_id, Order.external_id == external_id)
        .options(joinedload(Order.buyer))
    )
    if lock:
        query = query.with_for_update(key_share=True, of=Order)
    found: Order | None = await session.scalar(query, execution_options={"populate_existing": True})
    return found


async def fetch_order(
    session: AsyncSession, workspace_id: UUID, external_id: str, *, lock: bool = False
) -> Order:
    """As `find_order`; 404 where there is none."""
    order = await find_order(session, workspace_id, external_id, lock=lock)
    if order is None:
        raise NotFound
    return order


async def list_orders(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    customer: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    updated_after: datetime | None = None,
) -> tuple[list[Order], str | None]:
    """Orders with `ordered_at` in [from, to), newest first, and the cursor of the next page."""
    query = select(Order).where(Order.workspace_id == workspace_id)
    query = query.options(joinedload(Order.buyer))
    if customer is not None:
        known = select(Customer.id).where(
            Customer.workspace_id == workspace_id, Customer.external_id == customer
        )
        query = query.where(Order.customer_id == await session.scalar(known))
    if from_ is not None:
        query = query.where(Order.ordered_at >= from_)
    if to is not None:
        query = query.where(Order.ordered_at < to)
    if updated_after is not None:
        query = query.where(Order.updated_at > updated_after)
    query = latest_first(query, Order.ordered_at, Order.external_id, paging)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].ordered_at, rows[-1].external_id) if more else None
