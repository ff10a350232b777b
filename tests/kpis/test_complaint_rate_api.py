"""The complaint rate over HTTP: complaints as they are filed against orders as they are put."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.db import Database
from app.kpis.complaint_rate import PER, measure_complaint_rate
from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.kpis.rates import Rate, garwood
from tests.conftest import Tenant

ZONE = ZoneInfo("Asia/Shanghai")


async def test_no_complaint_still_bounds_the_rate(database: Database, tenant: Tenant) -> None:
    """No complaint in n orders is 0 with the upper limit 3.69/n (F. Garwood, 1936)."""
    for number in range(4):
        await _order(tenant, f"o{number}", "a")
    async with database.snapshot() as session:
        scope = Scope(tenant.workspace.id, ZONE.key)
        (found,) = await measure_complaint_rate(
            session, scope, [Period(date(2026, 3, 1), date(2026, 4, 1), ZONE)], None
        )
    measured = found[""]
    assert (measured.value, measured.n) == (0.0, 4)
    assert measured.interval is not None
    assert measured.interval.low == 0.0
    assert measured.interval.high == pytest.approx(3.6889 / 4 * 1000, rel=1e-4)
    assert measured.interval == garwood(Rate(0, 4))


async def _order(tenant: Tenant, id_: str, customer: str, day: str = "2026-03-05") -> None:
    body = {"customer": customer, "ordered_on": day, "amount": "10.00", "currency": "CNY"}
    answer = await tenant.client.put(f"/v1/orders/{id_}", json=body)
    assert answer.status_code in {200, 201}, answer.text


async def _file(tenant: Tenant, **fields: object) -> None:
    body = {
        "kind": "complaint",
        "channel": "phone",
        "description": "It broke.",
        "customer": "a",
        "occurred_at": "2026-03-07T09:00:00+08:00",
    }
    answer = await tenant.client.post("/v1/complaints", json=body | fields)
    assert answer.status_code == 201, answer.text


async def _get(tenant: Tenant, path: str, **query: str) -> dict[str, Any]:
    period = {"from": "2026-03-01", "to": "2026-04-01"}
    answer = await tenant.client.get(f"/v1/kpis/complaint-rate{path}", params=period | query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_rate_over_http(tenant: Tenant) -> None:
    """Filed complaints and orders make the rate at once, by orders and by customers."""
    for number in range(8):
        await _order(tenant, f"o{number}", "ab"[number % 2])
    await _order(tenant, "old", "c", "2026-02-28")
    await _file(tenant)
    await _file(tenant, kind="praise")
    await _file(tenant, channel="web", customer="c")
    found = await _get(tenant, "")
    assert (found["value"], found["n"], found["unit"]) == (250.0, 8, "per_thousand")
    assert found["numerator"] == {"complaints": 2}
    expected = garwood(Rate(2, 8))
    assert expected is not None
    assert found["interval"]["method"] == "garwood"
    assert found["interval"]["high"] == pytest.approx(expected.high)
    assert found["previous"]["n"] == 1
    customers = await _get(tenant, "", basis="customers")
    assert customers["value"] == 500.0
    assert customers["excluded"]["without_order"] == 1
    expected = wilson(Share(1, 2))
    assert expected is not None
    assert customers["interval"]["low"] == pytest.approx(expected.low * PER)
    groups = (await _get(tenant, "/compare", group_by="channel"))["groups"]
    assert {group["member"]: group["value"] for group in groups} == {"phone": 125.0, "web": 125.0}
    points = (await _get(tenant, "/trend", grain="week"))["points"]
    assert sum(point["numerator"]["complaints"] for point in points) == 2
