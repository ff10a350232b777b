"""Two cases about one matter become one, and what is still said to the first."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints.cases import Act
from app.complaints.event_schemas import MergeIntoEvent
from app.complaints.kinds import is_restricted
from app.complaints.lifecycle import apply, illegal
from app.complaints.lookup import fetch, follow
from app.complaints.models import Complaint
from app.complaints.states import ACTIVE, Visibility
from app.complaints.timeline import Author, add_entry, advance
from app.errors import field_error
from app.events.service import record
from app.problems import Text

_PARENT_ENDED = Text("The other case is not active.", "目标案件不在处理中。")
_OTHER_PERSON = Text(
    "The cases are of different persons: declare a class case.",
    "两案投诉人不同：请声明为集体案件。",
)
_MIXED = Text("A restricted case is not merged with an open one.", "受限案件不得与普通案件合并。")


async def merge(
    session: AsyncSession, child: Complaint, act: Act, command: MergeIntoEvent, *, key_id: str
) -> None:
    """The child becomes a tombstone; the parent counts from the earlier of the two receipts."""
    apply(child.case, act)  # refuse what cannot be before looking at the other case
    parent = await fetch(session, child.workspace_id, command.into)
    if parent.id == child.id:
        raise field_error("/into", "invalid-value")
    if parent.state not in ACTIVE:
        raise illegal(child.case, act, _PARENT_ENDED)
    same_person = child.complainant is not None and child.complainant == parent.complainant
    if not same_person and not command.class_case:
        raise illegal(child.case, act, _OTHER_PERSON)
    sides = {is_restricted(each.kind, each.identity_mode) for each in (child, parent)}
    if len(sides) > 1:
        raise illegal(child.case, act, _MIXED)
    child.merged_into = parent.id
    advance(session, child, act, key_id=key_id)
    parent.received_at_effective = min(parent.received_at_effective, child.received_at_effective)
    add_entry(
        session,
        parent,
        Author(act.role, act.actor, key_id),
        event="merged_from",
        visibility="internal",
        state_before=parent.state,
        details={"complaint": str(child.id), "reference": child.reference},
        occurred_at=act.at,
    )
    record(session, child.workspace_id, "complaint.merged", str(child.id), into=str(parent.id))


async def receive(
    session: AsyncSession, complaint: Complaint, act: Act, *, key_id: str | None
) -> Complaint:
    """A message from the complainant; answers the case that it was for.

    What is said to a merged case goes to the one that goes on, and never reopens the first. The
    first keeps a copy, so that the complainant finds their words; in a class case, where the
    other complainant is somebody else, the parent keeps it for the house.
    """
    parent = await follow(session, complaint)
    if parent is complaint:
        advance(session, complaint, act, key_id=key_id)
        return complaint
    same_person = complaint.complainant is not None and complaint.complainant == parent.complainant
    forwarded = replace(act, fields={**act.fields, "via": complaint.reference})
    visibility: Visibility = "public" if same_person else "internal"
    advance(session, parent, forwarded, key_id=key_id, visibility=visibility)
    add_entry(
        session,
        complaint,
        Author(act.role, act.actor, key_id),
        event="message",
        visibility="public",
        state_before=complaint.state,
        text=str(act.fields["text"]),
        occurred_at=act.at,
    )
    return parent
