"""Leads: upserts of one and of many, reading and lists."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.upsert import accepted, tell_of_load, upsert
from app.db import now
from app.errors import NotFound
from app.events.service import record
from app.fields import storable, zone
from app.http.bulk import Item, Outcome
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor, latest_first
from app.market.lead_rows import LeadRows
from app.market.models import Lead
from app.market.schemas import LeadLine, LeadPut
from app.workspaces.service import fetch_workspace


async def load_leads(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[LeadLine]]
) -> list[Outcome]:
    """Upsert the leads of a chunk, with one event for the whole of it."""
    outcomes = await _upsert(session, workspace_id, items)
    tell_of_load(session, workspace_id, "leads.loaded", outcomes)
    return outcomes


async def put_lead(
    session: AsyncSession, workspace_id: UUID, external_id: str, lead: LeadPut
) -> tuple[Lead, Status]:
    """Create the lead or replace it; and which of these it was."""
    said = {name: getattr(lead, name) for name in lead.model_fields_set}
    line = LeadLine(external_id=external_id, **said)
    (outcome,) = await _upsert(session, workspace_id, [Item(0, line)])
    status = accepted(outcome)
    if status in {"created", "updated"}:
        event = "lead.created" if status == "created" else "lead.changed"
        record(session, workspace_id, event, external_id)
    return await fetch_lead(session, workspace_id, external_id), status


async def _upsert(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[LeadLine]]
) -> list[Outcome]:
    workspace = await fetch_workspace(session, workspace_id)
    rows = LeadRows(session, workspace_id, at=now(), zone=zone(workspace.time_zone))
    return await upsert(rows, items)


async def find_lead(
    session: AsyncSession, workspace_id: UUID, external_id: str, *, lock: bool = False
) -> Lead | None:
    """The lead with that external id, locked against other writers if asked."""
    try:
        storable(external_id)
    except ValueError:
        return None
    query = select(Lead).where(Lead.workspace_id == workspace_id, Lead.external_id == external_id)
    if lock:
        query = query.with_for_update(key_share=True)
    found: Lead | None = await session.scalar(query, execution_options={"populate_existing": True})
    return found


async def fetch_lead(session: AsyncSession, workspace_id: UUID, external_id: str) -> Lead:
    """As `find_lead`; 404 where there is none."""
    lead = await find_lead(session, workspace_id, external_id)
    if lead is None:
        raise NotFound
    return lead


async def list_leads(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    channel: str | None = None,
    campaign: str | None = None,
    customer: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    updated_after: datetime | None = None,
) -> tuple[list[Lead], str | None]:
    """Leads with `created_at` in [from, to), newest first, and the cursor of the next page."""
    query = select(Lead).where(Lead.workspace_id == workspace_id)
    wanted = {Lead.channel: channel, Lead.campaign: campaign, Lead.customer: customer}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if from_ is not None:
        query = query.where(Lead.created_at >= from_)
    if to is not None:
        query = query.where(Lead.created_at < to)
    if updated_after is not None:
        query = query.where(Lead.updated_at > updated_after)
    query = latest_first(query, Lead.created_at, Lead.external_id, paging)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].created_at, rows[-1].external_id) if more else None
