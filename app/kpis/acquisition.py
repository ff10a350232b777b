"""Acquisition: customers who bought for the first time, against those who were there already."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.purchases import (
    CUSTOMERS,
    Figures,
    fully_refunded,
    gaining,
    gathered,
    known_before,
    marks,
    open_periods,
    present,
    read,
    sets_bought,
    timelines,
)
from app.kpis.rates import Rate, garwood, rate_difference
from app.kpis.statistics import Difference
from app.purchases.book import Book
from app.purchases.undone import undone_orders

# A customer is known at the points of some ranges; `begins` minus `ends` up to a point is how
# many are known there.
_COUNTS = """
spells AS (
    SELECT member, lower(spell) AS begins, upper(spell) AS ends
    FROM customers_known CROSS JOIN LATERAL unnest(known) AS spell
)
SELECT member, 'begins' AS kind, begins AS point, count(*) AS n FROM spells GROUP BY 1, 3
UNION ALL
SELECT member, 'ends', ends, count(*) FROM spells GROUP BY 1, 3
UNION ALL
SELECT member, 'new', point, count(*)
FROM customers_known CROSS JOIN LATERAL unnest(gained) AS first_purchase
CROSS JOIN LATERAL generate_series(lower(first_purchase), upper(first_purchase) - 1) AS point
GROUP BY 1, 3
"""


async def measure_acquisition(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The acquisition rate of each period and group; see `Kpi.formula` of the catalogue."""
    book = await open_periods(session, scope, periods, opening=True)
    found, refunded = await count_acquired(session, scope, periods, by, book)
    return gathered(
        found,
        refunded,
        by,
        Rate(0, 0, per=1),
        lambda rate, left: _measurement(rate, left, scope.level),
    )


async def count_acquired(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    book: Book | None,
) -> tuple[list[dict[str, Rate]], list[dict[str, int]]]:
    """New customers against those at the start, and the orders left out, by period and group.

    The book is open for the periods, or cannot tell.
    """
    if book is not None:
        return await _from_sets(book, scope, periods, by)
    return await _from_rows(session, scope, periods, by)


async def _from_sets(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None
) -> tuple[list[dict[str, Rate]], list[dict[str, int]]]:
    """The same from the kept sets."""
    asked = [(known_before(each.start, each.start), *gaining(each)) for each in periods]
    sets = await sets_bought(book, (days for three in asked for days in three))
    groups = await book.groups(by, scope.filters)
    found: list[dict[str, Rate]] = []
    for at_start, bought, earlier in asked:
        new, known = sets[bought] & ~sets[earlier], sets[at_start]
        counted = {
            member: Rate((new & own).bit_count(), (known & own).bit_count(), per=1)
            for member, own in groups.items()
        }
        found.append({m: each for m, each in counted.items() if each.events or each.exposure})
    windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
    return found, await undone_orders(book, windows, by, scope.filters)


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> tuple[list[dict[str, Rate]], list[dict[str, int]]]:
    """The same from all orders."""
    found: list[dict[str, Rate]] = [{} for _ in periods]
    for timeline in timelines(periods):
        turns: dict[str, dict[str, Counter[int]]] = {}
        statement = f"{marks(scope, by)},{CUSTOMERS},{_COUNTS}"
        for row in await read(session, statement, scope, timeline):
            kinds = {"begins": Counter[int](), "ends": Counter[int](), "new": Counter[int]()}
            turns.setdefault(row["member"], kinds)[row["kind"]][row["point"]] += row["n"]
        for member, kinds in turns.items():
            known = present(kinds["begins"], kinds["ends"], len(timeline.days))
            for number, place in timeline.periods.items():
                if known[number] or kinds["new"][number]:
                    found[place][member] = Rate(kinds["new"][number], known[number], per=1)
    spans = [(each.starts_at, each.ends_at) for each in periods]
    return found, await fully_refunded(session, scope, by, spans)


def _measurement(rate: Rate, refunded: int, level: float) -> Measurement:
    return Measurement(
        value=rate.value,
        n=rate.exposure,
        numerator={"new_customers": rate.events},
        denominator={"customers_at_start": rate.exposure},
        excluded={"fully_refunded_orders": refunded},
        interval=garwood(rate, level),
        reason=None if rate.exposure else "empty_denominator",
        evidence=rate,
    )


def compare_rates(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """The exact conditional test of two Poisson rates."""
    if isinstance(now.evidence, Rate) and isinstance(before.evidence, Rate):
        return rate_difference(now.evidence, before.evidence, level)
    return None
