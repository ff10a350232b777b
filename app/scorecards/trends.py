"""A metric over time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis import envelopes
from app.kpis.asking import Asked, period_asked, refused
from app.kpis.periods import Bucket, Period, PeriodError, split
from app.scorecards.aggregation import Aggregation, Observed, aggregate
from app.scorecards.metric_schemas import MetricPoint, MetricTrend
from app.scorecards.metrics import fetch_metric, observed_within
from app.workspaces.service import fetch_workspace


async def period_of(
    session: AsyncSession, workspace_id: UUID, asked: Asked, at: datetime
) -> Period:
    """The period of a request, in its zone or the workspace's; 422 `invalid-period`."""
    workspace = await fetch_workspace(session, workspace_id)
    return period_asked(asked, workspace, at)


async def fetch_metric_trend(
    session: AsyncSession, workspace_id: UUID, name: str, asked: Asked
) -> MetricTrend:
    """A point for each unit of the calendar, oldest first, from the observations within it."""
    at = now()
    metric = await fetch_metric(session, workspace_id, name)
    period = await period_of(session, workspace_id, asked, at)
    try:
        buckets = split(period, asked.grain)
    except PeriodError as error:
        raise refused("?grain", error) from None
    observed = await observed_within(session, workspace_id, [name], period.start, period.end)
    found = observed.get(name, [])
    how = metric.aggregation
    points = [_point(bucket, found, how, at) for bucket in buckets]
    return MetricTrend(
        metric=metric.name,
        name=metric.label,
        unit=metric.unit,
        direction=metric.direction,
        aggregation=how,
        period=envelopes.dates(period, at),
        grain=asked.grain,
        points=points,
        left_out=len(found) - sum(point.observations for point in points),
    )


def _point(
    bucket: Bucket, found: Sequence[Observed], how: Aggregation, at: datetime
) -> MetricPoint:
    dates = bucket.period
    inside = [each for each in found if dates.start <= each.start and each.end <= dates.end]
    total = aggregate(inside, how)
    return MetricPoint(
        period=envelopes.dates(bucket, at),
        value=total.value if total else None,
        n=total.n if total else None,
        interval=envelopes.interval(total.interval) if total else None,
        observations=len(inside),
        covered=total is not None and total.days == dates.days,
    )
