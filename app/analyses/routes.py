"""Asking analyses over HTTP: what is small is answered at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app.analyses import service
from app.analyses.descriptive_schemas import DescriptiveRead, DescriptiveRequest
from app.analyses.difference_schemas import (
    BeforeAfterRead,
    BeforeAfterRequest,
    DifferenceRead,
    DifferenceRequest,
)
from app.analyses.service import Asking
from app.http.auth import Credential, needs
from app.http.route import Route, Session

#: The survey that the body names may be unknown, and the answer may take too long.
_ALSO: dict[int | str, dict[str, Any]] = {404: {}}

router = APIRouter(prefix="/v1/analyses", tags=["analyses"], route_class=Route, responses=_ALSO)
Reader = Annotated[Credential, needs("kpi:read")]


async def _asking(caller: Reader, request: Request) -> Asking:
    return Asking(caller.workspace_id, request.app.state.settings.report_timeout_ms)


Asks = Annotated[Asking, Depends(_asking)]


@router.post("/descriptive", operation_id="analyse_descriptive")
async def analyse_descriptive(
    wanted: DescriptiveRequest, session: Session, asking: Asks
) -> DescriptiveRead:
    """Each item on its own: number, mean, spread, quartiles, shares, and what was left out.

    Nothing is stored.
    """
    return await service.describe_items(session, asking, wanted)


@router.post("/difference", operation_id="analyse_difference")
async def analyse_difference(
    wanted: DifferenceRequest, session: Session, asking: Asks
) -> DifferenceRead:
    """Whether groups or periods differ in one item: effects, intervals, p-values, verdicts.

    Two groups and every pair: Welch's test of means, Newcombe's of the best points,
    Mann-Whitney's of ranks, chi-square of distributions. Several together: Welch's analysis of
    variance, chi-square, Kruskal-Wallis. Nothing is stored.
    """
    return await service.compare_groups(session, asking, wanted)


@router.post("/before-after", operation_id="analyse_before_after")
async def analyse_before_after(
    wanted: BeforeAfterRequest, session: Session, asking: Asks
) -> BeforeAfterRead:
    """How the same customers changed between two periods: paired t, Wilcoxon, or McNemar.

    Each customer counts once, with the latest answer in each period. Nothing is stored.
    """
    return await service.compare_before_after(session, asking, wanted)
