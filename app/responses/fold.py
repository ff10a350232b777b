"""Folding: moves what has been counted in rows into the cells, in the background.

Exactness does not depend on it (a read adds what is not folded); speed does. One step takes
all transactions between the last fold and the oldest one still running, so that a commit that
comes late is in a later step and never lost.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now, set_timeout
from app.responses import adoption
from app.responses.cells import WITH_CELLS
from app.responses.models import RollupState, SurveyCell
from app.workspaces.models import Workspace

#: Rows of one step. A backlog of all days touches nearly every cell in each step, so that few
#: large steps cost much less; a step is one transaction and should still take seconds only.
STEP_ROWS = 50_000
_STEP_TIMEOUT_MS = 120_000

_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8")
#: The oldest transaction still running, and the first that has not begun.
_SNAPSHOT = text("""
SELECT pg_snapshot_xmin(s)::text::int8, pg_snapshot_xmax(s)::text::int8
FROM pg_current_snapshot() AS s
""")
_BOUND = text("""
SELECT xid FROM responses
WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :horizon
ORDER BY xid, id OFFSET :rows LIMIT 1
""")
_FOLD = text("""
WITH changed AS (
    SELECT workspace_id, survey_id, occurred_at, channel, method, segment, version, language,
        metadata, quality, tallies, 1::int8 AS sign
    FROM responses
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
    UNION ALL
    SELECT workspace_id, survey_id, occurred_at, channel, method, segment, version, language,
        metadata, quality, tallies, sign
    FROM response_deltas
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
), placed AS (
    SELECT c.survey_id, (c.occurred_at AT TIME ZONE :time_zone)::date AS day, c.quality,
        c.tallies, c.sign, d.dimension, d.member
    FROM changed c CROSS JOIN LATERAL (
        VALUES ('', ''), ('channel', c.channel), ('method', c.method),
            ('segment', coalesce(c.segment, '')), ('version', c.version::text),
            ('language', coalesce(c.language, ''))
        UNION ALL
        SELECT name, coalesce(c.metadata ->> name, '')
        FROM unnest(CAST(:dimensions AS text[])) AS name
        WHERE name <> ALL(CAST(:built_in AS text[]))
    ) AS d (dimension, member)
), counted AS (
    SELECT survey_id, tally, dimension, day, member, quality, sum(sign)::int8 AS n
    FROM placed CROSS JOIN LATERAL unnest(tallies) AS t (tally)
    GROUP BY survey_id, tally, dimension, day, member, quality
    HAVING sum(sign) <> 0
), cells AS (
    SELECT 'day' AS grain, survey_id, tally, dimension, day, member, quality, n FROM counted
    UNION ALL
    SELECT 'month', survey_id, tally, dimension, date_trunc('month', day)::date, member, quality,
        sum(n)::int8
    FROM counted
    GROUP BY 2, 3, 4, 5, 6, 7
    HAVING sum(n) <> 0
)
INSERT INTO survey_cells (workspace_id, survey_id, question, dimension, grain, day, member, code,
    quality, n)
SELECT CAST(:workspace_id AS uuid), survey_id, split_part(tally, '=', 1), dimension, grain, day,
    member, substr(tally, strpos(tally, '=') + 1), quality, n
FROM cells
ORDER BY 2, 3, 4, 5, 6, 7, 8, 9
ON CONFLICT (workspace_id, survey_id, question, dimension, grain, day, member, code, quality)
DO UPDATE SET n = survey_cells.n + excluded.n
""")


@dataclass(frozen=True)
class Step:
    """What one step of folding did."""

    folded_to: int
    more: bool


async def fold(session: AsyncSession, workspace_id: UUID) -> Step:
    """Fold one step of a workspace, in the transaction of the session.

    A changed time zone or changed dimensions empty the cells and begin anew, and so does a
    restored dump (see `adoption`).
    """
    await set_timeout(session, _STEP_TIMEOUT_MS)
    workspace = await session.get_one(Workspace, workspace_id)
    state = await _locked_state(session, workspace)
    if (state.time_zone, state.dimensions) != (workspace.time_zone, workspace.dimensions):
        await session.execute(delete(SurveyCell).where(SurveyCell.workspace_id == workspace_id))
        state.folded_to = 0
        state.time_zone, state.dimensions = workspace.time_zone, list(workspace.dimensions)
    if await adoption.is_foreign(session, state):
        await adoption.adopt(session, state)
        return Step(state.folded_to, more=True)
    horizon: int = (await session.execute(_HORIZON)).scalar_one()
    span = {"workspace_id": workspace_id, "folded_to": state.folded_to}
    bound = (
        await session.execute(_BOUND, span | {"horizon": horizon, "rows": STEP_ROWS})
    ).scalar_one_or_none()
    # One transaction with more rows than a step is folded whole.
    upper = horizon if bound is None else max(bound, state.folded_to + 1)
    names = {
        "time_zone": state.time_zone,
        "dimensions": state.dimensions,
        "built_in": list(WITH_CELLS),
    }
    await session.execute(_FOLD, span | {"upper": upper} | names)
    state.folded_to = upper
    state.folded_at = now()
    return Step(upper, more=bound is not None)


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
