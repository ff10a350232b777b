"""Report definitions: put as a whole, checked against the KPIs, due at their hours."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import NotFound, field_error
from app.events.service import record
from app.fields import weekday, zone
from app.http.outcomes import Status
from app.http.pagination import PageRequest
from app.named import delete_named, find_named, page_by_name, put_named
from app.reports import ready
from app.reports.asking import checked
from app.reports.due import first_due, last_complete
from app.reports.models import ReportDefinition
from app.reports.schemas import ReportDefinitionPut, ReportDefinitionRead
from app.scorecards.models import Scorecard
from app.workspaces.models import Workspace
from app.workspaces.service import fetch_workspace


async def put_definition(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    wanted: ReportDefinitionPut,
    *,
    if_match: str | None,
) -> tuple[ReportDefinition, Status]:
    """Make or replace the definition; its schedule begins with the next time that it is due.

    Raises what the paths of its KPIs would raise, with pointers into the definition.
    """
    at = now()
    workspace = await fetch_workspace(session, workspace_id)
    local, week_start = zone(workspace.time_zone), weekday(workspace.week_start)
    period = last_complete(wanted.period, at, local, week_start)
    if wanted.scorecard is not None:
        known = await find_named(session, Scorecard, workspace_id, wanted.scorecard)
        if known is None:
            raise field_error("/scorecard", "unknown-reference")
    sections = await checked(session, workspace_id, wanted.sections, period, now=at)
    kept = wanted.model_copy(update={"sections": sections})
    content = kept.model_dump(mode="json", by_alias=True)
    found, status = await put_named(
        session, ReportDefinition, workspace_id, name, {"content": content}, if_match=if_match
    )
    if status != "unchanged":
        _schedule(found, wanted, after=at, workspace=workspace)
        record(session, workspace_id, f"report_definition.{status}", name)
        await session.flush()
    return found, status


def _schedule(
    definition: ReportDefinition,
    wanted: ReportDefinitionPut,
    *,
    after: datetime,
    workspace: Workspace,
) -> None:
    """Set when the definition is due next."""
    definition.due_end, definition.due_at = None, None
    if wanted.schedule is not None:
        definition.due_end, definition.due_at = first_due(
            wanted.period,
            wanted.schedule.hour,
            wanted.schedule.days_after,
            after=after,
            zone=zone(workspace.time_zone),
            week_start=weekday(workspace.week_start),
        )


def content_of(definition: ReportDefinition) -> ReportDefinitionPut:
    """What was put."""
    return ReportDefinitionPut.model_validate(definition.content)


async def find_content(
    session: AsyncSession, workspace_id: UUID, name: str
) -> ReportDefinitionPut | None:
    """What the workspace put under the name, or the definition that is there from the start."""
    found = await find_named(session, ReportDefinition, workspace_id, name)
    if found is not None:
        return content_of(found)
    return ready.MONTHLY_SERVICE if name == ready.NAME else None


async def fetch_definition(
    session: AsyncSession, workspace_id: UUID, name: str
) -> ReportDefinitionRead:
    """The definition as it is answered; 404 for a name that nobody gave."""
    found = await find_named(session, ReportDefinition, workspace_id, name)
    if found is not None:
        return shown(found)
    if name == ready.NAME:
        return _built_in()
    raise NotFound


async def list_definitions(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[Sequence[ReportDefinitionRead], str | None]:
    """By name; before them the one that is there from the start, unless it was replaced."""
    query = select(ReportDefinition).where(ReportDefinition.workspace_id == workspace_id)
    rows, cursor = await page_by_name(session, ReportDefinition, query, paging)
    listed = [shown(each) for each in rows]
    if paging.cursor is None:
        replaced = await find_named(session, ReportDefinition, workspace_id, ready.NAME)
        listed = listed if replaced is not None else [_built_in(), *listed]
    return listed, cursor


async def delete_definition(
    session: AsyncSession, workspace_id: UUID, name: str, *, if_match: str | None
) -> None:
    """Forget the definition; the reports that were made of it stay."""
    await delete_named(session, ReportDefinition, workspace_id, name, if_match=if_match)
    record(session, workspace_id, "report_definition.deleted", name)


def shown(definition: ReportDefinition) -> ReportDefinitionRead:
    """A stored definition as it is answered."""
    content = content_of(definition)
    return ReportDefinitionRead(
        name=definition.name,
        **dict(content),
        next_run_at=definition.due_at,
        built_in=False,
        revision=definition.revision,
        created_at=definition.created_at,
        updated_at=definition.updated_at,
    )


def _built_in() -> ReportDefinitionRead:
    return ReportDefinitionRead(
        name=ready.NAME,
        **dict(ready.MONTHLY_SERVICE),
        next_run_at=None,
        built_in=True,
        revision=0,
        created_at=None,
        updated_at=None,
    )
