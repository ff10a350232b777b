"""Two cases about one matter become one."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints.cases import Act
from app.complaints.event_schemas import MergeInto
from app.complaints.kinds import is_restricted
from app.complaints.lifecycle import apply, illegal
from app.complaints.lookup import fetch
from app.complaints.models import Complaint
from app.complaints.states import ACTIVE
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
    session: AsyncSession, child: Complaint, act: Act, command: MergeInto, *, key_id: str
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
