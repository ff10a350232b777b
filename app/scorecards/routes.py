"""Scorecards over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.db import now
from app.fields import Code
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session
from app.kpis.asking import Asked, period_asked, settings_of
from app.scorecards import results, service
from app.scorecards.metric_routes import From, To, Zone
from app.scorecards.models import Scorecard
from app.scorecards.results import Asking
from app.scorecards.schemas import PerspectiveRead, ScorecardPut, ScorecardRead, ScorecardResult

router = APIRouter(prefix="/v1", tags=["steering"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]


def _read(scorecard: Scorecard, response: Response | None = None) -> ScorecardRead:
    if response is not None:
        response.headers["ETag"] = etag(scorecard.revision)
    document = scorecard.document
    return ScorecardRead(
        scorecard=scorecard.name,
        title=document["title"],
        perspectives=[PerspectiveRead.model_validate(each) for each in document["perspectives"]],
        revision=scorecard.revision,
        created_at=scorecard.created_at,
        updated_at=scorecard.updated_at,
    )


@router.get("/scorecards", operation_id="list_scorecards")
async def list_scorecards(
    session: ReadSession, caller: Reader, paging: Paging
) -> Page[ScorecardRead]:
    """The scorecards, by name."""
    found, cursor = await service.list_scorecards(session, caller.workspace_id, paging)
    return Page(data=[_read(each) for each in found], next_cursor=cursor)


@router.put(
    "/scorecards/{scorecard}",
    operation_id="put_scorecard",
    responses={201: {"model": ScorecardRead, "description": "Created"}},
)
async def put_scorecard(
    scorecard: Code,
    wanted: ScorecardPut,
    session: Session,
    caller: Writer,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> ScorecardRead:
    """Set up a balanced scorecard, or replace it; the same content again changes nothing."""
    kept, status = await service.put_scorecard(
        session, caller.workspace_id, scorecard, wanted, if_match=if_match
    )
    response.status_code = 201 if status == "created" else 200
    return _read(kept, response)


@router.get("/scorecards/{scorecard}", operation_id="get_scorecard")
async def get_scorecard(
    scorecard: str, session: ReadSession, caller: Reader, response: Response
) -> ScorecardRead:
    """One scorecard: what it weighs, not how it stands."""
    found = await service.fetch_scorecard(session, caller.workspace_id, scorecard)
    return _read(found, response)


@router.delete("/scorecards/{scorecard}", status_code=204, operation_id="delete_scorecard")
async def delete_scorecard(
    scorecard: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Forget a scorecard; its KPIs and metrics stay."""
    await service.delete_scorecard(session, caller.workspace_id, scorecard, if_match=if_match)


@router.get("/scorecards/{scorecard}/result", operation_id="get_scorecard_result")
async def get_scorecard_result(
    scorecard: str,
    session: ReadSession,
    caller: Reader,
    request: Request,
    *,
    from_: From = None,
    to: To = None,
    tz: Zone = None,
) -> ScorecardResult:
    """How a scorecard stands in a period: every figure, its attainment and verdict, the scores.

    A figure that is missing lowers `coverage`; it is never scored 0. A score's range is that of
    all figures at the ends of their intervals at once.
    """
    at = now()
    found = await service.fetch_scorecard(session, caller.workspace_id, scorecard)
    asked = Asked(start=from_, end=to, zone=tz)
    timeout_ms: int = request.app.state.settings.report_timeout_ms
    workspace, _, _ = await settings_of(session, caller.workspace_id, timeout_ms)
    asking = Asking(
        workspace_id=workspace.id,
        period=period_asked(asked, workspace, at),
        at=at,
        timeout_ms=timeout_ms,
    )
    return await results.fetch_result(session, found, asking)
