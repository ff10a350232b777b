"""Folding: moves what has been counted in rows into the cells, in the background.

Exactness does not depend on it (a read adds what is not folded); speed does. One step takes
all transactions between the last fold and the oldest one still running, so that a commit that
comes late is in a later step and never lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import TextClause, delete, select, text
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
#: Where a response keeps the members of the dimensions that every workspace has.
_MEMBERS = {
    "channel": "channel",
    "method": "method",
    "segment": "coalesce(segment, '')",
    "version": "version::text",
    "language": "coalesce(language, '')",
}
#: The groups of all dimensions are made in one pass, in memory.
_WORK_MEMORY = text("SET LOCAL work_mem = '64MB'")
_FOLD = """
WITH changed AS (
    SELECT survey_id, occurred_at, channel, method, segment, version, language, metadata, quality,
        tallies, 1::int8 AS sign
    FROM responses
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
    UNION ALL
    SELECT survey_id, occurred_at, channel, method, segment, version, language, metadata, quality,
        tallies, sign
    FROM response_deltas
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
), given AS (
    SELECT survey_id, (occurred_at AT TIME ZONE :time_zone)::date AS day, quality, tally, sign,
        {members}
    FROM changed CROSS JOIN LATERAL unnest(tallies) AS t (tally)
), counted AS (
    SELECT survey_id, day, quality, tally, CASE GROUPING({columns}) {names} END AS dimension,
        coalesce({columns}, '') AS member, sum(sign)::int8 AS n
    FROM given
    GROUP BY survey_id, day, quality, tally, GROUPING SETS ((), {columns})
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
"""


def _statement(dimensions: Sequence[str]) -> tuple[TextClause, dict[str, str]]:
    """The fold of all responses by none and by each dimension, and the names of its own.

    In the row of a dimension the columns of all others are null: GROUPING numbers which ones.
    """
    own = [name for name in dict.fromkeys(dimensions) if name not in WITH_CELLS]
    expressions = [_MEMBERS[name] for name in WITH_CELLS]
    expressions += [f"coalesce(metadata ->> :own{place}, '')" for place in range(len(own))]
    columns = [f"member{place}" for place in range(len(expressions))]
    every = 2 ** len(columns) - 1
    labels = [f"'{name}'" for name in WITH_CELLS] + [f":own{place}" for place in range(len(own))]
    rows = {every: "''"} | {
        every - 2 ** (len(columns) - 1 - place): f"CAST({label} AS text)"
        for place, label in enumerate(labels)
    }
    statement = _FOLD.format(
        members=", ".join(f"{each} AS {at}" for each, at in zip(expressions, columns, strict=True)),
        columns=", ".join(columns),
        names=" ".join(f"WHEN {number} THEN {label}" for number, label in rows.items()),
    )
    return text(statement), {f"own{place}": name for place, name in enumerate(own)}


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
    statement, names = _statement(state.dimensions)
    await session.execute(_WORK_MEMORY)
    await session.execute(statement, span | {"upper": upper, "time_zone": state.time_zone} | names)
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
