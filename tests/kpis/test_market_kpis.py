"""Lead conversion, spend, cost, payback, share, referrals: random shops against plain counting."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database, now
from app.kpis.acquisition_cost import measure_acquisition_cost
from app.kpis.acquisition_spend import measure_acquisition_spend
from app.kpis.lead_conversion import measure_lead_conversion
from app.kpis.lifetime_value import measure_lifetime_value
from app.kpis.ltv_to_cac import measure_ltv_to_cac
from app.kpis.market_share import measure_market_share
from app.kpis.payback import measure_payback
from app.kpis.periods import Period, local_date
from app.kpis.proportions import Share, wilson
from app.kpis.referrals import measure_referrals
from app.lifetime.models import GroupPrediction, ModelRun
from app.market.schemas import MarketTotalPut
from app.market.service import put_total
from app.purchases.fold import fold
from tests.kpis.markets import (
    CHANNELS,
    Bill,
    Inquiry,
    asking,
    bills,
    converted,
    inquiries,
    marketed,
    new_customers,
)
from tests.kpis.shops import ZONE, Payback, Sale, Shop, period_lists, shops, store

#: No deadline: an example is a dozen statements. Few examples: each stands for many.
examples = settings(max_examples=25, deadline=None)


@examples
@given(shop=shops(), leads=inquiries(), periods=period_lists(), within=st.integers(0, 40))
async def test_conversion_equals_judging_each_lead(
    database: Database, shop: Shop, leads: list[Inquiry], periods: list[Period], within: int
) -> None:
    """A lead is won by the first purchase in its own days; second leads and customers are out."""
    async with marketed(database, shop, leads) as (session, scope):
        wanted = asking(scope, within_days=str(within))
        found = await measure_lead_conversion(session, wanted, periods, None)
        split = await measure_lead_conversion(session, wanted, periods, "channel")
    for period, figures, groups in zip(periods, found, split, strict=True):
        by_hand = converted(shop, leads, period, within)
        figure = figures[""]
        assert figure.numerator == {"new_customers": by_hand["won"]}
        assert figure.denominator == {"leads": by_hand["leads"]}
        assert figure.excluded == {
            "repeated_leads": by_hand["repeated"],
            "leads_of_existing_customers": by_hand["known"],
        }
        assert figure.interval == wilson(Share(by_hand["won"], by_hand["leads"]))
        assert figure.warnings == ()
        assert figure.components["complete"].value == figure.value
        assert sum(each.n for each in groups.values()) == by_hand["leads"]


@examples
@given(spend=bills(), periods=period_lists())
async def test_spend_equals_adding_up_days(
    database: Database, spend: list[Bill], periods: list[Period]
) -> None:
    """Each statement spreads evenly over its days; days without any are counted."""
    async with marketed(database, Shop([]), spend=spend) as (session, scope):
        found = await measure_acquisition_spend(session, scope, periods, None)
        split = await measure_acquisition_spend(session, scope, periods, "kind")
    for period, figures, groups in zip(periods, found, split, strict=True):
        parts = [(each, each.within(period.start, period.end)) for each in spend]
        figure = figures[""]
        stated = {
            each.start + timedelta(days=number) for each in spend for number in range(each.days)
        }
        inside = [period.start + timedelta(days=number) for number in range(period.days)]
        if any(day in stated for day in inside):
            assert figure.value == float(sum(part for _, part in parts))
        else:
            assert (figure.value, figure.reason) == (None, "no_spend")
        missing = sum(day not in stated for day in inside)
        assert figure.excluded == {"days_without_statement": missing}
        for kind, group in groups.items():
            assert group.value == float(sum(part for each, part in parts if each.kind == kind))


@examples
@given(shop=shops(), spend=bills(), periods=period_lists(), lag=st.sampled_from([0, 0, 5, 40]))
async def test_cost_equals_spend_over_sets(
    database: Database, shop: Shop, spend: list[Bill], periods: list[Period], lag: int
) -> None:
    """Blended and paid costs, and those of each channel, follow from sets of new customers."""
    async with marketed(database, shop, spend=spend) as (session, scope):
        blended = asking(scope, lag_days=str(lag))
        paid = asking(scope, lag_days=str(lag), basis="paid")
        found = await measure_acquisition_cost(session, blended, periods, None)
        split = await measure_acquisition_cost(session, blended, periods, "channel")
        bought = await measure_acquisition_cost(session, paid, periods, None)
    for number, period in enumerate(periods):
        start, end = (day - timedelta(days=lag) for day in (period.start, period.end))
        new = new_customers(shop, period)
        inside = [each for each in spend if each.start < end and each.end > start]
        amounts: defaultdict[str, Fraction] = defaultdict(Fraction)
        for each in inside:
            amounts[each.channel] += each.within(start, end)
        figure = found[number][""]
        assert figure.n == len(new)
        total = sum(amounts.values())
        expected = float(total / len(new)) if inside and new else None
        assert figure.value == expected
        if inside:
            assert figure.numerator == {"spend": float(total)}
        for channel, group in split[number].items():
            assert group.n == sum(CHANNELS[name] == channel for name in new)
            if channel in amounts and group.n:
                assert group.value == float(amounts[channel] / group.n)
        channels = {each.channel for each in inside if each.kind == "paid"}
        costs = sum(each.within(start, end) for each in inside if each.kind == "paid")
        buyers = sum(CHANNELS[name] in channels for name in new)
        figure = bought[number][""]
        assert (figure.n, figure.value) == (
            buyers,
            float(Fraction(costs) / buyers) if buyers else None,
        )


def _first_day(shop: Shop, customer: str, period: Period) -> date:
    """The local day of the purchase that makes a customer new in the period."""
    return local_date(
        min(
            sale.at
            for sale in shop.sales
            if sale.customer == customer
            and sale.at >= period.starts_at
            and sale.stands(period.ends_at)
        ),
        ZONE,
    )


def _earned(shop: Shop, customer: str, first: date, months: int) -> Decimal:
    """Net revenue up to so many months after the first day."""

    def inside(at: datetime) -> bool:
        days = max(0, (local_date(at, ZONE) - first).days)
        return Fraction(days) / Fraction(1461, 48) < months

    total = Decimal(0)
    for sale in shop.sales:
        if sale.customer == customer:
            total += sale.amount if inside(sale.at) else 0
            total -= sum(each.amount for each in sale.refunds if inside(sale.booked(each)))
    return total


@examples
@given(
    shop=shops(),
    spend=bills(),
    start=st.dates(date(2018, 9, 1), date(2018, 11, 1)),
    folded=st.booleans(),
)
async def test_payback_equals_walking_through_the_months(
    database: Database, shop: Shop, spend: list[Bill], start: date, *, folded: bool
) -> None:
    """The first month in which what all new customers earned reaches what they cost."""
    period = Period(start, start + timedelta(days=60), ZONE)
    async with marketed(database, shop, spend=spend, folded=folded) as (session, scope):
        wanted = asking(scope, margin="50")
        (costs,) = await measure_acquisition_cost(session, wanted, [period], None)
        (curve,) = await measure_payback(session, wanted, [period], None)
        (plain,) = await measure_payback(
            session, asking(scope, margin="50", form="formula"), [period], None
        )
        (bare,) = await measure_payback(session, scope, [period], None)
    cost = costs[""].value
    if cost is None:
        assert curve[""].value is None
        return
    assert (bare[""].value, bare[""].reason) == (None, "margin_not_given")
    new = {name: _first_day(shop, name, period) for name in new_customers(shop, period)}
    months = [
        float(Fraction(sum(_earned(shop, name, day, k) for name, day in new.items())))
        / 2
        / len(new)
        for k in range(1, 20)
    ]
    reached = [k for k, each in enumerate(months, 1) if each >= cost - 1e-9]
    assert curve[""].value == (reached[0] if reached else None)
    assert curve[""].components["month_3"].value == pytest.approx(months[2])
    today = local_date(now(), ZONE)
    total = months[-1] * len(new)
    observed = sum((today - day).days for day in new.values()) / (365.25 / 12)
    if total > 0:
        assert plain[""].value == pytest.approx(cost / (total / observed))
    else:
        assert plain[""].reason == "not_defined"


@pytest.mark.parametrize("folded", [False, True])
async def test_what_is_yet_to_come_has_not_been_earned(database: Database, *, folded: bool) -> None:
    """Orders dated after today make nobody new and earn nothing, also those already told of."""
    first = local_date(now(), ZONE) - timedelta(days=70)
    period = Period(first, first + timedelta(days=30), ZONE)
    start = period.starts_at + timedelta(hours=12)
    later = start + timedelta(days=100)
    sales = [
        Sale("c0", start, Decimal(10)),
        Sale("c0", later, Decimal(500)),
        Sale("c1", start, Decimal(30), (Payback(later, Decimal(30)),)),
        Sale("c2", later, Decimal(700), currency="USD"),
    ]
    bill = Bill(first, 30, "web", "paid", 20)
    async with marketed(database, Shop(sales), spend=[bill], folded=folded) as (session, scope):
        wanted = asking(scope, margin="50", form="formula")
        (found,) = await measure_payback(session, wanted, [period], None)
    assert found[""].n == 2
    # 40 in 2 x 70 days, half of it margin; winning each cost 10.
    monthly = 40 / (140 / 30.4375) / 2
    assert found[""].denominator["monthly_margin_per_customer"] == pytest.approx(monthly)
    assert found[""].value == pytest.approx(10 / monthly)


async def test_the_first_purchase_of_who_has_just_changed_may_be_one_that_was_undone(
    database: Database,
) -> None:
    """Before they are folded, too: an order that stood when the period ended begins the months."""
    period = Period(date(2018, 9, 1), date(2018, 10, 1), ZONE)
    first, second = (period.starts_at + timedelta(days=days, hours=12) for days in (2, 20))
    back = Payback(period.ends_at + timedelta(days=9), Decimal(10))
    sales = [Sale("c0", first, Decimal(10), (back,)), Sale("c0", second, Decimal(30))]
    bill = Bill(period.start, 30, "web", "paid", 20)
    async with marketed(database, Shop([]), spend=[bill], folded=True) as (session, scope):
        await store(session, scope.workspace_id, Shop(sales))
        for _ in range(2):
            (found,) = await measure_payback(session, asking(scope, margin="50"), [period], None)
            parts = found[""].components
            assert [parts[f"month_{month}"].value for month in (1, 2)] == [20, 15]
            await fold(session, scope.workspace_id)


@examples
@given(shop=shops(), periods=period_lists())
async def test_referrals_equal_sets(database: Database, shop: Shop, periods: list[Period]) -> None:
    """The new customers whose channel is referral, of all new customers."""
    async with marketed(database, shop) as (session, scope):
        found = await measure_referrals(session, scope, periods, None)
    for period, figures in zip(periods, found, strict=True):
        channels = [CHANNELS[name] for name in new_customers(shop, period)]
        assert figures[""].numerator == {
            "referred_new_customers": channels.count("referral"),
            "without_channel": channels.count(""),
        }
        assert figures[""].denominator == {"new_customers": len(channels)}


def _total(basis: str, start: date, end: date, **fields: object) -> MarketTotalPut:
    stated = {
        "from": start,
        "to": end,
        "basis": basis,
        "amount": "1000",
        "currency": "BRL" if basis == "value" else None,
        "source": "association",
        "stated_on": date(2019, 1, 15),
        "error_margin": "0.1",
        "competitors": [{"name": "A", "amount": "200"}, {"name": "B", "amount": "300"}],
    }
    return MarketTotalPut.model_validate(stated | fields)


@examples
@given(shop=shops(), period=period_lists().map(lambda periods: periods[0]), folded=st.booleans())
async def test_share_equals_own_over_total(
    database: Database, shop: Shop, period: Period, *, folded: bool
) -> None:
    """Net revenue and buyers of the period, over a total that covers it or is prorated to it."""
    years = (date(2018, 7, 1), date(2020, 7, 1))
    async with marketed(database, shop, folded=folded) as (session, scope):
        await put_total(session, scope.workspace_id, _total("value", *years), None)
        exact = _total("customers", period.start, period.end)
        await put_total(session, scope.workspace_id, exact, None)
        (value,) = await measure_market_share(session, scope, [period], None)
        wanted = asking(scope, basis="customers")
        (buyers,) = await measure_market_share(session, wanted, [period], None)
        units = await measure_market_share(session, asking(scope, basis="units"), [period], None)

    def inside(at: datetime) -> bool:
        return period.starts_at <= at < period.ends_at

    own = sum((sale.amount for sale in shop.sales if inside(sale.at)), Decimal(0))
    for sale in shop.sales:
        own -= sum(each.amount for each in sale.refunds if inside(sale.booked(each)))
    share = Fraction(period.days, 731)
    figure = value[""]
    assert figure.value == pytest.approx(float(own) / float(1000 * share))
    assert figure.components["relative_share"].value == pytest.approx(
        float(own) / float(300 * share)
    )
    assert figure.components["lowest"].value == pytest.approx(float(own) / float(1100 * share))
    assert figure.components["highest"].value == pytest.approx(float(own) / float(900 * share))
    assert figure.warnings == ("prorated",)
    assert [each.name for each in figure.sources] == ["association"]
    assert figure.n == len(shop.buyers(period.starts_at, period.ends_at))
    assert buyers[""].value == len(shop.buyers(period.starts_at, period.ends_at)) / 1000
    assert (units[0][""].value, units[0][""].reason) == (None, "no_market_total")
    assert units[0][""].n == figure.n


async def test_a_share_needs_a_total_for_every_day(database: Database) -> None:
    """Totals side by side add up; a gap, or a part of a total of customers, leaves no value."""
    first, middle, last = date(2018, 9, 1), date(2018, 10, 1), date(2018, 11, 1)
    async with marketed(database, Shop([])) as (session, scope):
        for start, end, rivals in ((first, middle, "200"), (middle, last, "350")):
            stated = _total("value", start, end, competitors=[{"name": "A", "amount": rivals}])
            await put_total(session, scope.workspace_id, stated, None)
        await put_total(session, scope.workspace_id, _total("customers", first, last), None)
        both = Period(first, last, ZONE)
        (found,) = await measure_market_share(session, scope, [both], None)
        assert found[""].denominator == {"market_total": 2000.0}
        assert found[""].components["relative_share"].denominator == {"largest_competitor": 550.0}
        assert found[""].warnings == ()
        gap = Period(first, date(2018, 11, 2), ZONE)
        (found,) = await measure_market_share(session, scope, [gap], None)
        assert (found[""].value, found[""].reason) == (None, "no_market_total")
        wanted = asking(scope, basis="customers")
        part = Period(first, middle, ZONE)
        (found,) = await measure_market_share(session, wanted, [part], None)
        assert (found[""].value, found[""].reason) == (None, "no_market_total")


@examples
@given(shop=shops(), spend=bills(), start=st.dates(date(2018, 9, 1), date(2018, 11, 1)))
async def test_ltv_to_cac_is_the_quotient_of_the_two_kpis(
    database: Database, shop: Shop, spend: list[Bill], start: date
) -> None:
    """Lifetime value at the margin over cost; without a margin, revenue is not set against it."""
    period = Period(start, start + timedelta(days=60), ZONE)
    async with marketed(database, shop, spend=spend) as (session, scope):
        wanted = asking(scope, margin="40")
        (found,) = await measure_ltv_to_cac(session, wanted, [period], None)
        (bare,) = await measure_ltv_to_cac(session, scope, [period], None)
        (costs,) = await measure_acquisition_cost(session, scope, [period], None)
        (values,) = await measure_lifetime_value(session, wanted, [period], None)
        other = replace(wanted, filters={"channel": ("web",)})
        (web,) = await measure_ltv_to_cac(session, other, [period], None)
        (web_cost,) = await measure_acquisition_cost(session, other, [period], None)
    assert (bare[""].value, bare[""].reason) == (None, "margin_not_given")
    assert bare[""].numerator == {}
    cost, value = costs[""].value, values[""].value
    if cost and value is not None:
        assert found[""].value == pytest.approx(value / cost)
        assert found[""].components["net"].value == pytest.approx(value - cost)
        interval = found[""].interval
        if interval is not None:
            assert interval.low <= value / cost <= interval.high
    elif cost is None:
        assert found[""].reason == costs[""].reason
    assert web[""].n == web_cost[""].n


async def test_money_of_two_currencies_is_never_divided(database: Database) -> None:
    """Spend in one currency and sales in another give no payback, no ratio."""
    period = Period(date(2018, 9, 1), date(2018, 10, 1), ZONE)
    shop = Shop([])
    bill = Bill(date(2018, 9, 1), 30, "web", "paid", 100)
    async with marketed(database, shop, spend=[bill], currency="USD") as (session, scope):
        await put_total(
            session, scope.workspace_id, _total("value", period.start, period.end), None
        )
        (cost,) = await measure_acquisition_cost(session, scope, [period], None)
        assert cost[""].currency == "USD"
        assert (cost[""].value, cost[""].reason) == (None, "empty_denominator")
        assert cost[""].numerator == {"spend": 100.0}
        (ratio,) = await measure_ltv_to_cac(session, asking(scope, margin="50"), [period], None)
        assert ratio[""].value is None


async def test_a_predicted_value_is_named_with_its_run(database: Database) -> None:
    """The total that the run expects over the cost; the interval holds it, and the run is named."""
    period = Period(date(2018, 9, 1), date(2018, 10, 1), ZONE)
    sales = [Sale(f"c{n}", period.starts_at, Decimal(30)) for n in range(4)]
    bill = Bill(period.start, 30, "web", "paid", 80)
    async with marketed(database, Shop(sales), spend=[bill]) as (session, scope):
        run = ModelRun(
            workspace_id=scope.workspace_id,
            kind="bgnbd",
            status="sound",
            unit="weeks",
            calibration_end=date(2018, 9, 20),
            currency="BRL",
            discount_annual=10,
            result={},
        )
        session.add(run)
        await session.flush()
        figures = {
            "alive": 3.5,
            "historic": 120.0,
            "purchases": {"36": 8.0},
            "residual": {"36": 200.0},
            "deciles": {"36": [50.0] * 9},
            "draws": {"36": [0.8, 0.9, 1.0, 1.1, 1.2]},
        }
        session.add(
            GroupPrediction(
                workspace_id=scope.workspace_id,
                run_id=run.id,
                dimension="",
                member="",
                customers=4,
                figures=figures,
            )
        )
        await session.flush()
        wanted = asking(scope, margin="50", mode="predictive")
        (found,) = await measure_ltv_to_cac(session, wanted, [period], None)
    figure = found[""]
    assert figure.value == pytest.approx((320 / 4 / 2) / (80 / 4))  # 2
    assert figure.model_run == str(run.id)
    assert figure.interval is not None
    assert figure.interval.low < 2 < figure.interval.high
