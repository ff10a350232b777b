"""Retention, repeat purchases, acquisition: random shops against counting by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database, new_id
from app.kpis.acquisition import measure_acquisition
from app.kpis.catalog.customers import ACQUISITION, KPIS, REPEAT_PURCHASE_RATE, RETENTION
from app.kpis.declaration import Measure, Measurement
from app.kpis.periods import Period, day_starts_at
from app.kpis.proportions import Share, newcombe, wilson
from app.kpis.rates import Rate, garwood, rate_difference
from app.kpis.repeat_purchases import measure_repeat_purchases
from app.kpis.retention import REACTIVATED, measure_retention
from tests.kpis.shops import SEGMENTS, ZONE, Payback, Sale, Shop, opened, period_lists, shops

#: No deadline: an example is a dozen statements. Example counts keep each test near ten seconds.
examples = settings(max_examples=40, deadline=None)
MEMBERS = {
    segment: [name for name, own in SEGMENTS.items() if own == segment]
    for segment in SEGMENTS.values()
}


def _retention_by_hand(shop: Shop, period: Period, window: int) -> dict[str, int]:
    def active(day: date) -> set[str]:
        end = day_starts_at(day, period.zone)
        return shop.buyers(day_starts_at(day - timedelta(days=window), period.zone), end)

    start, end = active(period.start), active(period.end)
    earlier = shop.known_before(period.starts_at, period.ends_at)
    return {
        "S": len(start),
        "E": len(end),
        "N": len(end - start - earlier),
        "retained": len(start & end),
        "reactivated": len((end - start) & earlier),
        "refunded": shop.refunded(
            day_starts_at(period.start - timedelta(days=window), period.zone), period.ends_at
        ),
    }


def _sets(measured: Measurement) -> dict[str, float]:
    return {
        **measured.numerator,
        **measured.denominator,
        "refunded": measured.excluded["fully_refunded_orders"],
    }


@examples
@given(shop=shops(), periods=period_lists(), window=st.integers(1, 70))
async def test_retention_equals_sets_of_customers(
    database: Database, shop: Shop, periods: list[Period], window: int
) -> None:
    """S, E, N, retained and reactivated of any periods are those of plain sets of customers."""
    async with opened(database, shop) as (session, scope):
        wanted = replace(scope, options={"window_days": str(window)})
        found = await measure_retention(session, wanted, periods, None)
        split = await measure_retention(session, wanted, periods, "segment")
    for period, figures, groups in zip(periods, found, split, strict=True):
        assert _sets(figures[""]) == _retention_by_hand(shop, period, window)
        for segment, names in MEMBERS.items():
            by_hand = _retention_by_hand(shop.of(names), period, window)
            if segment in groups:
                assert _sets(groups[segment]) == by_hand
            else:
                assert set(by_hand.values()) == {0}


@examples
@given(shop=shops(), periods=period_lists())
async def test_repeat_purchases_equal_days_of_customers(
    database: Database, shop: Shop, periods: list[Period]
) -> None:
    """Two orders on one local day are one purchase; a fully refunded order is none."""
    async with opened(database, shop) as (session, scope):
        found = await measure_repeat_purchases(session, scope, periods, None)
        only = replace(scope, filters={"segment": ("gold", "")})
        filtered = await measure_repeat_purchases(session, only, periods, None)
    chosen = shop.of(MEMBERS["gold"] + MEMBERS[""])
    for source, measured in ((shop, found), (chosen, filtered)):
        for period, figures in zip(periods, measured, strict=True):
            repeated, buyers = source.repeat_buyers(period)
            assert figures[""].numerator == {"repeat_buyers": repeated}
            assert figures[""].denominator == {"buyers": buyers}
            refunded = source.refunded(period.starts_at, period.ends_at)
            assert figures[""].excluded == {"fully_refunded_orders": refunded}


@examples
@given(shop=shops(), periods=period_lists())
async def test_acquisition_equals_sets_of_customers(
    database: Database, shop: Shop, periods: list[Period]
) -> None:
    """New customers have no earlier purchase that stands; those at the start have one."""
    async with opened(database, shop) as (session, scope):
        found = await measure_acquisition(session, scope, periods, None)
        split = await measure_acquisition(session, scope, periods, "segment")
    for period, figures, groups in zip(periods, found, split, strict=True):
        for segment, names in [(None, sorted(SEGMENTS)), *MEMBERS.items()]:
            own = shop.of(names)
            earlier = own.known_before(period.starts_at, period.ends_at)
            new = own.buyers(period.starts_at, period.ends_at) - earlier
            at_start = own.buyers(None, period.starts_at)
            measured = figures[""] if segment is None else groups.get(segment)
            if measured is None:
                assert not new | at_start
            else:
                assert measured.numerator == {"new_customers": len(new)}
                assert measured.denominator == {"customers_at_start": len(at_start)}


def _at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2018, month, day, hour, tzinfo=ZONE).astimezone(UTC)


def _sale(customer: str, month: int, day: int, *refunds: Payback) -> Sale:
    return Sale(customer, _at(month, day), Decimal(10), refunds)


#: Of October with a window of 31 days: c0 is kept, c1 lost, c2 new, c3 comes back, c4 comes back
#: after its first order was refunded (so it is new), and c5 has only a cancelled order.
OCTOBER = Period(date(2018, 10, 1), date(2018, 11, 1), ZONE)
STORY = Shop(
    [
        _sale("c0", 9, 10),
        _sale("c0", 10, 10),
        _sale("c1", 9, 20),
        _sale("c2", 10, 5),
        _sale("c3", 6, 1),
        _sale("c3", 10, 31),
        _sale("c4", 6, 1, Payback(_at(10, 2), Decimal(10))),
        _sale("c4", 10, 20),
        _sale("c5", 10, 3, Payback(_at(10, 30), Decimal(10))),
    ]
)


async def _story(database: Database, measure: Measure, **options: str) -> Measurement:
    async with opened(database, STORY) as (session, scope):
        (found,) = await measure(session, replace(scope, options=options), [OCTOBER], None)
    return found[""]


async def test_retention_of_a_story(database: Database) -> None:
    """A month in which one is kept, one lost, two are new, one returns and one cancels."""
    measured = await _story(database, measure_retention, window_days="31")
    assert measured.numerator == {"retained": 1, "E": 4, "N": 2, "reactivated": 1}
    assert measured.denominator == {"S": 2}
    assert (measured.value, measured.n) == (0.5, 2)
    assert measured.interval == wilson(Share(1, 2))
    assert measured.excluded == {"fully_refunded_orders": 1}
    churn = measured.components["churn"]
    assert (churn.value, churn.direction) == (0.5, "lower")
    assert churn.interval is not None
    assert measured.interval is not None
    assert churn.interval.low == 1 - measured.interval.high


async def test_the_classic_formula_warns_of_returning_customers(database: Database) -> None:
    """(E - N) / S counts who returned as kept: 2/2 here, where one of two was kept."""
    measured = await _story(database, measure_retention, window_days="31", formula="classic")
    assert (measured.value, measured.interval) == (1.0, None)
    assert measured.warnings == (REACTIVATED,)
    by_set = await _story(database, measure_retention, window_days="31")
    assert by_set.components["classic"].value == 1.0
    assert by_set.warnings == ()


async def test_acquisition_of_a_story(database: Database) -> None:
    """c2 and c4 are new; c4's refunded order made it a customer until it was paid back."""
    measured = await _story(database, measure_acquisition)
    assert measured.numerator == {"new_customers": 2}
    assert measured.denominator == {"customers_at_start": 4}
    assert measured.value == 0.5
    assert measured.interval == garwood(Rate(2, 4, per=1))


async def test_a_refund_at_the_very_end_belongs_to_the_next_period(database: Database) -> None:
    """An order paid back at the first instant after a period stands in it; just before, not."""
    for moment, buyers in ((OCTOBER.ends_at, 1), (OCTOBER.ends_at - datetime.resolution, 0)):
        shop = Shop([_sale("c0", 10, 5, Payback(moment, Decimal(10)))])
        async with opened(database, shop) as (session, scope):
            (bought,) = await measure_repeat_purchases(session, scope, [OCTOBER], None)
            (kept,) = await measure_retention(session, scope, [OCTOBER], None)
            (new,) = await measure_acquisition(session, scope, [OCTOBER], None)
        assert bought[""].n == kept[""].numerator["E"] == buyers
        assert new[""].numerator == {"new_customers": buyers}
        for measured in (bought[""], kept[""], new[""]):
            assert measured.excluded == {"fully_refunded_orders": 1 - buyers}


async def test_nothing_is_null_with_a_reason(database: Database) -> None:
    """Without customers every customer KPI is null because its denominator is empty."""
    async with opened(database, Shop([])) as (session, scope):
        for kpi in KPIS:
            (ungrouped,) = await kpi.measure(session, scope, [OCTOBER], None)
            (grouped,) = await kpi.measure(session, scope, [OCTOBER], "channel")
            assert ungrouped[""].value is None
            assert ungrouped[""].interval is None
            assert ungrouped[""].reason == "empty_denominator"
            assert grouped == {}


def _of(evidence: object) -> Measurement:
    return Measurement(value=0.0, n=1, evidence=evidence)


def test_each_kpi_brings_its_test() -> None:
    """Shares are compared by Newcombe's test, acquisition by the exact test of two rates."""
    now, before = Share(8, 20), Share(3, 20)
    for kpi in (RETENTION, REPEAT_PURCHASE_RATE):
        assert kpi.compare(_of(now), _of(before), 0.9) == newcombe(now, before, 0.9)
        assert kpi.compare(_of(None), _of(before), 0.9) is None
    new, former = Rate(30, 20, per=1), Rate(3, 20, per=1)
    assert ACQUISITION.compare(_of(new), _of(former), 0.9) == rate_difference(new, former, 0.9)
    assert ACQUISITION.compare(_of(None), _of(former), 0.9) is None


async def test_another_workspace_sees_nothing(database: Database) -> None:
    """Orders of one workspace are in no figure of another."""
    async with opened(database, STORY) as (session, scope):
        for kpi in KPIS:
            stranger = replace(scope, workspace_id=new_id())
            (found,) = await kpi.measure(session, stranger, [OCTOBER], None)
            assert found[""].n == 0
