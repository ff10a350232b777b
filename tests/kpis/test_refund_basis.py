"""Refunds that count with their orders: money is what is left of each order, added up by hand."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import Phase, given, settings

from app.db import Database, now
from app.kpis.declaration import Measurement, Scope
from app.kpis.lifetime_value import measure_lifetime_value
from app.kpis.order_value import measure_order_value
from app.kpis.periods import Period, comparison_period
from app.kpis.revenue_retention import measure_revenue_retention
from app.kpis.sales import count_sales
from tests.kpis.shops import SEGMENTS, Sale, Shop, opened, period_lists, shops


def _left(sale: Sale) -> Decimal:
    return sale.amount - sum((refund.amount for refund in sale.refunds), Decimal(0))


def _gone(sale: Sale) -> bool:
    return bool(sale.refunds) and not _left(sale)


def _placed(shop: Shop, period: Period) -> list[Sale]:
    return [sale for sale in shop.sales if period.starts_at <= sale.at < period.ends_at]


def _by_order(scope: Scope, **options: str) -> Scope:
    return replace(scope, options={"refund_basis": "original_order", **options})


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shop=shops(), periods=period_lists())
async def test_orders_bring_in_what_is_left_of_them(
    database: Database, shop: Shop, periods: list[Period]
) -> None:
    """Order value with its median, sales by value and by customers, of everybody and by segment."""
    async with opened(database, shop) as (session, scope):
        values = await measure_order_value(session, _by_order(scope), periods, None)
        split = await measure_order_value(session, _by_order(scope), periods, "segment")
        sold = await count_sales(session, _by_order(scope, basis="value"), periods, None)
        buyers = await count_sales(session, _by_order(scope, basis="customers"), periods, None)
    for place, period in enumerate(periods):
        placed = _placed(shop, period)
        kept = [sale for sale in placed if not _gone(sale)]
        _check_orders(values[place][""], placed)
        for segment in set(SEGMENTS.values()):
            own = [sale for sale in placed if SEGMENTS[sale.customer] == segment]
            if own:
                _check_orders(split[place][segment], own)
        assert float(sold[place][""].amount) == pytest.approx(float(sum(map(_left, placed))))
        assert sold[place][""].buyers == len({sale.customer for sale in kept})
        assert buyers[place][""].amount == len({sale.customer for sale in kept})
    spread = values[0][""].components
    amounts = sorted(_left(sale) for sale in _placed(shop, periods[0]) if not _gone(sale))
    if len(periods) <= 2 and amounts:
        assert spread["median"].value == pytest.approx(float(median(amounts)))


def _check_orders(measured: Measurement, placed: list[Sale]) -> None:
    kept = [sale for sale in placed if not _gone(sale)]
    assert measured.n == len(kept)
    assert measured.excluded["fully_refunded_orders"] == len(placed) - len(kept)
    if kept:
        assert measured.value == pytest.approx(float(sum(map(_left, kept))) / len(kept))


@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shop=shops(), periods=period_lists())
async def test_customers_bring_in_what_is_left_of_their_orders(
    database: Database, shop: Shop, periods: list[Period]
) -> None:
    """Revenue retention and lifetime value; who is a customer is judged as ever."""
    async with opened(database, shop) as (session, scope):
        kept = await measure_revenue_retention(session, _by_order(scope), periods, None)
        worth = await measure_lifetime_value(session, _by_order(scope), periods, None)
    for place, period in enumerate(periods):
        base = comparison_period(period, now=now())
        before, after = _of_customers(shop, base), _of_customers(shop, period)
        followed = [name for name in SEGMENTS if before[name] > 0]
        measured = kept[place][""]
        assert measured.n == len(followed)
        assert measured.numerator["revenue"] == pytest.approx(
            float(sum(after[name] for name in followed))
        )
        known = shop.known_before(period.ends_at, period.ends_at)
        total = sum((_left(sale) for sale in shop.sales if sale.at < period.ends_at), Decimal(0))
        lifetime = worth[place][""]
        assert lifetime.n == len(known)
        assert lifetime.numerator.get("value", 0.0) == pytest.approx(float(total))


def _of_customers(shop: Shop, period: Period) -> Mapping[str, Decimal]:
    return {
        name: sum(map(_left, _placed(shop.of([name]), period)), Decimal(0)) for name in SEGMENTS
    }
