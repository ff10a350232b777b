"""Sums over the answers of a survey's items, from the rows: what joint figures are made of.

Exact integers, added up by one statement. Cells count each question alone and know nothing of
two items of one respondent; this does, at the price of reading the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.responses.cells import Slice, bound, rows_sql

#: Most items whose pairs are summed: PostgreSQL answers at most 1,664 columns.
MAX_ITEMS = 20

#: A question's key, and the code of a row of a matrix.
ItemKey = tuple[str, str | None]


@dataclass(frozen=True)
class PairSums:
    """Of those who answered both items: their number, the sums of both, and of the products."""

    n: int
    first: int
    second: int
    product: int


@dataclass(frozen=True)
class ItemSums:
    """The sums of one bucket and group. `pairs[i, j]`, i <= j; `pairs[i, i]` is the item alone."""

    bucket: int
    member: str
    respondents: int
    """Who answered any of the items (all of them, if only complete ones were asked for)."""
    pairs: Mapping[tuple[int, int], PairSums]


async def item_sums(
    session: AsyncSession,
    wanted: Slice,
    items: Sequence[ItemKey],
    *,
    qualities: Sequence[str],
    complete: bool,
    by: str | None = None,
    buckets: Sequence[date] = (),
) -> list[ItemSums]:
    """Sums over the points that were given to the items, by bucket and member.

    Only responses of these qualities; with `complete` only those that answered every item.
    Groups without respondents are absent.
    """
    pairs = [(i, j) for i in range(len(items)) for j in range(i, len(items))]
    keys: dict[str, object] = {"qualities": list(qualities)}
    for number, (key, row) in enumerate(items):
        keys[f"key{number}"] = key
        if row is not None:
            keys[f"row{number}"] = row
    statement = text(_sql(wanted, by, items, pairs, complete=complete))
    parameters = bound(wanted, by, buckets) | keys
    # Only what the statement names may be bound.
    named = {name: parameters[name] for name in statement._bindparams}  # noqa: SLF001
    found = []
    for bucket, member, respondents, *sums in await session.execute(statement, named):
        numbers = [int(each or 0) for each in sums]
        found.append(
            ItemSums(
                bucket,
                member,
                respondents,
                {
                    pair: PairSums(*numbers[4 * place : 4 * place + 4])
                    for place, pair in enumerate(pairs)
                },
            )
        )
    return found


def _sql(
    wanted: Slice,
    by: str | None,
    items: Sequence[ItemKey],
    pairs: Sequence[tuple[int, int]],
    *,
    complete: bool,
) -> str:
    columns = ", ".join(
        f"{_points(number, item)} AS x{number}" for number, item in enumerate(items)
    )
    sums = ", ".join(
        f"count(x{i} * x{j}), sum(CASE WHEN x{j} IS NOT NULL THEN x{i} END), "
        f"sum(CASE WHEN x{i} IS NOT NULL THEN x{j} END), sum(x{i} * x{j})"
        for i, j in pairs
    )
    answered = f"num_nonnulls({', '.join(f'x{number}' for number in range(len(items)))})"
    enough = len(items) if complete else 1
    superseded = "AND NOT r.superseded" if wanted.latest_of is not None else ""
    return f"""
SELECT width_bucket(local_day, CAST(:buckets AS date[])) AS bucket, member, count(*), {sums}
FROM (
    SELECT r.local_day, r.member, {columns}
    FROM {rows_sql(wanted, by)} r
    WHERE r.quality = ANY(CAST(:qualities AS text[])) {superseded}
) AS answered
WHERE {answered} >= {enough}
GROUP BY 1, 2
"""  # noqa: S608 - only names of our own


def _points(number: int, item: ItemKey) -> str:
    """The point that was given, as a number; NULL for anything else."""
    answer = f"r.answers -> CAST(:key{number} AS text)"
    if item[1] is not None:
        answer = f"{answer} -> CAST(:row{number} AS text)"
    return f"CASE WHEN jsonb_typeof({answer}) = 'number' THEN ({answer} #>> '{{}}')::int8 END"
