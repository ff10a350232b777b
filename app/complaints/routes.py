"""Intake and handling of complaints and the other kinds of contact."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.complaints import lookup, reading, service
from app.complaints.event_schemas import ComplaintEventCreate, MergeIntoEvent
from app.complaints.filing import Filed, file_complaint
from app.complaints.schemas import (
    ComplaintCreate,
    ComplaintFilter,
    ComplaintPatch,
    ComplaintRead,
    ComplaintReceipt,
)
from app.complaints.states import KeyRole
from app.complaints.timeline_schemas import (
    ComplaintCategoryList,
    ComplaintCategoryRead,
    ComplaintKindList,
    ComplaintMessageCreate,
    ComplaintMessageRead,
    ComplaintPinRead,
    ComplaintTimelineEntry,
    ComplaintTransitionList,
)
from app.db import now
from app.http.auth import Credential, needs
from app.http.openapi_answers import header
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.rendering import language_of
from app.http.route import ReadSession, Route, Session

router = APIRouter(prefix="/v1", tags=["complaints"], route_class=Route)
Staff = Annotated[Credential, needs("complaints:rw")]
Anybody = Annotated[Credential, needs("complaints:rw", publishable=True)]
Filters = Annotated[ComplaintFilter, Depends(ComplaintFilter)]


def _pepper(request: Request) -> str:
    pepper: str = request.app.state.settings.pepper.get_secret_value()
    return pepper


def _sees_all(caller: Credential) -> bool:
    return caller.may("responses:read_pii")


@router.get("/complaint-kinds", operation_id="list_complaint_kinds")
async def list_complaint_kinds(_caller: Anybody) -> ComplaintKindList:
    """The eight kinds of contact, what each means and how it behaves."""
    return reading.kinds_read()


@router.get("/complaint-categories", operation_id="list_complaint_categories")
async def list_complaint_categories(session: ReadSession, caller: Staff) -> ComplaintCategoryList:
    """The categories in use. Categories are codes of your own; any code may be filed."""
    found = await service.list_categories(session, caller.workspace_id)
    return ComplaintCategoryList(
        data=[ComplaintCategoryRead(category=code, cases=n) for code, n in found]
    )


@router.post(
    "/complaints",
    status_code=201,
    operation_id="create_complaint",
    responses={
        200: {
            "model": ComplaintReceipt,
            "description": "Filed before; the same case.",
            "headers": header("ETag", "Location"),
        },
        201: {"headers": header("ETag")},
    },
)
async def create_complaint(
    wanted: ComplaintCreate,
    request: Request,
    session: Session,
    caller: Anybody,
    response: Response,
) -> ComplaintReceipt:
    """File a contact of any kind and get its receipt.

    The tracking secret, and the PIN if one was asked for, are in this answer and can never be
    read again. With `source_system` and `external_id` a case is filed once for ever: the same
    content again answers 200 with the same case and no secret, other content 409
    `submission-conflict`. An `anonymous` contact keeps nothing that leads to a person. A
    publishable key sees the receipt only.
    """
    trusted = caller.kind == "secret"
    filed = await file_complaint(
        session,
        caller.workspace_id,
        wanted,
        key_id=caller.key_id,
        trusted=trusted,
        pepper=_pepper(request),
    )
    complaint = filed.complaint
    response.status_code = 201 if filed.created else 200
    response.headers["Location"] = f"/v1/complaints/{complaint.id}"
    response.headers["ETag"] = etag(complaint.revision)
    return _receipt(filed, language_of(request.scope), trusted=trusted)


def _receipt(filed: Filed, language: str, *, trusted: bool) -> ComplaintReceipt:
    complaint = filed.complaint
    return ComplaintReceipt(
        id=complaint.id,
        reference=complaint.reference,
        tracking_secret=filed.tracking_secret,
        pin=filed.pin,
        received_at=complaint.received_at,
        public_status=reading.status_read(complaint.state, language),
        state=complaint.state if trusted else None,
        possible_duplicate_of=complaint.possible_duplicate_of if trusted else None,
        repeat_no=complaint.repeat_no if trusted else None,
    )


@router.get("/complaints", operation_id="list_complaints")
async def list_complaints(
    session: ReadSession, caller: Staff, wanted: Filters, paging: Paging
) -> Page[ComplaintRead]:
    """The cases, newest first.

    With `updated_after` they come in the order of their last change, for incremental pulls.
    Begin the next pull with the greatest `updated_at` seen, less a minute.
    """
    investigator = _sees_all(caller)
    rows, cursor = await service.list_complaints(
        session, caller.workspace_id, wanted, paging, investigator=investigator
    )
    data = [reading.complaint_read(row, investigator=investigator) for row in rows]
    return Page(data=data, next_cursor=cursor)


@router.get("/complaints/{case}", operation_id="get_complaint")
async def get_complaint(
    case: str, session: ReadSession, caller: Staff, response: Response
) -> ComplaintRead:
    """One case, by its id or its reference (as people type it)."""
    found = await lookup.fetch(session, caller.workspace_id, case)
    response.headers["ETag"] = etag(found.revision)
    return reading.complaint_read(found, investigator=_sees_all(caller))


@router.patch("/complaints/{case}", operation_id="update_complaint")
async def update_complaint(
    case: str,
    patch: ComplaintPatch,
    session: Session,
    caller: Staff,
    response: Response,
    if_match: IfMatch = None,
) -> ComplaintRead:
    """Correct category, severity, subject, assignee or team; what changed is in the timeline."""
    found = await lookup.lock(session, caller.workspace_id, case)
    require_match(if_match, found.revision)
    changed = await service.change(session, found, patch, key_id=caller.key_id)
    response.headers["ETag"] = etag(changed.revision)
    return reading.complaint_read(changed, investigator=_sees_all(caller))


@router.get("/complaints/{case}/transitions", operation_id="list_complaint_transitions")
async def list_complaint_transitions(
    case: str, session: ReadSession, caller: Staff, role: KeyRole | None = None
) -> ComplaintTransitionList:
    """The events that may happen to the case now: by whom, with which fields, leading where."""
    found = await lookup.fetch(session, caller.workspace_id, case)
    return reading.transitions_read(found, role, now())


@router.post("/complaints/{case}/events", operation_id="create_complaint_event")
async def create_complaint_event(
    case: str,
    command: ComplaintEventCreate,
    session: Session,
    caller: Staff,
    response: Response,
    if_match: IfMatch = None,
) -> ComplaintRead:
    """Move a case on; answers the case after the event.

    An event that is not legal now is 409 `illegal-transition` with `legal_events`. A message
    of the complainant to a merged case happens to the case that it was merged into.
    """
    if isinstance(command, MergeIntoEvent):
        found = await lookup.lock_pair(session, caller.workspace_id, case, command.into)
    else:
        found = await lookup.lock(session, caller.workspace_id, case)
    require_match(if_match, found.revision)
    changed = await service.handle(session, found, command, key_id=caller.key_id)
    response.headers["ETag"] = etag(changed.revision)
    return reading.complaint_read(changed, investigator=_sees_all(caller))


@router.get("/complaints/{case}/timeline", operation_id="list_complaint_timeline")
async def list_complaint_timeline(
    case: str, session: ReadSession, caller: Staff, paging: Paging
) -> Page[ComplaintTimelineEntry]:
    """Everything that happened to the case, oldest first."""
    found = await lookup.fetch(session, caller.workspace_id, case)
    entries, cursor = await service.list_entries(
        session, found, paging, investigator=_sees_all(caller)
    )
    return Page(data=[reading.entry_read(entry) for entry in entries], next_cursor=cursor)


@router.get("/complaints/{case}/messages", operation_id="list_complaint_messages")
async def list_complaint_messages(
    case: str, session: ReadSession, caller: Staff, paging: Paging
) -> Page[ComplaintMessageRead]:
    """What was said with the complainant and about them, oldest first."""
    found = await lookup.fetch(session, caller.workspace_id, case)
    entries, cursor = await service.list_entries(
        session, found, paging, investigator=_sees_all(caller), messages_only=True
    )
    return Page(data=[reading.message_read(entry) for entry in entries], next_cursor=cursor)


@router.post(
    "/complaints/{case}/messages", status_code=201, operation_id="create_complaint_message"
)
async def create_complaint_message(
    case: str, message: ComplaintMessageCreate, session: Session, caller: Staff
) -> ComplaintMessageRead:
    """Write to the complainant, or a note for the house (the default)."""
    found = await lookup.lock(session, caller.workspace_id, case)
    entry = await service.add_message(session, found, message, key_id=caller.key_id)
    return reading.message_read(entry)


@router.post("/complaints/{case}/pin", status_code=201, operation_id="create_complaint_pin")
async def create_complaint_pin(
    case: str, request: Request, session: Session, caller: Staff
) -> ComplaintPinRead:
    """Make a PIN for a caller who lost theirs or locked it; it is shown this once."""
    found = await lookup.lock(session, caller.workspace_id, case)
    pin = await service.issue_pin(session, found, pepper=_pepper(request), key_id=caller.key_id)
    return ComplaintPinRead(reference=found.reference, pin=pin)
