"""Background work on churn risks: judging those of whom something new is known."""

from sqlalchemy import select

from app.churn.watching import watch
from app.db import Database
from app.jobs import Periodic, step_each
from app.workspaces.models import Workspace


async def watch_all(database: Database) -> bool:
    """One step for every workspace; True when any has more customers that are due."""
    async with database.snapshot() as session:
        everywhere = list(await session.scalars(select(Workspace.id).order_by(Workspace.id)))
    return await step_each(database, everywhere, watch)


JOBS = [Periodic("watch_churn", every_seconds=30.0, run=watch_all)]
