"""Counting cells of answers again from the responses, by a statement of its own.

Nothing of it is shared with the fold, so that both would have to be wrong in the same way. What
is stored are the cells and what corrects them (deltas that are not folded); what is counted are
the responses that are folded. Both are of one snapshot, so they agree at any moment.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import prod
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.recounts.findings import Difference, Recount
from app.responses.adoption import is_foreign
from app.responses.joint_scores import BARS, SUMMED, SUMS, UNIT, WIDTH, WITH_DISTRIBUTION
from app.responses.models import RollupState


@dataclass(frozen=True)
class Block:
    """A month of the cells of a survey: of one question and dimension, or of all (None)."""

    survey_id: UUID
    month: date
    question: str | None = None
    dimension: str | None = None


_ALL_BLOCKS = text("""
SELECT DISTINCT survey_id, date_trunc('month', day)::date FROM survey_cells
WHERE workspace_id = :workspace_id
UNION
SELECT DISTINCT survey_id, date_trunc('month', occurred_at AT TIME ZONE :time_zone)::date
FROM responses WHERE workspace_id = :workspace_id AND xid < :folded_to
ORDER BY 2, 1
""")
_RANDOM_CELLS = text("""
SELECT survey_id, date_trunc('month', day)::date, question, dimension FROM survey_cells
WHERE workspace_id = :workspace_id ORDER BY random() LIMIT :wanted
""")
ID_RANGE = text("""
SELECT (SELECT id FROM responses WHERE workspace_id = :workspace_id ORDER BY id LIMIT 1),
    (SELECT id FROM responses WHERE workspace_id = :workspace_id ORDER BY id DESC LIMIT 1)
""")
_RESPONSE_AT = text("""
SELECT survey_id, date_trunc('month', occurred_at AT TIME ZONE :time_zone)::date, tallies
FROM responses WHERE workspace_id = :workspace_id AND id >= :id ORDER BY id LIMIT 1
""")
_COMPARE = text("""
WITH answers AS (
    SELECT (r.occurred_at AT TIME ZONE :time_zone)::date AS day, r.channel, r.method, r.segment,
        r.version, r.language, r.metadata, r.quality, split_part(t.tally, '=', 1) AS question,
        substr(t.tally, strpos(t.tally, '=') + 1) AS code, r.stored, r.counted
    FROM (
        SELECT occurred_at, channel, method, segment, version, language, metadata, quality,
            tallies, 0 AS stored, 1 AS counted
        FROM responses
        WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND xid < :folded_to
            AND occurred_at >= CAST(:month AS timestamp) AT TIME ZONE 'UTC' - interval '2 days'
            AND occurred_at < CAST(:month AS timestamp) AT TIME ZONE 'UTC' + interval '33 days'
        UNION ALL
        SELECT occurred_at, channel, method, segment, version, language, metadata, quality,
            tallies, sign, 0
        FROM response_deltas
        WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND xid >= :folded_to
    ) r CROSS JOIN LATERAL unnest(r.tallies) AS t (tally)
    WHERE CAST(:question AS text) IS NULL OR split_part(t.tally, '=', 1) = :question
), numbers AS (
    SELECT a.question, a.code, a.quality, a.day, a.stored, a.counted, d.name AS dimension,
        CASE d.name WHEN '' THEN '' WHEN 'channel' THEN a.channel WHEN 'method' THEN a.method
            WHEN 'segment' THEN coalesce(a.segment, '') WHEN 'version' THEN a.version::text
            WHEN 'language' THEN coalesce(a.language, '')
            ELSE coalesce(a.metadata ->> d.name, '') END AS member
    FROM answers a CROSS JOIN unnest(CAST(:dimensions AS text[])) AS d (name)
    WHERE date_trunc('month', a.day)::date = :month
), told AS (
    SELECT 'day' AS grain, question, dimension, day, member, code, quality, stored, counted,
        CAST(NULL AS int8[]) AS sums
    FROM numbers
    UNION ALL
    SELECT 'month', question, dimension, CAST(:month AS date), member, code, quality, stored,
        counted, NULL
    FROM numbers
    UNION ALL
    SELECT grain, question, dimension, day, member, code, quality, n, 0, sums FROM survey_cells
    WHERE workspace_id = :workspace_id AND survey_id = :survey_id
        AND day >= :month AND day < CAST(:month AS date) + interval '1 month'
        AND (CAST(:question AS text) IS NULL OR question = :question)
        AND (CAST(:dimension AS text) IS NULL OR dimension = :dimension)
)
SELECT grain, question, dimension, day, member, quality, code, sum(stored), sum(counted),
    min(sums)
FROM told GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(stored) <> sum(counted) OR count(sums) > 0
ORDER BY 1, 2, 3, 4, 5, 6, 7
""")


async def recount_cells(session: AsyncSession, workspace_id: UUID, sample: int | None) -> Recount:
    """Count so many random blocks of a workspace again, or all of them."""
    state = await session.get(RollupState, workspace_id)
    if state is None or state.folded_to == 0 or await is_foreign(session, state):
        return Recount(0, [])  # figures are counted from the rows
    blocks = await (_all(session, state) if sample is None else _some(session, state, sample))
    differences = [each for block in blocks for each in await _compare(session, state, block)]
    return Recount(len(blocks), differences)


async def _all(session: AsyncSession, state: RollupState) -> list[Block]:
    rows = await session.execute(_ALL_BLOCKS, _names(state))
    return [Block(*row) for row in rows]


async def _some(session: AsyncSession, state: RollupState, sample: int) -> list[Block]:
    """Half of them where there are cells, half where there are responses: either may be missing."""
    names = {"workspace_id": state.workspace_id}
    cells = await session.execute(_RANDOM_CELLS, names | {"wanted": (sample + 1) // 2})
    blocks = [Block(*row) for row in cells]
    first, last = (await session.execute(ID_RANGE, names)).one()
    for _ in range(sample // 2 if first is not None else 0):
        at = UUID(int=random.randint(first.int, last.int))  # noqa: S311 - not a secret
        named = names | {"time_zone": state.time_zone, "id": at}
        survey_id, month, tallies = (await session.execute(_RESPONSE_AT, named)).one()
        if tallies:
            question = random.choice(tallies).partition("=")[0]  # noqa: S311
            dimension = random.choice(_dimensions(state))  # noqa: S311
            blocks.append(Block(survey_id, month, question, dimension))
    return list(dict.fromkeys(blocks))


async def _compare(session: AsyncSession, state: RollupState, block: Block) -> list[Difference]:
    dimensions = _dimensions(state) if block.dimension is None else [block.dimension]
    rows = await session.execute(
        _COMPARE,
        _names(state)
        | {
            "survey_id": block.survey_id,
            "month": block.month,
            "question": block.question,
            "dimension": block.dimension,
            "dimensions": dimensions,
        },
    )
    numbers: dict[tuple[object, ...], tuple[int, int]] = {}
    for *key, code, stored, counted, sums in rows:
        for name, more, other in _kept(str(key[1]), code, int(stored), int(counted), sums):
            before = numbers.get((*key, name), (0, 0))
            numbers[(*key, name)] = (before[0] + more, before[1] + other)
    return [
        Difference(" ".join(map(str, (block.survey_id, *key))), str(stored), str(counted))
        for key, (stored, counted) in numbers.items()
        if stored != counted
    ]


def _kept(
    question: str, code: str, stored: int, counted: int, sums: Sequence[int] | None
) -> Iterator[tuple[str, int, int]]:
    """What cells must hold for a code: itself, or of joint scores their bar and what they add."""
    scores = [Fraction(part) for part in code.split(",")] if "," in code else []
    units = [score * UNIT for score in scores]
    if question[0] != "@" or not 1 < len(units) <= WIDTH or any(u.denominator > 1 for u in units):
        yield code, stored, counted
        for places, added in zip(SUMMED, sums, strict=True) if sums else ():
            yield f"{SUMS}{places}", added, 0
        return
    if question in WITH_DISTRIBUTION:
        yield str(int(BARS * sum(scores, Fraction()) / len(scores))), stored, counted
    yield SUMS, stored, counted
    whole = [*map(int, units), 0, 0]
    for places in SUMMED:
        worth = prod(whole[place] for place in places)
        yield f"{SUMS}{places}", worth * stored, worth * counted


def _dimensions(state: RollupState) -> list[str]:
    built_in = ["", "channel", "method", "segment", "version", "language"]
    return list(dict.fromkeys([*built_in, *state.dimensions]))


def _names(state: RollupState) -> dict[str, object]:
    return {
        "workspace_id": state.workspace_id,
        "folded_to": state.folded_to,
        "time_zone": state.time_zone,
    }
