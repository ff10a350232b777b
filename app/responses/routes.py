"""Submitting, listing and continuing responses."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from app.fields import TimestampQuery
from app.http.auth import Credential, declared_need, needs
from app.http.bulk import DOCUMENTED_NDJSON, BulkResult, text_lines
from app.http.openapi_answers import header
from app.http.pagination import Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.route import ReadSession, Route, Session
from app.responses import service
from app.responses.reading import Reader
from app.responses.schemas import (
    Channel,
    Method,
    Quality,
    Receipt,
    ResponseLine,
    ResponsePage,
    ResponsePatch,
    ResponseRead,
    ResponseSubmit,
    Status,
    SubmissionId,
)
from app.responses.service import ResponseFilter


class _HandedOver(Response):
    """Answers by the plain ASGI intake."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the intake read the body and answer."""
        await scope["app"].state.intake(scope, receive, send)


async def _hand_over(_: Request) -> Response:
    return _HandedOver()


class SubmissionRoute(APIRoute):
    """Documented like every route; served by the plain ASGI intake (see `intake`)."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The intake, which checks the key by itself; a need is declared all the same."""
        if declared_need(self.dependant) is None:
            message = f"{self.path} declares no scope"
            raise TypeError(message)
        return _hand_over


submissions = APIRouter(prefix="/v1", tags=["responses"], route_class=SubmissionRoute)
Submitter = Annotated[Credential, needs("responses:write", publishable=True)]
IdempotencyKey = Annotated[
    str | None,
    Header(description="Makes the submission exactly once for ever, like an id in the path."),
]

#: The other bodies that the bulk form of the route takes.
_BULK_BODIES = {"requestBody": {"content": text_lines(ResponseLine, DOCUMENTED_NDJSON)}}


@submissions.post(
    "/surveys/{survey}/responses",
    status_code=201,
    operation_id="submit_response",
    openapi_extra=_BULK_BODIES,
    responses={
        200: {"model": BulkResult, "description": "The report of a bulk upload."},
        201: {"headers": header("Location")},
    },
)
async def submit_response(
    survey: str,
    submission: ResponseSubmit,
    caller: Submitter,
    idempotency_key: IdempotencyKey = None,
) -> Receipt:
    """Submit a response. 201 means that it is on disk, counted, and will never be lost.

    Send an `Idempotency-Key` (or use the PUT form) so that a repetition after a lost answer is
    the same submission. With `application/x-ndjson` and a secret key, the body is a stream of
    responses, each with its own `submission_id`; the answer (200) is a report with an outcome
    for every line. What it reports is stored, once, however often the stream is sent again.
    """
    raise NotImplementedError  # never called: the route hands over to the intake


@submissions.put(
    "/surveys/{survey}/responses/{submission_id}",
    status_code=201,
    operation_id="put_response",
    responses={201: {"headers": header("Location", "Idempotent-Replayed")}, 409: {}},
)
async def put_response(
    survey: str,
    submission_id: Annotated[SubmissionId, Path()],
    submission: ResponseSubmit,
    caller: Submitter,
) -> Receipt:
    """Submit a response under an id that the client made: exactly once, for ever.

    The same content again, however late, answers the same; other content is 409
    `submission-conflict`.
    """
    raise NotImplementedError  # never called: the route hands over to the intake


router = APIRouter(prefix="/v1", tags=["responses"], route_class=Route)
Caller = Annotated[Credential, needs("responses:read")]


def _filter(
    survey: Annotated[str | None, Query(max_length=64)] = None,
    status: Status | None = None,
    quality: Quality | None = None,
    channel: Channel | None = None,
    method: Method | None = None,
    customer: Annotated[str | None, Query(max_length=200)] = None,
    occurred_from: TimestampQuery | None = None,
    occurred_to: TimestampQuery | None = None,
    updated_after: TimestampQuery | None = None,
) -> ResponseFilter:
    return ResponseFilter(
        survey=survey,
        status=status,
        quality=quality,
        channel=channel,
        method=method,
        customer=customer,
        occurred_from=occurred_from,
        occurred_to=occurred_to,
        updated_after=updated_after,
    )


@router.get("/responses", operation_id="list_responses", responses={404: {}})
async def list_responses(
    session: ReadSession,
    caller: Caller,
    paging: Paging,
    wanted: Annotated[ResponseFilter, Depends(_filter)],
) -> ResponsePage:
    """Responses in the order of their commits. Going on from a cursor misses nothing.

    To stay in step, keep `resume_cursor` and ask again with it: you get what has come or changed
    since. `occurred_from` and `occurred_to` are half-open.
    """
    rows, following, resume = await service.list_responses(
        session, caller.workspace_id, wanted, paging
    )
    reader = Reader(session, caller)
    data = [await reader.read(row) for row in rows]
    return ResponsePage(data=data, next_cursor=following, resume_cursor=resume)


@router.get("/responses/{response_id}", operation_id="get_response")
async def get_response(
    response_id: str, session: ReadSession, caller: Caller, response: Response
) -> ResponseRead:
    """One response. Personal answers need the scope `responses:read_pii`."""
    found = await service.fetch_response(session, caller.workspace_id, response_id)
    response.headers["ETag"] = etag(found.revision)
    return await Reader(session, caller).read(found)


@router.patch("/responses/{response_id}", operation_id="update_response", responses={409: {}})
async def update_response(
    response_id: str,
    patch: ResponsePatch,
    session: Session,
    caller: Submitter,
    response: Response,
    if_match: IfMatch = None,
) -> ResponseRead:
    """Continue a partial response; with a secret key, correct or judge any.

    A publishable key may continue only what it can name: it sends the `submission_id` that the
    response was submitted under. Every figure is right at once after the change.
    """
    found = await service.fetch_response(session, caller.workspace_id, response_id, lock=True)
    trusted = caller.kind == "secret"
    if not trusted:
        caller.limit_to_surveys(found.survey_id)
        service.prove_own(found, patch.submission_id)
    require_match(if_match, found.revision)
    changed = await service.change_response(session, found, patch, trusted=trusted)
    response.headers["ETag"] = etag(changed.revision)
    return await Reader(session, caller, own=not trusted).read(changed)
