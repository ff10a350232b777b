"""Metrics from elsewhere over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.fields import Code, LocalDate, TimeZone
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session
from app.kpis import envelopes
from app.kpis.asking import Asked
from app.kpis.calendar_units import Grain
from app.scorecards import metrics, trends
from app.scorecards.metric_schemas import (
    MetricPut,
    MetricRead,
    MetricTrend,
    ObservationRead,
    ObservationsPut,
    ObservationsResult,
)
from app.scorecards.models import Metric, MetricObservation

router = APIRouter(prefix="/v1", tags=["steering"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]
From = Annotated[
    LocalDate | None,
    Query(alias="from", description="First local date; 30 days before `to` if absent."),
]
To = Annotated[
    LocalDate | None, Query(description="The local date after the last; tomorrow if absent.")
]
Zone = Annotated[
    TimeZone | None,
    Query(description="IANA time zone of the local dates; the workspace's if absent."),
]


def _read(metric: Metric, response: Response | None = None) -> MetricRead:
    if response is not None:
        response.headers["ETag"] = etag(metric.revision)
    return MetricRead(
        metric=metric.name,
        name=metric.label,
        unit=metric.unit,
        direction=metric.direction,
        aggregation=metric.aggregation,
        revision=metric.revision,
        created_at=metric.created_at,
        updated_at=metric.updated_at,
    )


@router.get("/metrics", operation_id="list_metrics")
async def list_metrics(session: ReadSession, caller: Reader, paging: Paging) -> Page[MetricRead]:
    """The metrics, by name."""
    found, cursor = await metrics.list_metrics(session, caller.workspace_id, paging)
    return Page(data=[_read(each) for each in found], next_cursor=cursor)


@router.put(
    "/metrics/{metric}",
    operation_id="put_metric",
    responses={201: {"model": MetricRead, "description": "Created"}},
)
async def put_metric(
    metric: Code,
    wanted: MetricPut,
    session: Session,
    caller: Writer,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> MetricRead:
    """Define a metric, or define it anew; its observations stay."""
    kept, status = await metrics.put_metric(
        session, caller.workspace_id, metric, wanted, if_match=if_match
    )
    response.status_code = 201 if status == "created" else 200
    return _read(kept, response)


@router.get("/metrics/{metric}", operation_id="get_metric")
async def get_metric(
    metric: str, session: ReadSession, caller: Reader, response: Response
) -> MetricRead:
    """One metric."""
    return _read(await metrics.fetch_metric(session, caller.workspace_id, metric), response)


@router.delete("/metrics/{metric}", status_code=204, operation_id="delete_metric")
async def delete_metric(
    metric: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Forget a metric and its observations; what rests on it has no figure then."""
    await metrics.delete_metric(session, caller.workspace_id, metric, if_match=if_match)


@router.put("/metrics/{metric}/observations", operation_id="put_observations", responses={409: {}})
async def put_observations(
    metric: str, wanted: ObservationsPut, session: Session, caller: Writer
) -> ObservationsResult:
    """State values by period, all or none; a period that is there is replaced.

    Sending a batch again changes nothing. 409 `conflict` where periods overlap without being
    the same: a month and its weeks would count twice.
    """
    counts = await metrics.put_observations(
        session, caller.workspace_id, metric, wanted.observations
    )
    return ObservationsResult(
        created=counts["created"], updated=counts["updated"], unchanged=counts["unchanged"]
    )


@router.get("/metrics/{metric}/observations", operation_id="list_observations")
async def list_observations(
    metric: str, session: ReadSession, caller: Reader, paging: Paging
) -> Page[ObservationRead]:
    """What is stated of a metric, the latest period first."""
    found, cursor = await metrics.list_observations(session, caller.workspace_id, metric, paging)
    return Page(data=[_observation(each) for each in found], next_cursor=cursor)


def _observation(row: MetricObservation) -> ObservationRead:
    return ObservationRead(
        start=row.starts_on,
        end=row.ends_on,
        value=row.value,
        n=row.n,
        interval=envelopes.interval(metrics.observed(row).interval),
        source=row.source,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


@router.delete("/metrics/{metric}/observations", status_code=204, operation_id="delete_observation")
async def delete_observation(
    metric: str,
    session: Session,
    caller: Writer,
    *,
    from_: Annotated[LocalDate, Query(alias="from", description="The period's first date.")],
    to: Annotated[LocalDate, Query(description="The date after its last.")],
) -> None:
    """Take back what is stated for exactly that period."""
    await metrics.delete_observation(session, caller.workspace_id, metric, from_, to)


@router.get("/metrics/{metric}/trend", operation_id="get_metric_trend")
async def get_metric_trend(
    metric: str,
    session: ReadSession,
    caller: Reader,
    *,
    from_: From = None,
    to: To = None,
    tz: Zone = None,
    grain: Annotated[Grain, Query(description="The unit of each point.")] = "month",
) -> MetricTrend:
    """A metric by units of the calendar, also those of which nothing is stated."""
    asked = Asked(start=from_, end=to, zone=tz, grain=grain)
    return await trends.fetch_metric_trend(session, caller.workspace_id, metric, asked)
