"""How the responses to a survey came: counted from their rows, in one statement."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.responses.cells import Count, Slice, bound, histogram, rows_sql

#: What does not count as an answer to a question, beside the special codes of those that do.
_SKIPPED = "~skipped"
_ANSWERED = "~answered"
_LEFT_OUT = frozenset({"~dismissed", _SKIPPED, _ANSWERED})
_COUNTED = ("ok", "flagged")


@dataclass(frozen=True)
class Signs:
    """Responses by quality; of those that count (not dismissed) by flag, and other signs."""

    qualities: dict[str, int]
    """Without the dismissed."""
    dismissed: int
    flags: dict[str, int]
    timed: int
    """Complete, with a duration."""
    fast: int
    """Of those, faster than the given part of the median of their version."""
    named: int
    """With a customer."""
    customers: int
    """Different ones."""


def _slice(scope: Scope, period: Period, survey_id: UUID) -> Slice:
    return Slice(
        workspace_id=scope.workspace_id,
        start=period.start,
        end=period.end,
        time_zone=scope.time_zone,
        survey_ids=(survey_id,),
    )


async def count_signs(
    session: AsyncSession, scope: Scope, period: Period, survey_id: UUID, fast: float
) -> Signs:
    """Count the responses to a survey that were answered in a period."""
    wanted = _slice(scope, period, survey_id)
    statement = text(f"""
WITH chosen AS MATERIALIZED (
    SELECT r.version, r.status, r.quality, r.flags, r.customer, r.duration_seconds,
        r.status <> 'dismissed' AND r.quality IN ('ok', 'flagged') AS counts
    FROM {rows_sql(wanted, None)} r
), medians AS (
    SELECT version, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_seconds) AS median
    FROM chosen WHERE counts AND status = 'complete' AND duration_seconds IS NOT NULL
    GROUP BY version
)
SELECT 'quality' AS sign, quality AS name, count(*) AS n
FROM chosen WHERE status <> 'dismissed' GROUP BY quality
UNION ALL
SELECT 'dismissed', '', count(*) FROM chosen WHERE status = 'dismissed'
UNION ALL
SELECT 'flag', f.flag, count(*)
FROM chosen CROSS JOIN LATERAL unnest(flags) AS f (flag) WHERE counts GROUP BY f.flag
UNION ALL
SELECT 'timed', '', count(*)
FROM chosen WHERE counts AND status = 'complete' AND duration_seconds IS NOT NULL
UNION ALL
SELECT 'fast', '', count(*) FROM chosen JOIN medians USING (version)
WHERE counts AND status = 'complete' AND duration_seconds < :fast * median
UNION ALL
SELECT 'named', '', count(customer) FROM chosen WHERE counts
UNION ALL
SELECT 'customers', '', count(DISTINCT customer) FROM chosen WHERE counts
""")  # noqa: S608 - only names of our own
    parameters = bound(wanted, None, ()) | {"fast": fast}
    # Only what the statement names may be bound.
    named = {name: parameters[name] for name in statement._bindparams}  # noqa: SLF001
    found: dict[str, dict[str, int]] = {}
    for sign, name, n in await session.execute(statement, named):
        found.setdefault(sign, {})[name] = n
    return Signs(
        qualities=found.get("quality", {}),
        dismissed=found["dismissed"][""],
        flags=found.get("flag", {}),
        timed=found["timed"][""],
        fast=found["fast"][""],
        named=found["named"][""],
        customers=found["customers"][""],
    )


@dataclass(frozen=True)
class Missing:
    """How often a question was answered, and how often it was shown and left open."""

    question: str
    answered: int
    skipped: int


async def count_missing(
    session: AsyncSession, scope: Scope, period: Period, survey_id: UUID
) -> list[Missing]:
    """The questions (and rows of matrices) of a survey, those most often left open first.

    Of responses that count, whatever their flags. Not applicable is an answer.
    """
    codes: dict[str, Counter[str]] = {}
    for each in await histogram(session, _slice(scope, period, survey_id)):
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
