"""Churn early warning over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.churn import service
from app.churn.reading import crossing_read, item_read, risk_read, summary_read
from app.churn.rules import Level
from app.churn.schemas import (
    ChurnCrossingFeed,
    ChurnRiskItem,
    ChurnRiskRead,
    ChurnSummary,
)
from app.customers.routes import Caller
from app.customers.schemas import KeyAccountType
from app.db import now
from app.fields import Code, Timestamp
from app.http.pagination import Page, Paging
from app.http.rendering import language_of
from app.http.route import ReadSession, Route

router = APIRouter(prefix="/v1", tags=["churn"], route_class=Route)
Since = Annotated[Timestamp | None, Query(description="Only crossings at or after this time.")]


@router.get("/customers/{external_id}/churn-risk", operation_id="get_churn_risk")
async def get_churn_risk(
    external_id: str, session: ReadSession, caller: Caller, request: Request, response: Response
) -> ChurnRiskRead:
    """Whether this customer may be leaving, and why: judged from what is stored at this moment.

    Never a level alone: each reason is given with its value and its threshold, and the rules in
    words.
    """
    response.headers["Vary"] = "Accept-Language"
    risk = await service.fetch_risk(session, caller.workspace_id, external_id)
    return risk_read(risk, language_of(request.scope))


@router.get("/churn-risks", operation_id="list_churn_risks")
async def list_churn_risks(
    session: ReadSession,
    caller: Caller,
    paging: Paging,
    request: Request,
    response: Response,
    *,
    level: Level | None = None,
    key_account_type: KeyAccountType | None = None,
    segment: Code | None = None,
) -> Page[ChurnRiskItem]:
    """Customers at watch or above, as last judged: key accounts first, the worst level first.

    With `level`, only those at exactly that level, which may be `none`.
    """
    response.headers["Vary"] = "Accept-Language"
    language = language_of(request.scope)
    found, cursor = await service.list_risks(
        session,
        caller.workspace_id,
        paging,
        level=level,
        key_account_type=key_account_type,
        segment=segment,
    )
    data = [item_read(state, customer, language) for state, customer in found]
    return Page(data=data, next_cursor=cursor)


@router.get("/churn-risks/summary", operation_id="get_churn_summary")
async def get_churn_summary(
    session: ReadSession, caller: Caller, request: Request, response: Response
) -> ChurnSummary:
    """How many customers of each key-account type stand at each level; all others last."""
    response.headers["Vary"] = "Accept-Language"
    counted = await service.count_by_account(session, caller.workspace_id)
    return summary_read(counted, language_of(request.scope), now())


@router.get("/churn-risks/crossings", operation_id="list_churn_crossings")
async def list_churn_crossings(
    session: ReadSession,
    caller: Caller,
    paging: Paging,
    request: Request,
    response: Response,
    *,
    level: Level | None = None,
    since: Since = None,
) -> ChurnCrossingFeed:
    """Who crossed a level, in the order of the commits: a feed to pull that leaves nothing out.

    Keep `next_cursor` and ask with it again; a customer appears once for each change of level.
    """
    response.headers["Vary"] = "Accept-Language"
    language = language_of(request.scope)
    found, cursor = await service.list_crossings(
        session, caller.workspace_id, paging, level=level, since=since
    )
    data = [crossing_read(crossing, customer, language) for crossing, customer in found]
    return ChurnCrossingFeed(data=data, next_cursor=cursor)
