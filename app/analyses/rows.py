"""From responses to sufficient data, each by one statement: tables of counts, sums of products.

All are exact: integers and decimals are added up as such, and nothing is sampled.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.variables import Variable
from app.db import sqlstate
from app.errors import Problem
from app.kpis.means import Moments, moments_from_sums
from app.responses.cells import dimension_sql

#: Most rows of a table of counts that is worked on at once.
MOST_CELLS = 50_000
_CANCELLED = "57014"
#: Where clocks go back over midnight, midnight is two instants: local dates decide.
_SLACK = "interval '1 day'"
_ONE_EACH = "r.customer, CASE WHEN r.customer IS NULL THEN r.id END"

#: A combination of values, None where there is no answer, with how many responses gave it.
Table: TypeAlias = Counter[tuple[Any, ...]]


@dataclass(frozen=True)
class Column:
    """An expression over a response `r`, with what it binds."""

    sql: str
    bound: Mapping[str, object]


def values(variables: Sequence[Variable], first: int = 0) -> list[Column]:
    """The numbers of variables as columns."""
    return [
        Column(each.value_sql(number), each.bound(number))
        for number, each in enumerate(variables, first)
    ]


def codes(variable: Variable, number: int) -> Column:
    """The code of a choice as a column."""
    return Column(variable.code_sql(number), variable.bound(number))


def member(dimension: str) -> Column:
    """The member of a dimension as a column; '' for those that have none."""
    sql = dimension_sql(dimension, ":by")
    return Column(sql, {"by": dimension} if ":by" in sql else {})


@dataclass(frozen=True)
class Products:
    """Sums over the responses that answered every column: n, totals, and totals of products."""

    n: int
    totals: tuple[Fraction, ...]
    products: tuple[tuple[Fraction, ...], ...]


async def tables(
    session: AsyncSession,
    chosen: Chosen,
    columns: Sequence[Column],
    sets: Sequence[tuple[int, ...]],
    *,
    complete: bool = False,
    most: int = MOST_CELLS,
) -> list[Table]:
    """Count the combinations of values of several sets of columns, in one scan.

    With `complete` only responses that answered every column (listwise). Raises 422
    `analysis-too-large` for more than `most` combinations.
    """
    names = [f"c{index}" for index in range(len(columns))]
    grouped = ", ".join("(" + ", ".join(names[i] for i in each) + ")" for each in sets)
    where = f"WHERE {_complete(len(columns))}" if complete else ""
    sql = f"""
WITH chosen AS ({_chosen_sql(chosen, columns)})
SELECT grouping({", ".join(names)})::int8 AS absent, {", ".join(names)}, count(*) AS n
FROM chosen {where} GROUP BY GROUPING SETS ({grouped}) LIMIT {most + 1}"""  # noqa: S608 - our own names
    rows = await run(session, sql, chosen, columns)
    if len(rows) > most:
        raise Problem("analysis-too-large")
    place = {_absent(each, len(columns)): index for index, each in enumerate(sets)}
    found: list[Table] = [Counter() for _ in sets]
    for row in rows:
        index = place[row[0]]
        found[index][tuple(row[1 + column] for column in sets[index])] += row[-1]
    return found


def _absent(present: tuple[int, ...], columns: int) -> int:
    """What GROUPING() answers for a set: a bit for each column left out, the last one lowest."""
    return sum(1 << (columns - 1 - index) for index in range(columns) if index not in present)


async def products(session: AsyncSession, chosen: Chosen, columns: Sequence[Column]) -> Products:
    """The sums of all columns and of all products of two, over complete responses (listwise)."""
    size = len(columns)
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    sums = [f"sum(c{index})" for index in range(size)]
    sums += [f"sum(c{i} * c{j})" for i, j in pairs]
    sql = f"""
WITH chosen AS ({_chosen_sql(chosen, columns)})
SELECT count(*), {", ".join(sums)} FROM chosen WHERE {_complete(size)}"""  # noqa: S608 - our own names
    (row,) = await run(session, sql, chosen, columns)
    found = [_exact(each) for each in row[1:]]
    matrix = [[Fraction(0)] * size for _ in range(size)]
    for (i, j), value in zip(pairs, found[size:], strict=True):
        matrix[i][j] = matrix[j][i] = value
    return Products(int(row[0]), tuple(found[:size]), tuple(tuple(each) for each in matrix))


def _complete(size: int) -> str:
    return " AND ".join(f"c{index} IS NOT NULL" for index in range(size))


async def spreads(
    session: AsyncSession, chosen: Chosen, columns: Sequence[Column], expressions: Sequence[str]
) -> list[Moments | None]:
    """The moments of expressions over the columns `c0`, `c1`, ...; NULLs are left out of each."""
    sums = ", ".join(
        f"count({each}), sum({each}), sum(({each})::numeric * ({each}))" for each in expressions
    )
    sql = f"""
WITH chosen AS ({_chosen_sql(chosen, columns)})
SELECT {sums} FROM chosen"""  # noqa: S608 - our own names
    (row,) = await run(session, sql, chosen, columns)
    return [
        moments_from_sums(n, _exact(total), _exact(squares))
        for n, total, squares in zip(*(row[place::3] for place in range(3)), strict=True)
    ]


def _exact(value: Decimal | int | None) -> Fraction:
    return Fraction(value or 0)


async def changes(session: AsyncSession, before: Chosen, after: Chosen, column: Column) -> Table:
    """Count (before, after) of each customer: the latest answer in each period, None for none."""
    sides = ", ".join(
        f"""{name} AS (
    SELECT DISTINCT ON (r.customer) r.customer, {column.sql} AS value FROM responses r
    WHERE {_where(chosen, suffix)} AND r.customer IS NOT NULL AND ({column.sql}) IS NOT NULL
    ORDER BY r.customer, r.occurred_at DESC, r.id DESC)"""  # noqa: S608 - our own names
        for name, chosen, suffix in (("earlier", before, ""), ("later", after, "_after"))
    )
    sql = f"""
WITH {sides}
SELECT earlier.value, later.value, count(*) FROM earlier FULL JOIN later USING (customer)
GROUP BY 1, 2 LIMIT {MOST_CELLS + 1}"""  # noqa: S608 - our own names
    period = after.period
    rows = await run(session, sql, before, [column], start_after=period.start, end_after=period.end)
    if len(rows) > MOST_CELLS:
        raise Problem("analysis-too-large")
    return Counter({(earlier, later): n for earlier, later, n in rows})


async def is_clustered(session: AsyncSession, chosen: Chosen) -> bool:
    """Whether a customer stands behind more than one of the responses."""
    if chosen.dedupe == "latest_per_customer":
        return False
    sql = f"""
SELECT EXISTS (
    SELECT FROM responses r WHERE {_where(chosen)} AND r.customer IS NOT NULL
    GROUP BY r.customer HAVING count(*) > 1)"""  # noqa: S608 - our own names
    (row,) = await run(session, sql, chosen, ())
    return bool(row[0])


async def run(
    session: AsyncSession,
    sql: str,
    chosen: Chosen,
    columns: Sequence[Column],
    **more: object,
) -> list[tuple[Any, ...]]:
    """The rows of a statement about chosen responses; 504 `report-too-slow` when time is up."""
    statement = text(sql)
    bound = _bound(chosen, columns) | more
    with in_time():
        found = await session.execute(statement, _named(statement, bound))
        return [tuple(row) for row in found]


@contextmanager
def in_time() -> Iterator[None]:
    """Say 504 `report-too-slow` where PostgreSQL ended a statement because its time was up."""
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) == _CANCELLED:
            raise Problem("report-too-slow") from error
        raise


def _named(statement: TextClause, bound: Mapping[str, object]) -> dict[str, object]:
    """Only what the statement names may be bound."""
    return {name: bound[name] for name in statement._bindparams}  # noqa: SLF001


def _bound(chosen: Chosen, columns: Sequence[Column]) -> dict[str, object]:
    found: dict[str, object] = {
        "workspace_id": chosen.workspace_id,
        "survey": chosen.survey_id,
        "start": chosen.period.start,
        "end": chosen.period.end,
        "time_zone": chosen.period.zone.key,
    }
    for number, (name, allowed) in enumerate(chosen.filters.items()):
        found[f"name{number}"] = name
        found[f"values{number}"] = list(allowed)
    for column in columns:
        found |= column.bound
    return found


def _chosen_sql(chosen: Chosen, columns: Sequence[Column]) -> str:
    return select_sql(chosen, [f"{each.sql} AS c{index}" for index, each in enumerate(columns)])


def select_sql(chosen: Chosen, selected: Sequence[str]) -> str:
    """A statement of the chosen responses `r`: all, or the latest of each customer."""
    wanted = ", ".join(selected)
    if chosen.dedupe == "none":
        # OFFSET keeps PostgreSQL from putting each expression wherever its column is used.
        return f"SELECT {wanted} FROM responses r WHERE {_where(chosen)} OFFSET 0"  # noqa: S608 - our own
    return f"""SELECT DISTINCT ON ({_ONE_EACH}) {wanted} FROM responses r
WHERE {_where(chosen)} ORDER BY {_ONE_EACH}, r.occurred_at DESC, r.id DESC"""  # noqa: S608 - our own


def uncounted_sql(chosen: Chosen, selected: Sequence[str]) -> str:
    """The responses of the same choice that never count, with the `reason` in words."""
    wanted = ", ".join(selected)
    flagged = ", 'flagged'" if chosen.clean else ""
    return f"""SELECT {wanted},
    CASE r.quality WHEN 'flagged' THEN 'flagged_quality' ELSE r.quality END AS reason
FROM responses r
WHERE {_span(chosen)} AND r.quality IN ('invalid', 'duplicate', 'test'{flagged})"""  # noqa: S608 - our own


def _where(chosen: Chosen, suffix: str = "") -> str:
    flagged = ", 'flagged'" if chosen.clean else ""
    return f"{_span(chosen, suffix)} AND r.quality NOT IN ('invalid', 'duplicate', 'test'{flagged})"


def _span(chosen: Chosen, suffix: str = "") -> str:
    """The period and the filters; `suffix` ends the names of the days that are bound."""
    filters = "".join(
        f"\n    AND {dimension_sql(name, f':name{number}')} = ANY(:values{number})"
        for number, name in enumerate(chosen.filters)
    )
    return f"""r.workspace_id = :workspace_id AND r.survey_id = :survey
    AND r.occurred_at >= (CAST(:start{suffix} AS timestamp) AT TIME ZONE :time_zone) - {_SLACK}
    AND r.occurred_at < (CAST(:end{suffix} AS timestamp) AT TIME ZONE :time_zone) + {_SLACK}
    AND (r.occurred_at AT TIME ZONE :time_zone)::date >= :start{suffix}
    AND (r.occurred_at AT TIME ZONE :time_zone)::date < :end{suffix}{filters}"""
