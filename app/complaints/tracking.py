"""The complainant's side: opening a case by its receipt, reading it, answering, deciding.

Nobody learns here whether a reference exists. An unknown reference, a wrong secret, a wrong
PIN and a locked one get the same answer after the same work.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import references
from app.complaints.cases import Act
from app.complaints.kinds import KINDS
from app.complaints.lifecycle import legal_events
from app.complaints.lookup import lock
from app.complaints.merging import receive
from app.complaints.models import (
    Complaint,
    ComplaintEvent,
    ComplaintPinAttempts,
    ComplaintReceipt,
    ComplaintReference,
)
from app.complaints.reading import bilingual, is_inbound, status_read
from app.complaints.timeline import advance
from app.complaints.tracking_schemas import (
    TrackingAccess,
    TrackingContinuation,
    TrackingEventName,
    TrackingMessageRead,
    TrackingRead,
    TrackingStep,
)
from app.complaints.transitions import ENTRY_LABELS
from app.db import now

_NOBODY = UUID(int=0)
#: Entries of the timeline that a complainant is shown, the latest of them.
_SHOWN = 500


async def open_case(
    session: AsyncSession, access: TrackingAccess, *, pepper: str
) -> Complaint | None:
    """The case of a receipt, or None for anything that does not open one.

    None must be answered without raising: the failed attempt is part of the transaction.
    """
    reference = references.parse_reference(access.reference) or ""
    if access.pin is not None:
        given = await asyncio.to_thread(references.pin_hash, pepper, reference, access.pin)
    else:
        given = references.secret_hash(access.secret or "")
    place = await session.get(ComplaintReference, reference)
    workspace_id = place.workspace_id if place else _NOBODY
    complaint_id = place.complaint_id if place else _NOBODY
    receipt = await session.get(ComplaintReceipt, (workspace_id, complaint_id))
    if access.pin is not None:
        stored = receipt.pin_hash if receipt else None
        opened = await _try_pin(session, reference, given, stored, known=place is not None)
    else:
        opened = references.equal(given, receipt.secret_hash if receipt else None)
    return await session.get(Complaint, (workspace_id, complaint_id)) if opened else None


async def _try_pin(
    session: AsyncSession, reference: str, given: bytes, stored: bytes | None, *, known: bool
) -> bool:
    """Count the attempt first, then compare: guesses in parallel are counted one by one.

    Unknown references count on a few rows that they share, so that their attempts write too.
    """
    shared = f"?{hashlib.sha256(reference.encode()).hexdigest()[:2]}"
    counter = insert(ComplaintPinAttempts).values(
        reference=reference if known else shared, failures=1
    )
    failures = await session.scalar(
        counter.on_conflict_do_update(
            index_elements=[ComplaintPinAttempts.reference],
            set_={"failures": ComplaintPinAttempts.failures + counter.excluded.failures},
        ).returning(ComplaintPinAttempts.failures)
    )
    same = references.equal(given, stored)
    if not same or failures is None or failures > references.MAX_PIN_ATTEMPTS:
        return False
    await session.execute(
        update(ComplaintPinAttempts).filter_by(reference=reference).values(failures=0)
    )
    return True


async def write(session: AsyncSession, complaint: Complaint, text: str) -> Complaint:
    """A message of the complainant: it resumes a case that waited for it."""
    complaint = await lock(session, complaint.workspace_id, str(complaint.id))
    act = Act("customer_message", "complainant", now(), fields={"text": text})
    await receive(session, complaint, act, key_id=None)
    await session.flush()
    return complaint


async def decide(
    session: AsyncSession, complaint: Complaint, event: TrackingEventName, reason: str | None
) -> Complaint:
    """An event that the complainant causes."""
    complaint = await lock(session, complaint.workspace_id, str(complaint.id))
    fields = {} if reason is None else {"reason": reason}
    advance(session, complaint, Act(event, "complainant", now(), fields=fields), key_id=None)
    await session.flush()
    return complaint


async def show(session: AsyncSession, complaint: Complaint, language: str) -> TrackingRead:
    """What the complainant sees: public entries and their texts, and nothing of the house."""
    entries = await _public_entries(session, complaint)
    legal = {rule.event for rule in legal_events(complaint.case, "complainant", now())}
    parent = await _parent(session, complaint)
    return TrackingRead(
        reference=complaint.reference,
        kind=bilingual(KINDS[complaint.kind].label),
        public_status=status_read(complaint.state, language),
        received_at=complaint.received_at,
        updated_at=entries[-1].recorded_at if entries else complaint.recorded_at,
        description=complaint.description,
        timeline=[_step(entry, language) for entry in entries if entry.event != "message"],
        messages=[message for entry in entries for message in _messages(entry)],
        actions=[name for name in get_args(TrackingEventName) if name in legal],
        may_write="customer_message" in legal or parent is not None,
        continues_as=None
        if parent is None
        else TrackingContinuation(
            reference=parent.reference, public_status=status_read(parent.state, language)
        ),
    )


async def _public_entries(session: AsyncSession, complaint: Complaint) -> Sequence[ComplaintEvent]:
    query = (
        select(ComplaintEvent)
        .where(
            ComplaintEvent.workspace_id == complaint.workspace_id,
            ComplaintEvent.complaint_id == complaint.id,
            ComplaintEvent.visibility == "public",
        )
        .order_by(ComplaintEvent.number.desc())
        .limit(_SHOWN)
    )
    return (await session.scalars(query)).all()[::-1]


async def _parent(session: AsyncSession, complaint: Complaint) -> Complaint | None:
    """The case that goes on for a merged one."""
    parent = complaint
    while parent.merged_into is not None:
        found = await session.get(Complaint, (parent.workspace_id, parent.merged_into))
        assert found is not None  # noqa: S101 - the foreign key says so
        parent = found
    return None if parent is complaint else parent


def _step(entry: ComplaintEvent, language: str) -> TrackingStep:
    return TrackingStep(
        labels=bilingual(ENTRY_LABELS[entry.event]),
        status=status_read(entry.state_after, language),
        occurred_at=entry.occurred_at,
    )


def _messages(entry: ComplaintEvent) -> list[TrackingMessageRead]:
    """What was said in an entry; an answer comes with what can be done against it."""
    said = [entry.text, entry.details.get("recourse")]
    return [
        TrackingMessageRead(
            sender="complainant" if is_inbound(entry) else "organisation",
            text=text,
            occurred_at=entry.occurred_at,
        )
        for text in said
        if text is not None
    ]
