"""Small shops with random orders and refunds, and what their KPIs are, counted by hand.

"By hand" is plain Python over sets of customers, one period after the other, with none of the
numbering of points by which the service does it in one pass.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.orders import load_orders
from app.customers.refunds import load_refunds
from app.customers.schemas import CustomerLine, OrderLine, RefundLine
from app.customers.service import load_customers
from app.db import Database
from app.http.bulk import Item
from app.kpis.declaration import Scope
from app.kpis.periods import Period, local_date
from app.workspaces.service import create_workspace

ZONE = ZoneInfo("America/Sao_Paulo")
"""Clocks there jumped over midnight: in 2018 the day of 4 November began at 01:00."""
SEGMENTS = {"c0": "gold", "c1": "gold", "c2": "basic", "c3": "basic", "c4": "", "c5": ""}


@dataclass(frozen=True)
class Payback:
    """Money paid back."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True)
class Sale:
    """An order with its refunds."""

    customer: str
    at: datetime
    amount: Decimal
    refunds: tuple[Payback, ...] = ()
    currency: str = "BRL"
    asked_for_brand: bool | None = None

    def stands(self, instant: datetime) -> bool:
        """Placed before the instant and not fully refunded before it."""
        paid_back = [each.amount for each in self.refunds if self.booked(each) < instant]
        undone = bool(paid_back) and sum(paid_back) >= self.amount
        return self.at < instant and not undone

    def booked(self, refund: Payback) -> datetime:
        """No refund is booked before its order."""
        return max(refund.at, self.at)


@dataclass(frozen=True)
class Shop:
    """All orders, as a list that is read again and again."""

    sales: Sequence[Sale]

    def of(self, customers: Iterable[str]) -> "Shop":
        """The orders of some customers."""
        wanted = set(customers)
        return Shop([sale for sale in self.sales if sale.customer in wanted])

    def buyers(self, start: datetime | None, end: datetime) -> set[str]:
        """Customers with an order placed in the span that stands at its end."""
        return {
            sale.customer
            for sale in self.sales
            if sale.stands(end) and (start is None or sale.at >= start)
        }

    def known_before(self, start: datetime, end: datetime) -> set[str]:
        """Customers with an order placed before `start` that stands at `end`."""
        return {sale.customer for sale in self.sales if sale.at < start and sale.stands(end)}

    def repeat_buyers(self, period: Period) -> tuple[int, int]:
        """Customers who bought on two or more local days, and all who bought."""
        days: dict[str, set[date]] = {}
        for sale in self.sales:
            if sale.at >= period.starts_at and sale.stands(period.ends_at):
                days.setdefault(sale.customer, set()).add(local_date(sale.at, period.zone))
        return sum(len(each) >= 2 for each in days.values()), len(days)

    def refunded(self, start: datetime, end: datetime) -> int:
        """Orders placed in the span that do not stand at its end."""
        return sum(start <= sale.at < end and not sale.stands(end) for sale in self.sales)

    def net(self, customer: str, end: datetime) -> Decimal:
        """What a customer has brought in before the instant."""
        total = Decimal(0)
        for sale in self.sales:
            if sale.customer == customer and sale.at < end:
                total += sale.amount
                total -= sum(each.amount for each in sale.refunds if sale.booked(each) < end)
        return total


@cache
def instants() -> st.SearchStrategy[datetime]:
    """Times within a hundred days, often just at a local midnight, in a zone with a jump."""
    day = st.integers(0, 100).map(lambda days: date(2018, 9, 1) + timedelta(days=days))
    clock = st.sampled_from([time(), time(), time(0, 0, 1), time(1), time(12), time(23, 59, 59)])
    return st.builds(lambda d, t: datetime.combine(d, t, ZONE).astimezone(UTC), day, clock)


# Made once: hypothesis takes longer to judge a strategy than to draw from it.
_ASKED_FOR_BRAND = st.sampled_from([None, False, True])
_CUSTOMERS = st.sampled_from(sorted(SEGMENTS))
_WITH_THE_ORDER_OR_AT_ANY_TIME = st.none() | instants()


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """An order of 0 to 5.00 with up to two refunds that never exceed it."""
    at = draw(instants())
    cents = draw(st.integers(0, 500))
    left, refunds = cents, []
    for _ in range(draw(st.integers(0, 2))):
        if left:
            part = left if draw(st.booleans()) else max(1, left // 2)
            refunds.append(Payback(draw(_WITH_THE_ORDER_OR_AT_ANY_TIME) or at, Decimal(part) / 100))
            left -= part
    asked = draw(_ASKED_FOR_BRAND)
    return Sale(draw(_CUSTOMERS), at, Decimal(cents) / 100, tuple(refunds), asked_for_brand=asked)


def shops() -> st.SearchStrategy[Shop]:
    """Shops of six customers."""
    sizes = st.lists(sales(), min_size=12, max_size=30), st.lists(sales(), max_size=5)
    return st.builds(Shop, st.one_of(*sizes))


def chain(first: date, lengths: Sequence[int], zone: ZoneInfo = ZONE) -> list[Period]:
    """Periods one after the other, so many local days each."""
    periods = []
    for days in lengths:
        periods.append(Period(first, first + timedelta(days=days), zone))
        first += timedelta(days=days)
    return periods


def period_lists() -> st.SearchStrategy[list[Period]]:
    """Chains as of a trend, pairs with a gap, and periods that overlap."""
    starts = st.dates(date(2018, 9, 1), date(2018, 12, 1))
    chains = st.builds(chain, starts, st.lists(st.integers(1, 40), min_size=1, max_size=6))
    single = st.builds(lambda start, days: chain(start, [days])[0], starts, st.integers(1, 60))
    return st.one_of(chains, st.lists(single, min_size=1, max_size=4))


@asynccontextmanager
async def opened(database: Database, shop: Shop) -> AsyncIterator[tuple[AsyncSession, Scope]]:
    """A session in which a workspace of its own holds the shop; nothing of it is kept."""
    async with database.session() as session, session.begin() as transaction:
        workspace = await create_workspace(session, name="shop", time_zone=ZONE.key)
        lines = [
            CustomerLine(external_id=name, segment=segment or None)
            for name, segment in SEGMENTS.items()
        ]
        await load_customers(session, workspace.id, [Item(0, line) for line in lines])
        await store(session, workspace.id, shop)
        yield session, Scope(workspace.id, ZONE.key, minimum_cell_size=1)
        await transaction.rollback()


async def store(session: AsyncSession, workspace_id: UUID, shop: Shop) -> None:
    """Load orders and refunds by the services that the bulk routes use."""
    orders, refunds = [], []
    for number, sale in enumerate(shop.sales):
        order = f"o{number}"
        orders.append(
            OrderLine(
                external_id=order,
                customer=sale.customer,
                ordered_at=sale.at,
                amount=sale.amount,
                currency=sale.currency,
                asked_for_brand=sale.asked_for_brand,
            )
        )
        refunds += [
            RefundLine(order=order, external_id=f"r{k}", amount=each.amount, refunded_at=each.at)
            for k, each in enumerate(sale.refunds)
        ]
    for outcome in await load_orders(session, workspace_id, [Item(0, line) for line in orders]):
        assert outcome.status == "created", outcome
    for outcome in await load_refunds(session, workspace_id, [Item(0, each) for each in refunds]):
        assert outcome.status == "created", outcome
