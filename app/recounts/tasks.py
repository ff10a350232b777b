"""Background work: every night some cells of every workspace are counted again."""

from collections.abc import Mapping
from datetime import datetime

from app.db import Database, now
from app.jobs import Periodic
from app.recounts import service
from app.recounts.findings import Recounter

#: Stretches of cells that are counted again in each rollup of each workspace a night.
NIGHTLY = 20


async def recount_one(
    database: Database, rollups: Mapping[str, Recounter], *, at: datetime | None = None
) -> bool:
    """Count one workspace that is due; True when there may be another.

    Taken on, counted and noted in three transactions: a worker that is killed in between leaves
    the workspace to the next night.
    """
    async with database.transaction() as session:
        workspace_id = await service.claim(session, at or now())
    if workspace_id is None:
        return False
    found = await service.recount(database, rollups, workspace_id, NIGHTLY)
    async with database.transaction() as session:
        await service.tell(session, workspace_id, found)
    return True


def nightly(rollups: Mapping[str, Recounter]) -> Periodic:
    """The nightly recount of these rollups."""

    async def run(database: Database) -> bool:
        return await recount_one(database, rollups)

    return Periodic("recount", every_seconds=600.0, run=run)
