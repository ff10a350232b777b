"""Historic lifetime value: random shops against counting by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from statistics import quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database
from app.kpis.catalog.customers import LIFETIME_VALUE
from app.kpis.declaration import Measurement
from app.kpis.lifetime_value import MOST_SPREADS, measure_lifetime_value
from app.kpis.means import moments, t_interval, welch
from app.kpis.periods import Period
from tests.kpis.shops import SEGMENTS, ZONE, Payback, Sale, Shop, chain, opened, period_lists, shops

MEMBERS = {
    segment: [name for name, own in SEGMENTS.items() if own == segment]
    for segment in SEGMENTS.values()
}


def _values_by_hand(shop: Shop, period: Period, cohort: str, margin: int) -> list[Fraction]:
    counted = shop.buyers(None, period.ends_at)
    if cohort == "acquired":
        counted = shop.buyers(period.starts_at, period.ends_at)
        counted -= shop.known_before(period.starts_at, period.ends_at)
    share = Fraction(margin, 100)
    return [Fraction(shop.net(customer, period.ends_at)) * share for customer in counted]


def _histogram(values: list[Fraction]) -> dict[Fraction, int]:
    return {value: values.count(value) for value in values}


def _agrees(measured: Measurement, values: list[Fraction], *, spread: bool) -> None:
    scores = moments(_histogram(values))
    assert scores is not None
    assert measured.value == float(sum(values) / len(values))
    assert measured.n == len(values)
    assert measured.interval == t_interval(scores, 0.95)
    assert measured.components["sum"].value == float(sum(values))
    assert ("median" in measured.components) == spread
    if not spread:
        return
    known = [float(value) for value in values]
    cuts = quantiles(known, n=10, method="inclusive") if len(known) > 1 else known * 9
    for number, cut in enumerate(cuts, 1):
        assert measured.components[f"decile_{number}"].value == pytest.approx(cut, abs=1e-9)
    assert measured.components["median"].value == pytest.approx(cuts[4], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    shop=shops(),
    periods=period_lists(),
    cohort=st.sampled_from(["all", "acquired"]),
    margin=st.sampled_from([100, 37]),
)
async def test_lifetime_value_equals_sums_of_customers(
    database: Database, shop: Shop, periods: list[Period], cohort: str, margin: int
) -> None:
    """Mean, interval, sum and deciles are those of each customer's own orders less refunds."""
    async with opened(database, shop) as (session, scope):
        wanted = replace(scope, options={"cohort": cohort, "margin": str(margin)})
        found = await measure_lifetime_value(session, wanted, periods, None)
        split = await measure_lifetime_value(session, wanted, periods, "segment")
    spread = len(periods) <= MOST_SPREADS
    for period, figures, groups in zip(periods, found, split, strict=True):
        for segment, names in [(None, sorted(SEGMENTS)), *MEMBERS.items()]:
            values = _values_by_hand(shop.of(names), period, cohort, margin)
            measured = figures[""] if segment is None else groups.get(segment)
            if values:
                assert measured is not None
                _agrees(measured, values, spread=spread and period is periods[0])
            elif measured is not None:
                assert (measured.value, measured.reason) == (None, "empty_denominator")


def _worth_by_hand(shop: Shop, customer: str, end: datetime, cost: Decimal, rate: int) -> float:
    """Margin 60 % of every order and refund less a cost for each order, discounted one by one."""
    own = [sale for sale in shop.sales if sale.customer == customer and sale.at < end]
    first = min(sale.at for sale in own)

    def factor(at: datetime) -> float:
        return float((1 + rate / 100) ** (-(at - first).total_seconds() / 86_400 / 365.25))

    worth = 0.0
    for sale in own:
        worth += float(sale.amount * Decimal("0.6") - cost) * factor(sale.at)
        for back in sale.refunds:
            if sale.booked(back) < end:
                worth -= float(back.amount * Decimal("0.6")) * factor(sale.booked(back))
    return worth


@settings(max_examples=25, deadline=None)
@given(
    shop=shops(),
    periods=period_lists(),
    cohort=st.sampled_from(["all", "acquired"]),
    cost=st.sampled_from([Decimal("0.75"), Decimal(0)]),
    rate=st.sampled_from([0, 100]),
)
async def test_service_cost_and_discounting_equal_sums_order_by_order(
    database: Database, shop: Shop, periods: list[Period], cohort: str, cost: Decimal, rate: int
) -> None:
    """With a cost of each order and a discount rate: the mean and sum of every customer's own."""
    options = {"cohort": cohort, "margin": "60", "service_cost": str(cost)}
    options |= {"discounted": "yes", "discount_annual": str(rate)} if rate else {}
    async with opened(database, shop) as (session, scope):
        wanted = replace(scope, options=options)
        found = await measure_lifetime_value(session, wanted, periods, None)
    for period, figures in zip(periods, found, strict=True):
        end = period.ends_at
        counted = shop.buyers(None, end)
        if cohort == "acquired":
            counted = shop.buyers(period.starts_at, end) - shop.known_before(period.starts_at, end)
        values = [_worth_by_hand(shop, customer, end, cost, rate) for customer in counted]
        measured = figures[""]
        if not values:
            assert (measured.value, measured.reason) == (None, "empty_denominator")
            continue
        assert measured.n == len(values)
        assert measured.value == pytest.approx(sum(values) / len(values), abs=1e-9)
        assert measured.components["sum"].value == pytest.approx(sum(values), abs=1e-9)


def _sale(customer: str, day: int, currency: str, *refunds: Payback) -> Sale:
    at = datetime(2018, 10, day, 12, tzinfo=ZONE).astimezone(UTC)
    return Sale(customer, at, Decimal(10), refunds, currency)


async def test_currencies_are_never_added_up(database: Database) -> None:
    """A second currency makes the figure null from its first day on, in its group only."""
    shop = Shop([_sale("c0", 2, "BRL"), _sale("c1", 12, "USD"), _sale("c2", 3, "EUR")])
    before, after = chain(date(2018, 10, 1), [10, 10])
    async with opened(database, shop.of(["c0", "c1"])) as (session, scope):
        first, second = await measure_lifetime_value(session, scope, [before, after], None)
    assert (first[""].value, first[""].currency) == (10.0, "BRL")
    assert (second[""].value, second[""].n) == (None, 2)
    assert (second[""].reason, second[""].currency) == ("mixed_currencies", None)
    async with opened(database, shop) as (session, scope):
        (groups,) = await measure_lifetime_value(session, scope, [after], "segment")
        (acquired,) = await measure_lifetime_value(
            session, replace(scope, options={"cohort": "acquired"}), [after], None
        )
    assert groups["gold"].reason == "mixed_currencies"
    assert (groups["basic"].value, groups["basic"].currency) == (10.0, "EUR")
    assert (acquired[""].value, acquired[""].currency) == (10.0, "USD")


async def test_a_refund_counts_on_its_own_date(database: Database) -> None:
    """A refund leaves the figure of the period before it as it was."""
    back = Payback(datetime(2018, 10, 15, tzinfo=UTC), Decimal(4))
    shop = Shop([_sale("c0", 2, "BRL", back), _sale("c2", 3, "BRL")])
    async with opened(database, shop) as (session, scope):
        before, after = await measure_lifetime_value(
            session, scope, chain(date(2018, 10, 1), [10, 10]), None
        )
    assert (before[""].value, after[""].value) == (10.0, 8.0)


def test_lifetime_values_are_compared_by_welch() -> None:
    """Within one currency the means are tested; across currencies nothing is said."""
    now, before = moments({5: 3, 7: 4}), moments({4: 6, 9: 1})
    brl, other, usd = (
        Measurement(1.0, 7, evidence=evidence)
        for evidence in (("BRL", now), ("BRL", before), ("USD", before))
    )
    assert LIFETIME_VALUE.compare(brl, other, 0.9) == welch(now, before, 0.9)
    assert LIFETIME_VALUE.compare(brl, usd, 0.9) is None
    assert LIFETIME_VALUE.compare(brl, Measurement(None, 0), 0.9) is None
