"""Orders and refunds over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from app.customers import orders, refunds
from app.customers.routes import Caller, UpdatedAfter
from app.customers.schemas import (
    OrderLine,
    OrderPut,
    OrderRead,
    RefundCreate,
    RefundLine,
    RefundRead,
)
from app.errors import Problem
from app.fields import ExternalId, Timestamp
from app.http.bulk import Bulk, BulkResult, documented, load
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.route import ReadSession, Route, Session

router = APIRouter(prefix="/v1", tags=["orders"], route_class=Route)
From = Annotated[
    Timestamp | None, Query(alias="from", description="`ordered_at` at or after this time.")
]
To = Annotated[Timestamp | None, Query(alias="to", description="`ordered_at` before this time.")]


@router.post(
    "/orders",
    operation_id="load_orders",
    response_model=BulkResult,
    openapi_extra=documented(OrderLine),
)
async def load_orders(request: Request, options: Bulk, caller: Caller) -> StreamingResponse:
    """Record many orders: a JSON array (up to 1,000), NDJSON or CSV, as a stream.

    Every line has its own outcome, and a line that is wrong harms no other. Sending a file again
    changes nothing. Customers that are not known yet are created.
    """
    return await load(request, options, caller.workspace_id, OrderLine, orders.load_orders)


@router.get("/orders", operation_id="list_orders")
async def list_orders(
    session: ReadSession,
    caller: Caller,
    paging: Paging,
    *,
    customer: ExternalId | None = None,
    from_: From = None,
    to: To = None,
    updated_after: UpdatedAfter = None,
) -> Page[OrderRead]:
    """Orders, newest first."""
    found, cursor = await orders.list_orders(
        session,
        caller.workspace_id,
        paging,
        customer=customer,
        from_=from_,
        to=to,
        updated_after=updated_after,
    )
    return Page(data=[OrderRead.model_validate(each) for each in found], next_cursor=cursor)


@router.put(
    "/orders/{external_id}",
    operation_id="put_order",
    responses={201: {"model": OrderRead, "description": "Created"}, 409: {}},
)
async def put_order(
    external_id: ExternalId,
    order: OrderPut,
    session: Session,
    caller: Caller,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> OrderRead:
    """Record an order, or correct it as a whole; the same content again changes nothing.

    409 `refund-exceeds-order` if more than the new amount was already paid back.
    """
    if if_match is not None:
        found = await orders.find_order(session, caller.workspace_id, external_id, lock=True)
        if found is None:
            raise Problem("precondition-failed")
        require_match(if_match, found.revision)
    kept, status = await orders.put_order(session, caller.workspace_id, external_id, order)
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(kept.revision)
    return OrderRead.model_validate(kept)


@router.get("/orders/{external_id}", operation_id="get_order")
async def get_order(
    external_id: str, session: ReadSession, caller: Caller, response: Response
) -> OrderRead:
    """One order, by the id of the system it comes from."""
    order = await orders.fetch_order(session, caller.workspace_id, external_id)
    response.headers["ETag"] = etag(order.revision)
    return OrderRead.model_validate(order)


@router.post(
    "/orders/{external_id}/refunds",
    status_code=201,
    operation_id="create_refund",
    responses={200: {"model": RefundRead, "description": "Known already, or corrected"}},
)
async def create_refund(
    external_id: str, wanted: RefundCreate, session: Session, caller: Caller, response: Response
) -> RefundRead:
    """Book a refund of the order; 409 `refund-exceeds-order` if the sum would be more than it."""
    refund, status = await refunds.create_refund(session, caller.workspace_id, external_id, wanted)
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(refund.revision)
    return RefundRead.model_validate(refund)


@router.get("/orders/{external_id}/refunds", operation_id="list_refunds")
async def list_refunds(
    external_id: str, session: ReadSession, caller: Caller, paging: Paging
) -> Page[RefundRead]:
    """The refunds of the order, by their ids."""
    found, cursor = await refunds.list_refunds(session, caller.workspace_id, external_id, paging)
    return Page(data=[RefundRead.model_validate(each) for each in found], next_cursor=cursor)


@router.post(
    "/refunds",
    operation_id="load_refunds",
    response_model=BulkResult,
    openapi_extra=documented(RefundLine),
)
async def load_refunds(request: Request, options: Bulk, caller: Caller) -> StreamingResponse:
    """Book many refunds: a JSON array (up to 1,000), NDJSON or CSV, as a stream.

    A line whose order is unknown, or whose amount would exceed it, is rejected alone.
    """
    return await load(request, options, caller.workspace_id, RefundLine, refunds.load_refunds)
