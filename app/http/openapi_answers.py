"""The answers that every operation shares: problems by status, and headers.

What an operation can answer follows from what it declares: a key, a body, a place in its path,
a precondition. What no declaration shows is named by the route in `responses`.
"""

from http import HTTPStatus
from typing import Any

from pydantic import Field

from app.fields import Output
from app.http.openapi_schemas import Json, reference
from app.problems import FIELD_CODES, PROBLEMS

PROBLEM_TYPE = "application/problem+json"
_NAMES = {
    "400": "Unreadable",
    "401": "Unauthenticated",
    "403": "Forbidden",
    "404": "NotFound",
    "408": "TooSlow",
    "409": "Conflict",
    "410": "Gone",
    "412": "Changed",
    "413": "TooLarge",
    "415": "UnsupportedMediaType",
    "422": "Invalid",
    "501": "NotInstalled",
    "503": "Unavailable",
    "504": "ReportTooSlow",
}
#: Bodies that are no JSON, for routes that hand out documents.
HTML_PAGE = reference("HtmlPage")
PDF_FILE = reference("PdfFile")
_RETRY = {"409", "503"}
#: What no operation lists, because it depends on none: wrong method, long address, our faults.
_OTHERS = ("405", "414", "431", "500")

_EXTENSIBLE = "x-extensible-enum"  # known values, of which there may be more one day


class ProblemDetail(Output):
    """What is wrong with one field."""

    pointer: str = Field(examples=["/answers/nps"])
    """JSON Pointer (RFC 6901) into the body; `?name` is a query parameter, `name:` a header."""
    code: str = Field(json_schema_extra={_EXTENSIBLE: [*sorted(FIELD_CODES)]})
    detail: str


class ProblemRead(Output):
    """What went wrong (RFC 9457). Branch on `code`: it is stable; the texts are for people.

    `GET /problems/{code}` explains each code in both languages.
    """

    type: str = Field(examples=["/problems/invalid-answers"])
    title: str
    status: int
    code: str = Field(json_schema_extra={_EXTENSIBLE: [*sorted(PROBLEMS)]})
    detail: str
    request_id: str
    """Names the request in our log; also in the header `X-Request-Id`."""
    errors: list[ProblemDetail]


#: Members that one kind of problem adds.
_EXTRAS: Json = {
    "scope": {"type": "string", "description": "`missing-scope`: the scope that the key lacks."},
    "legal_events": {
        "type": "array",
        "items": {"type": "string"},
        "description": "`illegal-transition`: what may happen to the case now.",
    },
    "closed_at": {
        "type": "string",
        "format": "date-time",
        "description": "`survey-closed`: since when.",
    },
    "components": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "`not-ready`: the state of each component.",
    },
}


_DOCUMENTS: dict[str, Json] = {
    "HtmlPage": {
        "title": "HtmlPage",
        "type": "string",
        "description": "A page of HTML in UTF-8 that needs nothing from elsewhere.",
    },
    "PdfFile": {
        "title": "PdfFile",
        "type": "string",
        "format": "binary",
        "description": "A PDF file with its fonts.",
    },
}


def _header(description: str, **schema: object) -> Json:
    return {"description": description, "schema": {"type": "string"} | schema}


HEADERS: dict[str, Json] = {
    "X-Request-Id": _header("The id of the request: the one sent, or a new one."),
    "ETag": _header("The revision; send it back as `If-Match`.", examples=['"3"']),
    "Location": _header("Where the new thing is.", format="uri-reference"),
    "Idempotent-Replayed": _header(
        "Only where this is the answer that the first request received.", const="true"
    ),
    "Retry-After": _header("Seconds to wait before the same request.", examples=["2"]),
    "WWW-Authenticate": _header("The scheme: a bearer key.", examples=["Bearer"]),
}


def header(*names: str) -> dict[str, Json]:
    """References to shared headers."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def schemas() -> dict[str, Json]:
    """The schemas of problems, and of documents that are no JSON."""
    whole = ProblemRead.model_json_schema(ref_template="#/components/schemas/{model}")
    detail = whole.pop("$defs")["ProblemDetail"]
    whole["properties"] |= _EXTRAS
    return {"Problem": whole, "ProblemDetail": detail} | _DOCUMENTS


def responses() -> dict[str, Json]:
    """The shared problem answers; each lists the codes that it may carry."""
    shared = {name: _problem(_described(status), status) for status, name in _NAMES.items()}
    others = ", ".join(f"{status} {HTTPStatus(int(status)).phrase}" for status in _OTHERS)
    shared["Other"] = _problem(f"Any other problem, whatever the operation: {others}.", "")
    return shared


def _described(status: str) -> str:
    codes = [f"`{code}`" for code, kind in PROBLEMS.items() if str(kind.status) == status]
    return f"{HTTPStatus(int(status)).phrase}: {', '.join(codes)}."


def _problem(description: str, status: str) -> Json:
    names = ["X-Request-Id"]
    names += ["Retry-After"] if status in _RETRY else []
    names += ["WWW-Authenticate"] if status == "401" else []
    return {
        "description": description,
        "headers": header(*names),
        "content": {PROBLEM_TYPE: {"schema": reference("Problem")}},
    }


def problems_of(path: str, operation: Json) -> dict[str, Json]:
    """The problem answers of an operation by status, from its declarations; `default` last."""
    found = {status for status in operation["responses"] if status >= "400"}
    found |= {"400", "422"}
    if "security" in operation:
        found |= {"401", "403"}
    if "security" in operation or "requestBody" in operation:
        found |= {"503", "504"}
    if "{" in path:
        found.add("404")
    if "requestBody" in operation:
        found |= {"408", "413", "415"}
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if "If-Match" in names:
        found.add("412")
    if "Idempotency-Key" in names:
        found.add("409")
    answers: dict[str, Any] = {status: _shared(_NAMES[status]) for status in sorted(found)}
    return answers | {"default": _shared("Other")}


def _shared(name: str) -> Json:
    return {"$ref": f"#/components/responses/{name}"}
