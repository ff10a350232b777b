"""Metrics from elsewhere: their definitions and observations, each period stated once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import pairwise
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, FieldError, Invalid, NotFound
from app.events.service import record
from app.fields import parse_date
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor
from app.kpis.statistics import Interval
from app.named import delete_named, fetch_named, page_by_name, put_named
from app.problems import Text
from app.scorecards.aggregation import Observed
from app.scorecards.metric_schemas import MetricPut, ObservationPut
from app.scorecards.models import Metric, MetricObservation

Key = tuple[date, date]
_OVERLAP = Text(
    "A period overlaps another one that is stated already; delete that one first.",
    "该时间段与已登记的时间段重叠，请先删除后者。",
)


async def put_metric(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    wanted: MetricPut,
    *,
    if_match: str | None = None,
) -> tuple[Metric, Status]:
    """Make the metric or change what it means; its observations stay."""
    values = {
        "label": wanted.name,
        "unit": wanted.unit,
        "direction": wanted.direction,
        "aggregation": wanted.aggregation,
    }
    metric, status = await put_named(session, Metric, workspace_id, name, values, if_match=if_match)
    if status != "unchanged":
        record(session, workspace_id, f"metric.{status}", name)
    return metric, status


async def fetch_metric(
    session: AsyncSession, workspace_id: UUID, name: str, *, lock: bool = False
) -> Metric:
    """The metric with that name; 404 where there is none."""
    return await fetch_named(session, Metric, workspace_id, name, lock=lock)


async def list_metrics(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[list[Metric], str | None]:
    """The metrics by name."""
    query = select(Metric).where(Metric.workspace_id == workspace_id)
    return await page_by_name(session, Metric, query, paging)


async def delete_metric(
    session: AsyncSession, workspace_id: UUID, name: str, *, if_match: str | None = None
) -> None:
    """Forget the metric and all that was stated of it."""
    await fetch_metric(session, workspace_id, name, lock=True)
    await session.execute(delete(MetricObservation).where(*_of(workspace_id, name)))
    await delete_named(session, Metric, workspace_id, name, if_match=if_match)
    record(session, workspace_id, "metric.deleted", name)


async def put_observations(
    session: AsyncSession, workspace_id: UUID, name: str, sent: Sequence[ObservationPut]
) -> Mapping[Status, int]:
    """State values; a period that was stated before is replaced.

    Raises 422 for a period that is sent twice or is none, and 409 `conflict` where periods
    overlap: a month and its weeks added up would count twice. The metric is locked, so that two
    batches cannot overlap unseen.
    """
    await fetch_metric(session, workspace_id, name, lock=True)
    _check(sent)
    known = await _touching(session, workspace_id, name, sent)
    _refuse_overlaps({*known, *((each.start, each.end) for each in sent)})
    counts: dict[Status, int] = {"created": 0, "updated": 0, "unchanged": 0}
    for each in sent:
        counts[_put(session, workspace_id, name, each, known)] += 1
    if counts["created"] or counts["updated"]:
        created, updated = counts["created"], counts["updated"]
        record(session, workspace_id, "metric.observed", name, created=created, updated=updated)
    await session.flush()
    return counts


def _check(sent: Sequence[ObservationPut]) -> None:
    """Every period ends after it starts and stands once; every value lies in its interval."""
    wrong: list[FieldError] = []
    seen: set[Key] = set()
    for number, each in enumerate(sent):
        at = f"/observations/{number}"
        if each.end <= each.start:
            wrong.append(FieldError(f"{at}/to", "invalid-value"))
        if (each.start, each.end) in seen:
            wrong.append(FieldError(at, "duplicate-item"))
        if each.interval and not each.interval.low <= each.value <= each.interval.high:
            wrong.append(FieldError(f"{at}/interval", "number-out-of-range"))
        seen.add((each.start, each.end))
    if wrong:
        raise Invalid(*wrong)


async def _touching(
    session: AsyncSession, workspace_id: UUID, name: str, sent: Sequence[ObservationPut]
) -> dict[Key, MetricObservation]:
    """What is stated for any time between the first and the last date of the batch."""
    first, after = min(each.start for each in sent), max(each.end for each in sent)
    query = select(MetricObservation).where(
        *_of(workspace_id, name),
        MetricObservation.starts_on < after,
        MetricObservation.ends_on > first,
    )
    found = await session.scalars(query, execution_options={"populate_existing": True})
    return {(each.starts_on, each.ends_on): each for each in found}


def _refuse_overlaps(periods: set[Key]) -> None:
    ordered = sorted(periods)
    for one, other in pairwise(ordered):
        if other[0] < one[1]:
            raise Conflict(explanation=_OVERLAP)


def _put(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    sent: ObservationPut,
    known: Mapping[Key, MetricObservation],
) -> Status:
    interval = sent.interval
    values = {
        "value": float(sent.value),
        "n": sent.n,
        "low": interval and float(interval.low),
        "high": interval and float(interval.high),
        "level": interval and interval.level,
        "source": sent.source,
    }
    found = known.get((sent.start, sent.end))
    if found is None:
        new = MetricObservation(workspace_id=workspace_id, metric=name, **values)
        new.starts_on, new.ends_on = sent.start, sent.end
        session.add(new)
        return "created"
    if all(getattr(found, column) == value for column, value in values.items()):
        return "unchanged"
    for column, value in values.items():
        setattr(found, column, value)
    return "updated"


async def delete_observation(
    session: AsyncSession, workspace_id: UUID, name: str, start: date, end: date
) -> None:
    """Take back what was stated for exactly that period; 404 if nothing was."""
    await fetch_metric(session, workspace_id, name, lock=True)
    gone = await session.scalar(
        delete(MetricObservation)
        .where(
            *_of(workspace_id, name),
            MetricObservation.starts_on == start,
            MetricObservation.ends_on == end,
        )
        .returning(MetricObservation.metric)
    )
    if gone is None:
        raise NotFound
    record(session, workspace_id, "metric.observation_deleted", name, start=start.isoformat())


async def list_observations(
    session: AsyncSession, workspace_id: UUID, name: str, paging: PageRequest
) -> tuple[list[MetricObservation], str | None]:
    """What is stated of the metric, the latest period first."""
    await fetch_metric(session, workspace_id, name)
    query = select(MetricObservation).where(*_of(workspace_id, name))
    if (position := paging.position(_date)) is not None:
        query = query.where(MetricObservation.starts_on < _date(position[0]))
    query = query.order_by(MetricObservation.starts_on.desc()).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].starts_on) if more else None


def _date(text: str) -> date:
    return parse_date(text)


async def metrics_by_name(
    session: AsyncSession, workspace_id: UUID, names: Collection[str]
) -> dict[str, Metric]:
    """Those of the metrics that there are."""
    query = select(Metric).where(Metric.workspace_id == workspace_id, Metric.name.in_(names))
    return {each.name: each for each in await session.scalars(query)}


async def observed_within(
    session: AsyncSession, workspace_id: UUID, names: Collection[str], start: date, end: date
) -> dict[str, list[Observed]]:
    """By metric the observations whose whole period lies in [start, end), oldest first."""
    query = select(MetricObservation).where(
        MetricObservation.workspace_id == workspace_id,
        MetricObservation.metric.in_(names),
        MetricObservation.starts_on >= start,
        MetricObservation.ends_on <= end,
    )
    found: dict[str, list[Observed]] = {}
    for each in await session.scalars(query.order_by(MetricObservation.starts_on)):
        found.setdefault(each.metric, []).append(observed(each))
    return found


async def latest_observed(
    session: AsyncSession, workspace_id: UUID, name: str, before: date, count: int
) -> list[Observed]:
    """The last `count` observations that end on or before a date, oldest first."""
    query = select(MetricObservation).where(
        *_of(workspace_id, name), MetricObservation.ends_on <= before
    )
    query = query.order_by(MetricObservation.starts_on.desc()).limit(count)
    found = (await session.scalars(query)).all()
    return [observed(each) for each in reversed(found)]


def observed(row: MetricObservation) -> Observed:
    """A row as the arithmetic takes it."""
    interval = None
    if row.low is not None and row.high is not None and row.level is not None:
        interval = Interval(row.level, row.low, row.high, "stated")
    return Observed(row.starts_on, row.ends_on, row.value, row.n, interval)


def _of(workspace_id: UUID, name: str) -> tuple[ColumnElement[bool], ...]:
    return (MetricObservation.workspace_id == workspace_id, MetricObservation.metric == name)
