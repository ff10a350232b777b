"""Reading responses, and changing one that is not complete or not right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import new_id, now
from app.errors import FieldError, NotFound, Problem
from app.events.service import record
from app.http.pagination import PageRequest, encode_cursor
from app.problems import Text
from app.responses.models import Response, ResponseDelta, RollupState
from app.responses.quality import answer_flags, is_doubtful
from app.responses.schemas import ResponsePatch
from app.responses.submission import tally
from app.strict_json import Json
from app.surveys import service as surveys
from app.surveys.answers import AnswerSheet, compile_answers

#: This transaction, as rows record it.
_THIS_XID = literal_column("(pg_current_xact_id()::text)::bigint", BigInteger)
#: The oldest transaction still running: below it nothing can appear any more.
_HORIZON = literal_column("(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint", BigInteger)
_BEFORE_RESTORE = Text(
    "The cursor is from before a restored backup: begin without one.",
    "该游标来自备份恢复之前，请不带游标重新开始。",
)


@dataclass(frozen=True)
class ResponseFilter:
    """What a list of responses is limited to; None does not limit."""

    survey: str | None = None
    status: str | None = None
    quality: str | None = None
    channel: str | None = None
    method: str | None = None
    customer: str | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    updated_after: datetime | None = None


async def list_responses(
    session: AsyncSession, workspace_id: UUID, wanted: ResponseFilter, paging: PageRequest
) -> tuple[Sequence[Response], str | None, str | None]:
    """A page in the order of commits, with the next cursor and the cursor to resume from later.

    A response appears when no older transaction is running any more (a moment after its own
    commit), so that a reader who goes on from a cursor misses nothing, whoever writes meanwhile.
    A response that is changed appears again, at the end.
    """
    query = _filtered(select(Response).where(Response.workspace_id == workspace_id), wanted)
    query = query.where(Response.xid < _HORIZON)
    state = await session.get(RollupState, workspace_id)
    epoch = state.epoch if state is not None else 0
    position = paging.position(int, int, UUID)
    if position is not None:
        if int(position[0]) != epoch:
            raise Problem("invalid-cursor", explanation=_BEFORE_RESTORE)
        after = (_int8(position[1]), UUID(position[2]))
        query = query.where(tuple_(Response.xid, Response.id) > tuple_(*after))
    query = query.order_by(Response.xid, Response.id).limit(paging.limit + 1)
    rows = (await session.scalars(query)).all()
    page = rows[: paging.limit]
    resume = encode_cursor(epoch, page[-1].xid, page[-1].id) if page else paging.cursor
    return page, resume if len(rows) > paging.limit else None, resume


def _int8(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise Problem("invalid-cursor")
    return number


def _filtered(query: Select[Response], wanted: ResponseFilter) -> Select[Response]:
    if wanted.survey is not None:
        query = query.where(Response.survey_id == _uuid(wanted.survey))
    for column in ("status", "quality", "channel", "method", "customer"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(getattr(Response, column) == value)
    if wanted.occurred_from is not None:
        query = query.where(Response.occurred_at >= wanted.occurred_from)
    if wanted.occurred_to is not None:
        query = query.where(Response.occurred_at < wanted.occurred_to)
    if wanted.updated_after is not None:
        query = query.where(Response.updated_at > wanted.updated_after)
    return query


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


async def fetch_response(
    session: AsyncSession, workspace_id: UUID, response: str, *, lock: bool = False
) -> Response:
    """One response of the workspace."""
    query = select(Response).where(
        Response.workspace_id == workspace_id, Response.id == _uuid(response)
    )
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound
    return found


async def change_response(
    session: AsyncSession, response: Response, patch: ResponsePatch, *, trusted: bool
) -> Response:
    """Continue a partial response, or (trusted) correct or judge any.

    What it counted as is balanced by deltas in the same transaction, so that every figure is
    right at once. Raises `response-complete`, `invalid-answers`.
    """
    if not trusted:
        if patch.quality is not None:
            raise Problem("wrong-key-type")
        if response.status != "partial":
            raise Problem("response-complete")
    answers = _merged(response.answers, patch)
    status = patch.status or response.status
    version = await surveys.fetch_version(
        session, response.workspace_id, response.survey_id, response.version
    )
    sheet = compile_answers(surveys.definition_of(version))
    tallies = tally(sheet, answers, status)
    flags, quality = _judged(sheet, response, answers)
    quality = patch.quality or quality
    if (answers, status, quality) == (response.answers, response.status, response.quality):
        return response
    session.add_all(_balance(response))
    response.answers, response.status = answers, status
    response.quality, response.flags, response.tallies = quality, flags, tallies
    response.revision += 1
    response.updated_at = now()
    # The row now stands under this transaction: lists show it again, folds count it anew.
    response.xid = _THIS_XID
    record(
        session, response.workspace_id, "response.changed", str(response.id),
        survey=str(response.survey_id), revision=response.revision,
    )  # fmt: skip
    await session.flush()
    await session.refresh(response)
    return response


def _judged(
    sheet: AnswerSheet, response: Response, answers: dict[str, Any]
) -> tuple[list[str], str]:
    """The flags and the quality with new answers: while it is partial they may show more signs.

    No flag is taken back, and only a new one changes the quality. Corrections of what was whole
    are not the respondent's.
    """
    if response.status != "partial":
        return response.flags, response.quality
    new = [flag for flag in answer_flags(sheet, answers) if flag not in response.flags]
    doubtful = response.quality == "ok" and is_doubtful(new)
    return [*response.flags, *new], "flagged" if doubtful else response.quality


def _merged(answers: dict[str, Any], patch: ResponsePatch) -> dict[str, Json]:
    merged = {**answers, **(patch.answers or {})}
    for key in patch.remove or []:
        merged.pop(key, None)
    return merged


def _balance(response: Response) -> list[ResponseDelta]:
    """The old content once more where it stood, and taken away where we stand."""
    content = {
        name: getattr(response, name)
        for name in (
            "workspace_id", "survey_id", "version", "status", "quality", "language", "channel",
            "method", "customer", "segment", "occurred_at", "duration_seconds", "flags",
            "metadata_", "tallies",
        )
    }  # fmt: skip
    there = ResponseDelta(id=new_id(), sign=1, xid=response.xid, **content)
    here = ResponseDelta(id=new_id(), sign=-1, **content)
    return [there, here]


def prove_own(response: Response, submission_id: str | None) -> None:
    """A publishable key may touch a response only with the id that its sender chose."""
    if submission_id is None:
        raise Problem("invalid-request", errors=[FieldError("/submission_id", "missing-field")])
    if response.submission_key != submission_id:
        raise NotFound
