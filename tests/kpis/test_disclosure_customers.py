"""Small groups of customers: what their KPIs, their cohorts and their complaints withhold."""

from typing import Any

import pytest

from app.db import Database
from app.purchases.fold import fold
from tests.conftest import Tenant

JANUARY = {"from": "2026-01-01", "to": "2026-02-01"}
#: Customers by segment and kind of key account.
CROWD = {
    ("gold", "group"): 6,
    ("gold", "strategic"): 6,
    ("basic", "group"): 7,
    ("silver", "strategic"): 3,
}


@pytest.fixture(params=["rows", "folded"])
async def shop(careful: Tenant, database: Database, request: pytest.FixtureRequest) -> Tenant:
    """22 customers who first bought in January, most again in February; kept sets or none."""
    number = 0
    for (segment, kind), count in CROWD.items():
        for _ in range(count):
            number += 1
            fields = {"segment": segment, "key_account_type": kind, "acquisition_channel": "web"}
            await careful.client.put(f"/v1/customers/c{number}", json=fields)
            for month in ("01", "02")[: 1 + number % 3]:
                body = {"customer": f"c{number}", "ordered_on": f"2026-{month}-10",
                        "amount": "10.00", "currency": "CNY"}  # fmt: skip
                answer = await careful.client.put(f"/v1/orders/o{number}-{month}", json=body)
                assert answer.status_code == 201, answer.text
    if request.param == "folded":
        async with database.transaction() as session:
            await fold(session, careful.workspace.id)
    return careful


async def _get(tenant: Tenant, path: str, **query: Any) -> dict[str, Any]:
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=JANUARY | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_cohorts_of_few_are_withheld(shop: Tenant) -> None:
    """A cohort of three, and the one that the whole would give away; together they are told."""
    whole = await _get(shop, "retention/cohorts", periods=2)
    assert [(row["size"], row["suppressed"]) for row in whole["cohorts"]] == [(22, False)]
    gold = await _get(shop, "retention/cohorts", periods=2, segment="gold")
    assert gold["cohorts"][0]["size"] == 12
    for segment in ("silver", "basic"):
        found = await _get(shop, "retention/cohorts", periods=2, segment=segment)
        (row,) = found["cohorts"]
        assert (row["size"], row["cells"], row["suppressed"]) == (None, [], True)
        assert (found["excluded"], [mean["size"] for mean in found["mean"]]) == ({}, [0, 0])
    both = await _get(shop, "retention/cohorts", periods=2, segment=["silver", "basic"])
    assert both["cohorts"][0]["size"] == 10


async def test_cohorts_by_several_filters(shop: Tenant) -> None:
    """Segment and key account have a small cell together: combinations are withheld."""
    query = {"periods": 2, "segment": "gold", "filter": "key_account_type:group"}
    found = await _get(shop, "retention/cohorts", **query)
    assert found["cohorts"][0]["suppressed"]


async def test_groups_of_customers(shop: Tenant) -> None:
    """Acquisition counts new customers beside those at start: none of them by twos and threes."""
    found = await _get(shop, "repeat-purchase-rate/compare", group_by="segment")
    groups = {each["member"]: each["n"] for each in found["groups"]}
    assert groups == {"gold": 12, "basic": None, "silver": None}
    new = await _get(shop, "acquisition/compare", group_by="segment")
    told = {each["member"]: each["numerator"] for each in new["groups"]}
    assert told["gold"] != {}
    assert told["silver"] == told["basic"] == {}
    value = await _get(shop, "lifetime-value", segment="silver")
    assert (value["suppressed"], value["value"], value["components"]) == (True, None, {})
    two = await _get(shop, "lifetime-value", segment="gold", filter="key_account_type:group")
    assert two["suppressed"]


async def test_complaints_are_cells_of_their_own(shop: Tenant) -> None:
    """One complaint of a category is one person's, however many orders it is set against."""
    for number, category in enumerate(["delivery"] * 6 + ["price"] * 7 + ["harassment"], 1):
        complaint = {"kind": "complaint", "channel": "phone", "description": "It broke.",
                     "category": category, "customer": f"c{number}",
                     "occurred_at": "2026-01-20T09:00:00+08:00"}  # fmt: skip
        answer = await shop.client.post("/v1/complaints", json=complaint)
        assert answer.status_code == 201, answer.text
    found = await _get(shop, "complaint-rate/compare", group_by="category")
    shown = {each["member"]: each["numerator"].get("complaints") for each in found["groups"]}
    assert shown == {"price": 7, "delivery": None, "harassment": None}
    assert (await _get(shop, "complaint-rate"))["numerator"] == {"complaints": 14}
    for category in ("harassment", "delivery"):
        one = await _get(shop, "complaint-rate", filter=f"category:{category}")
        assert one["suppressed"]
    mixed = await _get(shop, "complaint-rate", segment="gold", filter="category:price")
    assert mixed["suppressed"]
