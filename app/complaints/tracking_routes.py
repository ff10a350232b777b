"""What a complainant does with the receipt; secrets travel in bodies, never in addresses."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.complaints import tracking
from app.complaints.models import Complaint
from app.complaints.tracking_schemas import (
    TrackingAccess,
    TrackingEvent,
    TrackingMessage,
    TrackingRead,
)
from app.errors import Problem
from app.http.auth import open_to_all
from app.http.rendering import language_of, problem_response
from app.http.route import Route, Session

router = APIRouter(prefix="/v1", tags=["complaint tracking"], route_class=Route)
Complainant = Annotated[None, open_to_all("a complainant has a receipt and no key")]


async def _opened(
    request: Request, session: Session, access: TrackingAccess
) -> Complaint | Response:
    """The case, or the one answer to everything that opens none.

    The answer is returned, not raised: raising would take the counted attempt back.
    """
    pepper = request.app.state.settings.pepper.get_secret_value()
    found = await tracking.open_case(session, access, pepper=pepper)
    return found or problem_response(Problem("not-found"), request.scope)


async def _shown(
    request: Request, session: Session, found: Complaint, response: Response
) -> TrackingRead:
    response.headers["Cache-Control"] = "no-store"
    return await tracking.show(session, found, language_of(request.scope))


@router.post(
    "/complaint-tracking",
    operation_id="track_complaint",
    response_model=TrackingRead,
    responses={404: {}},
)
async def track_complaint(
    access: TrackingAccess, request: Request, session: Session, response: Response, _: Complainant
) -> TrackingRead | Response:
    """The case of a receipt, by its reference and the tracking secret or PIN.

    Everything that does not open a case is the same 404. After five wrong PINs in a row only the
    tracking secret, or a new PIN, opens it.
    """
    found = await _opened(request, session, access)
    if isinstance(found, Response):
        return found
    return await _shown(request, session, found, response)


@router.post(
    "/complaint-tracking/messages",
    status_code=201,
    operation_id="create_tracking_message",
    response_model=TrackingRead,
    responses={404: {}, 409: {}},
)
async def create_tracking_message(
    message: TrackingMessage,
    request: Request,
    session: Session,
    response: Response,
    _: Complainant,
) -> TrackingRead | Response:
    """Write to those who handle the case; resumes it if they waited for an answer."""
    found = await _opened(request, session, message)
    if isinstance(found, Response):
        return found
    found = await tracking.write(session, found, message.text)
    return await _shown(request, session, found, response)


@router.post(
    "/complaint-tracking/events",
    operation_id="create_tracking_event",
    response_model=TrackingRead,
    responses={404: {}, 409: {}},
)
async def create_tracking_event(
    wanted: TrackingEvent,
    request: Request,
    session: Session,
    response: Response,
    _: Complainant,
) -> TrackingRead | Response:
    """Withdraw, accept or reject the answer, or reopen the case (within 30 days)."""
    found = await _opened(request, session, wanted)
    if isinstance(found, Response):
        return found
    found = await tracking.decide(session, found, wanted.event, wanted.reason)
    return await _shown(request, session, found, response)
