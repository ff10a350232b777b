"""Customer KPIs over HTTP: exact at once, by channel, with options that are checked."""

from typing import Any

import pytest

from app.kpis.means import moments, t_interval
from app.kpis.rates import Rate, garwood
from tests.conftest import Tenant

MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


async def _get(tenant: Tenant, path: str, **query: str) -> dict[str, Any]:
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=MARCH | query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _sold(tenant: Tenant, order: str, customer: str, day: str, amount: str = "10.00") -> None:
    body = {"customer": customer, "ordered_on": day, "amount": amount, "currency": "CNY"}
    answer = await tenant.client.put(f"/v1/orders/{order}", json=body)
    assert answer.status_code == 201, answer.text


async def _shop(tenant: Tenant) -> None:
    """Two customers by web and one by phone; a was there before March, b and c are new."""
    for customer, channel in {"a": "web", "b": "web", "c": "phone"}.items():
        answer = await tenant.client.put(
            f"/v1/customers/{customer}", json={"acquisition_channel": channel, "segment": "x"}
        )
        assert answer.status_code == 201, answer.text
    await _sold(tenant, "1", "a", "2026-02-10")
    await _sold(tenant, "2", "a", "2026-03-10", "30.00")
    await _sold(tenant, "3", "b", "2026-03-11")
    await _sold(tenant, "4", "b", "2026-03-11")
    await _sold(tenant, "5", "c", "2026-03-12")


async def test_a_full_refund_unmakes_a_customer_at_once(tenant: Tenant) -> None:
    """A customer whose only order is paid back within the period is not a new one."""
    await _shop(tenant)
    found = await _get(tenant, "acquisition")
    assert found["numerator"] == {"new_customers": 2}
    refund = {"external_id": "r", "amount": "10.00", "refunded_on": "2026-03-20"}
    answer = await tenant.client.post("/v1/orders/5/refunds", json=refund)
    assert answer.status_code in {200, 201}, answer.text
    found = await _get(tenant, "acquisition")
    assert (found["numerator"], found["excluded"]) == (
        {"new_customers": 1},
        {"fully_refunded_orders": 1},
    )
    expected = garwood(Rate(1, 1, per=1))
    assert expected is not None
    assert found["interval"] == pytest.approx(
        {"level": 0.95, "low": expected.low, "high": expected.high, "method": "garwood"}
    )


async def test_new_customers_by_channel(tenant: Tenant) -> None:
    """Groups are the customers' own channels of acquisition; a filter selects the same."""
    await _shop(tenant)
    compared = await _get(tenant, "acquisition/compare", group_by="channel")
    assert {each["member"]: each["numerator"] for each in compared["groups"]} == {
        "web": {"new_customers": 1},
        "phone": {"new_customers": 1},
    }
    only = await _get(tenant, "acquisition", channel="phone")
    assert (only["value"], only["reason"]) == (None, "empty_denominator")
    assert only["numerator"] == {"new_customers": 1}


async def test_retention_and_repeat_purchases(tenant: Tenant) -> None:
    """a is kept; b's two orders of one day are one purchase, so nobody bought twice in March."""
    await _shop(tenant)
    kept = await _get(tenant, "retention", window_days="31")
    assert (kept["value"], kept["denominator"]) == (1.0, {"S": 1})
    assert kept["numerator"] == {"retained": 1, "E": 3, "N": 2, "reactivated": 0}
    assert kept["components"]["churn"]["value"] == 0.0
    repeated = await _get(tenant, "repeat-purchase-rate")
    assert (repeated["value"], repeated["n"]) == (0.0, 3)
    assert repeated["interval"]["low"] == 0.0
    longer = await _get(tenant, "repeat-purchase-rate", **{"from": "2026-02-01"})
    assert longer["numerator"] == {"repeat_buyers": 1}


async def test_lifetime_value_with_a_margin(tenant: Tenant) -> None:
    """Half of 40, 20 and 10 on average, in the currency of the orders."""
    await _shop(tenant)
    found = await _get(tenant, "lifetime-value", margin="50")
    assert (found["unit"], found["currency"], found["n"]) == ("money", "CNY", 3)
    assert found["value"] == pytest.approx(70 / 6)
    expected = t_interval(moments({20: 1, 10: 1, 5: 1}))
    assert expected is not None
    assert found["interval"]["low"] == pytest.approx(expected.low)
    assert found["components"]["median"]["value"] == 10.0
    acquired = await _get(tenant, "lifetime-value", cohort="acquired")
    assert (acquired["value"], acquired["n"]) == (15.0, 2)
    trend = await _get(tenant, "lifetime-value/trend", grain="week")
    assert trend["points"][-1]["value"] == pytest.approx(70 / 3)


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("retention", {"window_days": "0"}, "?window_days"),
        ("retention", {"window_days": "3651"}, "?window_days"),
        ("retention", {"formula": "other"}, "?formula"),
        ("acquisition", {"window_days": "30"}, "?window_days"),
        ("lifetime-value", {"margin": "101"}, "?margin"),
        ("lifetime-value", {"cohort": "some"}, "?cohort"),
        ("complaint-rate", {"basis": "surveys"}, "?basis"),
        ("repeat-purchase-rate", {"filter": "method:interview"}, "?filter"),
        ("repeat-purchase-rate/compare", {"group_by": "method"}, "?group_by"),
    ],
)
async def test_what_cannot_be_honoured_is_refused(
    tenant: Tenant, path: str, query: dict[str, str], pointer: str
) -> None:
    """An option out of range and a dimension that customers do not have are 422, never ignored."""
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=MARCH | query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_workspaces_do_not_see_each_other(tenant: Tenant, stranger: Tenant) -> None:
    """Another workspace's customers and orders are in no figure."""
    await _shop(tenant)
    for path in ("retention", "repeat-purchase-rate", "acquisition", "lifetime-value"):
        assert (await _get(stranger, path))["n"] == 0
    assert all(each["size"] == 0 for each in (await _get(stranger, "retention/cohorts"))["cohorts"])
