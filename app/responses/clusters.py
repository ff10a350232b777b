"""Scores of answers added up by customer, from the rows: how alike each one's answers are.

Cells count answers and know of no customers. The sums of squares of what each customer's scores
add up to, which a variance of clustered answers needs, are one statement over the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import run
from app.responses.cells import Slice, bound, rows_sql

#: A plan made for any parameters takes scores to be ten, and compares each answer with each score.
_BY_NUMBER_OF_SCORES = text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
#: Scores of one figure: by survey and tally (`recommend=9`).
Scores = Mapping[tuple[UUID, str], Decimal]


@dataclass(frozen=True)
class ScoreSums:
    """The scores of one figure, by bucket and group. All sums are exact."""

    bucket: int
    member: str
    figure: int
    """The place of the figure in what was asked."""
    n: int
    total: Decimal
    squares: Decimal
    clusters: int
    """Different customers; a response that names none is one by itself."""
    totals_squared: Decimal
    totals_by_sizes: Decimal
    sizes_squared: int


async def score_sums(
    session: AsyncSession,
    wanted: Slice,
    figures: Sequence[Scores],
    *,
    qualities: Sequence[str],
    by: str | None = None,
    buckets: Sequence[date] = (),
) -> list[ScoreSums]:
    """Sums of the scores of each figure over the answers that have one, by bucket and member.

    Only of responses of these qualities. What has no answers is absent.
    """
    given = [
        (f"{survey_id}{tally}", place, score)
        for place, scores in enumerate(figures)
        for (survey_id, tally), score in scores.items()
    ]
    if not given:
        return []
    answers, places, scores = zip(*given, strict=True)
    parameters = bound(wanted, by, buckets) | {
        "qualities": list(qualities),
        "answers": list(answers),
        "figures": list(places),
        "scores": list(scores),
    }
    await session.execute(_BY_NUMBER_OF_SCORES)
    rows = await run(session, _sql(wanted, by), parameters)
    return [ScoreSums(*row) for row in rows]


def _sql(wanted: Slice, by: str | None) -> str:
    """Survey and tally are one key: by two, every row would meet every score of its survey."""
    superseded = "AND NOT r.superseded" if wanted.latest_of is not None else ""
    return f"""
SELECT bucket, member, figure, sum(n)::int8, sum(total), sum(squares), count(*),
    sum(total * total), sum(total * n), sum(n * n)::int8
FROM (
    SELECT width_bucket(r.local_day, CAST(:buckets AS date[])) AS bucket, r.member, s.figure,
        count(*) AS n, sum(s.score) AS total, sum(s.score * s.score) AS squares
    FROM {rows_sql(wanted, by)} r
        CROSS JOIN LATERAL unnest(r.tallies) AS t (tally)
        JOIN unnest(CAST(:answers AS text[]), CAST(:figures AS int[]), CAST(:scores AS numeric[]))
            AS s (answer, figure, score) ON s.answer = r.survey_id::text || t.tally
    WHERE r.quality = ANY(CAST(:qualities AS text[])) {superseded}
    GROUP BY 1, 2, 3, r.customer, CASE WHEN r.customer IS NULL THEN r.id END
) AS clusters
GROUP BY 1, 2, 3
"""  # noqa: S608 - only names of our own
