"""Which cohorts of some customers may be told: each is judged like a figure with these filters."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.cohort_counts import Cohorts
from app.kpis.cohort_sets import cohort_sets
from app.kpis.disclosing import permitted
from app.kpis.disclosure import OFF, Cell
from app.kpis.purchases import CUSTOMER_DIMENSIONS, STANDS, marks, read
from app.purchases.book import Book
from app.responses.cells import JOINED, members_of_group

_SIZES = """,
firsts AS (SELECT customer_id, member, min(made) AS cohort FROM marks GROUP BY 1, 2)
SELECT cohort, member, count(*) AS n FROM firsts WHERE cohort > 0 GROUP BY 1, 2
"""
_Sizes = dict[int, dict[tuple[str, ...], int]]


async def withheld_cohorts(
    session: AsyncSession, book: Book | None, asked: Cohorts
) -> frozenset[int]:
    """The numbers (from 1) of the cohorts that tell of too few customers; none without filters."""
    scope = asked.scope
    if scope.minimum_cell_size <= OFF or not scope.filters:
        return frozenset()
    dimensions = list(CUSTOMER_DIMENSIONS if len(scope.filters) > 1 else scope.filters)
    sizes = await _sizes(session, book, asked, JOINED.join(dimensions))
    return frozenset(
        number
        for number, table in sizes.items()
        if not permitted(_cells(table), dimensions, scope.filters, scope.minimum_cell_size)
    )


def _cells(table: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], Cell]:
    return {members: Cell(n) for members, n in table.items()}


async def _sizes(session: AsyncSession, book: Book | None, asked: Cohorts, by: str) -> _Sizes:
    """How many customers each cohort has of each combination of members."""
    everybody = replace(asked.scope, filters={})
    sizes: _Sizes = {number: {} for number in range(1, len(asked.bounds))}
    if book is not None:
        cohorts, _ = await cohort_sets(book, everybody, asked.units)
        groups = await book.groups(by, {})
        for number, own in enumerate(cohorts[:-1], 1):
            for group, bits in groups.items():
                sizes[number][members_of_group(group, by)] = (own & bits).bit_count()
        return sizes
    statement = marks(everybody, by, refunded=STANDS) + _SIZES
    for row in await read(session, statement, everybody, asked.timeline, last=asked.now):
        sizes.setdefault(row["cohort"], {})[members_of_group(row["member"], by)] = row["n"]
    return sizes
