"""Orders placed, and who of those who placed any complained: from what is kept of purchases."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Subquery, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.complaint_counts import (
    COUNTED,
    EXCLUSIONS,
    OF_CUSTOMERS,
    Counts,
    concerns_customers,
)
from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.purchases import MOST_INSTANTS, Timeline
from app.purchases.book import Book, open_book
from app.purchases.models import CustomerPurchases
from app.purchases.newcomers import Window
from app.purchases.placed import customers_placing, orders_placed
from app.purchases.spans import set_of


@dataclass(frozen=True)
class Kept:
    """What complaints are set against in each period."""

    book: Book
    found: list[dict[str, Counts]]
    buyers: Sequence[int] = ()
    """Where customers are counted: the set of those who placed an order."""

    async def add_complainants(self, told: Subquery, timeline: Timeline) -> None:
        """Add the customers who complained to what was found; each once, if they ordered too."""
        counted = told.c.fate == COUNTED
        hands = enumerate(self.book.by_hand, self.book.base)
        places = {one.id: place for place, one in hands if one.id is not None}
        customer, number = told.c.customer_id, CustomerPurchases.number
        query = (
            select(
                told.c.step,
                told.c.member,
                func.array_agg(number.distinct()).filter(counted, number.is_not(None)),
                func.array_agg(customer.distinct()).filter(counted, customer.in_(list(places))),
                func.count(customer.distinct()).filter(counted),
                func.count().filter(counted, customer.is_(None)),
                *(func.count().filter(told.c.fate == name) for name in EXCLUSIONS),
            )
            .select_from(told)
            .outerjoin(
                CustomerPurchases,
                and_(
                    CustomerPurchases.workspace_id == self.book.workspace_id,
                    CustomerPurchases.customer_id == customer,
                ),
            )
            .group_by(told.c.step, told.c.member)
        )
        rows = await self.book.session.execute(query)
        for step, member, numbers, ids, complained, unknown, *left_out in rows:
            place = timeline.periods.get(step)
            if place is not None:
                complaining = set_of(numbers or ()) | set_of([places[id_] for id_ in ids or ()])
                counts = self.found[place].setdefault(member, Counts())
                counts.events = (complaining & self.buyers[place]).bit_count()
                counts.tell_apart(complained, unknown, left_out)


async def kept_exposures(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    *,
    per_order: bool,
) -> Kept | None:
    """Orders placed, or customers who placed any, by period and group.

    None where they have to be counted from the orders themselves.
    """
    book = await open_book(session, scope.workspace_id, scope.time_zone)
    if book is None or len(periods) > MOST_INSTANTS:
        return None
    windows = [Window.of(each.start, each.end) for each in periods]
    group = by if by and concerns_customers(by) else None
    own = {name: values for name, values in scope.filters.items() if name in OF_CUSTOMERS}
    if per_order:
        placed = await orders_placed(book, windows, group, own)
        if placed is None:
            return None
        exposures = [
            {name: Counts(exposure=n) for name, n in groups.items() if n} for groups in placed
        ]
        return Kept(book, exposures)
    buyers = await customers_placing(book, windows)
    members = await book.groups(group, own)
    exposures = [
        {
            name: Counts(exposure=n)
            for name, bits in members.items()
            if (n := (bits & each).bit_count())
        }
        for each in buyers
    ]
    return Kept(book, exposures, buyers)
