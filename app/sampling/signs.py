"""How the responses to a survey came: from cells, or where those cannot tell from the rows."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import run
from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.responses.cells import Count, Slice, bound, rows_sql
from app.responses.sign_cells import Told, read_signs

_RESPONSES = "@responses"
#: What does not count as an answer to a question, beside the special codes of those that do.
_SKIPPED = "~skipped"
_ANSWERED = "~answered"
_LEFT_OUT = frozenset({"~dismissed", _SKIPPED, _ANSWERED})
_COUNTED = ("ok", "flagged")


def slice_of(scope: Scope, period: Period, survey_id: UUID) -> Slice:
    """All responses to a survey in a period."""
    return Slice(
        workspace_id=scope.workspace_id,
        start=period.start,
        end=period.end,
        time_zone=scope.time_zone,
        survey_ids=(survey_id,),
    )


def count_qualities(counts: Iterable[Count]) -> Counter[str]:
    """Responses by quality, the dismissed as such."""
    found: Counter[str] = Counter()
    for each in counts:
        if each.question == _RESPONSES:
            found["dismissed" if each.code == "dismissed" else each.quality] += each.n
    return found


async def count_signs(session: AsyncSession, wanted: Slice, fast: float) -> Told:
    """How the responses to a survey came that were answered in a period."""
    told = await read_signs(session, wanted, fast)
    return await _count_rows(session, wanted, fast) if told is None else told


async def _count_rows(session: AsyncSession, wanted: Slice, fast: float) -> Told:
    statement = f"""
WITH chosen AS MATERIALIZED (
    SELECT r.version, r.flags, r.customer,
        CASE r.status WHEN 'complete' THEN r.duration_seconds END AS seconds
    FROM {rows_sql(wanted, None)} r
    WHERE r.status <> 'dismissed' AND r.quality IN ('ok', 'flagged')
), medians AS (
    SELECT version, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
    FROM chosen WHERE seconds IS NOT NULL GROUP BY version
)
SELECT 'flag' AS sign, f.flag AS name, count(*)
FROM chosen CROSS JOIN LATERAL unnest(flags) AS f (flag) GROUP BY f.flag
UNION ALL
SELECT 'timed', '', count(seconds) FROM chosen
UNION ALL
SELECT 'fast', '', count(*) FROM chosen JOIN medians USING (version)
WHERE seconds < :fast * median
UNION ALL
SELECT 'named', '', count(customer) FROM chosen
UNION ALL
SELECT 'customers', '', count(DISTINCT customer) FROM chosen
"""  # noqa: S608 - only names of our own
    parameters = bound(wanted, None, ()) | {"fast": fast}
    found: dict[str, dict[str, int]] = {}
    for sign, name, n in await run(session, statement, parameters):
        found.setdefault(sign, {})[name] = n
    return Told(
        flags=found.get("flag", {}),
        named=found["named"][""],
        customers=found["customers"][""],
        timed=found["timed"][""],
        fast=found["fast"][""],
    )


@dataclass(frozen=True)
class Missing:
    """How often a question was answered, and how often it was shown and left open."""

    question: str
    answered: int
    skipped: int


def count_missing(counts: Iterable[Count]) -> list[Missing]:
    """The questions (and rows of matrices) of a survey, those most often left open first.

    Of responses that count, whatever their flags. Not applicable is an answer.
    """
    codes: dict[str, Counter[str]] = {}
    for each in counts:
        if _is_answer(each):
            codes.setdefault(each.question, Counter())[each.code] += each.n
    found = [
        Missing(question, _answered(given), given[_SKIPPED]) for question, given in codes.items()
    ]
    return sorted(
        (each for each in found if each.answered + each.skipped),
        key=lambda each: (-each.skipped / (each.answered + each.skipped), each.question),
    )


def _is_answer(count: Count) -> bool:
    """Composites, whose names begin with @, are made of answers and are none."""
    return count.quality in _COUNTED and not count.question.startswith("@")


def _answered(given: Counter[str]) -> int:
    """Where several codes are one answer, `~answered` counts it."""
    if given[_ANSWERED]:
        return given[_ANSWERED]
    return sum(n for code, n in given.items() if code not in _LEFT_OUT)
