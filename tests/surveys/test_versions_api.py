"""Published versions over HTTP: what embeds see, what other packages read, templates."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.db import Database
from app.surveys import service
from app.surveys.published import load_questions
from tests.conftest import Tenant, client_of
from tests.surveys.definitions import TEXT, coded, question
from tests.surveys.steps import ACTIONS, ask, change, make, publish


@pytest.mark.parametrize("number", ["2", "0", "01", "-1", "x", "9999999999999999999", "１"])
async def test_unknown_versions_are_not_found(tenant: Tenant, number: str) -> None:
    """Whatever is no number of a version is 404, also for the other side of a comparison."""
    survey = await make(tenant, question("nps"))
    path = f"/v1/surveys/{survey['id']}/versions"
    assert (await tenant.client.get(f"{path}/current")).status_code == 404
    await publish(tenant, survey)
    assert (await tenant.client.get(f"{path}/{number}")).status_code == 404
    other = await tenant.client.get(f"{path}/1/diff", params={"to": number})
    assert other.status_code == 422


async def test_what_a_publishable_key_may_see(app: FastAPI, tenant: Tenant) -> None:
    """Published versions only, of its own surveys only; never drafts, never changes."""
    draft, survey = await make(tenant, question("nps")), await make(tenant, question("nps"))
    await publish(tenant, survey)
    path = f"/v1/surveys/{survey['id']}"
    for suffix in ("/versions", "/versions/1", "/versions/current",
                   "/versions/1/response-schema"):  # fmt: skip
        assert (await tenant.public.get(path + suffix)).status_code == 200
        assert (await tenant.public.get(f"/v1/surveys/{draft['id']}{suffix}")).status_code == 404
    for method, suffix in ACTIONS[:6]:
        refused = await ask(tenant.public, method, path + suffix)
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong-key-type")

    wanted = {"kind": "publishable", "name": "one", "survey_ids": [survey["id"]]}
    key = (await tenant.client.post("/v1/api-keys", json=wanted)).json()["key"]
    async with client_of(app, key) as bound:
        assert (await bound.get(f"{path}/versions/current")).status_code == 200
        other = await bound.get(f"/v1/surveys/{draft['id']}/versions/current")
        assert (other.status_code, other.json()["code"]) == (403, "survey-not-allowed")

    await tenant.client.post(f"{path}/close")
    closed = await tenant.public.get(f"{path}/versions/current")
    assert (closed.status_code, closed.json()["code"]) == (409, "survey-closed")
    assert (await tenant.public.get(f"{path}/versions/1")).status_code == 200


async def test_the_response_schema_is_served(tenant: Tenant) -> None:
    """As a JSON Schema whose `answers` are those of the version."""
    survey = await make(tenant, question("nps", required=True))
    await publish(tenant, survey)
    answer = await tenant.public.get(f"/v1/surveys/{survey['id']}/versions/1/response-schema")
    assert answer.headers["content-type"].startswith("application/schema+json")
    schema: dict[str, Any] = answer.json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    complete = schema["allOf"][-1]["then"]["properties"]["answers"]
    assert complete == {
        "type": "object",
        "properties": {"q": {"type": "integer", "minimum": 0, "maximum": 10}},
        "required": ["q"],
        "additionalProperties": False,
    }


async def test_templates_become_surveys(tenant: Tenant) -> None:
    """What a template answers can be posted as it is, and published."""
    listed = (await tenant.client.get("/v1/survey-templates")).json()["data"]
    assert {each["key"] for each in listed} == {"service-call-back", "relationship-loyalty"}
    for each in listed:
        template = (await tenant.client.get(f"/v1/survey-templates/{each['key']}")).json()
        body = {"name": template["name"]["zh-CN"], "definition": template["definition"]}
        created = await tenant.client.post("/v1/surveys", json=body)
        assert created.status_code == 201, created.text
        published = await publish(tenant, created.json())
        assert published["definition"] == template["definition"]
    assert (await tenant.client.get("/v1/survey-templates/none")).status_code == 404


async def test_parallel_publishing_makes_one_version(tenant: Tenant) -> None:
    """Publications of one survey take turns: the second finds nothing left to publish."""
    survey = await make(tenant, question("nps"))
    versions = await asyncio.gather(*(publish(tenant, survey) for _ in range(8)))
    assert {each["number"] for each in versions} == {1}


async def test_questions_of_all_versions_are_known(tenant: Tenant, database: Database) -> None:
    """KPIs find each question in its latest form, dropped ones too, current ones first."""
    survey = await make(tenant, question("csat", "a"), question("nps", "b"))
    await publish(tenant, survey)
    await change(tenant, survey, question("matrix", "c", rows=coded("r", "s")),
                 question("nps", "b", construct="loyalty"))  # fmt: skip
    await publish(tenant, survey)
    await make(tenant, question("nps", "draft"))
    survey_id = UUID(survey["id"])
    async with database.snapshot() as session:
        everything = await load_questions(session, tenant.workspace.id)
        chosen = await load_questions(session, tenant.workspace.id, [survey_id])
        none = await load_questions(session, tenant.workspace.id, [])
        version = await service.fetch_version(session, tenant.workspace.id, survey_id, None)
    assert everything == chosen
    assert none == {}
    found = chosen[survey_id]
    assert [(key, each.version, each.question.type) for key, each in found.items()] == [
        ("c", 2, "matrix"), ("b", 2, "nps"), ("a", 1, "csat"),
    ]  # fmt: skip
    assert found["b"].question.measures == "loyalty"
    assert found["c"].question.scale_items() == (("c.r", "r"), ("c.s", "s"))
    assert service.definition_of(version).title == TEXT
