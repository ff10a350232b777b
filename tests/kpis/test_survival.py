"""Survival curves: published figures, by hand, and what is kept against all orders; over HTTP."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.db import Database
from app.kpis.catalog.returning import KPIS
from app.kpis.periods import Period
from app.kpis.survival import Lives, Watched, curve, limits, log_rank
from app.kpis.survival_lives import Wanted
from app.kpis.survival_times import watch, watch_each
from app.purchases.fold import fold
from app.purchases.histories import SILENCE_DAYS
from app.purchases.models import PurchaseRollup
from tests.conftest import Tenant
from tests.kpis.shops import SEGMENTS, ZONE, Shop, opened, period_lists, shops
from tests.purchases.test_folding import Step, do_step, steps

#: Gehan's trial (1965): weeks in remission; a plus marks those who were still in it.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def _watched(times: str) -> Lives:
    found = [Watched(-1, int(each.rstrip("+")), not each.endswith("+")) for each in times.split()]
    return Lives.of(found)


def test_the_published_curve() -> None:
    """The 6-MP arm of Gehan's trial: S from .8571 at 6 to .4482 at 23; Greenwood's errors."""
    found = curve(_watched(TREATED))
    assert [(each.t, each.at_risk, each.events) for each in found.points] == [
        (6, 21, 3), (7, 17, 1), (10, 15, 1), (13, 12, 1), (16, 11, 1), (22, 7, 1), (23, 6, 1)
    ]  # fmt: skip
    survival = [round(each.s, 4) for each in found.points]
    assert survival == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    errors = [round(each.s * each.variance**0.5, 4) for each in found.points]
    assert errors == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert found.quantile(0.5) == 23
    last = curve(_watched(PLACEBO)).points[-1]
    assert (last.t, last.s, limits(last, "log-log")) == (23, 0.0, None)


def test_the_published_log_rank_test() -> None:
    """The arms of Gehan's trial differ by 16.79 on one degree of freedom."""
    found = log_rank({"6-MP": _watched(TREATED), "placebo": _watched(PLACEBO)})
    assert found is not None
    assert (round(found.statistic, 2), found.df) == (16.79, 1)
    assert found.p == pytest.approx(4.17e-5, rel=1e-2)


def test_bands_hold_the_curve_and_stay_within_bounds() -> None:
    """At S(6) = 18/21 the three bands are those that R's survfit prints for this arm."""
    point = curve(_watched(TREATED)).points[0]
    bands = {}
    for band in ("log-log", "log", "plain"):
        found = limits(point, band)
        assert found is not None
        bands[band] = (round(found.low, 3), round(found.high, 3))
    assert bands == {"log-log": (0.620, 0.952), "log": (0.720, 1.0), "plain": (0.707, 1.0)}


def test_who_enters_late_is_not_at_risk_before() -> None:
    """A subject that enters after time 2 does not count among those at risk at 2."""
    watched = [Watched(-1, 2, event=True), Watched(-1, 5, event=False), Watched(2, 3, event=True)]
    found = curve(Lives.of(watched))
    assert [(each.t, each.at_risk) for each in found.points] == [(2, 2), (3, 2)]
    assert found.late == 1


def _by_hand(shop: Shop, wanted: Wanted) -> list[Watched]:
    """The same, customer by customer."""
    lives = []
    start, end = wanted.period.start, wanted.period.end
    last = end - timedelta(days=1)
    for name in SEGMENTS:
        own = [each for each in shop.of([name]).sales if each.stands(wanted.period.ends_at)]
        days = sorted({each.at.astimezone(ZONE).date() for each in own})
        if not days or (wanted.acquired and days[0] < start):
            continue
        happened: date | None = days[1] if len(days) > 1 else None
        if wanted.event == "churn":
            window = timedelta(days=wanted.window)
            gaps = zip(days, [*days[1:], date.max], strict=True)
            happened = next(day for day, after in gaps if after - day > window) + window
        event = happened is not None and happened <= last
        time = ((happened if event and happened else last) - days[0]).days
        entry = -1
        if wanted.watched_from:
            entry = max((start - days[0]).days - 1, -1)
        if time > entry:
            lives.append(Watched(entry, time, event))
    return lives


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    shop=shops(),
    period=period_lists().map(lambda found: found[0]),
    event=st.sampled_from(["second_purchase", "churn"]),
    window=st.integers(1, 40) | st.just(90),
    kind=st.sampled_from(["all", "acquired", "late"]),
)
async def test_times_equal_those_of_each_customer(
    database: Database, shop: Shop, period: Period, event: Any, window: int, kind: str
) -> None:
    """Entry, time and event are those by hand: from all orders, and from what is kept."""
    async with opened(database, shop) as (session, scope):
        watched_from = period.start.toordinal() if kind == "late" else 0
        wanted = Wanted(scope, period, event, window, kind == "acquired", watched_from)
        counted = await watch(session, wanted, None)
        by_segment = await watch(session, wanted, "segment")
        await fold(session, scope.workspace_id)
        while await fold(session, scope.workspace_id):
            pass
        kept = await watch(session, wanted, None)
        assert by_segment == await watch(session, wanted, "segment")
    assert counted.get("", Lives()) == Lives.of(_by_hand(shop, wanted))
    assert kept == counted


def _spans() -> st.SearchStrategy[list[Period]]:
    """Periods up to four months long: many hold whole months, and many begin or end with one."""
    starts = st.dates(date(2018, 8, 20), date(2018, 12, 5)) | st.sampled_from(
        [date(2018, 9, 1), date(2018, 10, 1), date(2018, 11, 1)]
    )
    days = st.integers(1, 120) | st.sampled_from([30, 31, 61, 91])
    span = st.builds(lambda start, long: Period(start, start + timedelta(long), ZONE), starts, days)
    return st.lists(span, min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    done=steps(),
    periods=_spans(),
    event=st.sampled_from(["second_purchase", "churn"]),
    kind=st.sampled_from(["all", "acquired", "late"]),
)
async def test_lives_are_the_same_while_anything_happens(
    database: Database, done: list[Step], periods: list[Period], event: Any, kind: str
) -> None:
    """Whatever is interleaved, folded to the end or not: the same lives as from all orders.

    Of several watches at once, by group and filtered, in months that are whole and that are not.
    """
    async with opened(database, Shop([])) as (session, scope):
        await fold(session, scope.workspace_id)
        for number, step in enumerate(done):
            await do_step(session, scope.workspace_id, number, step)
        found = []
        for _ in range(3):
            for by, filters in (
                (None, {}), ("segment", {}), (None, {"segment": ("gold", "")}),
                ("segment", {"segment": ("gold",)}), ("channel", {"segment": ("gold", "")}),
            ):  # fmt: skip
                asked = replace(scope, filters=filters)
                wanted = [
                    Wanted(
                        asked, each, event, SILENCE_DAYS, kind == "acquired",
                        each.start.toordinal() if kind == "late" else 0,
                    )
                    for each in periods
                ]  # fmt: skip
                found.append(await watch_each(session, asked, wanted, by))
            if len(found) > 5:
                await session.execute(delete(PurchaseRollup))
            else:
                while await fold(session, scope.workspace_id):
                    pass
    unfolded, folded, counted = found[:5], found[5:10], found[10:]
    assert unfolded == counted
    assert folded == counted


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shop=shops(), periods=period_lists())
async def test_kpis_of_returning_are_the_same_before_and_after_folding(
    database: Database, shop: Shop, periods: list[Period]
) -> None:
    """Returning share, time to the second purchase, order value: kept equals counted."""
    async with opened(database, shop) as (session, scope):
        found = []
        for _ in range(2):
            found.append(
                [
                    await kpi.measure(session, scope, periods, by)
                    for kpi in KPIS
                    for by in (None, "segment")
                ]
            )
            while await fold(session, scope.workspace_id):
                pass
    assert found[0] == found[1]


async def test_the_trial_through_the_service(tenant: Tenant) -> None:
    """Orders that make the published times give the published curve and test over HTTP."""
    end = date(2026, 3, 1)
    orders = []
    for arm, times in (("6-MP", TREATED), ("placebo", PLACEBO)):
        for number, each in enumerate(times.split()):
            customer, weeks = f"{arm}-{number}", int(each.rstrip("+"))
            body = {"segment": arm}
            await tenant.client.put(f"/v1/customers/{customer}", json=body)
            last = end - timedelta(days=1)
            first = last - timedelta(days=weeks) if each.endswith("+") else date(2026, 1, 1)
            days = [first] if each.endswith("+") else [first, first + timedelta(days=weeks)]
            orders += [
                {
                    "external_id": f"{customer}-{place}",
                    "customer": customer,
                    "ordered_on": str(day),
                    "amount": "1.00",
                    "currency": "CNY",
                }
                for place, day in enumerate(days)
            ]
    content = "\n".join(json.dumps(each) for each in orders)
    headers = {"Content-Type": "application/x-ndjson"}
    await tenant.client.post("/v1/orders", content=content.encode(), headers=headers)
    query = {"to": str(end), "group_by": "segment"}
    answer = await tenant.client.get("/v1/kpis/retention/survival", params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    treated, placebo = found["groups"]
    assert (treated["member"], treated["n"], treated["events"]) == ("6-MP", 21, 9)
    survival = {each["t"]: round(each["s"], 4) for each in treated["curve"]}
    assert (survival[6], survival[23]) == (0.8571, 0.4482)
    assert treated["median"] == 23
    assert placebo["curve"][-1]["s"] == 0.0
    assert placebo["curve"][-1]["low"] is None
    assert round(found["log_rank"]["statistic"], 2) == 16.79
    shares = {"from": "2025-12-01", "to": str(end), "within_days": "10", "segment": "6-MP"}
    share = (await tenant.client.get("/v1/kpis/repeat-purchase-rate", params=shares)).json()
    assert share["value"] == pytest.approx(1 - 0.7529, abs=1e-4)


async def test_order_value_and_revenue_retention_over_http(tenant: Tenant) -> None:
    """Net of refunds on their dates; growth of one customer does not hide the loss of another."""
    for number, (customer, day, amount) in enumerate(
        [("a", "2026-01-05", "100"), ("b", "2026-01-09", "50"), ("c", "2026-01-20", "10"),
         ("a", "2026-02-03", "40"), ("b", "2026-02-07", "80"), ("d", "2026-02-08", "500")]
    ):  # fmt: skip
        body = {"customer": customer, "ordered_on": day, "amount": amount, "currency": "CNY"}
        await tenant.client.put(f"/v1/orders/o{number}", json=body)
    refund = {"external_id": "r", "amount": "10", "refunded_at": "2026-02-20T10:00:00+08:00"}
    await tenant.client.post("/v1/orders/o4/refunds", json=refund)
    february = {"from": "2026-02-01", "to": "2026-03-01"}

    async def get(path: str) -> Any:
        answer = await tenant.client.get(f"/v1/kpis/{path}", params=february)
        assert answer.status_code == 200, answer.text
        return answer.json()

    kept = await get("revenue-retention")
    assert kept["value"] == pytest.approx(110 / 160)
    assert kept["components"]["gross"]["value"] == pytest.approx(90 / 160)
    assert kept["components"]["revenue_churn"]["value"] == pytest.approx(70 / 160)
    value = await get("order-value")
    assert (value["value"], value["n"]) == (pytest.approx(610 / 3), 3)
    assert value["components"]["median"]["value"] == 80.0
    share = await get("returning-share")
    assert (share["numerator"], share["n"]) == ({"returning_buyers": 2}, 3)
    churn = (await get("retention"))["components"]
    assert churn["churn_annualised"]["value"] == pytest.approx(
        1 - (1 - churn["churn"]["value"]) ** 12
    )


async def test_what_the_curve_cannot_show_is_refused(tenant: Tenant) -> None:
    """A parameter that cannot be honoured is 422 with its name."""
    for query in ({"event": "death"}, {"band": "wide"}, {"group_by": "age"}, {"periods": "3"}):
        answer = await tenant.client.get("/v1/kpis/retention/survival", params=query)
        assert answer.status_code == 422, answer.text
