"""Every operation of the document under requests that a machine thought of, fitting and not.

A few for each operation here, the same in every run. FEEDBACK_FUZZ_EXAMPLES=300 makes it a long
session with other ones each time.
"""

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from app.config import Settings
from app.main import create_app
from tests.conformance import OF_NO_OPERATION
from tests.conftest import Tenant, open_tenant
from tests.http.serving import serving

Json = dict[str, Any]
DOCUMENT = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
EXAMPLES = int(os.environ.get("FEEDBACK_FUZZ_EXAMPLES", "0"))
#: A hundred operations that differ in a name: one piece of code reads and answers them all.
_ALIKE = "/v1/kpis/"
#: They answer 200 and say in the body what is wrong.
TELL_IN_THE_BODY = {"load_customers", "load_orders", "load_refunds", "validate_survey"}


def _document() -> Json:
    """The contract; `default` would allow every status, so it is replaced by what it stands for."""
    document: Json = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for item in document["paths"].values():
        for operation in item.values():
            default = operation["responses"].pop("default")
            for status in OF_NO_OPERATION - {500}:
                operation["responses"][str(status)] = default
    return document


_CONFIG = schemathesis.Config.from_dict(
    {
        "generation": {"with-security-parameters": False},  # keys have tests of their own
        "checks": {
            # A body may be refused for its size, too, and an address for its length.
            "negative_data_rejection": {"expected-statuses": ["4XX"]},
            # Fits its schema, and yet not the survey, the state of a case, or another field.
            "positive_data_acceptance": {"enabled": False},
        },
    }
)
schema = schemathesis.openapi.from_dict(_document(), config=_CONFIG)
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
OPERATIONS = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]


@dataclass
class Target:
    """What is fuzzed: a live server with one of everything in a workspace."""

    address: str = ""
    key: str = ""
    known: dict[str, list[str]] = field(default_factory=dict)


TARGET = Target()


@schema.hook
def map_case(
    context: schemathesis.HookContext, case: schemathesis.Case[Any]
) -> schemathesis.Case[Any]:
    """Two times out of three ask for something that exists, or most answers would be 404."""
    del context
    fitting = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    for place, names in ((case.path_parameters, None), (case.query, {"survey", "cursor", "to"})):
        for name, value in dict(place or {}).items():
            pool = TARGET.known.get(name)
            dice = zlib.crc32(repr(value).encode())
            if pool and dice % 3 and (names is None or (fitting and name in names)):
                place[name] = pool[dice % len(pool)]
    return case


@pytest.fixture(scope="module")
async def tenant_to_fuzz(app: FastAPI) -> Tenant:
    """A workspace with a survey and its response, a case, customers and orders."""
    return await open_tenant(app, "fuzzed")


@pytest.fixture(scope="module")
async def known(tenant_to_fuzz: Tenant) -> dict[str, list[str]]:
    """Names of what exists, by parameter."""
    client = tenant_to_fuzz.client
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]

    async def made(method: str, path: str, like: str = "", **changed: object) -> Json:
        body = schemas[like]["examples"][0] | changed if like else None
        answer = await client.request(method, path, json=body)
        assert answer.is_success, answer.text
        created: Json = answer.json()
        return created

    survey = str((await made("POST", "/v1/surveys", "SurveyCreate"))["id"])
    await made("POST", f"/v1/surveys/{survey}/publish")
    response = await made(
        "PUT", f"/v1/surveys/{survey}/responses/r1", "ResponseSubmit", answers={"nps": 9}
    )
    case = await made("POST", "/v1/complaints", "ComplaintCreate")
    await made("PUT", "/v1/customers/c-1024", "CustomerPatch")
    await made("PUT", "/v1/orders/c-1024", "OrderPut")
    return {
        "survey": [survey],
        "version": ["1", "current"],
        "response_id": [str(response["id"])],
        "case": [str(case["id"]), str(case["reference"])],
        "external_id": ["c-1024"],
        "workspace": ["current"],
        "cursor": [""],
        "to": ["current", "2026-12-01", "2026-12-01T00:00:00Z"],
    }


@pytest.fixture(scope="module", autouse=True)
def target(
    settings: Settings, tenant_to_fuzz: Tenant, known: dict[str, list[str]]
) -> Iterator[None]:
    """A live server to send all that to."""
    quiet = settings.model_copy(update={"access_log": False})
    with serving(create_app(quiet), quiet) as port:
        TARGET.address = f"http://127.0.0.1:{port}"
        TARGET.key = tenant_to_fuzz.secret_key
        TARGET.known = known
        yield


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_any_request_gets_a_documented_answer(operation: Operation) -> None:
    """No 5xx; status, media type, headers and body as documented; what does not fit is refused."""
    tells = operation.definition.raw["operationId"] in TELL_IN_THE_BODY
    excluded = [negative_data_rejection] if tells else []
    modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @given(case=one_of(modes))
    @settings(
        max_examples=EXAMPLES or (2 if operation.path.startswith(_ALIKE) else 6),
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(
            base_url=TARGET.address,
            headers={"Authorization": f"Bearer {TARGET.key}"},
            excluded_checks=[ignored_auth, *excluded],
        )

    ask()


def test_every_operation_refuses_a_caller_without_a_key() -> None:
    """401 as problem+json on all that is not open, before anything of the request is judged."""
    for path, item in _document()["paths"].items():
        for method, operation in item.items():
            if "security" in operation:
                address = TARGET.address + path.replace("{", "").replace("}", "")
                answer = requests.request(method, address, timeout=10)
                assert answer.status_code == 401, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"] == "unauthenticated"
