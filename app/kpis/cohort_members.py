"""The customers behind a cell of the cohort matrix."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.fields import storable
from app.http.pagination import PageRequest, cut, encode_cursor
from app.kpis.calendar_units import add_units
from app.kpis.cohort_counts import HISTORIES
from app.kpis.cohort_sets import cohort_sets
from app.kpis.cohorts import Wanted, units_of
from app.kpis.purchases import STANDS, Timeline, marks, read
from app.purchases.book import open_book
from app.purchases.spans import members_of

_HAVING = {
    "exact": "bool_or(made - cohort = :k)",
    "rolling": "max(made) - cohort >= :k",
    "bounded_by": "CAST(:k AS int) = 0 OR bool_or(made - cohort BETWEEN 1 AND :k)",
}
_FROM_ROWS = """
SELECT customer_id FROM histories WHERE cohort = 1 GROUP BY customer_id, cohort HAVING {having}
"""
_NUMBERS = text("""
SELECT customer_id FROM customer_purchases
WHERE workspace_id = :workspace_id AND number = ANY(CAST(:numbers AS bigint[]))
""")
_PAGE = text("""
SELECT external_id FROM customers
WHERE workspace_id = :workspace_id AND id = ANY(CAST(:ids AS uuid[])) AND external_id > :after
ORDER BY external_id LIMIT :most
""")


async def list_cohort_customers(
    session: AsyncSession, wanted: Wanted, k: int, paging: PageRequest
) -> tuple[list[str], str | None]:
    """The external ids of the customers of the first cohort who are active at `k`, in order."""
    units = units_of(wanted)
    ids: Sequence[UUID] = []
    if k < len(units):
        bounds = [*units, add_units(units[-1], wanted.grain, 1)]
        kept = await _from_sets(session, wanted, bounds, k)
        ids = await _from_rows(session, wanted, bounds, k) if kept is None else kept
    position = paging.position(storable)
    named = {
        "workspace_id": wanted.scope.workspace_id,
        "ids": list(ids),
        "after": position[0] if position else "",
        "most": paging.limit + 1,
    }
    found = list((await session.execute(_PAGE, named)).scalars())
    page, more = cut(found, paging)
    return page, encode_cursor(page[-1]) if more else None


async def _from_sets(
    session: AsyncSession, wanted: Wanted, bounds: Sequence[date], k: int
) -> list[UUID] | None:
    scope = wanted.scope
    book = await open_book(session, scope.workspace_id, scope.time_zone, until=wanted.now)
    if book is None:
        return None
    cohorts, bought = await cohort_sets(book, scope, [day.toordinal() for day in bounds])
    within = {"exact": bought[k : k + 1], "rolling": bought[k:], "bounded_by": bought[1 : k + 1]}
    active = 0
    for each in within[wanted.type] if k else [cohorts[0]]:
        active |= each
    sets = cohorts[0] & active
    listed = (book.by_hand[place].id for place in members_of(sets >> book.base))
    by_hand = [id_ for id_ in listed if id_ is not None]
    numbers = list(members_of(sets & ((1 << book.base) - 1)))
    rows = await session.execute(_NUMBERS, {"workspace_id": scope.workspace_id, "numbers": numbers})
    return [*by_hand, *rows.scalars()]


async def _from_rows(
    session: AsyncSession, wanted: Wanted, bounds: Sequence[date], k: int
) -> list[UUID]:
    timeline = Timeline(tuple(bounds), wanted.period.zone, {})
    statement = marks(wanted.scope, None, refunded=STANDS) + HISTORIES
    statement += _FROM_ROWS.format(having=_HAVING[wanted.type])
    rows = await read(session, statement, wanted.scope, timeline, last=wanted.now, k=k)
    return [row["customer_id"] for row in rows]
