"""What a cohort matrix is made of: counts and money by cohort and distance.

From what is kept of purchases where that can tell it, else from all orders in one statement.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.cohort_sets import FAR, Counts, Revenue, cohort_revenue, cohort_sets, counted
from app.kpis.declaration import Scope
from app.kpis.lifetime_rows import movements
from app.kpis.purchases import STANDS, Timeline, fully_refunded, marks, read
from app.purchases.book import Book
from app.purchases.undone import undone_orders

# `made` numbers the units from 1; 0 is before the first cohort, whose customers are in none.
HISTORIES = """,
activity AS (SELECT DISTINCT customer_id, made FROM marks),
histories AS (
    SELECT customer_id, made, min(made) OVER (PARTITION BY customer_id) AS cohort FROM activity
)
"""
_COUNTS: Mapping[str, str] = {
    "exact": """
SELECT cohort, made - cohort AS k, count(*) AS n FROM histories
WHERE cohort > 0 GROUP BY 1, 2""",
    "rolling": """
SELECT cohort, last - cohort AS k, count(*) AS n
FROM (SELECT cohort, max(made) AS last FROM histories GROUP BY customer_id, cohort) AS each
WHERE cohort > 0 GROUP BY 1, 2""",
    "bounded_by": """
SELECT cohort, coalesce(next - cohort, 0) AS k, count(*) AS n
FROM (
    SELECT cohort, min(made) FILTER (WHERE made > cohort) AS next
    FROM histories GROUP BY customer_id, cohort
) AS each
WHERE cohort > 0 GROUP BY 1, 2""",
}


_REVENUE = """,
firsts AS (SELECT customer_id, min(made) AS cohort FROM marks GROUP BY customer_id)
SELECT f.cohort, m.step - f.cohort AS k, m.currency, sum(m.amount) AS amount
FROM movements m JOIN firsts f USING (customer_id)
WHERE f.cohort > 0 AND m.step >= f.cohort
GROUP BY 1, 2, 3
HAVING sum(m.amount) <> 0
"""


@dataclass(frozen=True)
class Cohorts:
    """The units between some bounds, at an instant."""

    scope: Scope
    bounds: Sequence[date]
    zone: ZoneInfo
    now: datetime

    @property
    def units(self) -> list[int]:
        """The bounds as numbers of days."""
        return [day.toordinal() for day in self.bounds]

    @property
    def timeline(self) -> Timeline:
        """The bounds as instants."""
        return Timeline(tuple(self.bounds), self.zone, {})


async def count_cohorts(
    session: AsyncSession, book: Book | None, asked: Cohorts, type_: str
) -> tuple[Counts, int]:
    """Counts of the cohorts, and the orders left out; see `counted`."""
    scope, timeline = asked.scope, asked.timeline
    if book is not None:
        (refunded,) = await undone_orders(book, [(asked.units[0], FAR)], None, scope.filters)
        sets = await cohort_sets(book, scope, asked.units)
        return counted(type_, *sets), refunded.get("", 0)
    statement = marks(scope, None, refunded=STANDS) + HISTORIES + _COUNTS[type_]
    counts: Counts = {}
    for row in await read(session, statement, scope, timeline, last=asked.now):
        counts.setdefault(row["cohort"], Counter())[row["k"]] = row["n"]
    (refunded,) = await fully_refunded(session, scope, None, [(timeline.points[0], asked.now)])
    return counts, refunded.get("", 0)


async def add_up_cohorts(
    session: AsyncSession, book: Book | None, asked: Cohorts
) -> tuple[Revenue, frozenset[str]]:
    """What the cohorts brought in, and in which currencies."""
    scope = asked.scope
    if book is not None:
        found = await cohort_revenue(book, scope, asked.units)
        if found is not None:
            return found
    statement = f"{marks(scope, None, refunded=STANDS)},{movements(scope, None)}{_REVENUE}"
    revenue: Revenue = {number: {} for number in range(1, len(asked.bounds))}
    currencies = set()
    for row in await read(session, statement, scope, asked.timeline, last=asked.now):
        own = revenue.setdefault(row["cohort"], {})
        own[row["k"]] = own.get(row["k"], Fraction(0)) + Fraction(row["amount"])
        currencies.add(row["currency"])
    return revenue, frozenset(currencies)
