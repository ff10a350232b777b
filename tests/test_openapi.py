"""The OpenAPI document: valid, complete, without holes, and what the service really does."""

import asyncio
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from typer.testing import CliRunner

from app.cli import commands
from app.config import Settings
from app.http import openapi_schemas
from app.http.auth import Open, declared_need
from app.http.openapi_answers import PROBLEM_TYPE
from app.main import ROUTERS, TAGS, create_app
from app.problems import PROBLEMS
from tests.conformance import OF_NO_OPERATION, contract, violations
from tests.conftest import Tenant, client_of

SNAPSHOT = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
ROUTES = [
    route
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.include_in_schema
]
VERBS = {
    "acknowledge", "analyse", "close", "compare", "create", "delete", "get", "list", "load",
    "plan", "publish", "put", "reopen", "retire", "revoke", "submit", "track", "update", "validate",
    "weigh",
}  # fmt: skip
Json = dict[str, Any]


def _operations() -> Iterator[tuple[str, str, Json]]:
    for path, item in contract()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _schemas() -> Iterator[tuple[str, Json]]:
    """Every schema of the document, with the name of the one that it stands in."""
    for schema in openapi_schemas.roots(contract()):
        for inner in openapi_schemas.inside(schema):
            yield str(schema.get("title", "a parameter or a body")), inner


def test_document_is_valid() -> None:
    """The validator of the specification finds nothing."""
    validate(contract())


def test_document_is_the_one_in_the_repository() -> None:
    """A change of the contract shows in review; `make openapi` writes it anew."""
    written = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert written == contract(), "run `make openapi` and look at the difference"


async def test_document_is_served_to_everybody(app: FastAPI) -> None:
    """The served document is the same, and needs no key."""
    async with client_of(app) as anybody:
        answer = await anybody.get("/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == contract()


def test_every_route_is_documented() -> None:
    """Each route that is not a page stands in the document under its operation id."""
    documented = {(method, path): each["operationId"] for method, path, each in _operations()}
    for route in ROUTES:
        for method in route.methods or ():
            assert documented.pop((method.lower(), route.path_format)) == route.operation_id
    assert documented == {}


def test_operation_ids_are_a_verb_and_a_noun() -> None:
    """Generated functions read like sentences, and no two share a name."""
    ids = [operation["operationId"] for _, _, operation in _operations()]
    assert len(ids) == len(set(ids))
    for each in ids:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", each)
        assert each.partition("_")[0] in VERBS


def test_every_operation_is_described_under_a_described_tag() -> None:
    """A reader finds what an operation is for, and the operation under a heading."""
    described = {tag["name"] for tag in contract()["tags"] if tag["description"]}
    used = {tag for _, _, operation in _operations() for tag in operation["tags"]}
    assert used == described == set(TAGS)
    assert all(operation["description"] for _, _, operation in _operations())


def test_security_is_what_routes_declare() -> None:
    """Scopes and kinds of keys in the document are those that the routes check."""
    declared = {route.operation_id: declared_need(route.dependant) for route in ROUTES}
    for _, _, operation in _operations():
        need = declared[operation["operationId"]]
        assert need is not None
        expected: list[Json] | None = [{"SecretKey": [need.scope]}]
        expected += [{"PublishableKey": []}] if need.publishable else []  # type: ignore[operator]
        if isinstance(need, Open):
            expected = None
        assert operation.get("security") == expected


def test_problems_follow_from_the_declarations() -> None:
    """Keys, bodies, places and preconditions each bring the problems that they can end in."""
    for method, path, operation in _operations():
        found = set(operation["responses"])
        assert {"400", "422", "default"} <= found
        assert ({"401", "403"} <= found) == ("security" in operation)
        assert ({"408", "413", "415"} <= found) == ("requestBody" in operation)
        assert "404" in found or "{" not in path
        names = {each["name"] for each in operation.get("parameters", ())}
        assert ("412" in found) == ("If-Match" in names)
        if method == "post" and "security" in operation and not _is_bulk(operation):
            assert "Idempotency-Key" in names
            assert "409" in found


def _is_bulk(operation: Json) -> bool:
    return "text/csv" in operation.get("requestBody", {}).get("content", {})


def test_every_problem_is_a_problem_document() -> None:
    """No operation documents an error of another form, and no registered code is missing."""
    shared = contract()["components"]["responses"]
    named: set[str] = set()
    for _, _, operation in _operations():
        for status, answer in operation["responses"].items():
            if status >= "400":
                name = answer["$ref"].rpartition("/")[2]
                assert list(shared[name]["content"]) == [PROBLEM_TYPE]
                named.add(name)
    assert named | {"Gone"} == set(shared)
    told = " ".join(each["description"] for each in shared.values())
    for code, kind in PROBLEMS.items():
        assert f"`{code}`" in told or kind.status in OF_NO_OPERATION | {428, 429}


def test_nothing_is_untyped() -> None:
    """No `{}` and no bare object: a generated client knows the type of every value."""
    for name, schema in _schemas():
        typed = {"type", "$ref", "anyOf", "oneOf", "allOf", "const", "enum"} & set(schema)
        assert typed, f"something in {name} has no type"
        if schema.get("type") == "object":
            assert schema.get("properties") or isinstance(
                schema.get("additionalProperties"), dict
            ), f"a bare object in {name}"
        if schema.get("type") == "array":
            assert schema.get("items"), f"an array of anything in {name}"
        assert "patternProperties" not in schema


def test_every_answer_has_a_name() -> None:
    """The body of every answer is a named schema, so that clients name its class."""
    for _, _, operation in _operations():
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                assert set(content["schema"]) == {"$ref"}


def test_unions_are_discriminated() -> None:
    """Where one of several objects may stand, a required property without a default says which."""
    schemas = contract()["components"]["schemas"]
    unions = [schema for _, schema in _schemas() if "discriminator" in schema]
    assert len(unions) >= 4  # questions, events of a case, groups to compare, indicators
    for union in unions:
        discriminator = union["discriminator"]
        assert len(discriminator["mapping"]) == len(union["oneOf"])
        for reference in discriminator["mapping"].values():
            member = schemas[reference.rpartition("/")[2]]
            field = member["properties"][discriminator["propertyName"]]
            assert "default" not in field
            assert discriminator["propertyName"] in member["required"]
    for name, schema in _schemas():
        several = [each for each in schema.get("anyOf", ()) if "$ref" in each]
        assert len(several) <= 1, f"a union in {name} is not discriminated"


def test_fields_of_answers_are_required() -> None:
    """What a class of answers shows is always there; null where there is nothing."""
    for name, schema in contract()["components"]["schemas"].items():
        if name.endswith(("Read", "List", "Receipt", "Envelope")):
            assert set(schema["required"]) == set(schema["properties"]), name


def test_examples_fit_their_schemas() -> None:
    """An example that is copied works."""
    shown = 0
    for name, schema in contract()["components"]["schemas"].items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": contract()["components"]}
        for example in schema.get("examples", ()):
            assert list(Draft202012Validator(whole).iter_errors(example)) == []
            shown += 1
    assert shown > 8


async def test_answers_carry_the_documented_headers(tenant: Tenant) -> None:
    """`ETag`, `Location` and `Idempotent-Replayed` come where the document says so."""
    example = contract()["components"]["schemas"]["SurveyCreate"]["examples"][0]
    key = {"Idempotency-Key": "once"}
    first = await tenant.client.post("/v1/surveys", json=example, headers=key)
    again = await tenant.client.post("/v1/surveys", json=example, headers=key)
    for answer, replayed in ((first, False), (again, True)):
        assert violations(answer) == []
        assert ("idempotent-replayed" in answer.headers) is replayed
        assert {"etag", "location", "x-request-id"} <= set(answer.headers)
    survey = first.json()["id"]
    assert (await tenant.client.post(f"/v1/surveys/{survey}/publish")).status_code == 200
    answer = await tenant.client.put(
        f"/v1/surveys/{survey}/responses/r1", json={"answers": {"nps": 9}}
    )
    assert (await tenant.client.get(answer.headers["location"])).status_code == 200
    answer = await tenant.client.post("/v1/api-keys", json={"kind": "publishable", "name": "x"})
    assert (await tenant.client.get(answer.headers["location"])).status_code == 200


async def test_conformance_sees_what_is_not_documented(tenant: Tenant) -> None:
    """The check that all tests rely on does find another status, header and body."""
    request = httpx.Request("GET", "http://test/v1/surveys")
    wrong = [
        httpx.Response(409, json={}, request=request),
        httpx.Response(200, json={"data": [], "next_cursor": 1}, request=request),
        httpx.Response(200, text="[]", request=request),
        httpx.Response(
            200, json={"data": [], "next_cursor": None}, request=request, headers={"ETag": "1"}
        ),
    ]
    assert [len(violations(answer)) for answer in wrong] == [1, 1, 1, 1]
    assert violations(await tenant.client.get("/v1/surveys")) == []


def test_two_schemas_of_one_name_are_refused() -> None:
    """A name that is taken is an error when the document is made, not a client that lacks one."""
    broken = deepcopy(contract())
    broken["components"]["schemas"] = {
        "Page_SurveyRead_": {"type": "object", "title": "Page_SurveyRead_"},
        "SurveyList": {"type": "object", "title": "SurveyList"},
    }
    with pytest.raises(ValueError, match="two schemas are called SurveyList"):
        openapi_schemas.tidy(broken)


async def test_service_answers_while_the_document_is_made(settings: Settings) -> None:
    """Making the document takes seconds; other requests do not wait for it."""
    async with client_of(create_app(settings)) as client:
        making = asyncio.create_task(client.get("/v1/openapi.json"))
        answered = 0
        while not making.done():
            assert (await client.get("/livez")).status_code == 200
            answered += 1
            await asyncio.sleep(0.001)  # nothing in this process waits by itself
    assert making.result().status_code == 200
    assert answered > 5


def test_command_prints_the_document() -> None:
    """`feedback openapi` needs no database and no settings."""
    printed = CliRunner().invoke(commands, ["openapi"])
    assert printed.exit_code == 0
    assert json.loads(printed.output) == contract()
