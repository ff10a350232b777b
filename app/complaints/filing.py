"""Taking a contact in: exactly once, with a receipt, and linked to what it may repeat."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import references
from app.complaints.kinds import KINDS, allows
from app.complaints.models import Complaint, ComplaintReceipt, ComplaintReference
from app.complaints.schemas import ComplaintCreate
from app.complaints.states import OPEN
from app.complaints.timeline import Author, add_entry
from app.db import new_id, now
from app.errors import FieldError, Invalid, Problem
from app.events.service import record
from app.http.idempotency import fingerprint
from app.problems import Text

#: An open case of the same person about the same matter is probably the same.
DUPLICATE_WINDOW = timedelta(days=30)
#: The same matter again within this time after its end is a repetition.
REPEAT_WINDOW = timedelta(days=90)
#: From this time on the front line has failed: a supervisor must look.
ESCALATING_REPEAT = 3
#: Clocks differ; what lies further ahead is an error.
CLOCK_TOLERANCE = timedelta(minutes=5)
_LATEST_OCCURRENCE = timedelta(hours=24)
_REFERENCE_ATTEMPTS = 5


@dataclass(frozen=True)
class Filed:
    """A filed case; the secrets are there only for who has just made it."""

    complaint: Complaint
    created: bool
    tracking_secret: str | None = None
    pin: str | None = None


async def file_complaint(
    session: AsyncSession,
    workspace_id: UUID,
    wanted: ComplaintCreate,
    *,
    key_id: str,
    trusted: bool,
    pepper: str,
) -> Filed:
    """File a contact and make its receipt.

    `trusted` is a secret key: only that may say when the house first heard of it, use a natural
    key, or ask for a PIN. The same natural key with the same content is the same case; with
    other content 409 `submission-conflict`. Insert first, look afterwards: of many at once the
    unique constraint lets one through.
    """
    _refuse_untrusted(wanted, trusted=trusted)
    moment = now()
    _refuse_misfits(wanted, moment)
    row = _row(workspace_id, wanted, moment)
    for _ in range(_REFERENCE_ATTEMPTS):
        reference = references.new_reference()
        pin = references.new_pin() if wanted.with_pin else None
        # Before the first statement: no connection waits for the slow hash.
        pin_hash = await _hashed_pin(pepper, reference, pin)
        complaint = await _insert(session, row | {"reference": reference})
        if complaint is not None:
            await _relate(session, complaint)
            secret = references.new_tracking_secret()
            _add_receipt(session, complaint, secret, pin_hash)
            author = Author("integration" if trusted else "complainant", key_id=key_id)
            _tell(session, complaint, author)
            await session.flush()
            return Filed(complaint, created=True, tracking_secret=secret, pin=pin)
        if (earlier := await _same_key(session, row)) is not None:
            return Filed(earlier, created=False)
    raise Problem("overloaded", headers={"Retry-After": "1"})


def _add_receipt(
    session: AsyncSession, complaint: Complaint, secret: str, pin_hash: bytes | None
) -> None:
    session.add(
        ComplaintReceipt(
            workspace_id=complaint.workspace_id,
            complaint_id=complaint.id,
            secret_hash=references.secret_hash(secret),
            pin_hash=pin_hash,
        )
    )


async def _hashed_pin(pepper: str, reference: str, pin: str | None) -> bytes | None:
    if pin is None:
        return None
    return await asyncio.to_thread(references.pin_hash, pepper, reference, pin)


def _refuse_untrusted(wanted: ComplaintCreate, *, trusted: bool) -> None:
    if trusted:
        return
    for name in ("received_at", "source_system", "external_id", "with_pin"):
        if getattr(wanted, name):
            raise Problem(
                "wrong-key-type",
                explanation=Text(f"{name} needs a secret key.", f"{name} 需要私有密钥。"),
            )


def _refuse_misfits(wanted: ComplaintCreate, moment: datetime) -> None:
    errors: list[FieldError] = []
    if (wanted.source_system is None) != (wanted.external_id is None):
        lacking = "source_system" if wanted.source_system is None else "external_id"
        errors.append(FieldError(f"/{lacking}", "missing-field"))
    if wanted.received_at is not None and wanted.received_at > moment + CLOCK_TOLERANCE:
        errors.append(FieldError("/received_at", "implausible-time"))
    if wanted.occurred_at is not None and wanted.occurred_at > moment + _LATEST_OCCURRENCE:
        errors.append(FieldError("/occurred_at", "implausible-time"))
    if wanted.identity_mode == "anonymous":
        if not allows(wanted.kind, wanted.identity_mode):
            errors.append(FieldError("/identity_mode", "invalid-value"))
        # Nothing that leads to a person: neither who, nor what was bought or answered.
        names = ("customer", "contact", "on_behalf_of", "order", "response", "metadata")
        errors += [FieldError(f"/{name}", "not-identified")
                   for name in names if getattr(wanted, name)]  # fmt: skip
    if wanted.contact is not None and not wanted.contact.model_dump(exclude_none=True):
        errors.append(FieldError("/contact", "too-few-items"))
    if errors:
        raise Invalid(*errors)


def _row(workspace_id: UUID, wanted: ComplaintCreate, moment: datetime) -> dict[str, Any]:
    profile = KINDS[wanted.kind]
    received_at = min(wanted.received_at or moment, moment)
    row = wanted.model_dump(exclude={"with_pin", "metadata"})
    assumed = {
        "expression_of_dissatisfaction": profile.expression_of_dissatisfaction,
        "response_expected": profile.response_expected,
    }
    row |= {name: value for name, value in assumed.items() if row[name] is None}
    return row | {
        "workspace_id": workspace_id,
        "id": new_id(),
        "state": "received",
        "received_at": received_at,
        "received_at_effective": received_at,
        "recorded_at": moment,
        "updated_at": moment,
        "details": wanted.metadata,
        "complainant": _complainant(wanted),
        "content_hash": fingerprint(wanted.model_dump(mode="json", exclude={"with_pin"})),
    }


def _complainant(wanted: ComplaintCreate) -> str | None:
    """By what the same person is known again; never for those who do not want to be."""
    if wanted.identity_mode != "identified":
        return None
    if wanted.customer is not None:
        return f"customer:{wanted.customer}"
    if wanted.contact is not None and wanted.contact.email is not None:
        return f"email:{wanted.contact.email.casefold()}"
    if wanted.contact is not None and wanted.contact.phone is not None:
        digits = re.sub(r"\D", "", wanted.contact.phone)
        return f"phone:{digits}" if digits else None
    return None


async def _relate(session: AsyncSession, complaint: Complaint) -> None:
    """Link an open case that this may duplicate, and an ended one that it may repeat."""
    if complaint.complainant is None or complaint.category is None:
        return
    received_at = complaint.received_at
    same = (
        select(Complaint.id, Complaint.repeat_no)
        .where(
            Complaint.workspace_id == complaint.workspace_id,
            Complaint.complainant == complaint.complainant,
            Complaint.category == complaint.category,
            Complaint.id != complaint.id,
            Complaint.received_at <= received_at,
        )
        .order_by(Complaint.received_at.desc(), Complaint.id.desc())
        .limit(1)
    )
    duplicate = same.where(
        Complaint.state.in_(OPEN), Complaint.received_at >= received_at - DUPLICATE_WINDOW
    )
    since = received_at - REPEAT_WINDOW
    repeated = same.where(
        Complaint.state.in_(["resolved", "closed"]),
        or_(Complaint.resolved_at >= since, Complaint.closed_at >= since),
    )
    if (open_case := (await session.execute(duplicate)).first()) is not None:
        complaint.possible_duplicate_of = open_case.id
    if (ended := (await session.execute(repeated)).first()) is not None:
        complaint.repeat_of, complaint.repeat_no = ended.id, ended.repeat_no + 1
        complaint.escalation_level = int(complaint.repeat_no >= ESCALATING_REPEAT)


async def _insert(session: AsyncSession, row: dict[str, Any]) -> Complaint | None:
    """The new case, or None if the natural key or the reference is taken."""
    made = insert(Complaint).values(**row).on_conflict_do_nothing().returning(Complaint)
    complaint = await session.scalar(made)
    if complaint is None:
        return None
    taken = await session.scalar(
        insert(ComplaintReference)
        .values(
            reference=complaint.reference,
            workspace_id=complaint.workspace_id,
            complaint_id=complaint.id,
        )
        .on_conflict_do_nothing()
        .returning(ComplaintReference.reference)
    )
    if taken is None:  # another workspace has it: one chance in 10^12 for each case there is
        await session.delete(complaint)
        await session.flush()
        return None
    return complaint


async def _same_key(session: AsyncSession, row: dict[str, Any]) -> Complaint | None:
    """The case that holds the natural key already, if it says the same."""
    if row["source_system"] is None:
        return None
    earlier = await session.scalar(
        select(Complaint).where(
            Complaint.workspace_id == row["workspace_id"],
            Complaint.source_system == row["source_system"],
            Complaint.external_id == row["external_id"],
        )
    )
    if earlier is not None and earlier.content_hash != row["content_hash"]:
        raise Problem("submission-conflict")
    return earlier


def _tell(session: AsyncSession, complaint: Complaint, author: Author) -> None:
    add_entry(
        session,
        complaint,
        author,
        event="file",
        visibility="public",
        state_before=None,
        occurred_at=complaint.received_at,
        details={"repeat_no": complaint.repeat_no},
    )
    record(
        session,
        complaint.workspace_id,
        "complaint.filed",
        str(complaint.id),
        kind=complaint.kind,
        channel=complaint.channel,
        severity=complaint.severity,
    )
