"""Brand designation as purchases show it: for how many orders the brand was asked for."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.placed_orders import placed_orders
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import (
    Figures,
    fully_refunded,
    gathered,
    open_periods,
    read,
    timelines,
)
from app.purchases.newcomers import Window
from app.purchases.stated import stated_by_orders
from app.purchases.undone import Statements, undone_orders

NOT_STATED = "orders_without_asked_for_brand"
"""Nobody said of these orders whether the brand was asked for."""

# An order that is fully refunded by the end of its period is no purchase.
_STATED = """
SELECT point, member, count(*) AS orders, count(asked) AS stating,
    count(*) FILTER (WHERE asked) AS total
FROM {placed}
WHERE undone IS NULL OR undone > point
GROUP BY 1, 2
"""


async def measure_designated_purchases(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The share of orders asking for the brand, by period and group; see `Kpi.formula`."""
    book = await open_periods(session, scope, periods)
    windows = [Window.of(each.start, each.end) for each in periods]
    found = None
    if book is not None:
        found = await stated_by_orders(book, "asked", windows, by, scope.filters)
    if book is not None and found is not None:
        refunded = await undone_orders(book, windows, by, scope.filters)
    else:
        found = await _from_rows(session, scope, periods, by)
        spans = [(each.starts_at, each.ends_at) for each in periods]
        refunded = await fully_refunded(session, scope, by, spans)
    told = [{name: own for name, own in groups.items() if own.orders} for groups in found]
    return gathered(
        told, refunded, by, Statements(), lambda own, left: _measurement(own, left, scope.level)
    )


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Statements]]:
    """What the orders state, from themselves."""
    found: list[dict[str, Statements]] = [{} for _ in periods]
    placed = placed_orders(scope, by, "o.asked_for_brand AS asked")
    statement = _STATED.format(placed=placed)
    for timeline in timelines(periods):
        for row in await read(session, statement, scope, timeline):
            place = timeline.periods.get(row["point"])
            if place is not None:
                own = Statements(row["orders"], row["stating"], row["total"])
                found[place][row["member"]] = own
    return found


def _measurement(stated: Statements, refunded: int, level: float) -> Measurement:
    share = Share(stated.total, stated.stating)
    excluded = {NOT_STATED: stated.orders - stated.stating, "fully_refunded_orders": refunded}
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"asked_for_brand": share.count},
        denominator={"orders": share.total},
        excluded=excluded,
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        evidence=share,
    )
