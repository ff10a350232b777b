"""Bulk intake: a stream of records, stored chunk by chunk, with an outcome for every line.

A chunk is one transaction. What an answer reports was committed before the answer began, and a
request that breaks in the middle may be sent again whole: every record has a natural key.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from app.db import Database, set_timeout, sqlstate
from app.errors import FieldError, Problem
from app.http.lines import CSV, JSON, MAX_ARRAY_ITEMS, chunks
from app.http.openapi_schemas import LINES
from app.http.outcomes import Bulk, BulkOptions, BulkResult, LineOutcome, Outcome, Outcomes
from app.http.physical_lines import MAX_LINE_BYTES, Line, line_error
from app.http.rendering import from_validation, language_of

#: The name of NDJSON that the document promises; others are understood too.
DOCUMENTED_NDJSON = "application/x-ndjson"

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

#: Whole chunks are tried again after a deadlock or a lock that came too late.
_ATTEMPTS = 4
_TRY_AGAIN = ("40", "55P03")
#: The chunk holds a record that the database refuses: 22 data, 23 constraints.
_POISONED = ("22", "23")
#: Other requests get their turn after so many lines were validated.
_TURN = 250


class Item(NamedTuple, Generic[T]):
    """A line that was read and validated."""

    line: int
    value: T


#: Stores the items of one chunk in the session's transaction, for the workspace of the id;
#: answers with one outcome each, in any order.
Save = Callable[[AsyncSession, UUID, Sequence[Item[T]]], Awaitable[list[Outcome]]]


async def load(
    request: Request,
    options: BulkOptions,
    workspace_id: UUID,
    model: type[M],
    save: Save[M],
    *,
    size: int = 2_000,
) -> StreamingResponse:
    """Read, validate and store every line of the body; answer with the report.

    A line that does not fit the model, or that the database refuses, is rejected alone. See
    `chunks` for what refuses the whole request; chunks stored before that stay stored.
    """
    outcomes = Outcomes(options, language_of(request.scope))
    database: Database = request.app.state.database
    try:
        async for lines in chunks(request, size=size):
            items: list[Item[M]] = []
            done: list[Outcome] = []
            for start in range(0, len(lines), _TURN):
                fitting, rejected = validated(model, lines[start : start + _TURN])
                items += fitting
                done += rejected
                await asyncio.sleep(0)
            done += await store(database, workspace_id, items, save, dry_run=options.dry_run)
            outcomes.extend(sorted(done, key=_line_number))
    except BaseException:
        outcomes.close()
        raise
    return outcomes.answer()


def _line_number(outcome: Outcome) -> int:
    return outcome.line


def validated(model: type[M], lines: Iterable[Line]) -> tuple[list[Item[M]], list[Outcome]]:
    """The lines that fit the model, and the outcomes of those that do not.

    Values of CSV are text and are read as the type of their field; JSON is taken strictly.
    """
    validator = model.__pydantic_validator__
    items: list[Item[M]] = []
    rejected: list[Outcome] = []
    for line in lines:
        if line.problem is not None:
            rejected.append(Outcome(line.number, None, "rejected", None, (line.problem,)))
            continue
        try:
            if line.raw is None:
                value = validator.validate_strings(line.value)  # type: ignore[arg-type]
            else:
                value = validator.validate_python(line.value)
            items.append(Item(line.number, value))
        except ValidationError as error:
            errors = field_errors(error, line.value)
            rejected.append(Outcome(line.number, key_of(line.value), "rejected", None, errors))
    return items, rejected


def field_errors(error: ValidationError, value: object) -> tuple[FieldError, ...]:
    """What is wrong with a line, in the words that a whole body would get."""
    found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_input=False)]
    return from_validation(RequestValidationError(found, body=value)).errors


def key_of(value: object) -> str | None:
    """The natural key of a line that is rejected, so that its sender finds it."""
    key = value.get("external_id") if isinstance(value, dict) else None
    return key[:200] if isinstance(key, str) else None


async def store(
    database: Database,
    workspace_id: UUID,
    items: Sequence[Item[T]],
    save: Save[T],
    *,
    dry_run: bool = False,
) -> list[Outcome]:
    """Save a chunk in a transaction of its own; committed when this returns.

    If the database refuses something in it, the chunk is halved until the offending line stands
    alone and is rejected; the others are stored.
    """
    if not items:
        return []
    for attempt in range(_ATTEMPTS):
        try:
            async with database.transaction() as session:
                await set_timeout(session, database.settings.report_timeout_ms)
                outcomes = await save(session, workspace_id, items)
                if dry_run:
                    await session.rollback()
            return outcomes
        except DBAPIError as error:
            state = sqlstate(error)
            if state.startswith(_POISONED):
                break
            if not state.startswith(_TRY_AGAIN):
                raise
            await asyncio.sleep(random.uniform(0.01, 0.08) * 2**attempt)  # noqa: S311 - jitter
    else:
        raise Problem("overloaded", headers={"Retry-After": "2"})
    if len(items) == 1:
        code = "conflict" if state.startswith("23") else "invalid-value"
        key = getattr(items[0].value, "external_id", None)
        return [Outcome(items[0].line, key, "rejected", None, (line_error(code),))]
    half = len(items) // 2
    outcomes = []
    for part in (items[:half], items[half:]):
        outcomes += await store(database, workspace_id, part, save, dry_run=dry_run)
    return outcomes


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a bulk route that takes lines of this (flat) model."""
    line = model.model_json_schema()
    array = {"type": "array", "items": line, "maxItems": MAX_ARRAY_ITEMS}
    content: dict[str, Any] = {JSON: {"schema": {"oneOf": [line, array]}}}
    content |= text_lines(model, DOCUMENTED_NDJSON, CSV)
    return {"requestBody": {"required": True, "content": content}}


def text_lines(model: type[BaseModel], *media_types: str) -> dict[str, Any]:
    """The documented content of text bodies whose lines are such records."""
    schema = {
        "type": "string",
        "description": f"One `{model.__name__}` on each line.",
        LINES: model.model_json_schema(),
    }
    return {media_type: {"schema": schema} for media_type in media_types}


__all__ = [
    "DOCUMENTED_NDJSON",
    "MAX_LINE_BYTES",
    "Bulk",
    "BulkOptions",
    "BulkResult",
    "Item",
    "Line",
    "LineOutcome",
    "Outcome",
    "Outcomes",
    "Save",
    "chunks",
    "documented",
    "field_errors",
    "line_error",
    "load",
    "store",
    "text_lines",
    "validated",
]
