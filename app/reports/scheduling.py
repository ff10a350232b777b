"""Reports that are due by their schedules: each period once, whoever looks and however often."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import new_id
from app.events.service import record
from app.fields import weekday, zone
from app.kpis.calendar_units import add_units
from app.reports.definitions import content_of
from app.reports.due import first_due
from app.reports.models import Report, ReportDefinition
from app.reports.schemas import ReportDefinitionPut
from app.reports.service import enqueue
from app.workspaces.service import fetch_workspace


async def want_next_due(session: AsyncSession, at: datetime) -> bool:
    """Put one report that is due into the queue; whether there was one.

    A period that was missed while no worker ran is made up for, oldest first. The definition is
    locked and moved on in the same transaction, and the key of the period lets it be made once
    even where a definition was put anew meanwhile.
    """
    definition = await session.scalar(
        select(ReportDefinition)
        .where(ReportDefinition.due_at <= at)
        .order_by(ReportDefinition.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if definition is None or definition.due_at is None:
        return False
    content = content_of(definition)
    workspace = await fetch_workspace(session, definition.workspace_id)
    await _want(session, definition, content, workspace.time_zone, at)
    if content.schedule is not None:
        definition.due_end, definition.due_at = first_due(
            content.period,
            content.schedule.hour,
            content.schedule.days_after,
            after=definition.due_at,
            zone=zone(workspace.time_zone),
            week_start=weekday(workspace.week_start),
        )
    return True


async def _want(
    session: AsyncSession,
    definition: ReportDefinition,
    content: ReportDefinitionPut,
    time_zone: str,
    at: datetime,
) -> None:
    end = definition.due_end
    if end is None:
        return
    start = add_units(end, content.period, -1)
    new = insert(Report).values(
        workspace_id=definition.workspace_id,
        id=new_id(),
        definition=definition.name,
        content=definition.content,
        period_start=start,
        period_end=end,
        time_zone=time_zone,
        languages=list(content.languages),
        schedule_key=f"{definition.name} {start} {end}",
        status="queued",
        revision=1,
        created_at=at,
        updated_at=at,
    )
    once = new.on_conflict_do_nothing(index_elements=["workspace_id", "schedule_key"])
    made = await session.scalar(once.returning(Report.id))
    if made is not None:
        record(session, definition.workspace_id, "report.wanted", str(made))
        await enqueue(session, definition.workspace_id, made)
