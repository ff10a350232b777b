"""Every error leaves as RFC 9457 problem details, whoever raised it, and echoes nothing."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from app.db import sqlstate
from app.errors import FieldError, Problem
from app.http.intake import METHODS
from app.log import where
from app.problems import FIELD_CODES

#: pydantic's error types, in our words; what is missing here is `invalid-value`.
_CODES = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "literal_error": "unknown-value",
    "enum": "unknown-value",
    "union_tag_invalid": "unknown-value",
    "union_tag_not_found": "missing-field",
    "string_too_long": "too-long",
    "string_too_short": "too-short",
    "too_long": "too-many-items",
    "too_short": "too-few-items",
    "string_pattern_mismatch": "invalid-format",
    "string_unicode": "invalid-text",
    "greater_than": "number-out-of-range",
    "greater_than_equal": "number-out-of-range",
    "less_than": "number-out-of-range",
    "less_than_equal": "number-out-of-range",
    "int_parsing_size": "number-out-of-range",
    "finite_number": "number-out-of-range",
    "multiple_of": "number-out-of-range",
}

_TOO_SLOW = "57014"
#: SQLSTATE classes and codes that mean something to the caller; the rest is our own fault.
_BY_SQLSTATE: Mapping[str, tuple[str, int]] = {
    "40": ("overloaded", 1),
    "55P03": ("overloaded", 1),
    _TOO_SLOW: ("report-too-slow", 0),
    "25006": ("database-unavailable", 2),
    "53100": ("storage-full", 60),
    "53200": ("storage-full", 60),
    "53300": ("database-unavailable", 2),
    "57P": ("database-unavailable", 2),
    "08": ("database-unavailable", 2),
    # A value that our validation should have refused; the log raises the alarm.
    "22": ("invalid-request", 0),
}


#: More findings than this help nobody.
_MOST_ERRORS = 50


def language_of(scope: Scope) -> str:
    """The first language that the reader prefers of those we write: `zh` or `en`."""
    for name, value in scope.get("headers", ()):
        if name == b"accept-language":
            for part in value.decode("latin-1").lower().split(","):
                tag = part.split(";")[0].strip()
                if tag.startswith(("zh", "en")):
                    return str(tag[:2])
    return "en"


def problem_response(problem: Problem, scope: Scope) -> Response:
    """The problem in the reader's language, with the id under which it is logged."""
    state = scope.setdefault("state", {})
    state["problem"] = problem.code
    body = problem.rendered(language_of(scope), state.get("request_id", ""))
    response = Response(
        json.dumps(body, ensure_ascii=False).encode(),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=problem.headers,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def from_exception(error: BaseException, method: str = "GET") -> Problem:
    """Translate what a library raised; `internal-error` is the last resort.

    A statement that took too long is a report in a GET, and the service being busy elsewhere.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, PoolTimeout):
        return Problem("overloaded", headers={"Retry-After": "1"})
    code = sqlstate(error)
    if code == _TOO_SLOW and method != "GET":
        return Problem("overloaded", headers={"Retry-After": "1"})
    for prefix, (name, retry_after) in _BY_SQLSTATE.items():
        if code.startswith(prefix):
            headers = {"Retry-After": str(retry_after)} if retry_after else {}
            return Problem(name, headers=headers)
    # asyncpg and SQLAlchemy let the bare OS errors through when the server is away.
    if isinstance(error, (OSError, TimeoutError)) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        return Problem("database-unavailable", headers={"Retry-After": "2"})
    return Problem("internal-error")


def note(scope: Scope, error: BaseException, problem: Problem) -> None:
    """Leave for the log what an exception was that became a problem; never its text."""
    if error is not problem:
        state = scope.setdefault("state", {})
        state["exception"] = type(error).__name__
        state["sqlstate"] = sqlstate(error) or None
        state["where"] = where(error)


def from_http(error: HTTPException) -> Problem:
    """Starlette's own refusals (no route, wrong method) as problems."""
    codes = {404: "not-found", 405: "method-not-allowed", 413: "content-too-large"}
    fallback = "invalid-request-line" if error.status_code < 500 else "internal-error"
    return Problem(codes.get(error.status_code, fallback), headers=error.headers)


def from_validation(error: RequestValidationError) -> Problem:
    """FastAPI's findings: codes and pointers only, never what was submitted."""
    errors = [_field_error(found, error.body) for found in error.errors()[:_MOST_ERRORS]]
    return Problem("invalid-request", errors=_telling(errors))


def field_errors(error: ValidationError, body: object) -> list[FieldError]:
    """The findings of a model that was applied to a body outside FastAPI."""
    found = error.errors(include_url=False, include_input=False)
    return _telling(
        [_field_error({**each, "loc": ("body", *each["loc"])}, body)
         for each in found[:_MOST_ERRORS]]
    )  # fmt: skip


def _telling(errors: list[FieldError]) -> list[FieldError]:
    """Each finding once; pydantic says of a union what is wrong by every member of it.

    That a text is no number is not the news where one member says what is wrong with the text.
    """
    explained = {error.pointer for error in errors if error.code != "wrong-type"}
    distinct = {(error.pointer, error.code): error for error in errors}
    return [
        error
        for error in distinct.values()
        if error.code != "wrong-type" or error.pointer not in explained
    ]


def _field_error(found: Mapping[str, Any], body: object) -> FieldError:
    type_ = found["type"]
    code = _CODES.get(type_, type_ if type_ in FIELD_CODES else "invalid-value")
    if code == "invalid-value" and type_.endswith(("_type", "_parsing", "_attributes_type")):
        code = "wrong-type"
    where, *path = found["loc"]
    if type_ in {"union_tag_invalid", "union_tag_not_found"}:
        path.append(found["ctx"]["discriminator"].strip("'"))
    if where == "body":
        return FieldError(pointer(path, body), code)
    name = path[0] if path else ""  # what follows is the place in a repeated parameter
    return FieldError(f"?{name}" if where == "query" else f"{where}:{name}", code)


def pointer(path: list[str | int], body: object) -> str:
    """A JSON Pointer for pydantic's location, without the union tags that it mixes in."""
    parts: list[str] = []
    for index, step in enumerate(path):
        if isinstance(body, dict) and step in body:  # noqa: SIM114 - one would not type-check
            body = body[step]
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        elif index < len(path) - 1 or not isinstance(body, dict):
            continue  # the name of a union member or a validator, not a place in the body
        parts.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)


def _allowed(app: FastAPI, scope: Scope) -> list[str]:
    """Every method of a path; Starlette names those of the first route that has the path."""
    return [
        method
        for method in sorted(METHODS)
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in app.router.routes
        )
    ]


def install(app: FastAPI) -> None:
    """Let every exception that reaches FastAPI leave as a problem."""

    def render(request: Request, error: Exception) -> Response:
        problem = from_exception(error, request.method)
        note(request.scope, error, problem)
        return problem_response(problem, request.scope)

    def render_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        problem = from_http(error)
        if problem.code == "method-not-allowed":
            problem.headers["Allow"] = ", ".join(_allowed(app, request.scope))
        return problem_response(problem, request.scope)

    def render_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return problem_response(from_validation(error), request.scope)

    app.add_exception_handler(Problem, render)
    app.add_exception_handler(DBAPIError, render)
    app.add_exception_handler(PoolTimeout, render)
    app.add_exception_handler(OSError, render)
    app.add_exception_handler(TimeoutError, render)
    app.add_exception_handler(HTTPException, render_http)
    app.add_exception_handler(RequestValidationError, render_validation)
