"""The repeat-purchase rate: which share of a period's buyers bought on more than one day."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import (
    DAY,
    SINCE_FIRST,
    Figures,
    days_of,
    fully_refunded,
    gathered,
    marks,
    open_periods,
    read,
    timelines,
)
from app.purchases.book import Book
from app.purchases.repeated import bought_twice
from app.purchases.undone import undone_orders

_BUYERS = """,
buyers AS (
    SELECT made, member, customer_id, min(day) < max(day) AS again
    FROM marks
    WHERE undone IS NULL OR undone > made
    GROUP BY made, member, customer_id
)
SELECT made AS point, member, count(*) AS n, count(*) FILTER (WHERE again) AS repeated
FROM buyers GROUP BY 1, 2
"""


async def measure_repeat_purchases(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The repeat-purchase rate of each period and group; see `Kpi.formula` of the catalogue."""
    book = await open_periods(session, scope, periods)
    if book is not None:
        found, refunded = await _from_sets(book, scope, periods, by)
    else:
        found, refunded = await _from_rows(session, scope, periods, by)
    return gathered(
        found, refunded, by, Share(0, 0), lambda share, left: _measurement(share, left, scope.level)
    )


async def _from_sets(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None
) -> tuple[list[dict[str, Share]], list[dict[str, int]]]:
    """Repeat buyers and buyers by period and group, from the kept sets."""
    groups = await book.groups(by, scope.filters)
    found: list[dict[str, Share]] = []
    for once, twice in await bought_twice(book, [days_of(each) for each in periods]):
        counted = {
            member: Share((twice & own).bit_count(), (once & own).bit_count())
            for member, own in groups.items()
        }
        found.append({member: share for member, share in counted.items() if share.total})
    windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
    return found, await undone_orders(book, windows, by, scope.filters)


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> tuple[list[dict[str, Share]], list[dict[str, int]]]:
    """The same from all orders."""
    found: list[dict[str, Share]] = [{} for _ in periods]
    for timeline in timelines(periods):
        statement = marks(scope, by, columns=DAY, conditions=SINCE_FIRST) + _BUYERS
        for row in await read(session, statement, scope, timeline):
            place = timeline.periods.get(row["point"])
            if place is not None:
                found[place][row["member"]] = Share(row["repeated"], row["n"])
    spans = [(each.starts_at, each.ends_at) for each in periods]
    return found, await fully_refunded(session, scope, by, spans)


def _measurement(share: Share, refunded: int, level: float) -> Measurement:
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"repeat_buyers": share.count},
        denominator={"buyers": share.total},
        excluded={"fully_refunded_orders": refunded},
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        evidence=share,
    )
