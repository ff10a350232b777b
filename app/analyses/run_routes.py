"""Asking analyses over HTTP that are worked out in the background."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.analyses import runs
from app.analyses.run_schemas import (
    AnalysisRunRead,
    DerivedMapRequest,
    DriversRequest,
    RunKind,
    RunRequest,
    WordsRequest,
)
from app.analyses.service import Asking
from app.http.auth import Credential, needs
from app.http.openapi_answers import header
from app.http.route import ReadSession, Route, Session

router = APIRouter(prefix="/v1/analyses", tags=["analyses"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]


async def _asking(caller: Reader, request: Request) -> Asking:
    return Asking(caller.workspace_id, request.app.state.settings.report_timeout_ms)


Asks = Annotated[Asking, Depends(_asking)]


async def _start(
    session: Session, asking: Asking, kind: RunKind, wanted: RunRequest, response: Response
) -> AnalysisRunRead:
    run = await runs.start_run(session, asking, kind, wanted)
    response.headers["Location"] = f"/v1/analyses/runs/{run.id}"
    return run


@router.post(
    "/drivers",
    status_code=202,
    operation_id="analyse_drivers",
    responses={202: {"headers": header("Location")}, 404: {}},
)
async def analyse_drivers(
    wanted: DriversRequest, session: Session, asking: Asks, response: Response
) -> AnalysisRunRead:
    """Which items drive an outcome: Johnson's relative weights, or Shapley values.

    Worked out in the background with intervals from resamples; see `Location`. It tells what
    goes together, not what causes what.
    """
    return await _start(session, asking, "drivers", wanted, response)


@router.post(
    "/importance-performance/derived",
    status_code=202,
    operation_id="analyse_derived_importance_performance",
    responses={202: {"headers": header("Location")}, 404: {}},
)
async def analyse_derived_importance_performance(
    wanted: DerivedMapRequest, session: Session, asking: Asks, response: Response
) -> AnalysisRunRead:
    """The map of performance against importance that is derived from what drives an outcome.

    Worked out in the background; see `Location`. Importance is the share of R squared, or the
    partial correlation.
    """
    return await _start(session, asking, "derived-importance-performance", wanted, response)


@router.post(
    "/words",
    status_code=202,
    operation_id="analyse_words",
    responses={202: {"headers": header("Location")}, 404: {}},
)
async def analyse_words(
    wanted: WordsRequest, session: Session, asking: Asks, response: Response
) -> AnalysisRunRead:
    """The frequent words and phrases of open answers, Chinese and English, by score.

    Worked out in the background; see `Location`. A term counts once for each response; what
    fewer people use than the smallest cell has is left out.
    """
    return await _start(session, asking, "words", wanted, response)


@router.get("/runs/{analysis_run}", operation_id="get_analysis_run")
async def get_analysis_run(
    analysis_run: str, session: ReadSession, caller: Reader
) -> AnalysisRunRead:
    """An analysis in the background: how far it is, and what came of it."""
    return runs.read(await runs.fetch_run(session, caller.workspace_id, analysis_run))
