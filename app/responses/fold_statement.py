"""The statement that adds the rows of a step to the cells, by everybody and by each dimension.

Tallies are counted as they are, but for those of joint scores: they are counted by their bars,
and summed under a code of their own (see `joint_scores`, which has read them).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from app.responses.cells import WITH_CELLS
from app.responses.joint_scores import SUMMED, SUMS, WIDTH, added_up, read

#: Where a response keeps the members of the dimensions that every workspace has.
_MEMBERS = {
    "channel": "channel",
    "method": "method",
    "segment": "coalesce(segment, '')",
    "version": "version::text",
    "language": "coalesce(language, '')",
}
#: The tallies of what came and of what went in a step.
_TOLD = """(
        SELECT survey_id, occurred_at, channel, method, segment, version, language, metadata,
            quality, tallies, 1::int8 AS sign
        FROM responses
        WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
        UNION ALL
        SELECT survey_id, occurred_at, channel, method, segment, version, language, metadata,
            quality, tallies, sign
        FROM response_deltas
        WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
    ) AS changed CROSS JOIN LATERAL unnest(tallies) AS t (tally)"""
JOINT_TALLIES = text(f"SELECT DISTINCT tally FROM {_TOLD} WHERE tally LIKE '@%,%'")  # noqa: S608
_SCORES = [f"score{place}" for place in range(WIDTH)]
_JOINT = f"""unnest(CAST(:joint AS text[]), CAST(:bar AS text[]),
            {", ".join(f"CAST(:{score} AS int8[])" for score in _SCORES)})
            AS j (joint, bar, {", ".join(_SCORES)}) ON joint = tally"""
_PRODUCTS = ", ".join(
    f"sum({' * '.join(['sign', *(_SCORES[place] for place in places)])})::int8" for places in SUMMED
)
_GROUPED = """
    SELECT survey_id, day, quality, tally, CASE GROUPING({columns}) {names} END AS dimension,
        coalesce({columns}, '') AS member, sum(sign)::int8 AS n, """
_GIVEN = """
        SELECT survey_id, (occurred_at AT TIME ZONE :time_zone)::date AS day, quality, sign,
            {members}, """
_SETS = "GROUP BY survey_id, day, quality, tally, GROUPING SETS ((), {columns})"
_FOLD = f"""
WITH counted AS ({_GROUPED} CAST(NULL AS int8[]) AS sums
    FROM ({_GIVEN} coalesce(bar, tally) AS tally
        FROM {_TOLD} LEFT JOIN {_JOINT}
        WHERE joint IS NULL OR bar IS NOT NULL
    ) AS given {_SETS}
    HAVING sum(sign) <> 0
), summed AS ({_GROUPED} ARRAY[{_PRODUCTS}] AS sums
    FROM ({_GIVEN} split_part(tally, '=', 1) || '={SUMS}' AS tally, {", ".join(_SCORES)}
        FROM {_TOLD} JOIN {_JOINT}
    ) AS given {_SETS}
), days AS (
    TABLE counted UNION ALL TABLE summed
), cells AS (
    SELECT 'day' AS grain, survey_id, tally, dimension, day, member, quality, n, sums FROM days
    UNION ALL
    SELECT 'month', survey_id, tally, dimension, date_trunc('month', day)::date, member, quality,
        sum(n)::int8, {added_up("sums")}
    FROM days
    GROUP BY 2, 3, 4, 5, 6, 7
)
INSERT INTO survey_cells (workspace_id, survey_id, question, dimension, grain, day, member, code,
    quality, n, sums)
SELECT CAST(:workspace_id AS uuid), survey_id, split_part(tally, '=', 1), dimension, grain, day,
    member, substr(tally, strpos(tally, '=') + 1), quality, n, sums
FROM cells
WHERE n <> 0 OR sums IS NOT NULL
ORDER BY 2, 3, 4, 5, 6, 7, 8, 9
ON CONFLICT (workspace_id, survey_id, question, dimension, grain, day, member, code, quality)
DO UPDATE SET n = survey_cells.n + excluded.n,
    sums = CASE WHEN excluded.sums IS NOT NULL THEN ARRAY[{
    ", ".join(
        f"survey_cells.sums[{place}] + excluded.sums[{place}]"
        for place in range(1, len(SUMMED) + 1)
    )
}] END
"""  # noqa: S608 - only names of our own


def fold_statement(dimensions: Sequence[str]) -> tuple[TextClause, dict[str, Any]]:
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


def joint_scores(tallies: Iterable[str]) -> dict[str, list[Any]]:
    """What the statement must be told of tallies of joint scores; those that stay are left out."""
    found = [each for tally in tallies if (each := read(tally)) is not None]
    return {
        "joint": [each.tally for each in found],
        "bar": [each.bar for each in found],
        **{name: [each.scores[place] for each in found] for place, name in enumerate(_SCORES)},
    }
