"""Asking KPIs over HTTP: the catalogue, and one documented path for each of its entries."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request, Response

from app.fields import Output
from app.http.auth import Credential, needs
from app.http.pagination import Page
from app.http.rendering import language_of
from app.http.route import ReadSession, Route
from app.kpis import service
from app.kpis.asking import Asked
from app.kpis.catalog import CATALOGUE
from app.kpis.declaration import Kpi
from app.kpis.envelopes import catalogue_entry
from app.kpis.parameters import View, reader
from app.kpis.schemas import KpiComparison, KpiDistribution, KpiEnvelope, KpiRead, KpiTrend
from app.kpis.service import Wanted

router = APIRouter(prefix="/v1", tags=["kpis"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
AnswerT = TypeVar("AnswerT", bound=Output)


@router.get("/kpis", operation_id="list_kpis")
async def list_kpis(caller: Reader) -> Page[KpiRead]:
    """Every KPI with its formula in both languages, its parameters and its paths."""
    del caller
    return Page(data=[catalogue_entry(kpi) for kpi in CATALOGUE], next_cursor=None)


_ABOUT = {
    "value": "The figure for one period, with its interval and the change since the one before.",
    "trend": "The figure for each unit of the calendar; a point of a part of a unit, or of one "
    "that is not over, is not complete. Of the complete ones: the slope per point (weighted least "
    "squares), the Mann-Kendall test, the Theil-Sen slope, and if asked for a control chart and a "
    "rolling mean.",
    "compare": "The figure for each member of a dimension; of the largest groups one test that "
    "all are alike, and one of every pair, its p-value adjusted for their number, each with the "
    "size of the effect.",
    "distribution": "How often each code was given, and what was left out of the figure and why.",
}


def _add(
    kpi: Kpi,
    view: View,
    answer: type[AnswerT],
    fetch: Callable[[ReadSession, Wanted], Awaitable[AnswerT]],
) -> None:
    """Give a KPI the path of one view."""

    async def endpoint(
        session: ReadSession,
        caller: Reader,
        asked: Annotated[Asked, Depends(reader(kpi, view))],
        request: Request,
        response: Response,
    ) -> AnswerT:
        response.headers["Vary"] = "Accept-Language"
        wanted = Wanted(
            kpi=kpi,
            workspace_id=caller.workspace_id,
            asked=asked,
            language=language_of(request.scope),
            timeout_ms=request.app.state.settings.report_timeout_ms,
        )
        return await fetch(session, wanted)

    suffix = "" if view == "value" else f"/{view}"
    title = "" if view == "value" else f": {view}"
    name = kpi.id.replace("-", "_") + suffix.replace("/", "_")
    router.add_api_route(
        f"/kpis/{kpi.id}{suffix}",
        endpoint,
        methods=["GET"],
        response_model=answer,
        responses={404: {}} if kpi.takes_survey else {},  # no such survey
        operation_id=f"get_kpi_{name}",
        name=f"get_kpi_{name}",
        summary=f"{kpi.name.en}{title}",
        description=f"{_ABOUT[view]}\n\n{kpi.formula.en}\n\n{kpi.name.zh}：{kpi.formula.zh}",
    )


for _kpi in CATALOGUE:
    _add(_kpi, "value", KpiEnvelope, service.fetch_kpi)
    _add(_kpi, "trend", KpiTrend, service.fetch_trend)
    _add(_kpi, "compare", KpiComparison, service.fetch_comparison)
    if _kpi.has_distribution:
        _add(_kpi, "distribution", KpiDistribution, service.fetch_distribution)
