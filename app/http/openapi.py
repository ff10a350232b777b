"""The OpenAPI document as a contract: clients made from it compile, and meet no surprises.

FastAPI documents what its own validation does. What all routes share (keys, problems, headers,
idempotency) is added here, once, from what each operation declares; so no route can forget it.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp
from typing_extensions import override

from app.http import openapi_answers as answers
from app.http import openapi_schemas as schemas
from app.http.auth import PUBLISHABLE
from app.http.openapi_schemas import Json

_KEYS: Json = {
    "SecretKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "`fbs_...`, for servers. The roles of an operation are the scopes that "
        "the key must hold.",
    },
    "PublishableKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "`fbp_...`, for web pages and apps: it may read a published survey, submit "
        "a response or a complaint, and follow its own.",
    },
}
_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of up to 255 characters, new for each piece of work. The same key "
    "with the same request does the work once and answers the same for at least 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
#: As they are written; FastAPI derives lower-case names from Python's.
_HEADER_NAMES = {"if-match": "If-Match", "idempotency-key": "Idempotency-Key"}


class Api(FastAPI):
    """FastAPI with its document reworked.

    Making it takes two seconds of a processor: once, and beside the event loop.
    """

    #: Wraps everything, FastAPI's own middlewares too; only its telemetry stands outside.
    edge: Callable[[ASGIApp], ASGIApp] | None = None
    _making = Lock()
    _made: Json | None = None
    _rendered: bytes | None = None

    @override
    def openapi(self) -> dict[str, Any]:
        """The contract."""
        with self._making:
            if self._made is None:
                made = super().openapi()
                contract(made)
                self._made = made
            return self._made

    @override
    def build_middleware_stack(self) -> ASGIApp:
        """The application behind its edge."""
        stack = super().build_middleware_stack()
        return stack if self.edge is None else self.edge(stack)

    @override
    def setup(self) -> None:
        """Serve the document; there are no pages of FastAPI's."""
        if self.openapi_url:
            self.add_route(self.openapi_url, self._serve, include_in_schema=False)

    async def _serve(self, request: Request) -> Response:
        del request
        if self._rendered is None:
            made = await run_in_threadpool(self.openapi)
            self._rendered = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
        return Response(self._rendered, media_type="application/json")


def contract(document: Json) -> None:
    """Rework FastAPI's document in place."""
    components = document["components"]
    components["securitySchemes"] = _KEYS
    components["headers"] = answers.HEADERS
    components["responses"] = answers.responses()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _parameters(method, operation)
            _security(operation)
            _answers(method, path, operation, document)
    components["schemas"] |= answers.schemas()
    schemas.tidy(document)


def _parameters(method: str, operation: Json) -> None:
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        parameter["name"] = _HEADER_NAMES.get(parameter["name"], parameter["name"])
        parameter["schema"] = schemas.without_null(parameter["schema"])
        parameter["schema"].pop("description", None)  # stands beside it
    named = {parameter["name"] for parameter in parameters}
    once = method == "post" and "security" in operation and not _is_stream(operation)
    if once and "Idempotency-Key" not in named:
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters


def _is_stream(operation: Json) -> bool:
    """Bulk bodies need no key for the whole: each of their lines has its own."""
    return "text/csv" in operation.get("requestBody", {}).get("content", {})


def _security(operation: Json) -> None:
    """The two kinds of keys as two schemes, from the one that routes declare."""
    for requirement in operation.get("security", []):
        [scopes] = requirement.values()
        operation["security"] = [{"SecretKey": [each for each in scopes if each != PUBLISHABLE]}]
        if PUBLISHABLE in scopes:
            operation["security"].append({"PublishableKey": []})


def _answers(method: str, path: str, operation: Json, document: Json) -> None:
    """Headers of the successes, and the problems."""
    problems = answers.problems_of(path, operation)
    successes = {
        status: answer for status, answer in operation["responses"].items() if status < "400"
    }
    takes_key = "409" in problems and any(
        parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ())
    )
    for status, answer in successes.items():
        names = ["X-Request-Id"]
        names += ["ETag"] if _has_revision(answer, document) else []
        names += ["Location"] if status == "201" and _is_made(method, path, document) else []
        names += ["Idempotent-Replayed"] if takes_key else []
        if answer.get("description") == "Successful Response":
            answer["description"] = HTTPStatus(int(status)).phrase
        answer["headers"] = answers.header(*names) | answer.get("headers", {})
    operation["responses"] = successes | problems


def _has_revision(answer: Json, document: Json) -> bool:
    """What has a revision of its own is answered with an `ETag`."""
    for content in answer.get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        schema = document["components"]["schemas"].get(name, {})
        if "revision" in schema.get("properties", {}):
            return True
    return False


def _is_made(method: str, path: str, document: Json) -> bool:
    """Whether a POST makes a thing that has an address below the path."""
    below = (other for other in document["paths"] if other.rpartition("/")[0] == path)
    return method == "post" and any(
        other.endswith("}") and "get" in document["paths"][other] for other in below
    )
