"""Leads over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from app.customers.routes import Caller, UpdatedAfter
from app.errors import Problem
from app.fields import Code, ExternalId, Timestamp
from app.http.bulk import Bulk, BulkResult, documented, load
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.route import ReadSession, Route, Session
from app.market import leads
from app.market.schemas import LeadLine, LeadPut, LeadRead

router = APIRouter(prefix="/v1", tags=["market"], route_class=Route)
From = Annotated[
    Timestamp | None, Query(alias="from", description="`created_at` at or after this time.")
]
To = Annotated[Timestamp | None, Query(alias="to", description="`created_at` before this time.")]


@router.post(
    "/leads",
    operation_id="load_leads",
    response_model=BulkResult,
    openapi_extra=documented(LeadLine),
)
async def load_leads(request: Request, options: Bulk, caller: Caller) -> StreamingResponse:
    """Record many leads: a JSON array (up to 1,000), NDJSON or CSV, as a stream.

    Every line has its own outcome, and a line that is wrong harms no other. Sending a file again
    changes nothing. A line is the whole lead: what is absent is not so.
    """
    return await load(request, options, caller.workspace_id, LeadLine, leads.load_leads)


@router.get("/leads", operation_id="list_leads")
async def list_leads(
    session: ReadSession,
    caller: Caller,
    paging: Paging,
    *,
    channel: Code | None = None,
    campaign: Code | None = None,
    customer: ExternalId | None = None,
    from_: From = None,
    to: To = None,
    updated_after: UpdatedAfter = None,
) -> Page[LeadRead]:
    """Leads, newest first."""
    found, cursor = await leads.list_leads(
        session,
        caller.workspace_id,
        paging,
        channel=channel,
        campaign=campaign,
        customer=customer,
        from_=from_,
        to=to,
        updated_after=updated_after,
    )
    return Page(data=[LeadRead.model_validate(each) for each in found], next_cursor=cursor)


@router.put(
    "/leads/{external_id}",
    operation_id="put_lead",
    responses={201: {"model": LeadRead, "description": "Created"}},
)
async def put_lead(
    external_id: ExternalId,
    lead: LeadPut,
    session: Session,
    caller: Caller,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> LeadRead:
    """Record a lead, or correct it as a whole; the same content again changes nothing."""
    if if_match is not None:
        found = await leads.find_lead(session, caller.workspace_id, external_id, lock=True)
        if found is None:
            raise Problem("precondition-failed")
        require_match(if_match, found.revision)
    kept, status = await leads.put_lead(session, caller.workspace_id, external_id, lead)
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(kept.revision)
    return LeadRead.model_validate(kept)


@router.get("/leads/{external_id}", operation_id="get_lead")
async def get_lead(
    external_id: str, session: ReadSession, caller: Caller, response: Response
) -> LeadRead:
    """One lead, by the id of the system it comes from."""
    lead = await leads.fetch_lead(session, caller.workspace_id, external_id)
    response.headers["ETag"] = etag(lead.revision)
    return LeadRead.model_validate(lead)
