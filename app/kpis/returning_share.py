"""The returning share: which share of a period's buyers had bought before it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition import measure_acquisition
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import Figures, gaining, gathered, open_periods, sets_bought
from app.kpis.repeat_purchases import measure_repeat_purchases
from app.purchases.undone import undone_orders


async def measure_returning_share(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The share of a period's buyers who had bought before it."""
    book = await open_periods(session, scope, periods)
    if book is None:
        return await _all_but_new(session, scope, periods, by)
    asked = [gaining(each) for each in periods]
    sets = await sets_bought(book, (days for both in asked for days in both))
    groups = await book.groups(by, scope.filters)
    found: list[dict[str, Share]] = []
    for bought, earlier in asked:
        buyers = sets[bought]
        returning = buyers & sets[earlier]
        counted = {
            member: Share((returning & own).bit_count(), (buyers & own).bit_count())
            for member, own in groups.items()
        }
        found.append({member: share for member, share in counted.items() if share.total})
    windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
    refunded = await undone_orders(book, windows, by, scope.filters)
    return gathered(
        found, refunded, by, Share(0, 0), lambda share, left: _returning(share, left, scope.level)
    )


async def _all_but_new(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The same from all orders: of the buyers those who are not new."""
    buyers = await measure_repeat_purchases(session, scope, periods, by)
    gained = await measure_acquisition(session, scope, periods, by)
    found: list[dict[str, Measurement]] = []
    for groups, new in zip(buyers, gained, strict=True):
        found.append({})
        for member, bought in groups.items():
            count = int(new[member].numerator["new_customers"]) if member in new else 0
            share = Share(bought.n - count, bought.n)
            left_out = bought.excluded["fully_refunded_orders"]
            found[-1][member] = _returning(share, left_out, scope.level)
    return list(found)


def _returning(share: Share, refunded: int, level: float) -> Measurement:
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"returning_buyers": share.count},
        denominator={"buyers": share.total},
        excluded={"fully_refunded_orders": refunded},
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        evidence=share,
    )
