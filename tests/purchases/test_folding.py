"""Whatever happens in whatever order: what is kept equals a recount of the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.orders import load_orders
from app.customers.refunds import load_refunds
from app.customers.schemas import CustomerLine, OrderLine, RefundLine
from app.customers.service import load_customers
from app.db import READ, Database
from app.http.bulk import Item
from app.kpis.catalog.complaints import COMPLAINT_RATE
from app.kpis.catalog.customers import KPIS, LIFETIME_VALUE
from app.kpis.catalog.market import MARKET_SHARE, PAYBACK
from app.kpis.catalog.returning import KPIS as RETURNING_KPIS
from app.kpis.catalog.returning import ORDER_VALUE
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.purchases.book import open_book
from app.purchases.fold import fold
from app.purchases.models import PurchaseRollup
from tests.kpis.shops import Shop, chain, instants, opened, period_lists

CUSTOMERS = [f"c{number}" for number in range(5)]
ORDERS = [f"o{number}" for number in range(8)]
#: Single months and several: money is kept by month.
MONTHS = [*chain(date(2018, 9, 1), [30, 31, 30]), *chain(date(2018, 10, 1), [61])]
#: Days before and after a month: amounts are kept by month and by day.
(AROUND_A_MONTH,) = chain(date(2018, 9, 20), [50])


@dataclass(frozen=True)
class Step:
    """Something that happens to a shop."""

    kind: str
    order: str = "o0"
    customer: str = "c0"
    at: object = None
    cents: int = 0
    segment: str | None = None
    currency: str = "BRL"
    quantity: int | None = None
    asked_for_brand: bool | None = None


def steps() -> st.SearchStrategy[list[Step]]:
    """Orders and corrections of orders, refunds, other segments, and folds in between."""
    one = st.builds(
        Step,
        kind=st.sampled_from(["order", "order", "order", "refund", "refund", "segment", "fold"]),
        order=st.sampled_from(ORDERS),
        customer=st.sampled_from(CUSTOMERS),
        at=instants(),
        cents=st.sampled_from([0, 1, 250, 500]),
        segment=st.sampled_from([None, "gold", "basic"]),
        currency=st.sampled_from(["BRL"] * 7 + ["EUR"]),
        quantity=st.sampled_from([None, 0, 3]),
        asked_for_brand=st.sampled_from([None, False, True]),
    )
    return st.lists(one, min_size=10, max_size=30)


async def do_step(session: AsyncSession, workspace_id: UUID, number: int, step: Step) -> None:
    """Let it happen."""
    amount = Decimal(step.cents) / 100
    if step.kind == "fold":
        await fold(session, workspace_id)
    elif step.kind == "segment":
        line = CustomerLine(external_id=step.customer, segment=step.segment)
        await load_customers(session, workspace_id, [Item(0, line)])
    elif step.kind == "order":
        order = OrderLine.model_validate(
            {
                "external_id": step.order,
                "customer": step.customer,
                "ordered_at": step.at,
                "amount": amount,
                "currency": step.currency,
                "quantity": step.quantity,
                "asked_for_brand": step.asked_for_brand,
            }
        )
        await load_orders(session, workspace_id, [Item(0, order)])
    elif amount:
        # What would exceed the order is rejected, which is as good a step as any.
        refund = RefundLine.model_validate(
            {
                "order": step.order,
                "external_id": f"r{number}",
                "amount": amount,
                "refunded_at": step.at,
            }
        )
        await load_refunds(session, workspace_id, [Item(0, refund)])


_WITH_SPREAD = (LIFETIME_VALUE, ORDER_VALUE)
_WITH_OPTIONS = (
    (LIFETIME_VALUE, {"cohort": "acquired"}),
    (PAYBACK, {"margin": "40"}),
    (MARKET_SHARE, {"basis": "units"}),
    (MARKET_SHARE, {"basis": "value"}),
    (COMPLAINT_RATE, {"basis": "orders"}),
    (COMPLAINT_RATE, {"basis": "customers"}),
)


async def _figures(
    session: AsyncSession, scope: Scope, periods: Sequence[Period]
) -> list[Mapping[str, Measurement]]:
    found: list[Mapping[str, Measurement]] = []
    filtered = replace(scope, filters={"segment": ("gold", "")})
    periods = [*periods, *MONTHS]
    for kpi in (*KPIS, *RETURNING_KPIS):
        joined = "segment*channel"
        for wanted, by in ((scope, None), (scope, "segment"), (filtered, None), (scope, joined)):
            found += await kpi.measure(session, wanted, periods, by)
            if kpi in _WITH_SPREAD:  # of a few periods alone
                for period in (*MONTHS[1:], AROUND_A_MONTH, periods[0]):
                    found += await kpi.measure(session, wanted, [period], by)
    for kpi, options in _WITH_OPTIONS:
        wanted = replace(scope, options=options)
        for by in (None, kpi.dimensions[0]):
            found += await kpi.measure(session, wanted, periods, by)
            found += await kpi.measure(session, wanted, periods[:1], by)
    return found


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=steps(), periods=period_lists())
async def test_what_is_kept_equals_a_recount(
    database: Database, done: list[Step], periods: list[Period]
) -> None:
    """Orders, corrections, late ones, refunds, traits and folds interleaved: no figure differs."""
    async with opened(database, Shop([])) as (session, scope):
        await fold(session, scope.workspace_id)
        for number, step in enumerate(done):
            await do_step(session, scope.workspace_id, number, step)
        assert await open_book(session, scope.workspace_id, scope.time_zone) is not None
        kept = await _figures(session, scope, periods)
        session.info[READ] = {}  # as on a snapshot, where figures share what they read
        shared = await _figures(session, scope, periods)
        session.info.clear()
        while await fold(session, scope.workspace_id):
            pass
        folded = await _figures(session, scope, periods)
        await session.execute(delete(PurchaseRollup))
        counted = await _figures(session, scope, periods)
    assert kept == counted
    assert folded == counted
    assert shared == counted


async def test_sums_that_are_taken_back_leave_nothing(database: Database) -> None:
    """A customer whose only order moves to another leaves no bit and no sum behind."""
    async with opened(database, Shop([])) as (session, scope):
        for customer in ("c0", "c1"):
            line = OrderLine(
                external_id="o1", customer=customer, ordered_on=date(2018, 10, 1),
                amount=Decimal(5), currency="BRL",
            )  # fmt: skip
            await load_orders(session, scope.workspace_id, [Item(0, line)])
            while await fold(session, scope.workspace_id):
                pass
        rows = await session.execute(
            text("""
            SELECT kind, level, bits FROM customer_sets
            WHERE workspace_id = :id AND kind IN ('bought', 'net') ORDER BY 1, 2
            """),
            {"id": scope.workspace_id},
        )
        assert {bits.bytes.strip(b"\0") for _, _, bits in rows} == {b"\x02"}
        sums = await session.execute(
            text("SELECT sum(n), sum(amount) FROM purchase_cells WHERE measure = 'day' "
                 "AND dimension = '' AND workspace_id = :id"),
            {"id": scope.workspace_id},
        )  # fmt: skip
        # The purchase itself, and the money that it moved.
        assert sums.one() == (2, 50_000)
