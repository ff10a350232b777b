"""Customers, orders and refunds in bulk: outcomes, order and repetition, equal forms, streams."""

import asyncio
import json
import random
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db import Database
from app.events.models import Event
from tests.conftest import Tenant
from tests.customers.making import (
    CSV,
    NDJSON,
    as_csv,
    load,
    ndjson,
    order,
    reasons,
    refund,
    rows,
    statuses,
)

CDNOW = Path(__file__).parent.parent.parent.parent / "shared" / "data" / "CDNOW_sample.txt"


async def test_every_kind_of_outcome_of_customers(database: Database, tenant: Tenant) -> None:
    """A repeated key is folded line by line: created, updated, unchanged; bad lines alone fail."""
    lines = [
        {"external_id": "a", "name": "Ann"},
        {"external_id": "a", "name": "Ann", "segment": "vip"},
        {"external_id": "a", "segment": "vip"},
        {"external_id": "b", "email": "no address"},
        {"external_id": "b", "email": "b@example.com"},
        {"name": "nobody"},
    ]
    report = await load(tenant, "customers", ndjson(lines))
    assert statuses(report) == [
        "created", "updated", "unchanged", "rejected", "created", "rejected",
    ]  # fmt: skip
    assert reasons(report) == [("/email", "invalid-format"), ("/external_id", "missing-field")]
    first, second, *_ = report["outcomes"]
    assert first["id"] == second["id"] == (await tenant.client.get("/v1/customers/a")).json()["id"]
    again = await load(tenant, "customers", ndjson(lines))
    assert (again["unchanged"], again["updated"], again["rejected"]) == (4, 0, 2)
    async with database.snapshot() as session:
        told = await session.execute(
            select(Event.type, Event.data).where(Event.workspace_id == tenant.workspace.id)
        )
        events = [(type_, data) for type_, data in told if type_.startswith("customer")]
    assert events == [("customers.loaded", {"created": 2, "updated": 1})]


async def test_every_kind_of_outcome_of_orders(tenant: Tenant) -> None:
    """Created, unchanged, updated, stale and rejected, each where it belongs."""
    newer, older = "2026-04-02T00:00:00Z", "2026-04-01T00:00:00Z"
    lines = [
        order("o1"),
        order("o1", amount="100"),
        order("o1", amount="50.00", source_updated_at=newer),
        order("o1", amount="60.00", source_updated_at=older),
        order("o2", amount="12.34567"),
        order("o3", ordered_at=None),
        order("o4", nick="x"),
        order("o5", customer="c2", ordered_at="2026-03-01T10:00:00"),
    ]
    report = await load(tenant, "orders", ndjson(lines))
    assert statuses(report) == [
        "created", "unchanged", "updated", "stale", "rejected", "rejected", "rejected", "rejected",
    ]  # fmt: skip
    assert reasons(report) == [
        ("/amount", "invalid-amount"),
        ("/ordered_at", "missing-field"),
        ("/nick", "unknown-field"),
        ("/ordered_at", "timezone-required"),
    ]
    assert (await tenant.client.get("/v1/orders/o1")).json()["amount"] == "50.00"


async def test_every_kind_of_outcome_of_refunds(tenant: Tenant) -> None:
    """The limit is kept line by line, also inside one chunk; unknown orders are named."""
    await load(tenant, "orders", ndjson([order("o1"), order("o2")]))
    lines = [
        refund("r1", amount="60.00"),
        refund("r2", amount="50.00"),
        refund("r1", amount="60"),
        refund("r1", amount="50.00"),
        refund("r2", amount="50.00"),
        refund("r1", "o2", "1.00"),
        refund("r1", "o9", "1.00"),
    ]
    report = await load(tenant, "refunds", ndjson(lines))
    assert statuses(report) == [
        "created", "rejected", "unchanged", "updated", "created", "created", "rejected",
    ]  # fmt: skip
    assert reasons(report) == [("/amount", "refund-exceeds-order"), ("/order", "unknown-reference")]
    assert (await tenant.client.get("/v1/orders/o1")).json()["refunded"] == "100.00"
    lowered = await load(tenant, "orders", ndjson([order("o1", amount="99.00"), order("o3")]))
    assert statuses(lowered) == ["rejected", "created"]


BAD_LINES = {
    b'{"external_id": "x", "customer"': "malformed-json",
    b'{"external_id": "x", "amount": NaN}': "malformed-json",
    b'{"external_id": "x", "external_id": "y"}': "duplicate-key",
    json.dumps(order("x\x00")).encode(): "invalid-text",
    json.dumps(order("x", customer="c\x00")).encode(): "invalid-text",
    json.dumps(order("x", extra="1")).encode(): "unknown-field",
    json.dumps(order("x", amount=9)).encode(): "wrong-type",
    json.dumps(order("x", amount="1,5")).encode(): "invalid-amount",
    json.dumps(order("x", amount="1e3")).encode(): "invalid-amount",
    json.dumps(order("x", amount="-0.01")).encode(): "number-out-of-range",
    json.dumps(order("x", amount="123456789012345")).encode(): "invalid-amount",
    json.dumps(order("x", quantity=2**31)).encode(): "number-out-of-range",
    json.dumps(order("x", ordered_at="2026-02-30T00:00:00Z")).encode(): "invalid-timestamp",
    json.dumps(order(" x")).encode(): "invalid-format",
    b"\xff": "invalid-encoding",
    b"[]": "wrong-type",
}


async def test_three_bad_lines_of_a_thousand(database: Database, tenant: Tenant) -> None:
    """The 997 others are stored once, however often the file is sent."""
    lines: list[bytes] = [json.dumps(order(f"o{n}")).encode() for n in range(1_000)]
    for place, bad in zip((0, 500, 999), BAD_LINES, strict=False):
        lines[place] = bad
    for expected in ("created", "unchanged"):
        report = await load(tenant, "orders", b"\n".join(lines))
        assert (report[expected], report["rejected"]) == (997, 3)
        rejected = [each["line"] for each in report["outcomes"] if each["status"] == "rejected"]
        assert rejected == [1, 501, 1_000]
    assert len(await rows(database, tenant, "orders")) == 997


async def test_each_bad_line_has_its_reason(database: Database, tenant: Tenant) -> None:
    """A table of bad lines between two good ones."""
    good = [json.dumps(order(name)).encode() for name in ("first", "last")]
    report = await load(tenant, "orders", b"\n".join([good[0], *BAD_LINES, good[1]]))
    assert [code for _, code in reasons(report)] == list(BAD_LINES.values())
    assert report["created"] == 2
    assert [row["external_id"] for row in await rows(database, tenant, "orders")] == [
        "first",
        "last",
    ]


async def test_a_json_array_is_a_bulk_load_too(tenant: Tenant) -> None:
    """A thousand members at most; a single object is a load of one."""
    many = [order(f"o{n}") for n in range(1_000)]
    answer = await tenant.client.post("/v1/orders", json=many)
    assert answer.json()["created"] == 1_000
    assert (await tenant.client.post("/v1/orders", json=order("one"))).json()["created"] == 1
    refused = await tenant.client.post("/v1/orders", json=[*many, order("more")])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "too-many-items"


async def test_parallel_loads_of_the_same_file_make_each_row_once(
    database: Database, tenant: Tenant
) -> None:
    """Four loads of the same 600 orders in different sequence: created 600 times in all."""
    lines = [order(f"o{n}", customer=f"c{n % 50}") for n in range(600)]
    bodies = []
    for seed in range(4):
        random.Random(seed).shuffle(lines)
        bodies.append(ndjson(lines))
    reports = await asyncio.gather(*(load(tenant, "orders", body) for body in bodies))
    assert sum(report["created"] for report in reports) == 600
    assert sum(report["unchanged"] for report in reports) == 1_800
    assert len(await rows(database, tenant, "orders")) == 600
    assert len(await rows(database, tenant, "customers")) == 50


async def test_parallel_loads_that_contradict_each_other_end(
    database: Database, tenant: Tenant
) -> None:
    """Loads that rewrite the same rows in opposite sequence take turns; nothing is lost."""
    names = [f"c{n}" for n in range(200)]
    work = []
    for seed in range(6):
        chosen = random.Random(seed).sample(names, 150)
        lines = [{"external_id": name, "attributes": {f"k{seed}": seed}} for name in chosen]
        work.append(load(tenant, "customers", ndjson(lines)))
    reports = await asyncio.gather(*work)
    kept = await rows(database, tenant, "customers")
    assert sum(report["created"] for report in reports) == len(kept)
    assert sum(len(row["attributes"]) for row in kept) == 6 * 150


async def test_a_dry_run_leaves_nothing(database: Database, tenant: Tenant) -> None:
    """The report of a dry run is that of the load that follows; rows and events come only then."""
    lines = ndjson([order("o1"), order("o1", amount="1"), order("o2", amount="x")])
    dry = await load(tenant, "orders?dry_run=true", lines)
    assert await rows(database, tenant, "customers") == []
    async with database.snapshot() as session:
        told = select(func.count()).where(
            Event.workspace_id == tenant.workspace.id, Event.type == "orders.loaded"
        )
        assert await session.scalar(told) == 0
    assert await load(tenant, "orders", lines) == dry


async def test_twenty_thousand_lines_pass_in_constant_memory(
    database: Database, tenant: Tenant
) -> None:
    """The second load of the same stream changes nothing, and memory stays below 12 MB."""
    sent = [order(f"o{n}", customer=f"c{n % 3_000}") for n in range(20_000)]
    blocks = [ndjson(sent[start : start + 500]) for start in range(0, 20_000, 500)]

    async def body() -> AsyncIterator[bytes]:
        for block in blocks:
            yield block

    async def send() -> dict[str, Any]:
        answer = await tenant.client.post("/v1/orders", content=body(), headers=NDJSON)
        report: dict[str, Any] = answer.json()
        return report

    first = await send()
    assert (first["created"], len(first["outcomes"])) == (20_000, 20_000)
    stored = await rows(database, tenant, "orders", all_=True)
    del first
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    answer = await tenant.client.post(
        "/v1/orders?outcomes=rejected", content=body(), headers=NDJSON
    )
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert answer.json()["unchanged"] == 20_000
    assert peak < 12_000_000
    assert await rows(database, tenant, "orders", all_=True) == stored


@pytest.mark.skipif(not CDNOW.exists(), reason="../shared/data is not there")
async def test_cdnow_orders_load_from_local_days(database: Database, tenant: Tenant) -> None:
    """6,919 real orders of 2,357 customers: the sums of the file; a second load is nothing."""
    lines = []
    for n, line in enumerate(CDNOW.read_text().splitlines()):
        _, customer, day, quantity, amount = line.split()
        lines.append(
            {
                "external_id": f"cdnow-{n}",
                "customer": customer,
                "ordered_on": f"{day[:4]}-{day[4:6]}-{day[6:]}",
                "amount": amount,
                "currency": "USD",
                "quantity": quantity,
            }
        )
    report = await load(tenant, "orders", as_csv(lines), CSV)
    assert report["created"] == 6_919
    kept = await rows(database, tenant, "orders")
    assert sum(row["amount"] for row in kept) == sum(Decimal(line["amount"]) for line in lines)
    assert len(await rows(database, tenant, "customers")) == 2_357
    assert {row["ordered_at"].hour for row in kept} == {4}  # noon in Shanghai
    again = await load(tenant, "orders", as_csv(lines), CSV)
    assert again["unchanged"] == 6_919
