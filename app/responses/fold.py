"""Folding: moves what has been counted in rows into the cells, in the background.

Exactness does not depend on it (a read adds what is not folded); speed does. One step takes
all transactions between the last fold and the oldest one still running, so that a commit that
comes late is in a later step and never lost.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now, set_timeout
from app.responses import adoption
from app.responses.changed_days import NOTE_FOLDED
from app.responses.fold_statement import JOINT_TALLIES, fold_statement, joint_scores
from app.responses.models import FOLDED, RollupState
from app.responses.sign_fold import FOLDS
from app.restatements.days import forget_days
from app.workspaces.models import Workspace

#: Tallies of one step. A backlog of all days touches nearly every cell in each step, so that few
#: large steps cost much less; a step is one transaction and should still take seconds only.
STEP_TALLIES = 1_000_000
_STEP_TIMEOUT_MS = 120_000

_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8")
#: The oldest transaction still running, and the first that has not begun.
_SNAPSHOT = text("""
SELECT pg_snapshot_xmin(s)::text::int8, pg_snapshot_xmax(s)::text::int8
FROM pg_current_snapshot() AS s
""")
_BOUND = text("""
SELECT xid FROM (
    SELECT xid, id, sum(cardinality(tallies)) OVER (ORDER BY xid, id) AS so_far
    FROM responses
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :horizon
) AS backlog
WHERE so_far > :tallies ORDER BY xid, id LIMIT 1
""")
#: The groups of all dimensions are made in one pass, in memory.
_WORK_MEMORY = text("SET LOCAL work_mem = '64MB'")


async def fold(session: AsyncSession, workspace_id: UUID) -> bool:
    """Fold one step of a workspace, in the transaction of the session; True when there is more.

    A changed time zone or changed dimensions empty the cells and begin anew, and so does a
    restored dump (see `adoption`).
    """
    await set_timeout(session, _STEP_TIMEOUT_MS)
    workspace = await session.get_one(Workspace, workspace_id)
    state = await _locked_state(session, workspace)
    if (state.time_zone, state.dimensions) != (workspace.time_zone, workspace.dimensions):
        for table in FOLDED:
            await session.execute(delete(table).where(table.workspace_id == workspace_id))
        await forget_days(session, workspace_id, "responses")
        state.folded_to = 0
        state.time_zone, state.dimensions = workspace.time_zone, list(workspace.dimensions)
    if await adoption.is_foreign(session, state):
        await adoption.adopt(session, state)
        return True
    horizon: int = (await session.execute(_HORIZON)).scalar_one()
    span: dict[str, Any] = {"workspace_id": workspace_id, "folded_to": state.folded_to}
    bound = (
        await session.execute(_BOUND, span | {"horizon": horizon, "tallies": STEP_TALLIES})
    ).scalar_one_or_none()
    # One transaction with more rows than a step is folded whole.
    upper = horizon if bound is None else max(bound, state.folded_to + 1)
    span["upper"] = upper
    joint = joint_scores((await session.execute(JOINT_TALLIES, span)).scalars())
    statement, names = fold_statement(state.dimensions)
    await session.execute(_WORK_MEMORY)
    span["time_zone"] = state.time_zone
    await session.execute(statement, span | names | joint)
    for each in (*FOLDS, NOTE_FOLDED):
        await session.execute(each, span)
    state.folded_to = upper
    state.folded_at = now()
    return bound is not None


async def _locked_state(session: AsyncSession, workspace: Workspace) -> RollupState:
    fresh = insert(RollupState).values(
        workspace_id=workspace.id,
        folded_to=0,
        time_zone=workspace.time_zone,
        dimensions=workspace.dimensions,
        epoch=0,
        folded_at=now(),
    )
    await session.execute(fresh.on_conflict_do_nothing())
    return (
        await session.scalars(
            select(RollupState).where(RollupState.workspace_id == workspace.id).with_for_update()
        )
    ).one()


_BEHIND = text("""
SELECT w.id FROM workspaces w LEFT JOIN rollup_states s ON s.workspace_id = w.id
WHERE s.workspace_id IS NULL OR s.time_zone <> w.time_zone OR s.dimensions <> w.dimensions
    OR s.folded_to > :horizon
    OR EXISTS (SELECT 1 FROM responses r
        WHERE r.workspace_id = w.id AND r.xid >= s.folded_to
            AND (r.xid < :horizon OR r.xid >= :beyond))
    OR EXISTS (SELECT 1 FROM response_deltas d
        WHERE d.workspace_id = w.id AND d.xid >= s.folded_to AND d.xid < :horizon)
""")


async def workspaces_behind(session: AsyncSession) -> list[UUID]:
    """The workspaces that have something to fold."""
    horizon, beyond = (await session.execute(_SNAPSHOT)).one()
    rows = await session.execute(_BEHIND, {"horizon": horizon, "beyond": beyond})
    return list(rows.scalars())
