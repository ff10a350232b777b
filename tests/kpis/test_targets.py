"""Targets through the API: what they hold for, how they judge, what is refused."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, ask, sent, submit
from tests.kpis.questions import SCORE
from tests.responses.builders import publish

Json = dict[str, Any]
IN_2026: Json = {"valid_from": "2026-01-01", "valid_to": "2027-01-01"}


async def put(tenant: Tenant, name: str, status: int = 201, **body: Any) -> Json:
    """Put a target; the answer."""
    answer = await tenant.client.put(f"/v1/targets/{name}", json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def feedback(tenant: Tenant, promoters: int, detractors: int) -> str:
    """A survey with so many answers of each in October."""
    survey = await publish(tenant)
    scores = [10] * promoters + [0] * detractors
    await submit(tenant, survey, [sent({"nps": score}, channel="web") for score in scores])
    return survey


async def test_the_interval_decides(tenant: Tenant) -> None:
    """60 of 80 promoters: NPS .5, interval (.29, .67): targets below, inside and above it."""
    await feedback(tenant, 60, 20)
    interval = (await ask(tenant, "nps"))["interval"]
    cases = {
        interval["low"] - 0.01: ("met", False),
        0.45: ("inconclusive", False),
        0.55: ("inconclusive", True),
        interval["high"] + 0.01: ("missed", False),
    }
    for value, (verdict, at_risk) in cases.items():
        await tenant.client.delete("/v1/targets/goal")
        await put(tenant, "goal", kpi="nps", value=value, floor=0.0)
        target = (await ask(tenant, "nps"))["target"]
        assert (target["verdict"], target["at_risk"]) == (verdict, at_risk)
        assert target["attainment"] == pytest.approx(min(0.5 / value, 1.2))
        assert target["target"] == "goal"


async def test_it_holds_for_exactly_its_scope(tenant: Tenant) -> None:
    """A target is for its filters, survey, quality and options, however they are spelt."""
    survey = await feedback(tenant, 3, 1)
    scope = {"surveys": [survey, survey], "filters": {"channel": ["web", "sms", "web"]}}
    kept = await put(tenant, "web", kpi="nps", scope=scope, value=0.3)
    assert kept["scope"] == {
        "surveys": [survey],
        "question": None,
        "filters": {"channel": ["sms", "web"]},
        "quality": "all",
        "options": {"ci_method": "adjusted_wald"},
    }
    same = {"survey": survey, "channel": ["sms", "web"]}
    assert (await ask(tenant, "nps", **same))["target"]["target"] == "web"
    for other in ({}, {"survey": survey}, same | {"quality": "clean"}, same | {"question": "nps"}):
        assert (await ask(tenant, "nps", **other))["target"] is None
    assert (await ask(tenant, "csat", **same))["target"] is None


async def test_defaults_of_options_need_not_be_said(tenant: Tenant) -> None:
    """A target for the default of an option is the one of a request that leaves it out."""
    catalogue = (await tenant.client.get("/v1/kpis")).json()["data"]
    (kpi, option) = next(
        (each, option)
        for each in catalogue
        for option in each["options"]
        if option["default"] and option["values"] and each["unit"] != "money"
    )
    kept = await put(tenant, "plain", kpi=kpi["id"], value=0.3)
    assert kept["scope"]["options"][option["name"]] == option["default"]
    assert (await ask(tenant, kpi["id"]))["target"]["target"] == "plain"
    other = next(value for value in option["values"] if value != option["default"])
    found = await ask(tenant, kpi["id"], **{option["name"]: other})
    assert found["target"] is None


async def test_it_holds_for_whole_periods_within_its_dates(tenant: Tenant) -> None:
    """A period that leaves the dates of a target is not judged by it; of two the later counts."""
    await feedback(tenant, 1, 0)
    await put(tenant, "old", kpi="nps", value=0.1)
    await put(tenant, "year", kpi="nps", value=0.2, **IN_2026)
    await put(tenant, "october", kpi="nps", value=0.3, valid_from="2026-10-01",
              valid_to="2026-11-01")  # fmt: skip
    names = [
        (await ask(tenant, "nps", from_=start, to=end))["target"]["target"]
        for start, end in (
            ("2026-10-01", "2026-11-01"),
            ("2026-10-01", "2026-11-02"),
            ("2025-12-31", "2026-11-01"),
        )
    ]
    assert names == ["october", "year", "old"]


async def test_no_data_is_not_a_miss(tenant: Tenant) -> None:
    """Where nobody answered the verdict is no_data, and nothing is attained or at risk."""
    await put(tenant, "goal", kpi="nps", value=0.3)
    target = (await ask(tenant, "nps"))["target"]
    assert (target["verdict"], target["attainment"], target["at_risk"]) == ("no_data", None, False)


async def test_a_count_is_its_own_interval(tenant: Tenant) -> None:
    """Four responses meet a target of four and miss one of five."""
    await feedback(tenant, 3, 1)
    for value, verdict in ((4, "met"), (5, "missed")):
        await tenant.client.delete("/v1/targets/goal")
        await put(tenant, "goal", kpi="responses", value=value)
        assert (await ask(tenant, "responses"))["target"]["verdict"] == verdict


async def test_putting_twice_is_putting_once(tenant: Tenant) -> None:
    """The same content keeps its revision, other content makes a new one, an old ETag is 412."""
    path = "/v1/targets/goal"
    body: Json = {"kpi": "nps", "value": 0.3, "floor": 0}
    first = await tenant.client.put(path, json=body)
    again = await tenant.client.put(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    tag = first.headers["etag"]
    changed = await tenant.client.put(path, json=body | {"value": 0.4}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    for method, sent_ in (("PUT", body), ("DELETE", None)):
        late = await tenant.client.request(method, path, json=sent_, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    nowhere = await tenant.client.put("/v1/targets/new", json=body, headers={"If-Match": "*"})
    assert nowhere.status_code == 412
    assert (await tenant.client.get(path)).json() == changed.json()
    assert (await tenant.client.delete(path)).status_code == 204
    assert (await tenant.client.get(path)).status_code == 404


async def test_eight_at_once_make_one(tenant: Tenant) -> None:
    """Of eight that put the same target at the same time one creates it, the others find it."""
    body = {"kpi": "nps", "value": 0.3}
    answers = await asyncio.gather(
        *(tenant.client.put("/v1/targets/goal", json=body) for _ in range(8))
    )
    assert sorted(each.status_code for each in answers) == [200] * 7 + [201]
    assert len({each.content for each in answers}) == 1


async def test_lists_by_kpi_and_date(tenant: Tenant) -> None:
    """By name, a page at a time, only those of a KPI or that hold on a date if asked."""
    await put(tenant, "b", kpi="nps", value=0.3, **IN_2026)
    await put(tenant, "a", kpi="csat", value=0.3)
    await put(tenant, "c", kpi="nps", value=0.3)
    page = (await tenant.client.get("/v1/targets", params={"limit": 2})).json()
    rest = await tenant.client.get("/v1/targets", params={"cursor": page["next_cursor"]})
    names = [each["target"] for each in page["data"] + rest.json()["data"]]
    assert names == ["a", "b", "c"]
    for query, expected in (
        ({"kpi": "nps"}, ["b", "c"]),
        ({"on": "2027-01-01"}, ["a", "c"]),
        ({"kpi": "nps", "on": "2026-12-31"}, ["b", "c"]),
    ):
        found = await tenant.client.get("/v1/targets", params=query)
        assert [each["target"] for each in found.json()["data"]] == expected


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"kpi": "mood"}, "/kpi", "unknown-value"),
        ({"floor": 0.3}, "/floor", "number-out-of-range"),
        ({"stretch": 0.2}, "/stretch", "number-out-of-range"),
        ({"direction": "lower", "floor": 0.1}, "/floor", "number-out-of-range"),
        ({"currency": "CNY"}, "/currency", "unknown-field"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-02-01"}, "/valid_to", "invalid-value"),
        ({"scope": {"filters": {"customer": ["c-1"]}}}, "/scope/filters", "unknown-value"),
        ({"scope": {"filters": {"channel": ["pigeon"]}}}, "/scope/filters", "unknown-value"),
        ({"scope": {"options": {"sort": "up"}}}, "/scope/options/sort", "unknown-field"),
        ({"scope": {"surveys": ["00000000-0000-7000-8000-000000000000"]}}, "/scope/surveys",
         "unknown-reference"),
        ({"kpi": "complaint-rate", "scope": {"question": "q"}}, "/scope/question",
         "unknown-field"),
        ({"value": 1e300}, "/value", "number-out-of-range"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(
    tenant: Tenant, body: Json, pointer: str, code: str
) -> None:
    """422 with the place of what is wrong, and nothing is kept."""
    answer = await tenant.client.put("/v1/targets/goal", json={"kpi": "nps", "value": 0.3} | body)
    assert answer.status_code == 422, answer.text
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        (pointer, code)
    ]
    assert (await tenant.client.get("/v1/targets/goal")).status_code == 404


async def test_reading_needs_no_right_to_steer(tenant: Tenant) -> None:
    """A key with kpi:read sees targets and cannot set them."""
    wanted = {"kind": "secret", "name": "reader", "scopes": ["kpi:read"]}
    key = (await tenant.client.post("/v1/api-keys", json=wanted)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert (await tenant.client.get("/v1/targets", headers=headers)).status_code == 200
    refused = await tenant.client.put(
        "/v1/targets/x", json={"kpi": "nps", "value": 0.3}, headers=headers
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "missing-scope")


async def test_a_score_of_ten_points(tenant: Tenant) -> None:
    """A KPI with another unit is judged on its own scale, and its period in October only."""
    survey = await publish(tenant, SCORE)
    await submit(tenant, survey, [sent({"score": 9}) for _ in range(40)])
    await put(tenant, "happy", kpi="csat", value=0.8, floor=0.5)
    target = (await ask(tenant, "csat", **OCTOBER))["target"]
    assert (target["verdict"], target["attainment"]) == ("met", 1.2)
