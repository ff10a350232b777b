"""The designated-purchase rate: random shops against counting by hand, and over HTTP."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database
from app.kpis.designated_purchases import measure_designated_purchases
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.purchases.fold import fold
from tests.conftest import Tenant
from tests.customers.making import CSV, as_csv, load, statuses
from tests.kpis.shops import SEGMENTS, Shop, opened, period_lists, shops

PATH = "/v1/kpis/designated-purchase-rate"
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}
MEMBERS = {
    segment: {name for name, own in SEGMENTS.items() if own == segment}
    for segment in SEGMENTS.values()
}


def _by_hand(shop: Shop, names: set[str], period: Period) -> tuple[int, int, int, int]:
    """Orders asking for the brand, saying whether, not saying; and those fully refunded."""
    placed = [
        sale
        for sale in shop.sales
        if sale.customer in names and period.starts_at <= sale.at < period.ends_at
    ]
    said = [sale.asked_for_brand for sale in placed if sale.stands(period.ends_at)]
    return (
        said.count(True),
        len(said) - said.count(None),
        said.count(None),
        len(placed) - len(said),
    )


@settings(max_examples=40, deadline=None)
@given(shop=shops(), periods=period_lists(), folded=st.booleans())
async def test_the_rate_equals_counting_orders(
    database: Database, shop: Shop, periods: list[Period], *, folded: bool
) -> None:
    """Of all, of a segment and by segments: kept or from the rows, it is a count of the orders."""
    async with opened(database, shop) as (session, scope):
        while folded and await fold(session, scope.workspace_id):
            pass
        found = await measure_designated_purchases(session, scope, periods, None)
        gold = replace(scope, filters={"segment": ("gold",)})
        filtered = await measure_designated_purchases(session, gold, periods, None)
        split = await measure_designated_purchases(session, scope, periods, "segment")
        joined = await measure_designated_purchases(session, gold, periods, "segment*channel")
    for number, period in enumerate(periods):
        told = {"": found[number][""], "gold": filtered[number][""]}
        for name, measured in told.items():
            names = MEMBERS["gold"] if name else set(SEGMENTS)
            asked, said, unsaid, refunded = _by_hand(shop, names, period)
            assert measured.value == (asked / said if said else None)
            assert measured.reason == (None if said else "empty_denominator")
            assert (measured.n, measured.interval) == (said, wilson(Share(asked, said)))
            assert measured.numerator == {"asked_for_brand": asked}
            assert measured.denominator == {"orders": said}
            assert measured.excluded == {
                "orders_without_asked_for_brand": unsaid,
                "fully_refunded_orders": refunded,
            }
        for segment, names in MEMBERS.items():
            by_hand = _by_hand(shop, names, period)
            assert (segment in split[number]) == any(by_hand)
            if segment in split[number]:
                group = split[number][segment]
                assert (group.numerator["asked_for_brand"], group.n) == by_hand[:2]
        assert sum(each.n for each in joined[number].values()) == told["gold"].n


async def _get(tenant: Tenant, **query: str) -> dict[str, Any]:
    answer = await tenant.client.get(PATH, params=MARCH | {"compare": "none"} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_orders_say_it_one_by_one_and_in_bulk(tenant: Tenant) -> None:
    """Yes, no and nothing by JSON and CSV; what an order says can be corrected and taken back."""
    order = {"customer": "a", "ordered_on": "2026-03-09", "amount": "8.00", "currency": "CNY"}

    async def put(name: str, **said: bool | None) -> dict[str, Any]:
        answer = await tenant.client.put(f"/v1/orders/{name}", json=order | said)
        assert answer.status_code in {200, 201}, answer.text
        kept: dict[str, Any] = answer.json()
        return kept

    assert (await put("1", asked_for_brand=True))["asked_for_brand"] is True
    assert (await put("2", asked_for_brand=None))["asked_for_brand"] is None
    lines = [
        order | {"external_id": str(number), "asked_for_brand": said}
        for number, said in enumerate(["true", "false", "false", "", "perhaps"], 3)
    ]
    report = await load(tenant, "orders", as_csv(lines), CSV)
    assert sorted(statuses(report)) == ["created"] * 4 + ["rejected"]
    found = await _get(tenant)
    assert (found["value"], found["n"]) == (0.5, 4)
    assert found["excluded"]["orders_without_asked_for_brand"] == 2
    corrected = await put("1", asked_for_brand=False)
    assert (corrected["asked_for_brand"], corrected["revision"]) == (False, 2)
    found = await _get(tenant)
    assert found["value"] == 0.25
    assert found["period"]["restated_at"] == corrected["updated_at"]
    assert (await put("3"))["asked_for_brand"] is None
    assert (await _get(tenant))["numerator"] == {"asked_for_brand": 0}
    unchanged = await put("3")
    assert unchanged["revision"] == 2


async def test_a_refund_in_full_takes_the_order_out(tenant: Tenant) -> None:
    """From the period in which it was paid back on; a part that is paid back changes nothing."""
    for name in ("1", "2", "3"):
        order = {"customer": name, "ordered_on": "2026-03-09", "amount": "8.00", "currency": "CNY"}
        answer = await tenant.client.put(
            f"/v1/orders/{name}", json=order | {"asked_for_brand": name == "1"}
        )
        assert answer.status_code == 201, answer.text
    for name, amount, day in (
        ("1", "8.00", "2026-03-20"),
        ("2", "8.00", "2026-04-02"),
        ("3", "1.00", "2026-03-20"),
    ):
        refund = {"external_id": "r", "amount": amount, "refunded_on": day}
        answer = await tenant.client.post(f"/v1/orders/{name}/refunds", json=refund)
        assert answer.status_code == 201, answer.text
    found = await _get(tenant)
    assert (found["value"], found["n"]) == (0.0, 2)
    assert found["excluded"]["fully_refunded_orders"] == 1
    longer = await _get(tenant, to="2026-05-01")
    assert (longer["n"], longer["excluded"]["fully_refunded_orders"]) == (1, 2)
