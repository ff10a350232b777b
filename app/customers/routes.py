"""Customers and segments over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from app.customers import service
from app.customers.schemas import (
    CustomerLine,
    CustomerPatch,
    CustomerRead,
    KeyAccountType,
    SegmentRead,
)
from app.errors import Problem
from app.fields import Code, ExternalId, Timestamp
from app.http.auth import Credential, needs
from app.http.bulk import Bulk, BulkResult, documented, load
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.route import ReadSession, Route, Session

router = APIRouter(prefix="/v1", tags=["customers"], route_class=Route)
Caller = Annotated[Credential, needs("customers:rw")]
UpdatedAfter = Annotated[
    Timestamp | None,
    Query(description="Only what changed after this time; overlap by a minute when you pull."),
]


@router.post(
    "/customers",
    operation_id="load_customers",
    response_model=BulkResult,
    openapi_extra=documented(CustomerLine),
)
async def load_customers(request: Request, options: Bulk, caller: Caller) -> StreamingResponse:
    """Create or change many customers: a JSON array (up to 1,000), NDJSON or CSV, as a stream.

    Every line has its own outcome, and a line that is wrong harms no other. Sending a file again
    changes nothing. See `put_customer` for what a line means; in CSV, `attributes.<key>` is the
    column of an attribute and an empty cell leaves its field as it is.
    """
    return await load(request, options, caller.workspace_id, CustomerLine, service.load_customers)


@router.get("/customers", operation_id="list_customers")
async def list_customers(
    session: ReadSession,
    caller: Caller,
    paging: Paging,
    external_id: ExternalId | None = None,
    segment: Code | None = None,
    key_account_type: KeyAccountType | None = None,
    updated_after: UpdatedAfter = None,
) -> Page[CustomerRead]:
    """Customers in the order of their external ids."""
    customers, cursor = await service.list_customers(
        session,
        caller.workspace_id,
        paging,
        external_id=external_id,
        segment=segment,
        key_account_type=key_account_type,
        updated_after=updated_after,
    )
    return Page(data=[CustomerRead.model_validate(each) for each in customers], next_cursor=cursor)


@router.put(
    "/customers/{external_id}",
    operation_id="put_customer",
    responses={201: {"model": CustomerRead, "description": "Created"}},
)
async def put_customer(
    external_id: ExternalId,
    patch: CustomerPatch,
    session: Session,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
) -> CustomerRead:
    """Create the customer, or change the fields that are named; absent ones stay as they are."""
    if if_match is not None:
        found = await service.find_customer(session, caller.workspace_id, external_id, lock=True)
        if found is None:
            raise Problem("precondition-failed")
        require_match(if_match, found.revision)
    customer, status = await service.put_customer(session, caller.workspace_id, external_id, patch)
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(customer.revision)
    return CustomerRead.model_validate(customer)


@router.get("/customers/{external_id}", operation_id="get_customer")
async def get_customer(
    external_id: str, session: ReadSession, caller: Caller, response: Response
) -> CustomerRead:
    """One customer, by the id of the system it comes from."""
    customer = await service.fetch_customer(session, caller.workspace_id, external_id)
    response.headers["ETag"] = etag(customer.revision)
    return CustomerRead.model_validate(customer)


@router.patch("/customers/{external_id}", operation_id="update_customer")
async def update_customer(
    external_id: str,
    patch: CustomerPatch,
    session: Session,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
) -> CustomerRead:
    """Change the fields that are named of a customer who exists."""
    found = await service.fetch_customer(session, caller.workspace_id, external_id, lock=True)
    require_match(if_match, found.revision)
    customer, _ = await service.put_customer(session, caller.workspace_id, external_id, patch)
    response.headers["ETag"] = etag(customer.revision)
    return CustomerRead.model_validate(customer)


@router.get("/segments", operation_id="list_segments")
async def list_segments(session: ReadSession, caller: Caller, paging: Paging) -> Page[SegmentRead]:
    """The segments in use, with the number of customers in each now."""
    counted, cursor = await service.list_segments(session, caller.workspace_id, paging)
    segments = [SegmentRead(segment=segment, customers=count) for segment, count in counted]
    return Page(data=segments, next_cursor=cursor)
