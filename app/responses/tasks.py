"""Background work on responses: folding them into the cells."""

from app.db import Database
from app.jobs import Periodic, step_each
from app.responses import fold


async def fold_all(database: Database) -> bool:
    """Fold one step of every workspace that is behind; True when any has more to fold."""
    async with database.snapshot() as session:
        behind = await fold.workspaces_behind(session)
    return await step_each(database, behind, fold.fold)


JOBS = [Periodic("fold_responses", every_seconds=1.0, run=fold_all)]
