"""The bulk form of submitting: a stream of responses to one survey, an outcome for every line.

Reading and judging the next lines goes on while PostgreSQL stores the last ones: the two use
different processors.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.config import Settings
from app.db import connect_raw, now
from app.errors import FieldError, Invalid, Problem
from app.http.auth import Credential
from app.http.lines import NDJSON, chunks
from app.http.outcomes import BulkOptions, Outcome, Outcomes, Status
from app.http.physical_lines import Line, line_error, problem_of
from app.http.rendering import language_of
from app.responses.loading import Loaded, Row, load, row_of
from app.responses.questionnaires import Questionnaires
from app.responses.sent import read_line
from app.responses.submission import (
    OutdatedQuestionnaire,
    Questionnaire,
    prepare,
)
from app.strict_json import Json, parse

#: Lines of one transaction.
CHUNK_LINES = 2_000
#: Others get their turn after so many lines: the connection that stores the last ones above all,
#: which has eight answers of PostgreSQL to wait for in each chunk.
_TURN = 20
#: How often a chunk is judged while its survey is being edited.
_JUDGEMENTS = 5
#: Uploads that one process works on at a time; the next wait.
_AT_ONCE = 2
#: Chunks of an upload that are stored at a time: while one waits for its commit, or for this
#: process, PostgreSQL works on the other.
_CONNECTIONS = 2


@dataclass
class _Chunk:
    """Lines that were judged: rows to store, and outcomes that are known already."""

    questionnaire: Questionnaire
    """What they were judged by."""
    numbers: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rejected: list[Outcome] = field(default_factory=list)

    def names(self) -> set[str]:
        """The submission ids in it, of rejected lines too: judged again they may be fine."""
        named = {outcome.key for outcome in self.rejected if outcome.key is not None}
        return named.union([row.key for row in self.rows])


#: A chunk as it was judged last, and what became of its rows.
_Stored = tuple[_Chunk, Loaded]


class BulkIntake:
    """Serves `POST /v1/surveys/{survey}/responses` for NDJSON."""

    def __init__(self, settings: Settings, questionnaires: Questionnaires) -> None:
        self._settings = settings
        self._questionnaires = questionnaires
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, credential: Credential, survey: str
    ) -> None:
        """Store the stream and answer with the report; raises problems before the first line."""
        request = Request(scope, receive)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in NDJSON:
            raise Problem("unsupported-media-type")
        if credential.kind != "secret":
            raise Problem("wrong-key-type")
        options = _options(request)
        await self._questionnaires.get(credential.workspace_id, survey)  # 404 before reading on
        async with self._turns:
            outcomes = Outcomes(options, language_of(scope))
            upload = _Upload(
                self._settings, self._questionnaires, credential.workspace_id, survey, options,
                outcomes,
            )  # fmt: skip
            try:
                await upload.run(request)
            except BaseException:
                outcomes.close()
                raise
        await outcomes.answer()(scope, receive, send)


@dataclass(frozen=True)
class _Upload:
    """One stream on its way into one survey."""

    settings: Settings
    questionnaires: Questionnaires
    workspace_id: UUID
    survey: str
    options: BulkOptions
    outcomes: Outcomes
    idle: list[asyncpg.Connection] = field(default_factory=list)

    async def run(self, request: Request) -> None:
        """Judge a chunk while those before it are being stored; report them in their order.

        What names a submission again waits until the first of the two is stored: the outcomes
        are those of the lines one by one.
        """
        storing: deque[tuple[set[str], asyncio.Task[_Stored]]] = deque()
        try:
            async for lines in chunks(request, size=CHUNK_LINES, parsed=False):
                chunk = await self.judge(lines)
                names = chunk.names()
                while len(storing) == _CONNECTIONS or not all(
                    names.isdisjoint(before) for before, _ in storing
                ):
                    _report(*await storing.popleft()[1], self.outcomes)
                storing.append((names, asyncio.create_task(self.store(lines, chunk))))
            while storing:
                _report(*await storing.popleft()[1], self.outcomes)
        finally:
            for _, task in storing:
                task.cancel()
            await asyncio.gather(*(task for _, task in storing), return_exceptions=True)
            closing = [connection.close(timeout=5) for connection in self.idle]
            await asyncio.gather(*closing, return_exceptions=True)

    async def judge(self, lines: Sequence[Line], *, fresh: bool = False) -> _Chunk:
        """Judge lines by the survey as it is, or as it was within the last second."""
        return await _judge(
            lines, await self.questionnaires.get(self.workspace_id, self.survey, fresh=fresh)
        )

    async def store(self, lines: Sequence[Line], chunk: _Chunk) -> _Stored:
        """Commit a chunk; judge it again if the survey changed under it."""
        # Planned anew for each chunk: the table grows under the statements.
        connection = (
            self.idle.pop()
            if self.idle
            else await connect_raw(self.settings, plan_cache_mode="force_custom_plan")
        )
        try:
            for _ in range(_JUDGEMENTS):
                try:
                    return chunk, await load(
                        connection, chunk.questionnaire, chunk.rows, dry_run=self.options.dry_run
                    )
                except OutdatedQuestionnaire:
                    chunk = await self.judge(lines, fresh=True)
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            # So says asyncpg of a connection that was lost, or is being lost.
            if isinstance(error, asyncpg.InterfaceError) and not connection.is_closed():
                raise
            raise Problem("database-unavailable", headers={"Retry-After": "2"}) from error
        finally:
            self.idle.append(connection)
        raise Problem("overloaded", headers={"Retry-After": "1"})


async def _judge(lines: Sequence[Line], questionnaire: Questionnaire) -> _Chunk:
    """Judge lines and make their rows, so that storing them is PostgreSQL's work alone."""
    chunk = _Chunk(questionnaire)
    received = now()
    for index, line in enumerate(lines):
        if index % _TURN == 0:
            await asyncio.sleep(0)
        value: Json = None
        try:
            value = _parsed(line)
            sent = read_line(value)
            row = row_of(
                prepare(
                    questionnaire,
                    sent,
                    submission_key=sent["submission_id"],
                    assurance="verified",
                    received=received,
                )
            )
        except Problem as problem:
            chunk.rejected.append(_rejected(line.number, value, problem))
        else:
            chunk.numbers.append(line.number)
            chunk.rows.append(row)
    return chunk


def _parsed(line: Line) -> Json:
    """What the line says; a problem of its JSON is one of its fields, the whole."""
    if line.raw is None:
        raise Invalid(line_error("too-long"))
    try:
        return parse(line.raw)
    except Problem as problem:
        raise Invalid(problem_of(problem)) from None


def _rejected(number: int, value: Json, problem: Problem) -> Outcome:
    key = value.get("submission_id") if isinstance(value, dict) else None
    return Outcome(
        number,
        key[:128] if isinstance(key, str) else None,
        "rejected",
        None,
        tuple(problem.errors or (FieldError("", "conflict", problem.title),)),
    )


def _report(chunk: _Chunk, loaded: Loaded, outcomes: Outcomes) -> None:
    """Report a chunk that was committed."""
    if chunk.rejected or any(loaded.conflicts):
        outcomes.extend(_mixed(chunk, loaded.ids, loaded.created, loaded.conflicts))
        return
    created = sum(loaded.created)
    counts: dict[Status, int] = {"created": created, "unchanged": len(chunk.rows) - created}
    rendered = []
    if outcomes.lists_all:
        rendered = [
            (
                f'{{"line":{number},"key":"{row.key}","status":'
                f'"{"created" if new else "unchanged"}","id":"{id_}","errors":[]}}'
            ).encode()
            for number, row, id_, new in zip(
                chunk.numbers, chunk.rows, loaded.ids, loaded.created, strict=True
            )
        ]
    outcomes.write(counts, rendered)


def _mixed(
    chunk: _Chunk, ids: list[str], created: list[bool], conflicts: list[bool]
) -> list[Outcome]:
    done = list(chunk.rejected)
    for number, row, id_, new, conflict in zip(
        chunk.numbers, chunk.rows, ids, created, conflicts, strict=True
    ):
        if conflict:
            error = FieldError("/submission_id", "conflict")
            done.append(Outcome(number, row.key, "rejected", None, (error,)))
        else:
            done.append(Outcome(number, row.key, "created" if new else "unchanged", id_))
    return sorted(done, key=lambda outcome: outcome.line)


def _options(request: Request) -> BulkOptions:
    """`outcomes` and `dry_run`; everything else is refused."""
    allowed = {"outcomes": ("all", "rejected"), "dry_run": ("true", "false")}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            raise Invalid(FieldError(f"?{name}", "unknown-parameter"))
        if value not in allowed[name]:
            raise Invalid(FieldError(f"?{name}", "unknown-value"))
    chosen = request.query_params.get("outcomes", "all")
    return BulkOptions(
        outcomes="rejected" if chosen == "rejected" else "all",
        dry_run=request.query_params.get("dry_run") == "true",
    )
