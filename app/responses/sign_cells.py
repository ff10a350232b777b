"""How responses to a survey came, from cells and what is not folded yet, in one snapshot.

What lies in a bucket of durations is looked up where a rank or a bound lies in it: so medians
are those of the rows.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import run
from app.responses.cells import FOLDED_TO, OURS, Slice, bound, rows_sql
from app.responses.day_spans import days_of, spans
from app.responses.durations import LEAST, bucket_sql
from app.responses.models import RollupState
from app.responses.sign_fold import COUNTS, SHOWN

_Place = tuple[int, int]
"""A version and a bucket."""


@dataclass(frozen=True)
class Told:
    """Of the responses that count, not dismissed: flags, customers, and durations."""

    flags: Mapping[str, int]
    named: int
    """With a customer."""
    customers: int
    """Different ones."""
    timed: int
    """Complete, with a duration."""
    fast: int
    """Of those, faster than the given part of the median of their version."""


@dataclass
class _Shown:
    flags: Counter[str] = field(default_factory=Counter)
    named: int = 0
    took: dict[int, Counter[int]] = field(default_factory=dict)
    """By version and bucket."""


@dataclass(frozen=True)
class _Reading:
    """The slice of one survey, and what statements over it may name."""

    session: AsyncSession
    wanted: Slice
    parameters: Mapping[str, Any]

    async def rows(self, sql: str, **more: object) -> Any:  # noqa: ANN401 - rows of any shape
        return await run(self.session, sql, {**self.parameters, **more})


async def read_signs(session: AsyncSession, wanted: Slice, fast: float) -> Told | None:
    """What cells and the rows after them tell of a survey; None where the cells cannot."""
    state = await session.get(RollupState, wanted.workspace_id)
    if state is None or not state.folded_to or state.time_zone != wanted.time_zone:
        return None
    (survey_id,) = wanted.survey_ids or ()
    parameters = bound(wanted, None, ()) | {
        "survey_id": survey_id, "folded_to": state.folded_to, "least": list(LEAST),
    }  # fmt: skip
    reading = _Reading(session, wanted, parameters)
    shown = await _shown(reading)
    return Told(
        flags=shown.flags,
        named=shown.named,
        customers=await _customers(reading),
        timed=sum(each.total() for each in shown.took.values()),
        fast=await _fast(reading, shown.took, fast),
    )


def _tails(wanted: Slice, select: str, joined: str = "", where: str = "true") -> str:
    """What rows and deltas `r` tell of every transaction that the cells do not hold, and `n`."""
    tables = (("responses", "1::int8"), ("response_deltas", "r.sign"))
    return "\nUNION ALL\n".join(
        f"SELECT {select}, {plus} AS n FROM {rows_sql(wanted, None, table, folded=True)} AS r "  # noqa: S608 - only names of our own
        f"{joined} WHERE {COUNTS} AND {where}"
        for table, plus in tables
    )


async def _shown(reading: _Reading) -> _Shown:
    wanted = reading.wanted
    parts, parameters = list[str](), dict[str, object]()
    for number, span in enumerate(spans(wanted.start, wanted.end)):
        parts.append(f"""
    SELECT sign, version, name, n FROM sign_cells
    WHERE {OURS} AND workspace_id = :workspace_id AND survey_id = :survey_id
        AND sign IN ('flag', 'named', 'took') AND grain = '{span.grain}'
        AND day >= :start{number} AND day < :end{number}""")  # noqa: S608 - only names of our own
        parameters |= {f"start{number}": span.start, f"end{number}": span.end}
    parts.append(_tails(wanted, "shown.sign, r.version, shown.name", f"CROSS JOIN {SHOWN}"))
    statement = f"""
SELECT sign, version, name, sum(n)::int8 FROM ({" UNION ALL ".join(parts)}) AS told
GROUP BY 1, 2, 3 HAVING sum(n) <> 0
"""  # noqa: S608 - only names of our own
    found = _Shown()
    for sign, version, name, n in await reading.rows(statement, **parameters):
        if sign == "flag":
            found.flags[name] += n
        elif sign == "named":
            found.named += n
        else:
            found.took.setdefault(version, Counter())[int(name)] += n
    return found


async def _fast(reading: _Reading, took: Mapping[int, Counter[int]], part: float) -> int:
    """Those that took less than a part of the median of their version."""
    middle = {version: _middle(each) for version, each in took.items()}
    values = await _seconds(reading, {(v, b) for v, ranks in middle.items() for b, _ in ranks})
    limits = {}
    for version, ranks in middle.items():
        low, high = (_at(values[version, bucket], rank) for bucket, rank in ranks)
        # As percentile_cont has it.
        limits[version] = part * (low + 0.5 * (high - low))
    ends = {version: (version, bisect_right(LEAST, limit)) for version, limit in limits.items()}
    values |= await _seconds(reading, set(ends.values()) - values.keys())
    count = 0
    for version, place in ends.items():
        count += sum(n for bucket, n in took[version].items() if bucket < place[1])
        count += sum(n for each, n in values.get(place, ()) if each < limits[version])
    return count


def _middle(buckets: Counter[int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The bucket of the lower and of the upper median, with the rank of each in it."""
    total = buckets.total()
    return _place(buckets, (total - 1) // 2), _place(buckets, total // 2)


def _place(buckets: Counter[int], rank: int) -> tuple[int, int]:
    for bucket in sorted(buckets):
        if rank < buckets[bucket]:
            return bucket, rank
        rank -= buckets[bucket]
    message = "a rank lies beyond all that were counted"
    raise ValueError(message)


def _at(values: Iterable[tuple[float, int]], rank: int) -> float:
    for seconds, n in values:
        if rank < n:
            return seconds
        rank -= n
    message = "a bucket holds fewer durations than its cell says"
    raise ValueError(message)


async def _seconds(
    reading: _Reading, places: Collection[_Place]
) -> dict[_Place, list[tuple[float, int]]]:
    """The durations of some buckets, ascending, with how many took each."""
    if not places:
        return {}
    bucket = bucket_sql("r.duration_seconds")
    tails = _tails(
        reading.wanted,
        f"r.version, {bucket} AS bucket, r.duration_seconds AS seconds",
        where="r.status = 'complete' AND r.duration_seconds IS NOT NULL",
    )
    rows = await reading.rows(
        f"""
SELECT version, bucket, array_agg(seconds ORDER BY seconds), array_agg(n ORDER BY seconds)
FROM (
    SELECT version, bucket, seconds, sum(n)::int8 AS n
    FROM (
        SELECT version, bucket, seconds, n FROM duration_cells
        WHERE {OURS} AND workspace_id = :workspace_id AND survey_id = :survey_id
            AND day >= :start AND day < :end
            AND (version, bucket) IN (SELECT * FROM {_PLACES})
        UNION ALL
        SELECT version, bucket, seconds, n
        FROM ({tails}) AS later
        WHERE (version, bucket) IN (SELECT * FROM {_PLACES})
    ) AS told
    GROUP BY 1, 2, 3 HAVING sum(n) <> 0
) AS counted
GROUP BY 1, 2
""",  # noqa: S608 - only names of our own
        versions=[version for version, _ in places],
        places=[place for _, place in places],
    )
    return {
        (version, place): list(zip(seconds, numbers, strict=True))
        for version, place, seconds, numbers in rows
    }


_PLACES = "unnest(CAST(:versions AS int8[]), CAST(:places AS int8[]))"


async def _customers(reading: _Reading) -> int:
    """Different customers: where cells say that each came first, and who changed since."""
    wanted = reading.wanted
    month = wanted.start.replace(day=1)
    parts, parameters = list[str](), dict[str, object]()
    for number, span in enumerate(spans(wanted.start, wanted.end)):
        parameters[f"days{number}"] = list(days_of(span))
        for grain, limits in _BEFORE.items():
            parts.append(f"""
    SELECT n FROM return_cells
    WHERE {OURS} AND workspace_id = :workspace_id AND survey_id = :survey_id
        AND grain = '{span.grain}' AND grain_before = '{grain}'
        AND day = ANY(CAST(:days{number} AS date[])) AND {limits}""")  # noqa: S608
    statement = f"""
SELECT coalesce(sum(n), 0)::int8 FROM ({" UNION ALL ".join(parts)} UNION ALL {_SINCE}) AS told
"""  # noqa: S608 - only names of our own
    rows = await reading.rows(statement, month=month, **parameters)
    return int(rows.scalar_one())


#: Of a day before the period the month is asked, and in the month that it begins in the day.
_BEFORE = {
    "month": "before < :month",
    "day": "before >= :month AND before < :start",
}
_IN_PERIOD = f"""{COUNTS} AND (occurred_at AT TIME ZONE :time_zone)::date >= :start
        AND (occurred_at AT TIME ZONE :time_zone)::date < :end"""
_SINCE = f"""
    SELECT (now > 0)::int - (was > 0)::int FROM (
        SELECT customer, sum(now) AS now, sum(was) AS was FROM (
            SELECT customer, 1 AS now, (xid < {FOLDED_TO})::int AS was
            FROM responses JOIN (
                SELECT customer FROM responses
                WHERE workspace_id = :workspace_id AND xid >= {FOLDED_TO}
                    AND survey_id = :survey_id AND customer IS NOT NULL
                UNION
                SELECT customer FROM response_deltas
                WHERE workspace_id = :workspace_id AND xid >= {FOLDED_TO}
                    AND survey_id = :survey_id AND customer IS NOT NULL
            ) AS touched USING (customer)
            WHERE workspace_id = :workspace_id AND survey_id = :survey_id AND {_IN_PERIOD}
            UNION ALL
            SELECT customer, 0, -sign FROM response_deltas
            WHERE workspace_id = :workspace_id AND xid >= {FOLDED_TO} AND survey_id = :survey_id
                AND customer IS NOT NULL AND {_IN_PERIOD}
        ) AS each_one GROUP BY customer
    ) AS changed
"""  # noqa: S608 - only names of our own
