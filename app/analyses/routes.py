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
from app.analyses.importance_schemas import ImportancePerformanceRead, StatedMapRequest
from app.analyses.relation_schemas import (
    CorrelationRead,
    CorrelationRequest,
    ExpectationRead,
    ExpectationRequest,
    LoyaltyCustomer,
    LoyaltyCustomersRequest,
    LoyaltyRead,
    LoyaltyRequest,
)
from app.analyses.service import Asking
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.route import ReadingRoute, ReadSession

#: The survey that the body names may be unknown, and the answer may take too long.
_ALSO: dict[int | str, dict[str, Any]] = {404: {}}

router = APIRouter(
    prefix="/v1/analyses", tags=["analyses"], route_class=ReadingRoute, responses=_ALSO
)
Reader = Annotated[Credential, needs("kpi:read")]


#: Lists responses of single customers.
ResponseReader = Annotated[Credential, needs("responses:read")]


async def _asking(caller: Reader, request: Request) -> Asking:
    return Asking(caller.workspace_id, request.app.state.settings.report_timeout_ms)


async def _asking_of_rows(caller: ResponseReader, request: Request) -> Asking:
    return Asking(caller.workspace_id, request.app.state.settings.report_timeout_ms)


Asks = Annotated[Asking, Depends(_asking)]


@router.post("/descriptive", operation_id="analyse_descriptive")
async def analyse_descriptive(
    wanted: DescriptiveRequest, session: ReadSession, asking: Asks
) -> DescriptiveRead:
    """Each item on its own: number, mean, spread, quartiles, shares, and what was left out.

    Nothing is stored.
    """
    return await service.describe_items(session, asking, wanted)


@router.post("/difference", operation_id="analyse_difference")
async def analyse_difference(
    wanted: DifferenceRequest, session: ReadSession, asking: Asks
) -> DifferenceRead:
    """Whether groups or periods differ in one item: effects, intervals, p-values, verdicts.

    Two groups and every pair: Welch's test of means, Newcombe's of the best points,
    Mann-Whitney's of ranks, chi-square of distributions. Several together: Welch's analysis of
    variance, chi-square, Kruskal-Wallis. Nothing is stored.
    """
    return await service.compare_groups(session, asking, wanted)


@router.post("/before-after", operation_id="analyse_before_after")
async def analyse_before_after(
    wanted: BeforeAfterRequest, session: ReadSession, asking: Asks
) -> BeforeAfterRead:
    """How the same customers changed between two periods: paired t, Wilcoxon, or McNemar.

    Each customer counts once, with the latest answer in each period. Nothing is stored.
    """
    return await service.compare_before_after(session, asking, wanted)


@router.post("/correlation", operation_id="analyse_correlation")
async def analyse_correlation(
    wanted: CorrelationRequest, session: ReadSession, asking: Asks
) -> CorrelationRead:
    """How items go together: Pearson, Spearman, Kendall's tau-b, with intervals and p-values.

    A relation is no cause. Nothing is stored.
    """
    return await service.correlate_items(session, asking, wanted)


@router.post("/expectation-perception", operation_id="analyse_expectation_perception")
async def analyse_expectation_perception(
    wanted: ExpectationRequest, session: ReadSession, asking: Asks
) -> ExpectationRead:
    """What was found less what was expected, of the same respondents: by item, dimension, and all.

    Nothing is stored.
    """
    return await service.compare_expectation(session, asking, wanted)


@router.post("/satisfaction-loyalty", operation_id="analyse_satisfaction_loyalty")
async def analyse_satisfaction_loyalty(
    wanted: LoyaltyRequest, session: ReadSession, asking: Asks
) -> LoyaltyRead:
    """The matrix of loyalists, mercenaries, hostages and defectors, with its cuts.

    Both axes are cut at the best points of their scales unless the request says which. Nothing
    is stored.
    """
    return await service.cross_loyalty(session, asking, wanted)


@router.post("/satisfaction-loyalty/customers", operation_id="list_satisfaction_loyalty_customers")
async def list_satisfaction_loyalty_customers(
    wanted: LoyaltyCustomersRequest,
    session: ReadSession,
    asking: Annotated[Asking, Depends(_asking_of_rows)],
    paging: Paging,
) -> Page[LoyaltyCustomer]:
    """The customers in one cell of the matrix, by their ids. Nothing is stored."""
    found, cursor = await service.list_loyalty_customers(session, asking, wanted, paging)
    return Page(data=found, next_cursor=cursor)


@router.post("/importance-performance", operation_id="analyse_importance_performance")
async def analyse_importance_performance(
    wanted: StatedMapRequest, session: ReadSession, asking: Asks
) -> ImportancePerformanceRead:
    """The map of stated importance against performance, with what is undetermined named so.

    Every distance from the lines has its interval over the respondents who answered everything.
    Nothing is stored.
    """
    return await service.map_importance(session, asking, wanted)
