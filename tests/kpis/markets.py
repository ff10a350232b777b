"""Shops with leads and spend beside their orders, for counting by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.schemas import CustomerLine
from app.customers.service import load_customers
from app.db import Database
from app.http.bulk import Item
from app.kpis.declaration import Scope
from app.kpis.periods import Period, local_date
from app.market.leads import load_leads
from app.market.schemas import AcquisitionSpendPut, LeadLine
from app.market.service import put_spend
from app.purchases.fold import fold
from tests.kpis.shops import SEGMENTS, ZONE, Shop, instants, opened

CHANNELS = {"c0": "web", "c1": "web", "c2": "fair", "c3": "referral", "c4": "", "c5": "referral"}


@dataclass(frozen=True)
class Inquiry:
    """A lead."""

    at: datetime
    channel: str
    customer: str | None


@dataclass(frozen=True)
class Bill:
    """Spend that is stated for some days."""

    start: date
    days: int
    channel: str
    kind: str
    amount: int

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.start + timedelta(days=self.days)

    def within(self, start: date, end: date) -> Fraction:
        """What of it falls into [start, end), counted day by day."""
        days = [self.start + timedelta(days=number) for number in range(self.days)]
        return Fraction(self.amount * sum(start <= day < end for day in days), self.days)


def inquiries() -> st.SearchStrategy[list[Inquiry]]:
    """Leads of known, unknown and no customers."""
    customers = st.sampled_from([*sorted(SEGMENTS), "nobody", None])
    lead = st.builds(Inquiry, instants(), st.sampled_from(["web", "fair"]), customers)
    return st.lists(lead, min_size=4, max_size=15)


def bills() -> st.SearchStrategy[list[Bill]]:
    """Spend in weeks that do not overlap, in some channels."""
    first = date(2018, 8, 27)
    one = st.builds(
        lambda week, days, channel, kind, amount: Bill(
            first + timedelta(weeks=week), days, channel, kind, amount
        ),
        st.integers(0, 14),
        st.integers(1, 7),
        st.sampled_from(["web", "fair", "radio"]),
        st.sampled_from(["paid", "organic"]),
        st.integers(0, 900),
    )
    return st.lists(one, max_size=12, unique_by=lambda each: (each.start, each.channel, each.kind))


def new_customers(shop: Shop, period: Period) -> set[str]:
    """Customers whose first purchase that stands at the end of the period lies in it."""
    earlier = shop.known_before(period.starts_at, period.ends_at)
    return shop.buyers(period.starts_at, period.ends_at) - earlier


def converted(shop: Shop, leads: Sequence[Inquiry], period: Period, within: int) -> dict[str, int]:
    """Each lead of the period judged alone, over the days that it has."""
    found = {"leads": 0, "won": 0, "repeated": 0, "known": 0}
    for number, lead in enumerate(leads):
        if not period.starts_at <= lead.at < period.ends_at:
            continue
        mine = (lead.at, _name(number))
        others = [
            (each.at, _name(place))
            for place, each in enumerate(leads)
            if each.customer is not None and each.customer == lead.customer
        ]
        day = local_date(lead.at, ZONE)
        span = Period(day, day + timedelta(days=within + 1), ZONE)
        if any(other < mine for other in others):
            found["repeated"] += 1
        elif lead.customer in shop.known_before(span.starts_at, span.ends_at):
            found["known"] += 1
        else:
            found["leads"] += 1
            found["won"] += lead.customer in new_customers(shop, span)
    return found


def _name(number: int) -> str:
    return f"l{number:02}"


@asynccontextmanager
async def marketed(
    database: Database,
    shop: Shop,
    leads: Sequence[Inquiry] = (),
    spend: Sequence[Bill] = (),
    currency: str = "BRL",
    *,
    folded: bool = False,
) -> AsyncIterator[tuple[AsyncSession, Scope]]:
    """A session in which a workspace of its own holds the shop; nothing of it is kept.

    With `folded`, figures of purchases come from what is kept of them, else from the rows.
    """
    async with opened(database, shop) as (session, scope):
        lines = [
            CustomerLine(external_id=name, acquisition_channel=channel or None)
            for name, channel in CHANNELS.items()
        ]
        items = [Item(0, line) for line in lines]
        await load_customers(session, scope.workspace_id, items)
        inquiries_ = [
            LeadLine(
                external_id=_name(number),
                channel=lead.channel,
                customer=lead.customer,
                created_at=lead.at,
            )
            for number, lead in enumerate(leads)
        ]
        await load_leads(session, scope.workspace_id, [Item(0, line) for line in inquiries_])
        for bill in spend:
            stated = {
                "from": bill.start,
                "to": bill.end,
                "channel": bill.channel,
                "kind": bill.kind,
                "amount": str(bill.amount),
                "currency": currency,
                "source": "ledger",
            }
            body = AcquisitionSpendPut.model_validate(stated)
            await put_spend(session, scope.workspace_id, body, None)
        while folded and await fold(session, scope.workspace_id):
            pass
        yield session, scope


def asking(scope: Scope, **options: str) -> Scope:
    """The scope with options of the KPI."""
    return replace(scope, options=options)
