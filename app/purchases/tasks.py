"""Background work on purchases: folding them."""

from sqlalchemy import text

from app.db import Database
from app.jobs import Periodic, step_each
from app.purchases.fold import fold

_BEHIND = text("""
SELECT w.id FROM workspaces w LEFT JOIN purchase_rollups r ON r.workspace_id = w.id
WHERE r.workspace_id IS NULL OR NOT r.complete OR r.time_zone <> w.time_zone
    OR EXISTS (SELECT 1 FROM purchase_changes c WHERE c.workspace_id = w.id AND NOT c.folded)
""")


async def fold_all(database: Database) -> bool:
    """Fold one step of every workspace that is behind; True when any has more to fold."""
    async with database.snapshot() as session:
        behind = list((await session.execute(_BEHIND)).scalars())
    return await step_each(database, behind, fold)


JOBS = [Periodic("fold_purchases", every_seconds=1.0, run=fold_all)]
