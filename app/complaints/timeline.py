"""The one way to change a case: the change, its entry in the timeline and its event, together."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import lifecycle
from app.complaints.cases import Act, Case
from app.complaints.models import CURRENT_XID, Complaint, ComplaintEvent
from app.complaints.states import Role, State, Visibility
from app.complaints.transitions import RULE
from app.db import now
from app.events.service import record
from app.fields import utc_text

Details = dict[str, str | int | bool | None]


@dataclass(frozen=True)
class Author:
    """Who writes an entry: a role, a person by an id of the workspace's own, and the key."""

    role: Role
    actor: str | None = None
    key_id: str | None = None


def add_entry(
    session: AsyncSession,
    complaint: Complaint,
    author: Author,
    *,
    event: str,
    visibility: Visibility,
    state_before: State | None,
    text: str | None = None,
    details: Details | None = None,
    occurred_at: datetime | None = None,
) -> ComplaintEvent:
    """Append to the timeline; the number of the entry is the new revision of the case.

    The caller holds the row lock of the case, so that numbers have no gaps and no repeats.
    """
    moment = now()
    if state_before is not None:
        complaint.revision += 1
        complaint.updated_at = moment
        complaint.xid = CURRENT_XID  # type: ignore[assignment]
    entry = ComplaintEvent(
        workspace_id=complaint.workspace_id,
        complaint_id=complaint.id,
        number=complaint.revision,
        event=event,
        role=author.role,
        actor=author.actor,
        key_id=author.key_id,
        visibility=visibility,
        state_before=state_before,
        state_after=complaint.state,
        text=text,
        details=details or {},
        occurred_at=occurred_at or moment,
        recorded_at=moment,
    )
    session.add(entry)
    return entry


def advance(
    session: AsyncSession,
    complaint: Complaint,
    act: Act,
    *,
    key_id: str | None,
    visibility: Visibility | None = None,
) -> ComplaintEvent:
    """Let an event happen to a case that is locked; its rule says who may read of it.

    Raises 409 `illegal-transition` or 422 as `lifecycle.apply` does.
    """
    before = complaint.case
    after = lifecycle.apply(before, act)
    for name in _changed(before, after):
        setattr(complaint, name, getattr(after, name))
    text, details = _said(act)
    entry = add_entry(
        session,
        complaint,
        Author(act.role, act.actor, key_id),
        event=act.event,
        visibility=visibility or RULE[act.event].visibility,
        state_before=before.state,
        text=text,
        details=details,
        occurred_at=act.at,
    )
    _announce(session, complaint, before, act)
    return entry


def _changed(before: Case, after: Case) -> list[str]:
    names = [each.name for each in fields(Case)]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _said(act: Act) -> tuple[str | None, Details]:
    """What the complainant may read of a public event, and the rest, which is for the house.

    A reason is the house's own unless the complainant gave it.
    """
    details = {name: _flat(value) for name, value in act.fields.items() if value is not None}
    text = details.pop("text", None)
    if text is None and act.role == "complainant":
        text = details.pop("reason", None)
    return (None if text is None else str(text)), details


def _flat(value: Any) -> str | int | bool | None:  # noqa: ANN401 - the validated field of an event
    if isinstance(value, datetime):
        return utc_text(value)
    return value if isinstance(value, int) else str(value)


def _announce(session: AsyncSession, complaint: Complaint, before: Case, act: Act) -> None:
    workspace_id, subject = complaint.workspace_id, str(complaint.id)
    if complaint.state != before.state:
        record(
            session,
            workspace_id,
            "complaint.state_changed",
            subject,
            event=act.event,
            state_before=before.state,
            state_after=complaint.state,
            revision=complaint.revision,
        )
    if complaint.kind != before.kind:
        record(
            session,
            workspace_id,
            "complaint.retyped",
            subject,
            kind_before=before.kind,
            kind_after=complaint.kind,
            revision=complaint.revision,
        )
