"""Counting rollups again: which workspace is due, what differs, and saying so."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, set_timeout
from app.events.service import record
from app.recounts.findings import Recount, Recounter
from app.recounts.models import RecountState
from app.workspaces.models import Workspace

_log = structlog.get_logger("recounts")
#: Nobody waits for a recount, and all of a large workspace takes long.
TIMEOUT_MS = 120_000
#: Local hours in which a workspace is counted again, and how long it then has peace.
NIGHT = (1, 5)
_PEACE = timedelta(hours=20)


async def claim(session: AsyncSession, at: datetime) -> UUID | None:
    """Take on a workspace whose night it is and that was not counted again in it; None if none."""
    hour = func.extract("hour", func.timezone(Workspace.time_zone, at))
    due = (
        select(Workspace.id)
        .outerjoin(RecountState, RecountState.workspace_id == Workspace.id)
        .where(
            hour.between(NIGHT[0], NIGHT[1] - 1),
            or_(RecountState.begun_at.is_(None), RecountState.begun_at < at - _PEACE),
        )
        .order_by(Workspace.id)
        .limit(1)
    )
    workspace_id = await session.scalar(due)
    if workspace_id is None:
        return None
    taken = insert(RecountState).values(
        workspace_id=workspace_id, begun_at=at, blocks=0, differences=0
    )
    # Another worker may have been quicker: then nothing is returned, and the next look finds more.
    return await session.scalar(
        taken.on_conflict_do_update(
            index_elements=["workspace_id"],
            set_={"begun_at": taken.excluded.begun_at},
            where=RecountState.begun_at < at - _PEACE,
        ).returning(RecountState.workspace_id)
    )


async def recount(
    database: Database, rollups: Mapping[str, Recounter], workspace_id: UUID, sample: int | None
) -> dict[str, Recount]:
    """Count every rollup of a workspace again, each against the rows of the same snapshot."""
    found = {}
    for name, recounter in rollups.items():
        async with database.snapshot() as session:
            await set_timeout(session, TIMEOUT_MS)
            found[name] = await recounter(session, workspace_id, sample)
    return found


async def tell(session: AsyncSession, workspace_id: UUID, found: Mapping[str, Recount]) -> None:
    """Note what was counted; differences are logged as errors and recorded as events.

    Neither holds what the cells say: members of a dimension may be personal.
    """
    differences = sum(len(each.differences) for each in found.values())
    await session.execute(
        update(RecountState)
        .where(RecountState.workspace_id == workspace_id)
        .values(
            blocks=RecountState.blocks + sum(each.blocks for each in found.values()),
            differences=RecountState.differences + differences,
        )
    )
    for name, each in found.items():
        if each.differences:
            count = len(each.differences)
            _log.error("recount_differs", workspace=workspace_id, where=name, count=count)
            record(session, workspace_id, "rollup.differed", name, cells=count)


async def count_differences(database: Database) -> float:
    """Cells that nightly recounts have found wrong, ever."""
    async with database.snapshot() as session:
        return float(await session.scalar(select(func.sum(RecountState.differences))) or 0)
