"""Acquisition spend and market totals over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.fields import Code, LocalDate
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session
from app.market import service
from app.market.reading import total_read
from app.market.schemas import (
    AcquisitionSpendPut,
    AcquisitionSpendRead,
    Basis,
    MarketTotalPut,
    MarketTotalRead,
    SpendKind,
)

router = APIRouter(prefix="/v1", tags=["market"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]
From = Annotated[
    LocalDate | None, Query(alias="from", description="Only what is stated of this day or later.")
]
To = Annotated[
    LocalDate | None, Query(alias="to", description="Only what is stated of days before this one.")
]


@router.put(
    "/acquisition-spend",
    operation_id="put_acquisition_spend",
    responses={
        201: {"model": AcquisitionSpendRead, "description": "Created"},
        409: {},
    },
)
async def put_acquisition_spend(
    stated: AcquisitionSpendPut,
    session: Session,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> AcquisitionSpendRead:
    """State what a channel cost in a period; the same period, channel and kind replaces it.

    409 `overlapping-period` if the channel and kind have another period that shares days with
    this one. A KPI of a part of the period takes its share of local days, and says so.
    """
    kept, status = await service.put_spend(session, caller.workspace_id, stated, if_match)
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(kept.revision)
    return AcquisitionSpendRead.model_validate(kept)


@router.get("/acquisition-spend", operation_id="list_acquisition_spend")
async def list_acquisition_spend(
    session: ReadSession,
    caller: Reader,
    paging: Paging,
    *,
    from_: From = None,
    to: To = None,
    channel: Code | None = None,
    kind: SpendKind | None = None,
) -> Page[AcquisitionSpendRead]:
    """What acquisition cost, newest period first."""
    found, cursor = await service.list_spend(
        session, caller.workspace_id, paging, start=from_, end=to, channel=channel, kind=kind
    )
    data = [AcquisitionSpendRead.model_validate(each) for each in found]
    return Page(data=data, next_cursor=cursor)


@router.get("/acquisition-spend/{spend}", operation_id="get_acquisition_spend")
async def get_acquisition_spend(
    spend: str, session: ReadSession, caller: Reader, response: Response
) -> AcquisitionSpendRead:
    """One statement of spend."""
    found = await service.fetch_spend(session, caller.workspace_id, spend)
    response.headers["ETag"] = etag(found.revision)
    return AcquisitionSpendRead.model_validate(found)


@router.delete(
    "/acquisition-spend/{spend}", operation_id="delete_acquisition_spend", status_code=204
)
async def delete_acquisition_spend(
    spend: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Take a statement of spend back: what its days cost is unknown again."""
    await service.delete_spend(session, caller.workspace_id, spend, if_match)


@router.put(
    "/market-totals",
    operation_id="put_market_total",
    responses={201: {"model": MarketTotalRead, "description": "Created"}, 409: {}},
)
async def put_market_total(
    stated: MarketTotalPut,
    session: Session,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> MarketTotalRead:
    """State the total of the market in a period; the same period and basis replaces it.

    409 `overlapping-period` if the basis has another period that shares days with this one.
    """
    kept, status = await service.put_total(session, caller.workspace_id, stated, if_match)
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(kept.revision)
    return total_read(kept)


@router.get("/market-totals", operation_id="list_market_totals")
async def list_market_totals(
    session: ReadSession,
    caller: Reader,
    paging: Paging,
    *,
    from_: From = None,
    to: To = None,
    basis: Basis | None = None,
) -> Page[MarketTotalRead]:
    """What is stated of the market, newest period first."""
    found, cursor = await service.list_totals(
        session, caller.workspace_id, paging, start=from_, end=to, basis=basis
    )
    return Page(data=[total_read(each) for each in found], next_cursor=cursor)


@router.get("/market-totals/{total}", operation_id="get_market_total")
async def get_market_total(
    total: str, session: ReadSession, caller: Reader, response: Response
) -> MarketTotalRead:
    """One statement of a total."""
    found = await service.fetch_total(session, caller.workspace_id, total)
    response.headers["ETag"] = etag(found.revision)
    return total_read(found)


@router.delete("/market-totals/{total}", operation_id="delete_market_total", status_code=204)
async def delete_market_total(
    total: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Take a total back: the shares of its days have no value any more."""
    await service.delete_total(session, caller.workspace_id, total, if_match)
