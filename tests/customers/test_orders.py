"""Orders and refunds one by one: replacing, local days, limits that hold under concurrency."""

import asyncio
from decimal import Decimal
from functools import partial

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.db import Database
from app.events.models import Event
from tests.conftest import Tenant, open_tenant
from tests.customers.making import order, patiently, refund, rows


async def put(tenant: Tenant, external_id: str = "o1", **fields: str | int | None) -> int:
    """The status of putting an order of 100 CNY, or what the fields make of it."""
    body = order(external_id, **fields)
    del body["external_id"]
    body = {name: value for name, value in body.items() if value is not None}
    send = partial(tenant.client.put, f"/v1/orders/{external_id}", json=body)
    return (await patiently(send)).status_code


async def book(tenant: Tenant, external_id: str, amount: str = "10.00") -> tuple[int, str]:
    """The status and the code of booking a refund of the order o1."""
    body = refund(external_id, amount=amount)
    del body["order"]
    send = partial(tenant.client.post, "/v1/orders/o1/refunds", json=body)
    answer = await patiently(send)
    return answer.status_code, answer.json().get("code", "")


async def test_an_order_is_replaced_as_a_whole(tenant: Tenant) -> None:
    """The same content changes nothing; other content is a new revision; absent means none."""
    assert await put(tenant, channel="web", quantity=3) == 201
    assert await put(tenant, channel="web", quantity=3, amount="100") == 200
    first = await tenant.client.get("/v1/orders/o1")
    assert first.headers["etag"] == '"1"'
    assert first.json()["amount"] == "100.00"
    assert first.json()["ordered_at"] == "2026-03-01T02:00:00Z"
    assert await put(tenant, amount="99.5") == 200
    body = (await tenant.client.get("/v1/orders/o1")).json()
    assert (body["amount"], body["channel"], body["revision"]) == ("99.50", None, 2)
    assert (await tenant.client.get("/v1/customers/c1")).json()["revision"] == 1


async def test_an_order_is_guarded_by_its_etag(tenant: Tenant) -> None:
    """If-Match on an order that does not exist, or has changed since, stores nothing."""
    body = {name: value for name, value in order("").items() if name != "external_id"}
    stale = {"If-Match": '"1"'}
    for _ in range(2):
        refused = await tenant.client.put("/v1/orders/o1", json=body, headers=stale)
        assert refused.json()["code"] == "precondition-failed"
        await put(tenant)
        await put(tenant, amount="2.00")


async def test_older_news_changes_nothing(tenant: Tenant) -> None:
    """Of two copies the one that the source wrote later stays, in whichever order they come."""
    newer, older = "2026-04-02T00:00:00Z", "2026-04-01T00:00:00Z"
    assert await put(tenant, amount="20", source_updated_at=newer) == 201
    assert await put(tenant, amount="10", source_updated_at=older) == 200
    assert (await tenant.client.get("/v1/orders/o1")).json()["amount"] == "20.00"


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"amount": "1.23456"}, "/amount", "invalid-amount"),
        ({"amount": "-1"}, "/amount", "number-out-of-range"),
        ({"amount": 5}, "/amount", "wrong-type"),
        ({"currency": "yuan"}, "/currency", "invalid-format"),
        ({"ordered_at": "2026-03-01T10:00:00"}, "/ordered_at", "timezone-required"),
        ({"ordered_at": "2026-03-01"}, "/ordered_at", "timezone-required"),
        ({"ordered_at": None}, "/ordered_at", "missing-field"),
        ({"ordered_on": "2026-03-01"}, "/ordered_on", "invalid-value"),
        ({"ordered_at": None, "ordered_on": "2026-02-30"}, "/ordered_on", "invalid-date"),
        ({"quantity": -1}, "/quantity", "number-out-of-range"),
        ({"asked_for_brand": "yes"}, "/asked_for_brand", "wrong-type"),
    ],
)
async def test_what_does_not_fit_is_named(
    tenant: Tenant, fields: dict[str, str | None], pointer: str, code: str
) -> None:
    """Wrong money and times are refused with a pointer."""
    body = {k: v for k, v in order("", **fields).items() if v is not None and k != "external_id"}
    answer = await tenant.client.put("/v1/orders/o1", json=body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


async def test_a_local_day_is_noon_in_the_zone_of_the_workspace(app: FastAPI) -> None:
    """2026-07-01 in New York is 16:00 UTC, in summer time; the calendar ends somewhere."""
    tenant = await open_tenant(app, "new york", time_zone="America/New_York")
    assert await put(tenant, ordered_at=None, ordered_on="2026-07-01") == 201
    kept = (await tenant.client.get("/v1/orders/o1")).json()
    assert kept["ordered_at"] == "2026-07-01T16:00:00Z"
    far = await open_tenant(app, "far east", time_zone="Etc/GMT-12")
    for day in ("0001-01-01", "9999-12-31"):
        assert await put(far, ordered_at=None, ordered_on=day) == 422
    for each in (tenant, far):
        await each.client.aclose()
        await each.public.aclose()


async def test_orders_are_listed_newest_first(tenant: Tenant) -> None:
    """Every order once over the pages, ties included; filters by customer and time."""
    for n in range(6):
        day = f"2026-03-0{n // 2 + 1}T00:00:00Z"
        await put(tenant, f"o{n}", ordered_at=day, customer=f"c{n % 2}")
    found: list[str] = []
    query = "limit=2"
    while query:
        page = (await tenant.client.get(f"/v1/orders?{query}")).json()
        found += [each["external_id"] for each in page["data"]]
        query = f"limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert found == ["o5", "o4", "o3", "o2", "o1", "o0"]

    async def ids(query: str) -> list[str]:
        page = (await tenant.client.get(f"/v1/orders?{query}")).json()
        return [each["external_id"] for each in page["data"]]

    assert await ids("customer=c1") == ["o5", "o3", "o1"]
    assert await ids("customer=nobody") == []
    assert await ids("from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z") == ["o3", "o2"]
    since = (await tenant.client.get("/v1/orders/o4")).json()["updated_at"]
    assert await ids(f"updated_after={since}") == ["o5"]
    for cursor in ("WyIyMDI2LTAxLTAxIiwgIngiXQ", "nonsense", "WyJ4Il0"):
        answer = await tenant.client.get(f"/v1/orders?cursor={cursor}")
        assert answer.json()["code"] == "invalid-cursor"


async def test_refunds_add_up_and_are_corrected(database: Database, tenant: Tenant) -> None:
    """The same refund again changes nothing, another amount corrects it; each tells an event."""
    await put(tenant)
    assert await book(tenant, "r1", "30.00") == (201, "")
    assert await book(tenant, "r1", "30") == (200, "")
    assert await book(tenant, "r1", "40.5") == (200, "")
    assert await book(tenant, "r2", "59.5") == (201, "")
    assert await book(tenant, "r3", "0.0001") == (409, "refund-exceeds-order")
    assert await book(tenant, "r3", "0") == (422, "invalid-request")
    body = (await tenant.client.get("/v1/orders/o1")).json()
    assert (body["refunded"], body["revision"]) == ("100.00", 4)
    listed = (await tenant.client.get("/v1/orders/o1/refunds?limit=1")).json()
    assert [(e["external_id"], e["amount"]) for e in listed["data"]] == [("r1", "40.50")]
    assert listed["data"][0]["currency"] == "CNY"
    rest = await tenant.client.get(f"/v1/orders/o1/refunds?cursor={listed['next_cursor']}")
    assert [each["external_id"] for each in rest.json()["data"]] == ["r2"]
    async with database.snapshot() as session:
        told = await session.execute(
            select(Event.data["refund"].as_string())
            .where(Event.workspace_id == tenant.workspace.id, Event.type == "order.refunded")
            .order_by(Event.id)
        )
        assert list(told.scalars()) == ["r1", "r1", "r2"]


async def test_what_was_paid_back_limits_the_order(tenant: Tenant) -> None:
    """An order cannot become less than its refunds, nor change their currency."""
    await put(tenant)
    await book(tenant, "r1", "60.00")
    assert await put(tenant, amount="59.99") == 409
    assert await put(tenant, currency="USD") == 409
    assert await put(tenant, amount="60.00") == 200
    assert (await book(tenant, "r2", "0.01"))[0] == 409


async def test_fifty_parallel_refunds_never_exceed_the_order(
    database: Database, tenant: Tenant
) -> None:
    """Of fifty refunds of 10 on an order of 100, ten are booked and the sum is 100."""
    await put(tenant)
    answers = await asyncio.gather(*(book(tenant, f"r{n}") for n in range(50)))
    assert sorted(status for status, _ in answers) == [201] * 10 + [409] * 40
    assert {code for status, code in answers if status == 409} == {"refund-exceeds-order"}
    booked = await rows(database, tenant, "refunds")
    assert sum(row["amount"] for row in booked) == Decimal(100)
    (kept,) = await rows(database, tenant, "orders")
    assert kept["refunded"] == Decimal(100)


async def test_parallel_refunds_and_corrections_keep_the_limit(
    database: Database, tenant: Tenant
) -> None:
    """While the amount shrinks and grows, the refunds never come to more than it."""
    await put(tenant)
    work = [book(tenant, f"r{n}", "7.00") for n in range(20)]
    changes = [put(tenant, amount=f"{amount}.00") for amount in range(10, 110, 10)]
    booked, changed = await asyncio.gather(asyncio.gather(*work), asyncio.gather(*changes))
    assert {status for status, _ in booked} <= {201, 409}
    assert set(changed) <= {200, 409}
    kept_refunds = await rows(database, tenant, "refunds")
    (kept,) = await rows(database, tenant, "orders")
    assert sum((row["amount"] for row in kept_refunds), Decimal(0)) == kept["refunded"]
    assert kept["refunded"] <= kept["amount"]


async def test_the_same_new_order_in_parallel_is_one_row(
    database: Database, tenant: Tenant
) -> None:
    """Fifty equal PUTs of an order whose customer is new, too: one of each, one answer 201."""
    answers = await asyncio.gather(*(put(tenant) for _ in range(50)))
    assert sorted(answers) == [200] * 49 + [201]
    assert len(await rows(database, tenant, "orders")) == 1
    assert len(await rows(database, tenant, "customers")) == 1
