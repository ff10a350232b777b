"""Metrics from elsewhere through the API: stated once, added up by units of the calendar."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Tenant

Json = dict[str, Any]
DELIVERY: Json = {
    "name": {"zh-CN": "准时交付率", "en": "On-time delivery"},
    "unit": "%",
    "direction": "higher",
    "aggregation": "mean",
}


def stated(start: str, end: str, value: float, **more: Any) -> Json:
    """An observation."""
    return {"from": start, "to": end, "value": value, "source": "ERP"} | more


async def define(tenant: Tenant, name: str, **changes: Any) -> None:
    """Define a metric."""
    answer = await tenant.client.put(f"/v1/metrics/{name}", json=DELIVERY | changes)
    assert answer.is_success, answer.text


async def state(tenant: Tenant, metric: str, *observations: Json, status: int = 200) -> Json:
    """State values; the answer."""
    path = f"/v1/metrics/{metric}/observations"
    answer = await tenant.client.put(path, json={"observations": list(observations)})
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def test_a_batch_twice_is_a_batch_once(tenant: Tenant) -> None:
    """Sent again, also eight at a time, nothing is added; another value replaces the first."""
    await define(tenant, "delivery")
    batch = [stated("2026-09-01", "2026-10-01", 95.0), stated("2026-10-01", "2026-11-01", 96.5)]
    answers = await asyncio.gather(*(state(tenant, "delivery", *batch) for _ in range(8)))
    assert sum(each["created"] for each in answers) == 2
    assert sum(each["unchanged"] for each in answers) == 14
    corrected = stated("2026-10-01", "2026-11-01", 97.0, n=812)
    assert await state(tenant, "delivery", batch[0], corrected) == {
        "created": 0,
        "updated": 1,
        "unchanged": 1,
    }
    listed = (await tenant.client.get("/v1/metrics/delivery/observations")).json()["data"]
    assert [(each["from"], each["value"], each["n"]) for each in listed] == [
        ("2026-10-01", 97.0, 812),
        ("2026-09-01", 95.0, None),
    ]


async def test_periods_never_overlap(tenant: Tenant) -> None:
    """A month and a week of it are not both stated: not in one batch, not one after the other."""
    await define(tenant, "delivery")
    month, week = ("2026-10-01", "2026-11-01"), ("2026-10-05", "2026-10-12")
    refused = await state(tenant, "delivery", stated(*month, 1), stated(*week, 2), status=409)
    assert refused["code"] == "conflict"
    await state(tenant, "delivery", stated(*month, 1))
    await state(tenant, "delivery", stated(*week, 2), status=409)
    path = "/v1/metrics/delivery/observations"
    gone = await tenant.client.delete(path, params={"from": month[0], "to": month[1]})
    assert gone.status_code == 204
    again = await tenant.client.delete(path, params={"from": month[0], "to": month[1]})
    assert again.status_code == 404
    await state(tenant, "delivery", stated(*week, 2))


async def test_all_or_none(tenant: Tenant) -> None:
    """One wrong observation refuses the batch, and every wrong one is named."""
    await define(tenant, "delivery")
    right = stated("2026-09-01", "2026-10-01", 1)
    wrong = [
        stated("2026-09-02", "2026-09-02", 1),
        right,
        stated("2026-11-01", "2026-11-02", 5, interval={"low": 6, "high": 7}),
    ]
    refused = await state(tenant, "delivery", right, *wrong, status=422)
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [
        ("/observations/1/to", "invalid-value"),
        ("/observations/2", "duplicate-item"),
        ("/observations/3/interval", "number-out-of-range"),
    ]
    listed = (await tenant.client.get("/v1/metrics/delivery/observations")).json()
    assert listed["data"] == []


async def test_the_trend_adds_up_what_lies_in_each_unit(tenant: Tenant) -> None:
    """Months of weeks: sums within each, gaps as such, what reaches over a border left out."""
    await define(tenant, "sales", aggregation="sum")
    weeks = [("2026-09-07", "2026-09-14"), ("2026-09-14", "2026-09-21"),
             ("2026-09-28", "2026-10-05"), ("2026-10-05", "2026-10-12")]  # fmt: skip
    limits = {"low": 9, "high": 12}
    await state(tenant, "sales", *(stated(*week, 10, n=3, interval=limits) for week in weeks))
    span = {"from": "2026-08-01", "to": "2026-11-01", "tz": "Europe/Berlin"}
    trend = (await tenant.client.get("/v1/metrics/sales/trend", params=span)).json()
    shown = [(each["value"], each["n"], each["observations"]) for each in trend["points"]]
    assert shown == [(None, None, 0), (20.0, 6, 2), (10.0, 3, 1)]
    assert trend["points"][1]["interval"] == {
        "level": 0.95, "low": 18.0, "high": 24.0, "method": "bounds",
    }  # fmt: skip
    assert (trend["left_out"], trend["points"][1]["covered"]) == (1, False)
    by_week = await tenant.client.get("/v1/metrics/sales/trend", params=span | {"grain": "week"})
    assert sum(each["value"] or 0 for each in by_week.json()["points"]) == 40


async def test_observations_come_in_pages(tenant: Tenant) -> None:
    """The latest first, none twice and none left out."""
    await define(tenant, "delivery")
    days = [stated(f"2026-10-{day:02}", f"2026-10-{day + 1:02}", day) for day in range(1, 8)]
    await state(tenant, "delivery", *days)
    seen: list[float] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await tenant.client.get("/v1/metrics/delivery/observations", params=query)).json()
        seen += [each["value"] for each in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_metric_goes_with_its_observations(tenant: Tenant) -> None:
    """Deleting it needs the present ETag if one is sent, and leaves nothing behind."""
    await define(tenant, "delivery")
    await state(tenant, "delivery", stated("2026-10-01", "2026-11-01", 1))
    path = "/v1/metrics/delivery"
    tag = (await tenant.client.get(path)).headers["etag"]
    await define(tenant, "delivery", unit="percent")
    late = await tenant.client.delete(path, headers={"If-Match": tag})
    assert late.status_code == 412
    assert (await tenant.client.delete(path)).status_code == 204
    assert (await tenant.client.get(f"{path}/observations")).status_code == 404
    await define(tenant, "delivery")
    assert (await tenant.client.get(f"{path}/observations")).json()["data"] == []


@pytest.mark.parametrize("name", ["list", "a-b_c9"])
async def test_metrics_are_listed_by_name(tenant: Tenant, name: str) -> None:
    """What was put is what is read and listed."""
    await define(tenant, name)
    (listed,) = (await tenant.client.get("/v1/metrics")).json()["data"]
    assert listed == (await tenant.client.get(f"/v1/metrics/{name}")).json()
    assert {key: listed[key] for key in DELIVERY} == DELIVERY
