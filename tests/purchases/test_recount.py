"""Counting what is kept of purchases again: silent while it is right, loud when it is not."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.db import Database
from app.purchases.fold import fold
from app.purchases.recount import recount_purchases
from app.recounts.findings import Recount
from tests.kpis.shops import Shop, opened, shops
from tests.purchases.test_folding import Step, do_step, steps


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=steps(), sample=st.sampled_from([None, 2]))
async def test_a_recount_agrees_after_anything(
    database: Database, done: list[Step], sample: int | None
) -> None:
    """Orders, late ones, corrections, refunds, traits, folds: at no moment does a cell differ."""
    async with opened(database, Shop([])) as (session, scope):
        await fold(session, scope.workspace_id)
        for number, step in enumerate(done):
            await do_step(session, scope.workspace_id, number, step)
            found = await recount_purchases(session, scope.workspace_id, sample)
            assert found.differences == [], (step, found.differences)
        while await fold(session, scope.workspace_id):
            pass
        last = await recount_purchases(session, scope.workspace_id, sample)
    assert last.differences == []


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE customer_purchases SET orders = orders, days = days[2:] WHERE number = 0",
        "DELETE FROM customer_purchases WHERE number = 1",
        "UPDATE customer_purchases SET move_totals = '{7}' WHERE number = 0",
        "UPDATE customer_purchases SET second_day = first_day WHERE number = 1",
        "UPDATE undone_purchases SET opening = NOT opening WHERE position = 0",
        "DELETE FROM purchase_cells WHERE measure = 'earned_month'",
        "UPDATE undone_purchases SET amount = amount + 1 WHERE position = 0",
        "DELETE FROM purchase_cells WHERE measure = 'month'",
        "UPDATE purchase_cells SET amount = amount - 1 WHERE measure = 'followed'",
        "UPDATE customer_amounts SET bucket = -1 - bucket WHERE kind = 'ordered'",
        "UPDATE customer_amounts SET place = -place WHERE kind = 'moved'",
        "DELETE FROM customer_sets WHERE kind = 'segment' AND member = 'gold'",
        "UPDATE customer_sets SET level = level + 40 WHERE kind = 'bought' AND level = 0",
        "DELETE FROM customer_sets WHERE kind = 'brought' AND level = 9",
        "UPDATE purchase_cells SET amount = amount + 1 WHERE measure = 'day' AND dimension = ''",
        "DELETE FROM purchase_turns WHERE measure = 'gap_by_month'",
        "UPDATE purchase_turns SET customers = array_append(customers[2:], 7) WHERE month = 0",
    ],
)
@settings(max_examples=1, deadline=None, phases=[Phase.generate], derandomize=True)
@given(shop=shops().filter(lambda shop: len({sale.customer for sale in shop.sales}) > 3))
async def test_whatever_is_wrong_is_found(database: Database, wrong: str, shop: Shop) -> None:
    """A row, a bit or a sum that is not what orders and refunds say."""
    async with opened(database, shop) as (session, scope):
        while await fold(session, scope.workspace_id):
            pass
        right = await recount_purchases(session, scope.workspace_id, None)
        assert right.blocks > 3
        assert right.differences == []
        named = {"id": scope.workspace_id}
        await session.execute(
            text(f"{wrong.replace('WHERE ', 'WHERE (')}) AND workspace_id = :id"), named
        )
        assert (await recount_purchases(session, scope.workspace_id, None)).differences


async def test_nothing_is_compared_before_the_first_fold(database: Database) -> None:
    """Without a complete rollup figures come from the rows."""
    async with opened(database, Shop([])) as (session, scope):
        assert await recount_purchases(session, scope.workspace_id, None) == Recount(0, [])
