"""Totals of customers before a day, kept in bits, equal adding up their orders and refunds."""

from datetime import date

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.customers.models import Customer
from app.db import Database
from app.fields import zone
from app.purchases.book import open_book
from app.purchases.digits import who
from app.purchases.fold import fold
from app.purchases.reading import histories_from_rows
from app.purchases.totals import currencies_before, values
from tests.kpis.shops import Shop, opened
from tests.purchases.test_folding import Step, do_step, steps


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=steps(), day=st.dates(date(2018, 8, 1), date(2018, 12, 31)), folded=st.booleans())
async def test_totals_before_any_day(
    database: Database, done: list[Step], day: date, folded: bool
) -> None:
    """Their sum, squares, order and currencies, whatever has moved since and is not folded yet."""
    last = day.toordinal()
    async with opened(database, Shop([])) as (session, scope):
        await fold(session, scope.workspace_id)
        for number, step in enumerate(done):
            await do_step(session, scope.workspace_id, number, step)
        while folded and await fold(session, scope.workspace_id):
            pass
        book = await open_book(session, scope.workspace_id, scope.time_zone, by_hand=False)
        assert book is not None
        found = await values(book, last)
        having = who(found.digits)
        currencies = await currencies_before(book, having, last)
        ids = (
            await session.scalars(
                select(Customer.id).where(Customer.workspace_id == scope.workspace_id)
            )
        ).all()
        rows = await histories_from_rows(session, scope.workspace_id, ids, zone(scope.time_zone))
    own = [each for each in rows.values() if each.net(last)]
    totals = sorted(each.net(last) for each in own)
    assert found.sums(book.everybody) == (sum(totals), sum(total**2 for total in totals))
    assert found.ranked(having, range(len(totals))) == dict(enumerate(totals))
    moved = {move.currency for each in own for move in each.moves if move.day < last}
    assert currencies == moved
