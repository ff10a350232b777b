"""Planning samples, weighing them, and judging their answers over HTTP: nothing is stored."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.http.auth import Credential, needs
from app.http.rendering import language_of
from app.http.route import ReadingRoute, ReadSession
from app.sampling import planning, service, weighing
from app.sampling.quality_schemas import QualityQuery, ResponseQualityRead
from app.sampling.raking_schemas import RakeRead, RakeRequest
from app.sampling.schemas import (
    AllocationRead,
    AllocationRequest,
    SampleSizeRead,
    SampleSizeRequest,
)

router = APIRouter(prefix="/v1", tags=["sampling"], route_class=ReadingRoute)
Reader = Annotated[Credential, needs("kpi:read")]


def _language(request: Request, response: Response) -> str:
    response.headers["Vary"] = "Accept-Language"
    return language_of(request.scope)


@router.post("/sampling/size", operation_id="plan_sample_size")
async def plan_sample_size(
    wanted: SampleSizeRequest, caller: Reader, request: Request, response: Response
) -> SampleSizeRead:
    """How many answers a share needs for its margin, how many to invite, and what a number gives.

    With the finite population correction. Nothing is stored.
    """
    del caller
    return planning.size_sample(wanted, _language(request, response))


@router.post("/sampling/allocation", operation_id="plan_sample_allocation")
async def plan_sample_allocation(
    wanted: AllocationRequest, caller: Reader, request: Request, response: Response
) -> AllocationRead:
    """How many of each stratum: by size, by size and spread (Neyman), or also by cost.

    With what was found in each stratum, also the mean of the population. Nothing is stored.
    """
    del caller
    return planning.allocate_sample(wanted, _language(request, response))


@router.post("/weights/rake", operation_id="weigh_by_margins")
async def weigh_by_margins(
    wanted: RakeRequest, caller: Reader, request: Request, response: Response
) -> RakeRead:
    """Weights by which a table of respondents agrees with known margins of its population.

    Weights outside the bounds are cut and the margins met again with the others. Kish's design
    effect says what the weights cost. Nothing is stored.
    """
    del caller
    return weighing.rake_sample(wanted, _language(request, response))


@router.get(
    "/surveys/{survey}/response-quality",
    operation_id="get_response_quality",
    responses={404: {}},
)
async def get_response_quality(
    survey: str,
    query: Annotated[QualityQuery, Query()],
    session: ReadSession,
    caller: Reader,
    request: Request,
    response: Response,
) -> ResponseQualityRead:
    """How a survey was answered: signs of carelessness, questions left open, figures without them.

    Signs flag a response and never remove it.
    """
    wanted = service.Wanted(
        workspace_id=caller.workspace_id,
        survey=survey,
        query=query,
        language=_language(request, response),
        timeout_ms=request.app.state.settings.report_timeout_ms,
    )
    return await service.judge_responses(session, wanted)
