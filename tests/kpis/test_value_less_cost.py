"""Lifetime value less the cost of a customer: sums by hand, and the spread by simulation."""

import math
import random
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from statistics import fmean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database
from app.kpis.acquisition_cost import Cost, measure_acquisition_cost
from app.kpis.acquisition_spend import Spend
from app.kpis.declaration import Measurement
from app.kpis.lifetime_value import measure_lifetime_value
from app.kpis.means import Moments
from app.kpis.periods import Period
from app.kpis.value_less_cost import less_cost
from tests.conftest import Tenant
from tests.kpis.markets import CHANNELS, Bill, asking, bills, marketed, new_customers
from tests.kpis.shops import ZONE, Sale, Shop, period_lists, shops

LESS_COST = {"cohort": "acquired", "acquisition_cost": "yes", "margin": "40"}


@settings(max_examples=25, deadline=None)
@given(shop=shops(), spend=bills(), periods=period_lists(), folded=st.booleans())
async def test_what_is_left_equals_margins_less_spend(
    database: Database, shop: Shop, spend: list[Bill], periods: list[Period], *, folded: bool
) -> None:
    """Mean, sum and median are those of the new customers' margins less a share of all spend."""
    async with marketed(database, shop, spend=spend, folded=folded) as (session, scope):
        wanted = asking(scope, **LESS_COST)
        found = await measure_lifetime_value(session, wanted, periods, None)
        split = await measure_lifetime_value(session, wanted, periods, "channel")
        plain = asking(scope, cohort="acquired", margin="40")
        before = await measure_lifetime_value(session, plain, periods, None)
        costs = await measure_acquisition_cost(session, scope, periods, None)
    for period, figures, groups, gross, cost in zip(
        periods, found, split, before, costs, strict=True
    ):
        inside = [each for each in spend if each.start < period.end and each.end > period.start]
        _agrees(figures[""], shop, period, set(CHANNELS), inside)
        if figures[""].value is not None:
            assert figures[""].warnings == cost[""].warnings
            assert figures[""].components["acquisition_cost"].interval == cost[""].interval
            median = gross[""].components.get("median")
            if median is not None and median.value is not None:
                left = figures[""].components["median"].value
                assert left == pytest.approx(median.value - (cost[""].value or 0))
        for channel, group in groups.items():
            names = {name for name, own in CHANNELS.items() if own == channel}
            own = [each for each in inside if each.channel == channel]
            _agrees(group, shop, period, names, own)


def _agrees(
    measured: Measurement, shop: Shop, period: Period, names: set[str], spend: list[Bill]
) -> None:
    new = new_customers(shop, period) & names
    assert measured.n == len(new)
    assert measured.denominator == {"customers": len(new)}
    if not new or not spend:
        reason = "no_spend" if new else "empty_denominator"
        assert (measured.value, measured.reason) == (None, reason)
        assert (measured.interval, measured.components, measured.numerator) == (None, {}, {})
        return
    total = sum(Fraction(shop.net(name, period.ends_at)) for name in new) * Fraction(2, 5)
    total -= sum(each.within(period.start, period.end) for each in spend)
    assert measured.value == pytest.approx(float(total / len(new)))
    assert measured.numerator == {"value": pytest.approx(float(total))}
    assert measured.components["sum"].value == pytest.approx(float(total))
    assert [each.name for each in measured.sources] == ["ledger"]


@pytest.mark.parametrize(
    ("options", "filters", "by"),
    [
        ({"cohort": "all"}, {}, None),
        ({}, {"segment": ("gold",)}, None),
        ({}, {"channel": ("web",)}, "segment"),
        ({}, {}, "channel*segment"),
    ],
)
async def test_what_no_spend_is_stated_of_has_no_value(
    database: Database,
    options: dict[str, str],
    filters: dict[str, tuple[str, ...]],
    by: str | None,
) -> None:
    """Customers of all times, and those of a segment: what winning them cost is not known."""
    period, sales = _september()
    bill = Bill(period.start, 30, "web", "paid", 80)
    async with marketed(database, Shop(sales), spend=[bill]) as (session, scope):
        wanted = replace(asking(scope, **LESS_COST | options), filters=filters)
        (found,) = await measure_lifetime_value(session, wanted, [period], by)
    assert found
    for each in found.values():
        assert (each.value, each.reason) == (None, "not_defined")
        assert each.n > 0


def _september() -> tuple[Period, list[Sale]]:
    period = Period(date(2018, 9, 1), date(2018, 10, 1), ZONE)
    return period, [Sale(name, period.starts_at, Decimal(30)) for name in ("c0", "c2")]


async def test_spend_in_another_currency_is_not_taken_off(database: Database) -> None:
    """Sales in one currency and spend in another leave no value."""
    period, sales = _september()
    bill = Bill(period.start, 30, "web", "paid", 80)
    async with marketed(database, Shop(sales), spend=[bill], currency="USD") as (session, scope):
        wanted = asking(scope, **LESS_COST)
        (found,) = await measure_lifetime_value(session, wanted, [period], None)
    assert (found[""].value, found[""].reason) == (None, "mixed_currencies")


def test_the_error_is_that_of_many_simulated_periods() -> None:
    """Brute force: 4,000 periods with a Poisson number of customers and one fixed spend."""
    rng = random.Random(4)
    expected, spend = 80, 2_000
    values = [
        (math.fsum(rng.expovariate(1 / 30) for _ in range(n)) - spend) / n
        for n in (_poisson(rng, expected) for _ in range(4_000))
    ]
    valued = Measurement(
        30.0, expected, currency="CNY",
        evidence=("CNY", Moments(expected, Fraction(30), Fraction(900))),
    )  # fmt: skip
    cost = Cost(
        Spend(Fraction(spend), frozenset({"CNY"}), stated=True), expected, 0, frozenset({"web"})
    )
    found = less_cost(valued, cost, 0.95)
    assert found.value == 30 - spend / expected
    assert isinstance(found.evidence, tuple)
    assert math.sqrt(found.evidence[1].square_error) == pytest.approx(pstdev(values), rel=0.05)
    assert fmean(values) == pytest.approx(found.value, abs=0.6)


def _poisson(rng: random.Random, expected: float) -> int:
    """Arrivals within a time of 1, a chance of exp(-1) apart for each expected one."""
    count, at = 0, rng.expovariate(expected)
    while at < 1:
        count, at = count + 1, at + rng.expovariate(expected)
    return count


def test_without_spend_nothing_changes() -> None:
    """Spend that is stated as none leaves mean, spread and interval as they were."""
    scores = Moments(3, Fraction(20), Fraction(100))
    valued = Measurement(20.0, 3, currency="CNY", evidence=("CNY", scores))
    spend = Spend(Fraction(0), frozenset({"CNY"}), stated=True)
    found = less_cost(valued, Cost(spend, 3, 0, frozenset()), 0.95)
    assert found.value == 20.0
    assert found.evidence == ("CNY", scores)


async def test_cost_is_taken_off_by_request(tenant: Tenant) -> None:
    """Over HTTP: 40 and 20 less 25 each; spend that comes later restates only what rests on it."""

    async def put(path: str, body: dict[str, str]) -> None:
        answer = await tenant.client.put(f"/v1/{path}", json=body)
        assert answer.status_code in {200, 201}, answer.text

    for name, amount in (("a", "40.00"), ("b", "20.00")):
        order = {"customer": name, "ordered_on": "2026-09-07", "amount": amount}
        await put(f"orders/{name}", order | {"currency": "CNY"})
    asked = {"from": "2026-09-01", "to": "2026-10-01", "cohort": "acquired", "compare": "none"}
    path = "/v1/kpis/lifetime-value"
    missing = (await tenant.client.get(path, params=asked | {"acquisition_cost": "yes"})).json()
    assert (missing["value"], missing["reason"]) == (None, "no_spend")
    spend = {"from": "2026-09-01", "to": "2026-10-01", "channel": "web", "kind": "paid"}
    await put("acquisition-spend", spend | {"amount": "50.00", "currency": "CNY", "source": "led"})
    left = (await tenant.client.get(path, params=asked | {"acquisition_cost": "yes"})).json()
    assert (left["value"], left["n"], left["currency"]) == (5.0, 2, "CNY")
    assert left["components"]["acquisition_cost"]["value"] == 25.0
    assert left["components"]["sum"]["value"] == 10.0
    plain = (await tenant.client.get(path, params=asked)).json()
    assert plain["value"] == 30.0
    at = [each["period"]["restated_at"] for each in (left, plain)]
    assert at[0] is not None
    assert at[1] is None or datetime.fromisoformat(at[1]) < datetime.fromisoformat(at[0])
    wrong = await tenant.client.get(path, params=asked | {"acquisition_cost": "maybe"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "?acquisition_cost"
    trend = await tenant.client.get(
        f"{path}/trend", params={"cohort": "acquired", "acquisition_cost": "yes", "grain": "month",
                                 "from": "2026-09-01", "to": "2026-10-01"},
    )  # fmt: skip
    assert trend.json()["points"][0]["value"] == 5.0
