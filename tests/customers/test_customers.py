"""Customers one by one: merging upserts, preconditions, lists, segments, isolation."""

import asyncio
from functools import partial

import pytest

from app.customers.phones import e164, region_of
from app.db import Database
from tests.conftest import Tenant
from tests.customers.making import patiently, rows


async def test_an_upsert_merges_what_several_systems_know(tenant: Tenant) -> None:
    """Named fields are set, null clears, absent ones stay; the same again changes nothing."""
    path = "/v1/customers/crm-1"
    crm = {"name": "王芳", "phone": "138 0013 8000", "attributes": {"tier": "gold", "age": 41}}
    created = await tenant.client.put(path, json=crm)
    assert created.status_code == 201, created.text
    assert created.headers["etag"] == '"1"'
    assert created.json()["phone_e164"] == "+8613800138000"
    shop = {"email": "wang@example.com", "attributes": {"tier": None, "shop": True}}
    merged = await tenant.client.put(path, json=shop)
    assert (merged.status_code, merged.headers["etag"]) == (200, '"2"')
    again = await tenant.client.put(path, json=shop)
    assert again.json() == merged.json()
    body = (await tenant.client.get(path)).json()
    assert body["name"] == "王芳"
    assert body["attributes"] == {"age": 41, "shop": True}
    cleared = await tenant.client.patch(path, json={"phone": None, "attributes": None})
    assert (cleared.json()["phone_e164"], cleared.json()["attributes"]) == (None, {})


async def test_true_is_not_one(tenant: Tenant) -> None:
    """An attribute that turns from true to 1 has changed."""
    await tenant.client.put("/v1/customers/x", json={"attributes": {"a": True}})
    changed = await tenant.client.put("/v1/customers/x", json={"attributes": {"a": 1}})
    assert changed.headers["etag"] == '"2"'
    assert changed.json()["attributes"]["a"] is not True


async def test_attributes_are_bounded_after_merging(tenant: Tenant) -> None:
    """Fifty attributes in all; the merge that would make more is refused."""
    first = {f"a{n}": n for n in range(50)}
    await tenant.client.put("/v1/customers/x", json={"attributes": first})
    refused = await tenant.client.put("/v1/customers/x", json={"attributes": {"b": 1}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/attributes"


async def test_a_consent_is_dated_when_it_changes(tenant: Tenant) -> None:
    """The date comes with the change or is now, and stays when the same is said again."""
    path = "/v1/customers/x"
    given = (await tenant.client.put(path, json={"survey_consent": True})).json()
    assert given["survey_consent_at"] is not None
    again = (await tenant.client.put(path, json={"survey_consent": True})).json()
    assert again == given
    withdrawn = {"survey_consent": False, "survey_consent_at": "2026-05-01T00:00:00Z"}
    answer = (await tenant.client.put(path, json=withdrawn)).json()
    assert answer["survey_consent_at"] == "2026-05-01T00:00:00Z"
    assert answer["marketing_consent"] is None


async def test_nobody_overwrites_an_edit_unseen(tenant: Tenant) -> None:
    """If-Match guards PUT and PATCH; a customer who does not exist matches nothing."""
    path = "/v1/customers/x"
    stale = {"If-Match": '"1"'}
    missing = await tenant.client.put(path, json={}, headers=stale)
    assert missing.json()["code"] == "precondition-failed"
    await tenant.client.put(path, json={"name": "a"})
    fresh = await tenant.client.patch(path, json={"name": "b"}, headers=stale)
    assert fresh.status_code == 200
    for send in (tenant.client.put, tenant.client.patch):
        refused = await send(path, json={"name": "c"}, headers=stale)
        assert refused.status_code == 412
    assert (await tenant.client.get(path)).json()["name"] == "b"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"email": "not an address"}, "/email", "invalid-format"),
        ({"email": "a@b"}, "/email", "invalid-format"),
        ({"segment": "has space"}, "/segment", "invalid-format"),
        ({"key_account_type": "Group"}, "/key_account_type", "unknown-value"),
        ({"first_seen_at": "2026-01-01T00:00:00"}, "/first_seen_at", "timezone-required"),
        ({"survey_consent": "yes"}, "/survey_consent", "wrong-type"),
        ({"name": "a\x00"}, "/name", "invalid-text"),
        ({"nick": "a"}, "/nick", "unknown-field"),
    ],
)
async def test_what_does_not_fit_is_named(
    tenant: Tenant, body: dict[str, str], pointer: str, code: str
) -> None:
    """Wrong fields are refused with a pointer, and no customer is made."""
    answer = await tenant.client.put("/v1/customers/x", json=body)
    assert answer.status_code == 422
    found = answer.json()["errors"][0]
    assert (found["pointer"], found["code"]) == (pointer, code)
    assert (await tenant.client.get("/v1/customers/x")).status_code == 404


@pytest.mark.parametrize(
    "phone", ["4.41E+11", "anonymous", "12", "+999123456789", "９９９", "x" * 100]
)
async def test_a_bad_number_never_rejects_the_record(tenant: Tenant, phone: str) -> None:
    """What is no valid number is kept as it was sent, without an E.164 form."""
    answer = await tenant.client.put("/v1/customers/x", json={"phone": phone})
    assert answer.status_code == 201
    assert (answer.json()["phone"], answer.json()["phone_e164"]) == (phone, None)


def test_local_numbers_belong_to_the_region_of_the_language() -> None:
    """Forms of one number agree; without a region in the language, China's rules are used."""
    forms = ["13800138000", "138-0013-8000", "+86 138 0013 8000", "008613800138000"]
    assert {e164(form, "CN") for form in forms} == {"+8613800138000"}
    assert e164("(212) 555-0123", region_of("en-US")) == "+12125550123"
    assert (region_of("zh-CN"), region_of("zh-Hant-TW"), region_of("en")) == ("CN", "TW", "CN")


async def test_lists_are_filtered_and_cut_into_pages(tenant: Tenant) -> None:
    """Every customer once over the pages; filters by id, segment, type and change."""
    for n in range(5):
        facts = {"segment": "vip" if n % 2 else "new", "key_account_type": "group" if n else None}
        await tenant.client.put(f"/v1/customers/c{n}", json=facts)
    found: list[str] = []
    query = "limit=2"
    while query:
        page = (await tenant.client.get(f"/v1/customers?{query}")).json()
        found += [each["external_id"] for each in page["data"]]
        query = f"limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert found == [f"c{n}" for n in range(5)]

    async def ids(query: str) -> list[str]:
        page = (await tenant.client.get(f"/v1/customers?{query}")).json()
        return [each["external_id"] for each in page["data"]]

    assert await ids("segment=vip") == ["c1", "c3"]
    assert await ids("segment=new&key_account_type=group") == ["c2", "c4"]
    assert await ids("external_id=c3") == ["c3"]
    since = (await tenant.client.get("/v1/customers/c3")).json()["updated_at"]
    assert await ids(f"updated_after={since}") == ["c4"]
    segments = (await tenant.client.get("/v1/segments?limit=1")).json()
    assert segments["data"] == [{"segment": "new", "customers": 3}]
    rest = await tenant.client.get(f"/v1/segments?cursor={segments['next_cursor']}")
    assert rest.json() == {"data": [{"segment": "vip", "customers": 2}], "next_cursor": None}


async def test_nothing_crosses_between_workspaces(tenant: Tenant, stranger: Tenant) -> None:
    """Another workspace's ids look unknown, and may be used for things of one's own."""
    body = {
        "customer": "x", "ordered_at": "2026-01-01T00:00:00Z", "amount": "1", "currency": "CNY"
    }  # fmt: skip
    await tenant.client.put("/v1/customers/x", json={"segment": "vip"})
    await tenant.client.put("/v1/orders/o", json=body)
    refund = {"external_id": "r", "amount": "1", "refunded_at": "2026-01-02T00:00:00Z"}
    for path in ("customers/x", "orders/o", "orders/o/refunds"):
        foreign = (await stranger.client.get(f"/v1/{path}")).json()
        unknown = (await tenant.client.get(f"/v1/{path.replace('/', '/no')}")).json()
        assert foreign["status"] == 404
        assert foreign | {"request_id": ""} == unknown | {"request_id": ""}
    assert (await stranger.client.patch("/v1/customers/x", json={})).status_code == 404
    refused = await stranger.client.post("/v1/orders/o/refunds", json=refund)
    assert refused.status_code == 404
    for path in ("customers", "orders", "orders?customer=x", "segments"):
        assert (await stranger.client.get(f"/v1/{path}")).json()["data"] == []
    assert (await stranger.client.put("/v1/orders/o", json=body)).status_code == 201
    assert (await tenant.client.get("/v1/orders/o")).json()["refunded"] == "0.00"


async def test_ids_that_cannot_be_stored_are_not_found(tenant: Tenant) -> None:
    """NUL in a path names nothing when reading, and is refused when writing."""
    for path in ("customers/a%00", "orders/a%00", "orders/a%00/refunds"):
        assert (await tenant.client.get(f"/v1/{path}")).status_code == 404
    assert (await tenant.client.put("/v1/customers/a%00", json={})).status_code == 422
    assert (await tenant.client.put("/v1/customers/%20a", json={})).status_code == 422


async def test_a_publishable_key_sees_no_customers(tenant: Tenant) -> None:
    """Customers need a secret key with the scope."""
    assert (await tenant.public.get("/v1/customers")).json()["code"] == "wrong-key-type"
    assert (await tenant.public.post("/v1/customers", content=b"{}")).status_code == 403


async def test_parallel_upserts_make_one_row(database: Database, tenant: Tenant) -> None:
    """Fifty writers of one customer, each with a field of its own: one row with all of them."""

    async def put(n: int) -> int:
        facts = {"attributes": {f"k{n}": n}}
        send = partial(tenant.client.put, "/v1/customers/hot", json=facts)
        return (await patiently(send)).status_code

    answers = await asyncio.gather(*(put(n) for n in range(50)))
    assert sorted(answers) == [200] * 49 + [201]
    (row,) = await rows(database, tenant, "customers", all_=True)
    assert row["attributes"] == {f"k{n}": n for n in range(50)}
    assert row["revision"] == 50
