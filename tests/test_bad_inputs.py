"""Walks the table of bad inputs on a real server: alone, before a good request, all at once.

Every error is a registered problem with the right status and code, points at the fields that are
wrong, and repeats nothing of what was sent.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.config import Settings
from app.main import ROUTERS, create_app
from app.problems import FIELD_CODES, PROBLEMS
from app.workspaces.keys import new_secret_key
from tests.bad_fields import FIELDS
from tests.bad_inputs import (
    BYTES,
    NOT_HERE,
    NOT_HERE_IN_PART,
    NUMBERS,
    SUBMIT,
    Row,
    Sent,
    submit,
    text,
)
from tests.conftest import Tenant, open_tenant
from tests.customers.making import NDJSON, ndjson
from tests.http.serving import Answer, Wire, serving
from tests.surveys.definitions import MIXED, definition

#: How long the server of these tests waits for the rest of a head or a body.
_PATIENCE_SECONDS = 3.0
#: Rows that take more than one request and its answer, and the test of each.
PROVEN_ELSEWHERE: Mapping[int, str] = {
    26: "test_a_head_that_does_not_end_is_given_up",
    55: "test_ids_of_others_are_unknown",
    64: "test_a_submission_sent_again",
    66: "test_a_service_in_trouble_says_when_to_try_again",
    71: "test_three_bad_lines_of_a_thousand",
    72: "test_a_good_request_follows",
}
Place = dict[str, str]


@pytest.fixture(scope="module")
async def owner(app: FastAPI) -> Tenant:
    """The workspace of these tests."""
    return await open_tenant(app, "bad inputs")


@pytest.fixture(scope="module")
async def place(owner: Tenant) -> Place:
    """What the requests name: keys of every kind, and surveys in every state."""
    _, unknown, _ = new_secret_key()
    keys = {
        "secret": owner.secret_key,
        "public": owner.publishable_key,
        "limited": await _made_key(owner, kind="publishable", origins=["https://shop.example"]),
        "narrow": await _made_key(owner, kind="secret", scopes=["kpi:read"]),
        "revoked": await _made_key(owner, kind="secret", scopes=["surveys:rw"], revoked=True),
        "expired": await _made_key(
            owner, kind="secret", scopes=["surveys:rw"], expires_at="2026-01-01T00:00:00Z"
        ),
        "unknown": new_secret_key()[0],
        "malformed": f"fbs_live_{unknown}",
        "misspelt": owner.secret_key[:-1] + ("a" if owner.secret_key[-1] != "a" else "b"),
    }
    surveys = {name: await _published(owner) for name in ("survey", "closed", "twice", "retired")}
    await _post(owner, f"/v1/surveys/{surveys['closed']}/close")
    for name in ("twice", "retired"):
        path = f"/v1/surveys/{surveys[name]}"
        changed = {"definition": definition(*MIXED[:3])}
        assert (await owner.client.patch(path, json=changed)).is_success
        await _post(owner, f"{path}/publish")
    await _post(owner, f"/v1/surveys/{surveys['retired']}/versions/1/retire")
    return keys | surveys


async def _post(owner: Tenant, path: str, body: object = None) -> dict[str, Any]:
    answered = await owner.client.post(path, json=body)
    assert answered.is_success, answered.text
    made: dict[str, Any] = answered.json()
    return made


async def _made_key(owner: Tenant, *, revoked: bool = False, **fields: object) -> str:
    made = await _post(owner, "/v1/api-keys", {"name": "a key", **fields})
    if revoked:
        await _post(owner, f"/v1/api-keys/{made['key_id']}/revoke")
    return str(made["key"])


async def _published(owner: Tenant) -> str:
    body = {"name": "a survey", "definition": definition(*MIXED)}
    survey = str((await _post(owner, "/v1/surveys", body))["id"])
    await _post(owner, f"/v1/surveys/{survey}/publish")
    return survey


@pytest.fixture(scope="module")
def port(settings: Settings, place: Place) -> Iterator[int]:
    """The port of a real server of the whole service, with time limits that a test can wait for."""
    del place  # made before: the server's thread would take its time
    quick = {
        "header_timeout_seconds": _PATIENCE_SECONDS,
        "body_timeout_seconds": _PATIENCE_SECONDS,
        "access_log": False,
    }
    changed = settings.model_copy(update=quick)
    with serving(create_app(changed), changed) as port:
        yield port


def _doors() -> list[Sent]:
    """Every route that reads a JSON body, with whatever ids."""
    found = [
        Sent(method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.body_field is not None
        for method in route.methods
    ]
    return found + [Sent("POST", f"/v1/{bulk}") for bulk in ("customers", "orders", "refunds")]


DOORS = _doors()
ROWS = (*BYTES, *FIELDS)
_SOMETHING = dict.fromkeys(
    ("case", "key", "workspace", "external_id", "response_id", "version"), "none"
)


def _requests(row: Row) -> list[Sent]:
    """The row's request, or its body to every door."""
    if row.sent is not None:
        return [row.sent]
    # An array is what the bulk routes take: its lines are refused one by one.
    doors = [door for door in DOORS if row.body[:1] != b"[" or row.code != "invalid-request"
             or "customers" not in door.path and "orders" not in door.path
             and "refunds" not in door.path]  # fmt: skip
    return [Sent(door.method, door.path, row.body, headers=row.headers) for door in doors]


def _raw(sent: Sent, place: Place) -> bytes:
    named = _SOMETHING | {"submission_id": str(uuid4())} | place
    return sent.raw(named)


def _check(row: Row, sent: Sent, raw: bytes, answer: Answer) -> None:
    """The answer is the row's."""
    what = (sent.method, sent.path, answer.status, answer.body[:600])
    assert answer.status == row.status, what
    for name, value in row.answers.items():
        assert answer.headers[name] == value, what
    if row.hidden:
        assert row.hidden.encode() in raw
        assert row.hidden.encode() not in answer.body, what
        assert row.hidden not in str(answer.headers)
    if not row.code:
        assert answer.headers["content-type"] == "application/json"
        return
    assert answer.problem() == row.code, what
    problem = json.loads(answer.body)
    assert problem["type"] == f"/problems/{row.code}"
    assert problem["status"] == PROBLEMS[row.code].status == answer.status
    assert problem["title"] == PROBLEMS[row.code].title.en
    found = [(error["pointer"], error["code"]) for error in problem["errors"]]
    assert {code for _, code in found} <= set(FIELD_CODES)
    if row.sent is not None or row.errors:
        assert found == list(row.errors), what
