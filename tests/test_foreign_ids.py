"""An id of another workspace is answered, byte for byte, like an id that nobody has."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from app.complaints.references import new_reference
from app.db import Database
from app.main import ROUTERS
from app.workspaces.keys import new_publishable_key
from tests.complaints.makers import complaint
from tests.conftest import Tenant
from tests.customers.making import order, refund
from tests.market.making import spend, total
from tests.proofs.reporting import REPORTING_CHOSEN, reporting_things
from tests.proofs.steering import (
    STEERING_BODIES,
    STEERING_CHOSEN,
    STEERING_NOTHING,
    STEERING_QUERIES,
    steering_things,
)
from tests.responses.builders import answer, publish

Json = dict[str, Any]
#: What each route is sent, where it is more than an empty object.
_BODIES: Mapping[str, Json] = {
    **STEERING_BODIES,
    "PATCH /v1/workspaces/{workspace}": {"name": "x"},
    "PATCH /v1/api-keys/{key}": {"name": "x"},
    "PATCH /v1/surveys/{survey}": {"name": "x"},
    "POST /v1/surveys/{survey}/responses": answer(),
    "PUT /v1/surveys/{survey}/responses/{submission_id}": answer(),
    "PATCH /v1/responses/{response_id}": {"quality": "flagged"},
    "PATCH /v1/customers/{external_id}": {"name": "x"},
    "PATCH /v1/complaints/{case}": {"severity": "high"},
    "POST /v1/complaints/{case}/events": {"event": "acknowledge"},
    "POST /v1/complaints/{case}/messages": {"text": "x"},
    "POST /v1/orders/{external_id}/refunds": {
        name: value for name, value in refund("r").items() if name != "order"
    },
}
#: Routes whose id is the caller's own to choose, or the same for everybody.
_NOT_LOOKED_UP = {
    "PUT /v1/customers/{external_id}": "creates the customer",
    **STEERING_CHOSEN,
    **REPORTING_CHOSEN,
    "PUT /v1/orders/{external_id}": "creates the order",
    "PUT /v1/leads/{external_id}": "creates the lead",
    "GET /v1/survey-templates/{template}": "the same for everybody",
    "GET /v1/kpis/retention/cohorts/{cohort}/{k}/customers": "a date and a number",
}


def _routes() -> list[str]:
    return sorted(
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path.startswith("/v1/") and "{" in route.path
        for method in (route.methods or set()) - {"HEAD"}
    )


async def _things(tenant: Tenant, database: Database) -> dict[str, str]:
    """One of everything that has an id."""
    client = tenant.client

    async def made(path: str, body: Json, method: str = "POST") -> Json:
        answered = await client.request(method, path, json=body)
        assert answered.is_success, answered.text
        found: Json = answered.json()
        return found

    survey = await publish(tenant)
    case = await made("/v1/complaints", complaint())
    words = await made("/v1/analyses/words", {"survey": survey, "question": "why"})
    bought = {name: value for name, value in order("of-one").items() if name != "external_id"}
    await made("/v1/orders/of-one", bought | {"customer": "of-one"}, "PUT")
    lead = {"channel": "web", "created_on": "2026-10-01"}
    await made("/v1/leads/of-one", lead, "PUT")
    steered = await steering_things(made, database, tenant.workspace.id)
    return (steered | await reporting_things(made)) | {
        "spend": (await made("/v1/acquisition-spend", spend(), "PUT"))["id"],
        "model_run": (
            await made("/v1/model-runs", {"kind": "sbg", "survivors": [1_000, 631, 468, 382]})
        )["id"],
        "total": (await made("/v1/market-totals", total(), "PUT"))["id"],
        "workspace": str(tenant.workspace.id),
        "key": (await made("/v1/api-keys", {"kind": "publishable", "name": "x"}))["key_id"],
        "survey": survey,
        "version": "1",
        "submission_id": "theirs",
        "response_id": (await made(f"/v1/surveys/{survey}/responses", answer()))["id"],
        "case": case["id"],
        "reference": case["reference"],
        "external_id": "of-one",
        "analysis_run": words["id"],
    }


def _nothing() -> dict[str, str]:
    """Ids of the same forms that nobody has."""
    names = ("workspace", "survey", "response_id", "case", "spend", "total", "report", "model_run")
    ids = {name: str(uuid4()) for name in names}
    others = {"version": "1", "submission_id": "theirs", "external_id": "of-nobody"}
    others |= STEERING_NOTHING | {"name": "nobodys"}
    others |= {"analysis_run": str(uuid4())}
    return ids | others | {"key": new_publishable_key()[1], "reference": new_reference()}


async def _ask(
    client: httpx.AsyncClient, route: str, ids: Mapping[str, str], *, by_reference: bool = False
) -> httpx.Response:
    method, _, path = route.partition(" ")
    named = {**ids, "case": ids["reference"]} if by_reference else ids
    return await client.request(
        method,
        path.format(**named),
        params=STEERING_QUERIES.get(route),
        json=_BODIES.get(route) if method in {"POST", "PUT", "PATCH"} else None,
        headers={"X-Request-Id": "the-same-for-all"},
    )


@pytest.mark.parametrize("route", [each for each in _routes() if each not in _NOT_LOOKED_UP])
async def test_ids_of_others_are_unknown(
    tenant: Tenant, stranger: Tenant, database: Database, route: str
) -> None:
    """Row 55: on every route, a foreign id and no id at all get the same 404; its owner does not.

    Equal are the whole body and all headers.
    """
    theirs, nobodys = await _things(stranger, database), _nothing()
    for by_reference in {False, "{case}" in route}:
        foreign = await _ask(tenant.client, route, theirs, by_reference=by_reference)
        unknown = await _ask(tenant.client, route, nobodys, by_reference=by_reference)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")
        assert foreign.content == unknown.content
        assert foreign.headers == unknown.headers
        own = await _ask(stranger.client, route, theirs, by_reference=by_reference)
        assert own.status_code != 404, own.text


async def test_ids_of_others_in_bodies_and_filters(
    tenant: Tenant, stranger: Tenant, database: Database
) -> None:
    """Row 55: what a body or a filter names is looked up in one's own workspace only."""
    theirs, nobodys = await _things(stranger, database), _nothing()
    mine = await _things(tenant, database)
    merge = f"/v1/complaints/{mine['case']}/events"
    for name in ("case", "reference"):
        answers = [
            await tenant.client.post(merge, json={"event": "merge_into", "into": ids[name]})
            for ids in (theirs, nobodys)
        ]
        codes = [(each.status_code, each.json()["code"]) for each in answers]
        assert codes[0] == codes[1]
        assert codes[0][0] in {404, 409, 422}
    for path in ("/v1/responses", "/v1/kpis/nps", "/v1/kpis/csat/trend"):
        shown = []
        for ids in (theirs, nobodys):
            query = {"survey": ids["survey"]}
            if "kpis" in path:
                query |= {"from": "2026-01-01", "to": "2026-02-01"}
            found = await tenant.client.get(path, params=query)
            shown.append((found.status_code, found.text.count(theirs["response_id"])))
        assert shown[0] == shown[1], path
        assert shown[0][1] == 0
