"""Counting again from the responses what cells say of how they came, by statements of its own.

As in `recount`, what is counted are the responses that are folded, and stored are the cells with
the deltas that are not: both of one snapshot. When customers had come before is no sum, so it is
found for the moment of the fold.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.recounts.findings import Difference, Recount
from app.responses.adoption import is_foreign
from app.responses.durations import LEAST, bucket_sql
from app.responses.models import RollupState
from app.responses.recount import ID_RANGE


@dataclass(frozen=True)
class _Block:
    """A month of a survey's signs and durations."""

    survey_id: UUID
    month: date


_BLOCKS = text("""
SELECT DISTINCT survey_id, day FROM sign_cells
WHERE workspace_id = :workspace_id AND grain = 'month'
UNION
SELECT DISTINCT survey_id, date_trunc('month', occurred_at AT TIME ZONE :time_zone)::date
FROM responses WHERE workspace_id = :workspace_id AND xid < :folded_to
ORDER BY 2, 1
""")
#: Half of a sample where there are cells, half where there are responses: either may be missing.
_SOME = text("""
(SELECT survey_id, date_trunc('month', day)::date FROM sign_cells
WHERE workspace_id = :workspace_id ORDER BY random() LIMIT :wanted)
UNION
(SELECT survey_id, date_trunc('month', occurred_at AT TIME ZONE :time_zone)::date
FROM responses WHERE workspace_id = :workspace_id AND xid < :folded_to AND id >= :id
ORDER BY id LIMIT :wanted)
""")
_GOOD = "status IN ('complete', 'partial') AND quality NOT IN ('invalid', 'duplicate', 'test')"
_COMPARE = text(f"""
WITH answers AS (
    SELECT *, (occurred_at AT TIME ZONE :time_zone)::date AS day FROM (
        SELECT occurred_at, version, status, flags, customer, duration_seconds,
            0 AS stored, 1 AS counted
        FROM responses
        WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND xid < :folded_to
            AND occurred_at >= CAST(:month AS timestamp) AT TIME ZONE 'UTC' - interval '2 days'
            AND occurred_at < CAST(:month AS timestamp) AT TIME ZONE 'UTC' + interval '33 days'
            AND {_GOOD}
        UNION ALL
        SELECT occurred_at, version, status, flags, customer, duration_seconds, sign, 0
        FROM response_deltas
        WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND xid >= :folded_to
            AND {_GOOD}
    ) AS every
    WHERE date_trunc('month', occurred_at AT TIME ZONE :time_zone)::date = :month
), signs AS (
    SELECT 'flag' AS sign, flag AS name, version, day, stored, counted
    FROM answers, unnest(flags) AS flag
    UNION ALL
    SELECT 'named', '', version, day, stored, counted FROM answers WHERE customer IS NOT NULL
    UNION ALL
    SELECT 'took', {bucket_sql("duration_seconds")}::text, version, day, stored, counted
    FROM answers WHERE status = 'complete' AND duration_seconds IS NOT NULL
), told AS (
    SELECT 'day' AS grain, sign, name, version, day, 0.0 AS seconds, stored, counted FROM signs
    UNION ALL
    SELECT 'month', sign, name, version, CAST(:month AS date), 0, stored, counted FROM signs
    UNION ALL
    SELECT grain, sign, name, version, day, 0, n, 0 FROM sign_cells
    WHERE workspace_id = :workspace_id AND survey_id = :survey_id
        AND day >= :month AND day < CAST(:month AS date) + interval '1 month'
    UNION ALL
    SELECT 'exact', '', {bucket_sql("duration_seconds")}::text, version, day, duration_seconds,
        stored, counted
    FROM answers WHERE status = 'complete' AND duration_seconds IS NOT NULL
    UNION ALL
    SELECT 'exact', '', bucket::text, version, day, seconds, n, 0 FROM duration_cells
    WHERE workspace_id = :workspace_id AND survey_id = :survey_id
        AND day >= :month AND day < CAST(:month AS date) + interval '1 month'
)
SELECT grain, sign, name, version, day, seconds, sum(stored), sum(counted) FROM told
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(stored) <> sum(counted) ORDER BY 1, 2, 3, 4, 5, 6
""")  # noqa: S608 - only names of our own
_RETURNS = text(f"""
WITH days AS (
    SELECT customer, day FROM (
        SELECT customer, (occurred_at AT TIME ZONE :time_zone)::date AS day, 1 AS n
        FROM responses
        WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND xid < :folded_to
            AND customer IS NOT NULL AND {_GOOD}
        UNION ALL
        SELECT customer, (occurred_at AT TIME ZONE :time_zone)::date, -sign
        FROM response_deltas
        WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND xid >= :folded_to
            AND customer IS NOT NULL AND {_GOOD}
    ) AS every GROUP BY customer, day HAVING sum(n) > 0
), returns AS (
    SELECT day, coalesce(max(day) OVER (PARTITION BY customer ORDER BY day
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '-infinity') AS before
    FROM days
), told AS (
    SELECT 'day' AS grain, 'day' AS grain_before, day, before, 0 AS stored, 1 AS counted
    FROM returns
    UNION ALL
    SELECT 'day', 'month', day, date_trunc('month', before)::date, 0, 1 FROM returns
    UNION ALL
    SELECT 'month', 'day', date_trunc('month', day)::date, before, 0, 1 FROM returns
    UNION ALL
    SELECT 'month', 'month', date_trunc('month', day)::date, date_trunc('month', before)::date,
        0, 1
    FROM returns
    UNION ALL
    SELECT grain, grain_before, day, before, n, 0 FROM return_cells
    WHERE workspace_id = :workspace_id AND survey_id = :survey_id
)
SELECT grain, grain_before, day, before, sum(stored), sum(counted) FROM told
GROUP BY 1, 2, 3, 4 HAVING sum(stored) <> sum(counted) ORDER BY 1, 2, 3, 4
""")  # noqa: S608 - only names of our own


async def recount_signs(session: AsyncSession, workspace_id: UUID, sample: int | None) -> Recount:
    """Count so many random months of surveys again and one survey's returns, or all of both."""
    state = await session.get(RollupState, workspace_id)
    if state is None or state.folded_to == 0 or await is_foreign(session, state):
        return Recount(0, [])  # counted from the rows
    names = {
        "workspace_id": workspace_id,
        "folded_to": state.folded_to,
        "time_zone": state.time_zone,
    }
    blocks = await _blocks(session, names, sample)
    surveys = sorted({each.survey_id for each in blocks})
    if sample is not None:
        surveys = random.sample(surveys, min(1, len(surveys)))
    found: list[Difference] = []
    for block in blocks:
        of = names | {"survey_id": block.survey_id, "month": block.month, "least": list(LEAST)}
        found += _differences(block.survey_id, await session.execute(_COMPARE, of))
    for survey_id in surveys:
        rows = await session.execute(_RETURNS, names | {"survey_id": survey_id})
        found += _differences(survey_id, rows)
    return Recount(len(blocks) + len(surveys), found)


async def _blocks(
    session: AsyncSession, names: dict[str, object], sample: int | None
) -> list[_Block]:
    if sample is None:
        return [_Block(*row) for row in await session.execute(_BLOCKS, names)]
    first, last = (await session.execute(ID_RANGE, names)).one()
    if first is None:
        return []
    at = UUID(int=random.randint(first.int, last.int))  # noqa: S311 - not a secret
    some = names | {"wanted": (sample + 1) // 2, "id": at}
    return [_Block(*row) for row in await session.execute(_SOME, some)]


def _differences(survey_id: UUID, rows: Iterable[Iterable[object]]) -> list[Difference]:
    found = []
    for *key, stored, counted in rows:
        cell = " ".join(map(str, (survey_id, *key)))
        found.append(Difference(cell, str(stored), str(counted)))
    return found
