"""Leads, spend and totals over HTTP: natural keys, no day counted twice, strict bodies."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.customers.making import CSV, as_csv, load, ndjson, reasons, statuses
from tests.market.making import spend, total

Json = dict[str, Any]


async def test_a_lead_is_known_by_its_own_id(tenant: Tenant, stranger: Tenant) -> None:
    """Created once, unchanged when sent again, replaced whole, with an ETag; others see nothing."""
    lead = {"channel": "search", "campaign": "autumn", "created_at": "2026-10-01T09:00:00+08:00"}
    first = await tenant.client.put("/v1/leads/l1", json=lead)
    assert (first.status_code, first.json()["created_at"]) == (201, "2026-10-01T01:00:00Z")
    again = await tenant.client.put("/v1/leads/l1", json=lead)
    assert (again.status_code, again.json()["revision"]) == (200, 1)
    won = {"channel": "search", "created_on": "2026-10-01", "customer": "c1"}
    stale = await tenant.client.put("/v1/leads/l1", json=won, headers={"If-Match": '"7"'})
    assert stale.json()["code"] == "precondition-failed"
    changed = await tenant.client.put("/v1/leads/l1", json=won, headers={"If-Match": '"1"'})
    assert (changed.json()["campaign"], changed.json()["customer"]) == (None, "c1")
    assert changed.headers["etag"] == '"2"'
    read = await tenant.client.get("/v1/leads/l1")
    assert read.json() == changed.json()
    assert (await stranger.client.get("/v1/leads/l1")).json()["code"] == "not-found"


async def test_many_leads_have_an_outcome_each(tenant: Tenant) -> None:
    """NDJSON, CSV and arrays; a bad line is rejected alone, and the same file changes nothing."""
    lines = [
        {"external_id": "l1", "channel": "web", "created_on": "2026-10-01"},
        {"external_id": "l2", "channel": "web"},
        {"external_id": "l3", "channel": "no such channel", "created_on": "2026-10-01"},
        {"external_id": "l1", "channel": "web", "created_on": "2026-10-02"},
    ]
    report = await load(tenant, "leads", ndjson(lines))
    assert statuses(report) == ["created", "rejected", "rejected", "updated"]
    assert reasons(report) == [("/created_at", "missing-field"), ("/channel", "invalid-format")]
    csv = as_csv([{"external_id": "l4", "channel": "web", "created_on": "2026-10-03"}])
    assert statuses(await load(tenant, "leads", csv, CSV)) == ["created"]
    assert statuses(await load(tenant, "leads", csv, CSV)) == ["unchanged"]
    array = await tenant.client.post(
        "/v1/leads", json=[{"external_id": "l5", "channel": "shop", "created_on": "2026-10-03"}]
    )
    assert array.json()["created"] == 1


async def test_leads_page_by_time(tenant: Tenant) -> None:
    """Pages hold each lead once, newest first; filters narrow them."""
    lines = [
        {"external_id": f"l{n}", "channel": "ab"[n % 2], "created_on": f"2026-10-0{1 + n // 3}"}
        for n in range(9)
    ]
    await load(tenant, "leads", ndjson(lines))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2", "channel": "a"} | ({"cursor": cursor} if cursor else {})
        page = (await tenant.client.get("/v1/leads", params=query)).json()
        seen += [each["external_id"] for each in page["data"]]
        cursor = page["next_cursor"]
    assert seen == ["l8", "l6", "l4", "l2", "l0"]
    window = {"from": "2026-10-02T00:00:00+08:00", "to": "2026-10-03T00:00:00+08:00"}
    page = (await tenant.client.get("/v1/leads", params=window)).json()
    assert [each["external_id"] for each in page["data"]] == ["l5", "l4", "l3"]


async def test_spend_is_replaced_and_never_overlaps(tenant: Tenant) -> None:
    """One figure for each period, channel and kind; a week inside its month is refused."""
    first = await tenant.client.put("/v1/acquisition-spend", json=spend())
    assert first.status_code == 201, first.text
    again = await tenant.client.put("/v1/acquisition-spend", json=spend())
    assert (again.status_code, again.json()["revision"]) == (200, 1)
    more = await tenant.client.put("/v1/acquisition-spend", json=spend(amount="1200.5"))
    assert (more.json()["amount"], more.json()["revision"]) == ("1200.50", 2)
    assert more.json()["id"] == first.json()["id"]
    for other in (
        {"from": "2026-10-05", "to": "2026-10-12"},
        {"from": "2026-09-01", "to": "2026-10-02"},
        {"from": "2026-09-01", "to": "2027-01-01"},
    ):
        refused = await tenant.client.put("/v1/acquisition-spend", json=spend(**other))
        assert (refused.status_code, refused.json()["code"]) == (409, "overlapping-period")
    for beside in (
        {"from": "2026-11-01", "to": "2026-12-01"},
        {"kind": "organic"},
        {"channel": "fair"},
    ):
        kept = await tenant.client.put("/v1/acquisition-spend", json=spend(**beside))
        assert kept.status_code == 201, kept.text
    listed = (await tenant.client.get("/v1/acquisition-spend?limit=3")).json()
    rest = (await tenant.client.get(f"/v1/acquisition-spend?cursor={listed['next_cursor']}")).json()
    assert len({each["id"] for each in listed["data"] + rest["data"]}) == 4
    filtered = (await tenant.client.get("/v1/acquisition-spend?channel=fair&kind=paid")).json()
    assert [each["channel"] for each in filtered["data"]] == ["fair"]
    path = f"/v1/acquisition-spend/{first.json()['id']}"
    wrong = await tenant.client.delete(path, headers={"If-Match": '"1"'})
    assert wrong.json()["code"] == "precondition-failed"
    assert (await tenant.client.delete(path)).status_code == 204
    assert (await tenant.client.get(path)).status_code == 404


async def test_totals_of_one_basis_lie_side_by_side(tenant: Tenant) -> None:
    """A total is replaced by its period and basis; another basis may share the days."""
    stated = total(
        error_margin="0.05",
        competitors=[{"name": "B", "amount": "10"}, {"name": "A", "amount": "3000.00"}],
    )
    first = await tenant.client.put("/v1/market-totals", json=stated)
    assert first.status_code == 201, first.text
    assert [each["name"] for each in first.json()["competitors"]] == ["A", "B"]
    assert first.json()["error_margin"] == "0.05"
    overlapping = total(**{"from": "2026-10-31", "to": "2026-12-01"})
    refused = await tenant.client.put("/v1/market-totals", json=overlapping)
    assert refused.json()["code"] == "overlapping-period"
    units = total(basis="units", amount="500", currency=None)
    assert (await tenant.client.put("/v1/market-totals", json=units)).status_code == 201
    listed = (await tenant.client.get("/v1/market-totals?basis=units")).json()
    assert [each["basis"] for each in listed["data"]] == ["units"]
    path = f"/v1/market-totals/{first.json()['id']}"
    assert (await tenant.client.get(path)).json() == first.json()
    assert (await tenant.client.delete(path)).status_code == 204
    assert (await tenant.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("acquisition-spend", spend(to="2026-10-01"), ("/to", "invalid-value")),
        ("acquisition-spend", spend(amount="-1"), ("/amount", "number-out-of-range")),
        ("acquisition-spend", spend(kind="viral"), ("/kind", "unknown-value")),
        ("acquisition-spend", spend(amount=5), ("/amount", "wrong-type")),
        ("acquisition-spend", spend(period_start="2026-10-01"), ("/period_start", "unknown-field")),
        ("market-totals", total(currency=None), ("/currency", "missing-field")),
        ("market-totals", total(basis="units"), ("/currency", "invalid-value")),
        ("market-totals", total(amount="0"), ("/amount", "number-out-of-range")),
        ("market-totals", total(error_margin="1"), ("/error_margin", "number-out-of-range")),
        (
            "market-totals",
            total(competitors=[{"name": "A", "amount": "1"}, {"name": "A", "amount": "2"}]),
            ("/competitors/1/name", "duplicate-item"),
        ),
        (
            "market-totals",
            total(competitors=[{"name": "A", "amount": "10000.01"}]),
            ("/competitors/0/amount", "number-out-of-range"),
        ),
    ],
)
async def test_what_does_not_fit_is_refused(
    tenant: Tenant, path: str, body: Json, wrong: tuple[str, str]
) -> None:
    """Each field says what is wrong with it."""
    answer = await tenant.client.put(f"/v1/{path}", json=body)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [wrong]


async def test_stating_is_more_than_reading(tenant: Tenant) -> None:
    """Reading figures does not include stating them."""
    made = await tenant.client.post(
        "/v1/api-keys", json={"kind": "secret", "name": "bi", "scopes": ["kpi:read"]}
    )
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    assert (await tenant.client.get("/v1/market-totals", headers=headers)).status_code == 200
    refused = await tenant.client.put("/v1/market-totals", json=total(), headers=headers)
    assert refused.json()["code"] == "missing-scope"


async def test_two_at_once_never_share_a_day(tenant: Tenant) -> None:
    """Of overlapping periods sent at the same time one is kept."""
    sent = [
        tenant.client.put(
            "/v1/acquisition-spend", json=spend(**{"from": f"2026-10-0{day}", "to": "2026-10-20"})
        )
        for day in range(1, 6)
    ]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
