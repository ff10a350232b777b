"""What the staff does with cases: find, correct, move on, talk."""

import asyncio
from uuid import UUID

from sqlalchemy import Select, String, cast, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import references
from app.complaints.cases import Act
from app.complaints.event_schemas import ComplaintEventCreate, CustomerMessageEvent, MergeIntoEvent
from app.complaints.filing import CLOCK_TOLERANCE
from app.complaints.merging import merge, receive
from app.complaints.models import (
    Complaint,
    ComplaintEvent,
    ComplaintPinAttempts,
    ComplaintReceipt,
)
from app.complaints.schemas import ComplaintFilter, ComplaintPatch
from app.complaints.states import OPEN
from app.complaints.timeline import Author, Details, add_entry, advance
from app.complaints.timeline_schemas import ComplaintMessageCreate
from app.db import now
from app.errors import field_error
from app.http.pagination import PageRequest, cut, encode_cursor, newest_first

#: What an entry of the timeline carries in the common fields of an event, not in its details.
_COMMON = {"event", "role", "actor", "occurred_at"}
_WRITERS_DONE = text("xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")


def _bigint(part: str) -> int:
    number = int(part)
    if not 0 <= number < 2**63:
        raise ValueError(part)
    return number


async def list_complaints(
    session: AsyncSession,
    workspace_id: UUID,
    wanted: ComplaintFilter,
    paging: PageRequest,
    *,
    investigator: bool,
) -> tuple[list[Complaint], str | None]:
    """The cases, newest first; with `updated_after` in the order of their changes.

    The second order goes by transaction and stops below the oldest one still running, so that
    a change that commits late is never passed over.
    """
    query = _filtered(select(Complaint).where(Complaint.workspace_id == workspace_id), wanted)
    if wanted.customer is not None:
        query = query.where(Complaint.customer == wanted.customer)
        if not investigator:
            query = query.where(Complaint.identity_mode != "confidential")
    if wanted.updated_after is None:
        query = newest_first(query, Complaint.id, paging)
        rows, more = cut((await session.scalars(query)).all(), paging)
        return rows, encode_cursor(rows[-1].id) if more else None
    query = query.where(Complaint.updated_at > wanted.updated_after, _WRITERS_DONE)
    if (position := paging.position(_bigint, UUID)) is not None:
        after = tuple_(int(position[0]), UUID(position[1]))
        query = query.where(tuple_(Complaint.xid, Complaint.id) > after)
    query = query.order_by(Complaint.xid, Complaint.id).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].xid, rows[-1].id) if more else None


def _filtered(query: Select[Complaint], wanted: ComplaintFilter) -> Select[Complaint]:
    for name in ("kind", "state", "category", "severity", "channel"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(Complaint, name) == value)
    if wanted.received_from is not None:
        query = query.where(Complaint.received_at >= wanted.received_from)
    if wanted.received_to is not None:
        query = query.where(Complaint.received_at < wanted.received_to)
    if wanted.open is not None:
        is_open = Complaint.state.in_(OPEN)
        query = query.where(is_open if wanted.open else ~is_open)
    return query


async def change(
    session: AsyncSession, complaint: Complaint, patch: ComplaintPatch, *, key_id: str
) -> Complaint:
    """Correct details of a locked case; what changed goes to the timeline."""
    details: Details = {}
    for name in sorted(patch.model_fields_set):
        before, after = getattr(complaint, name), getattr(patch, name)
        if after is None and name in {"severity", "regulatory_impact"}:
            raise field_error(f"/{name}", "wrong-type")
        if before != after:
            details |= {f"{name}_before": before, f"{name}_after": after}
            setattr(complaint, name, after)
    if details:
        add_entry(
            session,
            complaint,
            Author("agent", key_id=key_id),
            event="change",
            visibility="internal",
            state_before=complaint.state,
            details=details,
        )
        await session.flush()
    return complaint


async def handle(
    session: AsyncSession, complaint: Complaint, command: ComplaintEventCreate, *, key_id: str
) -> Complaint:
    """Let an event happen to a locked case; answers the case that it happened to.

    A message for a merged case goes to the one that it was merged into. Raises 409
    `illegal-transition` with `legal_events`, 422 for fields that are missing or do not fit.
    """
    at = command.occurred_at or now()
    if command.occurred_at is not None and (
        at < complaint.received_at or at > now() + CLOCK_TOLERANCE
    ):
        raise field_error("/occurred_at", "implausible-time")
    fields = command.model_dump(exclude=_COMMON, exclude_none=True)
    act = Act(command.event, command.role, at, command.actor, fields)
    if isinstance(command, CustomerMessageEvent):
        complaint = await receive(session, complaint, act, key_id=key_id)
    elif isinstance(command, MergeIntoEvent):
        await merge(session, complaint, act, command, key_id=key_id)
    else:
        advance(session, complaint, act, key_id=key_id)
    await session.flush()
    return complaint


async def list_entries(
    session: AsyncSession,
    complaint: Complaint,
    paging: PageRequest,
    *,
    investigator: bool,
    messages_only: bool = False,
) -> tuple[list[ComplaintEvent], str | None]:
    """The timeline, oldest first; what is restricted only for investigators."""
    query = select(ComplaintEvent).where(
        ComplaintEvent.workspace_id == complaint.workspace_id,
        ComplaintEvent.complaint_id == complaint.id,
    )
    if not investigator:
        query = query.where(ComplaintEvent.visibility != "restricted")
    if messages_only:
        query = query.where(ComplaintEvent.text.is_not(None))
    if (position := paging.position(_bigint)) is not None:
        query = query.where(ComplaintEvent.number > int(position[0]))
    query = query.order_by(ComplaintEvent.number).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].number) if more else None


async def add_message(
    session: AsyncSession, complaint: Complaint, message: ComplaintMessageCreate, *, key_id: str
) -> ComplaintEvent:
    """Say something about a locked case; the first public word of a person is a milestone."""
    if message.visibility == "public" and message.role != "integration":
        complaint.first_responded_at = complaint.first_responded_at or now()
    entry = add_entry(
        session,
        complaint,
        Author(message.role, message.actor, key_id),
        event="message",
        visibility=message.visibility,
        state_before=complaint.state,
        text=message.text,
    )
    await session.flush()
    return entry


async def issue_pin(
    session: AsyncSession, complaint: Complaint, *, pepper: str, key_id: str
) -> str:
    """A new PIN for a locked case; the one before ends, and so does a lock after wrong ones."""
    pin = references.new_pin()
    hashed = await asyncio.to_thread(references.pin_hash, pepper, complaint.reference, pin)
    await session.execute(
        update(ComplaintReceipt)
        .filter_by(workspace_id=complaint.workspace_id, complaint_id=complaint.id)
        .values(pin_hash=hashed)
    )
    await session.execute(
        update(ComplaintPinAttempts).filter_by(reference=complaint.reference).values(failures=0)
    )
    add_entry(
        session,
        complaint,
        Author("agent", key_id=key_id),
        event="pin_issued",
        visibility="internal",
        state_before=complaint.state,
    )
    await session.flush()
    return pin


async def list_categories(session: AsyncSession, workspace_id: UUID) -> list[tuple[str, int]]:
    """The categories in use with the number of their cases, the most frequent first."""
    counted = func.count().label("cases")
    query = (
        select(cast(Complaint.category, String), counted)
        .where(Complaint.workspace_id == workspace_id, Complaint.category.is_not(None))
        .group_by(Complaint.category)
        .order_by(counted.desc(), Complaint.category)
        .limit(500)
    )
    return [(category, cases) for category, cases in await session.execute(query)]
