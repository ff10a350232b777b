"""Taking responses: a plain ASGI application, because this is what the service does most.

It stands behind the documented routes as their implementation, and the edge calls it directly.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from app.db import now
from app.errors import FieldError, Problem
from app.fields import utc_text
from app.http.auth import Authenticator, Credential, admit, authenticated
from app.http.idempotency import clean_key
from app.responses.questionnaires import Questionnaires
from app.responses.schemas import SubmissionId
from app.responses.sent import Sent, read_submission
from app.responses.submission import (
    Assurance,
    OutdatedQuestionnaire,
    Prepared,
    prepare,
)
from app.responses.writer import Stored, Writer
from app.strict_json import parse

_BY_POST = "/v1/surveys/{survey}/responses"
_BY_ID = "/v1/surveys/{survey}/responses/{submission_id}"
_PREFIX = "/v1/surveys/"
_MIDDLE = "/responses"
_SUBMISSION_ID = TypeAdapter(SubmissionId)
#: A key chosen through the Idempotency-Key header, kept apart from ids in the path.
_KEY_MARK = "key:"

#: Refusals that a survey published a moment ago might not have made.
_MAY_BE_OUTDATED = frozenset({"invalid-answers", "invalid-request"})

Bulk = Callable[[Scope, Receive, Send, Credential, str], Awaitable[None]]


@dataclass(frozen=True)
class Target:
    """What the path of a submission names."""

    survey: str
    submission_id: str | None


def target(method: str, path: str) -> Target | None:
    """Whether a request is a submission: `POST .../responses` or `PUT .../responses/{id}`."""
    if not path.startswith(_PREFIX):
        return None
    survey, found, rest = path[len(_PREFIX) :].partition(_MIDDLE)
    if not found or "/" in survey or not survey:
        return None
    if method == "POST" and rest == "":
        return Target(survey, None)
    if method == "PUT" and rest.startswith("/") and "/" not in rest[1:] and len(rest) > 1:
        return Target(survey, rest[1:])
    return None


class Intake:
    """The ASGI application of the two submission routes."""

    def __init__(
        self,
        keys: Authenticator,
        questionnaires: Questionnaires,
        writer: Writer,
        bulk: Bulk,
    ) -> None:
        self._keys = keys
        self._questionnaires = questionnaires
        self._writer = writer
        self._bulk = bulk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one submission, or hand a stream of them to the bulk route; raises problems.

        `receive` is the edge's, which caps the body and its time.
        """
        where = target(scope["method"], scope["path"])
        if where is None:
            raise Problem("not-found")
        await self._take(where, scope, receive, send)

    def claim(self, scope: Scope) -> ASGIApp | None:
        """What serves a request that is a submission; None for others. The edge asks it first."""
        where = target(scope["method"], scope["path"])
        return None if where is None else partial(self._take, where)

    async def _take(self, where: Target, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        state = scope.setdefault("state", {})
        state["route"] = _BY_ID if where.submission_id is not None else _BY_POST
        credential = await authenticated(self._keys, _text(headers, b"authorization"))
        state["credential"] = credential
        admit(credential, "responses:write", _text(headers, b"origin"), publishable=True)
        media, _, charset = headers.get(b"content-type", b"").lower().partition(b";")
        if media.strip() != b"application/json":
            await self._bulk(scope, receive, send, credential, where.survey)
            return
        if b"charset" in charset and b"utf-8" not in charset:
            raise Problem("unsupported-media-type")
        _refuse_query(scope)
        submission_key, submission_id = _key(where, headers)
        raw = await _body(receive)
        sent = read_submission(parse(raw))
        prepared, stored = await self._store(credential, where.survey, sent, submission_key)
        if stored.content_hash != prepared.content_hash:
            named = submission_id is not None
            raise Problem("submission-conflict" if named else "idempotency-key-reused")
        status, answer_headers, body = _receipt(prepared, stored, submission_id)
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": body})

    async def _store(
        self, credential: Credential, survey: str, sent: Sent, submission_key: str | None
    ) -> tuple[Prepared, Stored]:
        """Judge and write; once more by the survey of this moment if that may matter."""
        assurance: Assurance = "verified" if credential.kind == "secret" else "open"
        for fresh in (False, True):
            questionnaire = await self._questionnaires.get(
                credential.workspace_id, survey, fresh=fresh
            )
            credential.limit_to_surveys(questionnaire.survey_id)
            try:
                prepared = prepare(
                    questionnaire,
                    sent,
                    submission_key=submission_key,
                    assurance=assurance,
                    received=now(),
                )
                return prepared, await self._writer.write(prepared)
            except OutdatedQuestionnaire:
                continue
            except Problem as problem:
                if fresh or problem.code not in _MAY_BE_OUTDATED:
                    raise
        raise Problem("overloaded", headers={"Retry-After": "1"})


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    return body


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _refuse_query(scope: Scope) -> None:
    query = scope["query_string"]
    if query:
        name = query.partition(b"=")[0].partition(b"&")[0].decode("latin-1")[:100]
        raise Problem("invalid-request", errors=[FieldError(f"?{name}", "unknown-parameter")])


def _key(where: Target, headers: dict[bytes, bytes]) -> tuple[str | None, str | None]:
    """What makes the submission itself, if anything: (key in the database, id to show)."""
    if where.submission_id is not None:
        try:
            checked = _SUBMISSION_ID.validate_python(where.submission_id)
        except ValidationError:
            error = FieldError("path:submission_id", "invalid-format")
            raise Problem("invalid-request", errors=[error]) from None
        return checked, checked
    header = _text(headers, b"idempotency-key")
    if header is not None:
        return _KEY_MARK + clean_key(header), None
    return None, None


def _receipt(
    prepared: Prepared, stored: Stored, submission_id: str | None
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """201 with the same bytes for the first sending and for every repetition."""
    shown_id = "null" if submission_id is None else f'"{submission_id}"'
    body = (
        f'{{"id":"{stored.id}","survey":"{prepared.questionnaire.survey_id}","version":{stored.version},'
        f'"submission_id":{shown_id},"status":"{prepared.status}",'
        f'"received_at":"{utc_text(stored.received_at)}",'
        f'"content_sha256":"{prepared.content_hash.hex()}"}}'
    ).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"location", f"/v1/responses/{stored.id}".encode()),
    ]
    if stored.id != prepared.id:
        headers.append((b"idempotent-replayed", b"true"))
    return 201, headers, body
