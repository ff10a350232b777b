"""The table of bad inputs and their right answers, as data: one row for each number of it.

Numbers are those of the project's list of bad inputs; every one of them stands here, in
`PROVEN_ELSEWHERE` (tests that need more than a request and its answer) or in `NOT_HERE`.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

#: Stands in what is sent wherever it can; no answer may repeat it.
CANARY = "canary-13800138000"
NUMBERS = frozenset(
    {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 14, 16, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 30, 31,
     32, 33, 34, 37, 39, 40, 41, 42, 43, 44, 45, 48, 49, 50, 51, 53, 54, 55, 56, 57, 58, 60, 61,
     62, 64, 66, 69, 71, 72}
)  # fmt: skip
NOT_HERE: Mapping[int, str] = {
    61: "there are no invitations yet",
    62: "there are no form tokens yet: publishable keys have no secret to forge",
    69: "there are no attachments yet",
}
#: Parts of rows that do not apply, beside what is proven of them.
NOT_HERE_IN_PART: Mapping[int, str] = {
    45: "questions are not hidden by branching yet; a dismissed response has unexpected answers",
    50: "there is no CSV export yet",
    53: "surveys are closed, not paused",
    64: "erasure comes with the privacy routes",
    66: "there are no rate limits and no quotas yet",
}
Json = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A request; `{names}` in path, headers and keys are filled in from the place."""

    method: str
    path: str
    body: bytes = b""
    key: str = "secret"
    """The name of the key in the place; '' sends none."""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": JSON})
    declared: int | None = None
    """The length that is announced, if it is not that of the body."""

    def raw(self, place: Mapping[str, str], prefix: str = "") -> bytes:
        """The bytes of the request; `prefix` stands in the path (`/v1` is part of `path`)."""
        headers = dict(self.headers)
        if self.key:
            headers.setdefault("Authorization", f"Bearer {place[self.key]}")
        if "Transfer-Encoding" not in headers and (
            self.body or self.method not in {"GET", "TRACE"}
        ):
            length = self.declared if self.declared is not None else len(self.body)
            headers["Content-Length"] = str(length)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = self.path.format(**place)
        head = f"{self.method} {prefix}{path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n"
        return head.encode("latin-1") + self.body


@dataclass(frozen=True)
class Row:
    """A bad input (or one that only looks bad) and its right answer."""

    number: int
    name: str
    status: int
    code: str = ""
    """Of the problem; '' for a success."""
    sent: Sent | None = None
    """None: `body` is sent to every route that reads JSON."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": JSON})
    errors: tuple[tuple[str, str], ...] = ()
    """Pointer and code of every field that is wrong."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer."""
    hidden: str = CANARY
    """What the answer must not repeat; it is in the request."""
    ends: str = ""
    """How the connection ends: '' it goes on, `closed` by the server, `spoilt` by the client."""
    kept: Json = field(default_factory=dict)
    """Members of the response as it is read back."""


JSON = "application/json"
SUBMIT = "/v1/surveys/{survey}/responses"


def text(value: object) -> bytes:
    """JSON as UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()


def submit(answers: Json | None = None, *, key: str = "secret", **fields: object) -> Sent:
    """A submission; `answers` are added to a valid one."""
    to = str(fields.pop("to", "survey"))
    body = {"answers": {"nps": 9} | (answers or {})} | fields
    return Sent("POST", SUBMIT.replace("survey}", f"{to}}}"), text(body), key)


def complaint(**fields: object) -> Sent:
    """A complaint; `fields` are added to a valid one."""
    body = {"kind": "complaint", "channel": "web", "description": CANARY} | fields
    return Sent("POST", "/v1/complaints", text(body))


def answered(
    number: int, name: str, answers: Json, *errors: tuple[str, str], hidden: str = CANARY
) -> Row:
    """A submission whose answers do not fit; pointers lead into the answers."""
    sent = submit({"name": CANARY} | answers)
    placed = tuple((f"/answers/{pointer}", code) for pointer, code in errors)
    return Row(number, name, 422, "invalid-answers", sent, errors=placed, hidden=hidden)


def refused(
    number: int, name: str, sent: Sent, *errors: tuple[str, str], hidden: str = CANARY
) -> Row:
    """A body that is understood and does not fit."""
    return Row(number, name, 422, "invalid-request", sent, errors=errors, hidden=hidden)


def in_minutes(minutes: float) -> str:
    """A time so far from now."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def _bytes(number: int, name: str, code: str, body: bytes, status: int = 400) -> Row:
    return Row(number, name, status, code, body=body)


def _typed(number: int, name: str, body: bytes, **headers: str) -> Row:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    code = "unsupported-encoding" if "Content-Encoding" in named else "unsupported-media-type"
    return Row(number, name, 415, code, body=body, headers=named)


_C = CANARY.encode()
_Q = b'"' + _C + b'"'
_DEEP = b"[" * 20_000 + _Q + b"]" * 20_000

BYTES = (
    _bytes(1, "truncated", "malformed-json", b'{"a": ' + _Q),
    _bytes(1, "truncated in a text", "malformed-json", b'{"a": "' + _C),
    _bytes(2, "trailing comma", "malformed-json", b'{"a": ' + _Q + b",}"),
    _bytes(2, "comment", "malformed-json", b"{} // " + _C),
    _bytes(2, "single quotes", "malformed-json", b"{'a': '" + _C + b"'}"),
    Row(3, "empty body", 400, "malformed-json", body=b"", hidden=""),
    Row(4, "null", 422, "invalid-request", body=b"null", hidden=""),
    Row(4, "array", 422, "invalid-request", body=b"[" + _Q + b"]"),
    Row(4, "text", 422, "invalid-request", body=_Q),
    Row(4, "number", 422, "invalid-request", body=b"7", hidden=""),
    _bytes(5, "NaN", "malformed-json", b'{"a": ' + _Q + b', "b": NaN}'),
    _bytes(5, "Infinity", "malformed-json", b'{"a": ' + _Q + b', "b": -Infinity}'),
    Row(
        6, "1e400", 422, "invalid-request", body=b'{"a": ' + _Q + b', "b": [1e400]}',
        errors=(("/b/0", "number-out-of-range"),),
    ),
    Row(
        8, "above 64 bits", 422, "invalid-request", hidden="9223372036854775808",
        body=b'{"a": 9223372036854775808, "b/c": -9223372036854775809}',
        errors=(("/a", "number-out-of-range"), ("/b~1c", "number-out-of-range")),
    ),
    _bytes(12, "lone surrogate", "malformed-json", b'{"a": "' + _C + b'\\ud800"}'),
    _bytes(12, "lone surrogate in a key", "malformed-json", b'{"' + _C + b'\\udfff": 1}'),
    _bytes(16, "invalid UTF-8", "invalid-encoding", b'{"a": "' + _C + b'\xff\xfe"}'),
    _bytes(16, "overlong UTF-8", "invalid-encoding", b'{"a": "' + _C + b'\xc0\xaf"}'),
    Row(
        18, "UTF-16", 415, "unsupported-media-type", body='{"a": 1}'.encode("utf-16"), hidden="",
        headers={"Content-Type": "application/json; charset=utf-16"},
    ),
    Row(
        18, "UTF-16, not declared", 400, "invalid-encoding", body='{"a": 1}'.encode("utf-16"),
        hidden="",
    ),
    _bytes(19, "repeated key", "duplicate-key", b'{"a": 1, "a": ' + _Q + b"}"),
    _bytes(19, "repeated key, escaped", "duplicate-key", b'{"a": 1, "\\u0061": ' + _Q + b"}"),
    _bytes(21, "21 levels", "too-deep", b'{"a":' * 21 + _Q + b"}" * 21),
    _bytes(21, "20,000 levels", "too-deep", _DEEP),
    _bytes(21, "20,000 levels of objects", "too-deep", b'{"a":' * 10_000 + _Q + b"}" * 10_000),
    _typed(29, "text/plain", b'{"a": ' + _Q + b"}", Content_Type="text/plain"),
    _typed(29, "no media type", b'{"a": ' + _Q + b"}"),
    _typed(30, "a form", b"a=" + _C, Content_Type="application/x-www-form-urlencoded"),
    _typed(
        30, "a multipart form",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + _C + b"\r\n--b--\r\n",
        Content_Type="multipart/form-data; boundary=b",
    ),
    _typed(31, "octets", b"\x00\xff\x80" + _C, Content_Type="application/octet-stream"),
    Row(
        32, "gzip", 415, "unsupported-encoding", body=gzip.compress(b'{"a": ' + _Q + b"}"),
        headers={"Content-Type": JSON, "Content-Encoding": "gzip"}, hidden="",
    ),
    Row(
        32, "a bomb", 415, "unsupported-encoding", body=gzip.compress(b" " * 10_000_000),
        headers={"Content-Type": JSON, "Content-Encoding": "gzip"}, hidden="",
    ),
)  # fmt: skip
"""For every route that reads a JSON body."""
