"""Revenue retention equals adding up the moves of every customer by hand."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings

from app.db import Database, now
from app.kpis.periods import Period, comparison_period
from app.kpis.revenue_retention import measure_revenue_retention
from tests.kpis.shops import SEGMENTS, Shop, opened, period_lists, shops


def _moves(shop: Shop, customer: str) -> Iterator[tuple[datetime, Decimal]]:
    """What a customer brought in, and when: money goes back no earlier than its order came."""
    for sale in shop.of([customer]).sales:
        yield sale.at, sale.amount
        for refund in sale.refunds:
            yield max(refund.at, sale.at), -refund.amount


def _within(shop: Shop, customer: str, period: Period) -> Decimal:
    moves = _moves(shop, customer)
    return sum(
        (amount for at, amount in moves if period.starts_at <= at < period.ends_at), Decimal(0)
    )


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shop=shops(), periods=period_lists())
async def test_revenue_is_that_of_each_customer(
    database: Database, shop: Shop, periods: list[Period]
) -> None:
    """Base, revenue and what was kept of it, also where a refund is dated before its order."""
    async with opened(database, shop) as (session, scope):
        found = await measure_revenue_retention(session, scope, periods, None)
    for period, groups in zip(periods, found, strict=True):
        base = comparison_period(period, now=now())
        pairs = [(_within(shop, name, base), _within(shop, name, period)) for name in SEGMENTS]
        pairs = [pair for pair in pairs if pair[0] > 0]
        measured = groups[""]
        assert measured.n == len(pairs)
        assert measured.denominator["base_revenue"] == pytest.approx(
            float(sum(before for before, _ in pairs))
        )
        assert measured.numerator["revenue"] == pytest.approx(
            float(sum(after for _, after in pairs))
        )
        assert measured.components["gross"].numerator["kept_revenue"] == pytest.approx(
            float(sum(max(min(pair), Decimal(0)) for pair in pairs))
        )
