"""Background work on leads: folding them."""

from sqlalchemy import text

from app.db import Database
from app.jobs import Periodic, step_each
from app.market.lead_fold import fold_leads

_BEHIND = text("""
SELECT w.id FROM workspaces w LEFT JOIN lead_rollups r ON r.workspace_id = w.id
WHERE r.workspace_id IS NULL OR NOT r.complete OR r.time_zone <> w.time_zone
    OR EXISTS (SELECT 1 FROM lead_changes c WHERE c.workspace_id = w.id)
    OR EXISTS (SELECT 1 FROM purchase_changes c WHERE c.workspace_id = w.id AND c.folded)
""")


async def fold_all_leads(database: Database) -> bool:
    """Fold one step of every workspace that is behind; True when any has more to fold."""
    async with database.snapshot() as session:
        behind = list((await session.execute(_BEHIND)).scalars())
    return await step_each(database, behind, fold_leads)


JOBS = [Periodic("fold_leads", every_seconds=1.0, run=fold_all_leads)]
