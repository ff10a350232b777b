"""Report definitions: put as a whole, checked against what their KPIs can answer."""

from typing import Any

import pytest

from app.reports import ready
from tests.conftest import Tenant
from tests.reports.making import definition, put

PATH = "/v1/report-definitions"


async def test_a_definition_is_put_read_and_deleted(tenant: Tenant) -> None:
    """Putting it again changes nothing, another body makes a revision, deleting ends it."""
    first = await put(tenant, "shops")
    again = await put(tenant, "shops", 200)
    assert again == first
    assert first["revision"] == 1
    assert first["sections"][1]["title"] == {"zh-CN": "满意", "en": "Content"}
    changed = await put(tenant, "shops", 200, period="week")
    assert (changed["revision"], changed["period"]) == (2, "week")
    read = await tenant.client.get(f"{PATH}/shops")
    assert read.json() == changed
    stale = {"If-Match": '"1"'}
    refused = await tenant.client.put(f"{PATH}/shops", json=definition(), headers=stale)
    assert refused.status_code == 412
    assert (await tenant.client.delete(f"{PATH}/shops", headers=stale)).status_code == 412
    assert (await tenant.client.delete(f"{PATH}/shops")).status_code == 204
    assert (await tenant.client.get(f"{PATH}/shops")).status_code == 404


async def test_there_is_a_definition_from_the_start(tenant: Tenant) -> None:
    """The monthly report needs no set-up; one of its name takes its place and gives it back."""
    listed = (await tenant.client.get(PATH)).json()["data"]
    assert [(each["name"], each["built_in"]) for each in listed] == [(ready.NAME, True)]
    read = await tenant.client.get(f"{PATH}/{ready.NAME}")
    assert read.json() == listed[0]
    await put(tenant, ready.NAME)
    await put(tenant, "another")
    listed = (await tenant.client.get(PATH)).json()["data"]
    assert [(each["name"], each["built_in"]) for each in listed] == [
        ("another", False),
        (ready.NAME, False),
    ]
    assert (await tenant.client.delete(f"{PATH}/{ready.NAME}")).status_code == 204
    assert (await tenant.client.get(f"{PATH}/{ready.NAME}")).json()["built_in"] is True
    assert (await tenant.client.delete(f"{PATH}/{ready.NAME}")).status_code == 404


async def test_the_ready_definition_would_be_accepted(tenant: Tenant) -> None:
    """What is there from the start keeps to the rules that hold for everybody's."""
    body = ready.MONTHLY_SERVICE.model_dump(mode="json", by_alias=True)
    answer = await tenant.client.put(f"{PATH}/copy", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("section", "pointer", "code"),
    [
        ({"kpi": "unheard-of"}, "/sections/0/kpi", "unknown-value"),
        ({"kpi": "nps", "compare_by": ["x"]}, "/sections/0/compare_by/0", "unknown-value"),
        (
            {"kpi": "nps", "scope": {"filters": {"customer": ["c"]}}},
            "/sections/0/scope/filters",
            "unknown-value",
        ),
        (
            {"kpi": "retention", "scope": {"options": {"window_days": 9_999_999}}},
            "/sections/0/scope/options/window_days",
            "invalid-value",
        ),
        ({"kpi": "retention", "distribution": True}, "/sections/0/distribution", "invalid-value"),
        (
            {"kpi": "retention", "scope": {"question": "q"}},
            "/sections/0/scope/question",
            "unknown-field",
        ),
        (
            {"kpi": "nps", "scope": {"surveys": ["01900000-0000-7000-8000-000000000000"]}},
            "/sections/0/scope/surveys",
            "unknown-reference",
        ),
    ],
)
async def test_what_a_kpi_cannot_answer_is_refused(
    tenant: Tenant, section: dict[str, Any], pointer: str, code: str
) -> None:
    """The definition hears at once, with a pointer, what its reports would fail with later."""
    answer = await tenant.client.put(f"{PATH}/x", json=definition(sections=[section]))
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert (await tenant.client.get(f"{PATH}/x")).status_code == 404


async def test_a_schedule_says_when_it_runs_next(tenant: Tenant) -> None:
    """At the local hour in the workspace's zone; none without a schedule."""
    scheduled = await put(tenant, "daily", period="day", schedule={"hour": 8})
    assert scheduled["next_run_at"].endswith("T00:00:00Z")
    unscheduled = await put(tenant, "daily", 200, period="day")
    assert unscheduled["next_run_at"] is None
    assert unscheduled["schedule"] is None
