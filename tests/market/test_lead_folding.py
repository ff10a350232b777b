"""Whatever happens in whatever order: leads that are kept judged equal a recount of the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.orders import load_orders
from app.customers.refunds import load_refunds
from app.customers.schemas import OrderLine, RefundLine
from app.db import Database, now
from app.http.bulk import Item
from app.kpis.declaration import Measurement, Scope
from app.kpis.lead_conversion import measure_lead_conversion
from app.kpis.periods import Period, local_date
from app.market.lead_counts import Wanted, count_leads
from app.market.lead_fold import fold_leads
from app.market.leads import load_leads
from app.market.models import LeadRollup
from app.market.recount import recount_leads
from app.market.schemas import LeadLine
from app.market.verdicts import steps_of
from app.purchases.fold import fold
from app.purchases.histories import History
from app.recounts.findings import Recount
from tests.kpis.shops import ZONE, Shop, chain, instants, opened, period_lists

CUSTOMERS = [f"c{number}" for number in range(4)]
#: Single months and several: leads are counted by month, too.
MONTHS = [*chain(date(2018, 9, 1), [30, 31, 30]), *chain(date(2018, 10, 1), [61])]


@dataclass(frozen=True)
class Step:
    """Something that happens to leads or to what their customers buy."""

    kind: str
    name: str
    customer: str
    at: object
    channel: str
    campaign: str | None
    whole: bool


def steps() -> st.SearchStrategy[list[Step]]:
    """Leads, orders, refunds and corrections of them, and folds of either in between."""
    kinds = ["lead", "lead", "lead", "order", "order", "refund", "purchases", "leads"]
    one = st.builds(
        Step,
        kind=st.sampled_from(kinds),
        name=st.sampled_from(["0", "1", "2", "3", "4", "5"]),
        customer=st.sampled_from([*CUSTOMERS, "nobody"]),
        at=instants(),
        channel=st.sampled_from(["web", "fair"]),
        campaign=st.sampled_from([None, "spring"]),
        whole=st.booleans(),
    )
    return st.lists(one, min_size=10, max_size=40)


async def _do(session: AsyncSession, workspace_id: UUID, number: int, step: Step) -> None:
    if step.kind == "purchases":
        await fold(session, workspace_id)
    elif step.kind == "leads":
        await fold_leads(session, workspace_id)
    elif step.kind == "lead":
        lead = {
            "external_id": f"l{step.name}",
            "channel": step.channel,
            "campaign": step.campaign,
            "customer": step.customer if step.whole else None,
            "created_at": step.at,
        }
        await load_leads(session, workspace_id, [Item(0, LeadLine.model_validate(lead))])
    elif step.kind == "order":
        order = {
            "external_id": f"o{step.name}",
            "customer": step.customer,
            "ordered_at": step.at,
            "amount": Decimal(2),
            "currency": "BRL",
        }
        await load_orders(session, workspace_id, [Item(0, OrderLine.model_validate(order))])
    else:
        refund = {
            "order": f"o{step.name}",
            "external_id": f"r{number}",
            "amount": Decimal(2 if step.whole else 1),
            "refunded_at": step.at,
        }
        # Of no order, or beyond one, it is rejected, which is as good a step as any.
        await load_refunds(session, workspace_id, [Item(0, RefundLine.model_validate(refund))])


async def _figures(
    session: AsyncSession, scope: Scope, periods: list[Period], within: int
) -> list[Mapping[str, Measurement]]:
    wanted = replace(scope, options={"within_days": str(within)})
    spring = replace(wanted, filters={"campaign": ("spring",)})
    found: list[Mapping[str, Measurement]] = []
    for each, by in ((wanted, None), (wanted, "channel"), (spring, None), (spring, "campaign")):
        found += await measure_lead_conversion(session, each, [*periods, *MONTHS], by)
    return found


async def _is_kept(session: AsyncSession, scope: Scope) -> bool:
    wanted = Wanted(90, 0, None, {})
    return (
        await count_leads(session, scope.workspace_id, ZONE, [(737_000, 737_001)], wanted)
        is not None
    )


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=steps(), periods=period_lists(), within=st.integers(0, 60))
async def test_what_is_kept_of_leads_equals_a_recount(
    database: Database, done: list[Step], periods: list[Period], within: int
) -> None:
    """Leads, orders, refunds and corrections before and after folds of both: no figure differs."""
    async with opened(database, Shop([])) as (session, scope):
        while await fold_leads(session, scope.workspace_id):
            pass
        for number, step in enumerate(done):
            await _do(session, scope.workspace_id, number, step)
            recounted = await recount_leads(session, scope.workspace_id, None)
            assert recounted.differences == [], step
        assert await _is_kept(session, scope)
        kept = await _figures(session, scope, periods, within)
        while await fold(session, scope.workspace_id):
            pass
        while await fold_leads(session, scope.workspace_id):
            pass
        for table in ("purchase_changes", "lead_changes"):
            left = f"SELECT count(*) FROM {table} WHERE workspace_id = :id"
            assert await session.scalar(text(left), {"id": scope.workspace_id}) == 0
        folded = await _figures(session, scope, periods, within)
        await session.execute(delete(LeadRollup))
        assert not await _is_kept(session, scope)
        counted = await _figures(session, scope, periods, within)
    assert kept == counted
    assert folded == counted


@pytest.mark.parametrize("ago", [0, 3, 4, 40])
async def test_days_that_are_not_over_are_told_apart(database: Database, ago: int) -> None:
    """A lead of `ago` days before today that was not won has time left for up to so many days."""
    today = local_date(now(), ZONE)
    day = today - timedelta(days=ago)
    async with opened(database, Shop([])) as (session, scope):
        line = LeadLine(external_id="l", channel="web", created_on=day)
        await load_leads(session, scope.workspace_id, [Item(0, line)])
        while await fold_leads(session, scope.workspace_id):
            pass
        assert await _is_kept(session, scope)
        wanted = replace(scope, options={"within_days": "3"})
        period = Period(today - timedelta(days=60), today + timedelta(days=1), ZONE)
        (found,) = await measure_lead_conversion(session, wanted, [period], None)
    assert found[""].n == 1
    assert found[""].components["complete"].n == int(ago > 3)
    assert found[""].warnings == (() if ago > 3 else ("incomplete_cohort",))


days = st.integers(1, 12)


@settings(max_examples=300)
@given(
    lead=days,
    bought=st.sets(days, max_size=2),
    undone=st.lists(st.tuples(days, st.integers(0, 8)), max_size=4),
)
def test_steps_add_up_to_the_verdict(
    lead: int, bought: set[int], undone: list[tuple[int, int]]
) -> None:
    """For any number of days, the steps up to it say what the orders that stand then say."""
    spans = tuple(sorted((placed, placed + stood) for placed, stood in undone))
    history = History(days=tuple(sorted(bought)), undone=spans)
    steps = steps_of(lead, history)
    for within in range(30):
        standing = history.bought(0, lead + within + 1, lead + within + 1)
        known = bool(standing) and min(standing) < lead
        won = bool(standing) and not known
        so_far = [step for step in steps if step.within <= within]
        assert sum(step.known for step in so_far) == known
        assert sum(step.won for step in so_far) == won


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE lead_verdicts SET steps = '{0,1,0}'",
        "DELETE FROM lead_verdicts",
        "UPDATE lead_cells SET leads = leads + 1 WHERE grain = 'day'",
        "DELETE FROM lead_cells WHERE grain = 'month'",
    ],
)
async def test_whatever_is_wrong_is_found(database: Database, wrong: str) -> None:
    """A verdict or a count that is not what leads and orders say."""
    async with opened(database, Shop([])) as (session, scope):
        assert await recount_leads(session, scope.workspace_id, None) == Recount(0, [])
        line = LeadLine(external_id="l", channel="web", created_on=date(2018, 9, 1))
        await load_leads(session, scope.workspace_id, [Item(0, line)])
        while await fold_leads(session, scope.workspace_id):
            pass
        assert await recount_leads(session, scope.workspace_id, None) == Recount(1, [])
        await session.execute(text(wrong))
        assert (await recount_leads(session, scope.workspace_id, None)).differences
