"""Customers: upserts of one and of many, reading, lists, and the segments in use."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.customer_rows import CustomerRows
from app.customers.models import Customer
from app.customers.phones import region_of
from app.customers.schemas import CustomerLine, CustomerPatch
from app.customers.upsert import accepted, tell_of_load, upsert
from app.db import now
from app.errors import NotFound
from app.events.service import record
from app.fields import storable
from app.http.bulk import Item, Outcome
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor
from app.workspaces.service import fetch_workspace


async def load_customers(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[CustomerLine]]
) -> list[Outcome]:
    """Upsert the customers of a chunk, with one event for the whole of it."""
    outcomes = await _upsert(session, workspace_id, items)
    tell_of_load(session, workspace_id, "customers.loaded", outcomes)
    return outcomes


async def put_customer(
    session: AsyncSession, workspace_id: UUID, external_id: str, patch: CustomerPatch
) -> tuple[Customer, Status]:
    """Create the customer, or merge the patch into what is known; and which of these it was."""
    facts = {name: getattr(patch, name) for name in patch.model_fields_set}
    line = CustomerLine(external_id=external_id, **facts)
    (outcome,) = await _upsert(session, workspace_id, [Item(0, line)])
    status = accepted(outcome)
    customer = await fetch_customer(session, workspace_id, external_id)
    if status != "unchanged":
        event = "customer.created" if status == "created" else "customer.changed"
        record(session, workspace_id, event, str(customer.id))
    return customer, status


async def _upsert(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[CustomerLine]]
) -> list[Outcome]:
    workspace = await fetch_workspace(session, workspace_id)
    region = region_of(workspace.language)
    return await upsert(CustomerRows(session, workspace_id, at=now(), region=region), items)


async def find_customer(
    session: AsyncSession, workspace_id: UUID, external_id: str, *, lock: bool = False
) -> Customer | None:
    """The customer with that external id, locked against other writers if asked."""
    query = select(Customer).where(
        Customer.workspace_id == workspace_id, Customer.external_id == _sayable(external_id)
    )
    if lock:
        query = query.with_for_update(key_share=True)
    found: Customer | None = await session.scalar(
        query, execution_options={"populate_existing": True}
    )
    return found


async def fetch_customer(
    session: AsyncSession, workspace_id: UUID, external_id: str, *, lock: bool = False
) -> Customer:
    """As `find_customer`; 404 where there is none."""
    customer = await find_customer(session, workspace_id, external_id, lock=lock)
    if customer is None:
        raise NotFound
    return customer


def _sayable(external_id: str) -> str:
    """An id that the database can compare with; what it cannot hold names nothing."""
    try:
        return storable(external_id)
    except ValueError:
        raise NotFound from None


async def list_customers(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    external_id: str | None = None,
    segment: str | None = None,
    key_account_type: str | None = None,
    updated_after: datetime | None = None,
) -> tuple[list[Customer], str | None]:
    """Customers by external id, and the cursor of the next page."""
    query = select(Customer).where(Customer.workspace_id == workspace_id)
    wanted = {
        Customer.external_id: external_id,
        Customer.segment: segment,
        Customer.key_account_type: key_account_type,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if updated_after is not None:
        query = query.where(Customer.updated_at > updated_after)
    if (position := paging.position(str)) is not None:
        query = query.where(Customer.external_id > position[0])
    query = query.order_by(Customer.external_id).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].external_id) if more else None


async def list_segments(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[list[tuple[str, int]], str | None]:
    """Each segment that some customer is in, with the number of its customers."""
    query = select(Customer.segment, func.count()).where(
        Customer.workspace_id == workspace_id, Customer.segment.is_not(None)
    )
    if (position := paging.position(str)) is not None:
        query = query.where(Customer.segment > position[0])
    query = query.group_by(Customer.segment).order_by(Customer.segment).limit(paging.limit + 1)
    counted = [(str(name), count) for name, count in await session.execute(query)]
    rows, more = cut(counted, paging)
    return rows, encode_cursor(rows[-1][0]) if more else None
