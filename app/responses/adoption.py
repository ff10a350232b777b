"""After a dump was restored: transaction numbers of another cluster are given up.

Rows remember the transaction that wrote them, and a new cluster counts from the beginning:
what was restored seems to lie in the future, and what comes now in the past. Physical backups
and `pg_upgrade` keep the count; a dump does not. The worker notices by itself, gives all rows
of the workspace to one early transaction, and folds anew; cursors from before end.
"""

from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.responses.models import FOLDED, ResponseDelta, RollupState

#: Rows of one step, each a transaction.
_STEP_ROWS = 20_000

_FOREIGN = text("""
SELECT greatest(
    (SELECT max(xid) FROM responses WHERE workspace_id = :workspace_id),
    (SELECT max(xid) FROM events WHERE workspace_id = :workspace_id),
    CAST(:folded_to AS int8)
) >= (pg_snapshot_xmax(pg_current_snapshot())::text)::int8
""")
_ADOPT = """
UPDATE {table} SET xid = 1
WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM {table}
    WHERE workspace_id = :workspace_id
        AND xid >= (pg_snapshot_xmax(pg_current_snapshot())::text)::int8
    LIMIT :rows)
"""


async def is_foreign(session: AsyncSession, state: RollupState) -> bool:
    """Whether rows of the workspace carry numbers that this cluster has not reached."""
    found = await session.execute(
        _FOREIGN, {"workspace_id": state.workspace_id, "folded_to": state.folded_to}
    )
    return bool(found.scalar_one())


async def adopt(session: AsyncSession, state: RollupState) -> None:
    """One step: begin the cells anew, and give some thousand rows to transaction 1.

    Until the last step every figure is counted from the rows, which hold the present truth; the
    balancing deltas of the past are not needed any more.
    """
    workspace_id: UUID = state.workspace_id
    if state.folded_to > 0:
        state.folded_to = 0
        state.epoch += 1
        for table in (*FOLDED, ResponseDelta):
            await session.execute(delete(table).where(table.workspace_id == workspace_id))
    for name in ("responses", "events"):
        await session.execute(
            text(_ADOPT.format(table=name)), {"workspace_id": workspace_id, "rows": _STEP_ROWS}
        )
