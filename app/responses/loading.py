"""Stores many responses at once: what is new by COPY, each exactly once, a chunk a transaction."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

import asyncpg

from app.responses.submission import OutdatedQuestionnaire, Prepared

_COLUMNS = (
    "workspace_id", "id", "survey_id", "version", "submission_key", "content_hash", "status",
    "quality", "assurance", "language", "channel", "method", "customer", "segment",
    "occurred_at", "claimed_at", "duration_seconds", "flags", "metadata", "answers", "tallies",
)  # fmt: skip
_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
#: How often a chunk is tried when somebody stores the same submissions at the same moment.
_TRIES = 4
_LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError)

_REVISION = "SELECT revision FROM surveys WHERE workspace_id = $1 AND id = $2"
#: One look-up of the unique index for each key (see `writer._FIND`).
_KNOWN = """
SELECT k.key AS submission_key, r.id, r.content_hash
FROM unnest($3::text[]) AS k (key)
CROSS JOIN LATERAL (
    SELECT id, content_hash FROM responses
    WHERE workspace_id = $1 AND survey_id = $2 AND submission_key BETWEEN k.key AND k.key
    ORDER BY submission_key LIMIT 1
) AS r
"""
_SEGMENTS = """
SELECT k.key AS external_id, c.segment
FROM unnest($2::text[]) AS k (key)
CROSS JOIN LATERAL (
    SELECT segment FROM customers
    WHERE workspace_id = $1 AND external_id BETWEEN k.key AND k.key
    ORDER BY external_id LIMIT 1
) AS c
WHERE c.segment IS NOT NULL
"""
#: One event a response, with the response's own id: there can be only one. PostgreSQL writes
#: them from the rows of this transaction, found by the order of the index on transactions.
_EVENTS = """
INSERT INTO events (workspace_id, id, type, subject, data, occurred_at)
SELECT workspace_id, id, 'response.received', id::text,
    jsonb_build_object('survey', survey_id::text), received_at
FROM responses r
WHERE workspace_id = $1 AND survey_id = $2
    AND r.xid BETWEEN (pg_current_xact_id()::text)::int8 AND (pg_current_xact_id()::text)::int8
ORDER BY r.workspace_id, r.xid, r.id
"""


@dataclass(frozen=True)
class Loaded:
    """What became of the rows of a chunk, in their order."""

    ids: list[UUID]
    created: list[bool]
    conflicts: list[bool]
    """Rows whose submission id stands for other content."""


async def load(
    connection: asyncpg.Connection, rows: Sequence[Prepared], *, dry_run: bool = False
) -> Loaded:
    """Store responses to one survey in one transaction of their own; committed on return.

    A row that is there already with the same content is left as it is. Raises
    `OutdatedQuestionnaire` when the survey changed after the rows were judged.
    """
    for attempt in range(1, _TRIES + 1):
        transaction = connection.transaction()
        await transaction.start()
        try:
            loaded = await _load(connection, rows)
        except asyncpg.UniqueViolationError:
            await transaction.rollback()
            if attempt == _TRIES:
                raise
        except BaseException:
            # With its connection the transaction is gone by itself; that is not the news.
            with suppress(*_LOST):
                await transaction.rollback()
            raise
        else:
            await (transaction.rollback() if dry_run else transaction.commit())
            return loaded
    raise AssertionError


async def _load(connection: asyncpg.Connection, rows: Sequence[Prepared]) -> Loaded:
    workspace_id, survey_id = rows[0].workspace_id, rows[0].survey_id
    if await connection.fetchval(_REVISION, workspace_id, survey_id) != rows[0].survey_revision:
        raise OutdatedQuestionnaire
    keys = [row.submission_key for row in rows]
    known = {
        each["submission_key"]: (each["id"], each["content_hash"])
        for each in await connection.fetch(_KNOWN, workspace_id, survey_id, keys)
    }
    segments = await _segments(connection, rows)
    ids, created, conflicts, new = [], [], [], []
    for row in rows:
        there = known.setdefault(row.submission_key, (row.id, row.content_hash))
        is_new = there[0] == row.id
        ids.append(there[0])
        created.append(is_new)
        conflicts.append(not is_new and there[1] != row.content_hash)
        if is_new:
            new.append(row)
    lines = "".join([_line(row, segments) for row in new])
    await connection.copy_to_table(
        "responses", source=BytesIO(lines.encode()), columns=_COLUMNS, format="text"
    )
    await connection.execute(_EVENTS, workspace_id, survey_id)
    return Loaded(ids, created, conflicts)


async def _segments(
    connection: asyncpg.Connection, rows: Sequence[Prepared]
) -> dict[str | None, str]:
    customers = list({row.customer for row in rows if row.customer is not None})
    if not customers:
        return {}
    found = await connection.fetch(_SEGMENTS, rows[0].workspace_id, customers)
    return {each["external_id"]: each["segment"] for each in found}


def _line(row: Prepared, segments: dict[str | None, str]) -> str:
    """A row in PostgreSQL's text format, which is made in half the time of the binary one.

    JSON holds no control character, and codes hold nothing that an array would have to escape.
    """
    fields = (
        row.workspace_id.hex,
        row.id.hex,
        row.survey_id.hex,
        str(row.version),
        row.submission_key,
        rf"\\x{row.content_hash.hex()}",
        row.status,
        row.quality,
        row.assurance,
        row.language or _NULL,
        row.channel,
        row.method,
        _text(row.customer),
        _text(segments.get(row.customer)),
        row.occurred_at.isoformat(),
        row.claimed_at.isoformat() if row.claimed_at else _NULL,
        _NULL if row.duration_seconds is None else repr(row.duration_seconds),
        _array(row.flags),
        row.metadata.replace("\\", r"\\"),
        row.answers.replace("\\", r"\\"),
        _array(row.tallies),
    )
    return "\t".join(fields) + "\n"


def _text(value: str | None) -> str:
    return _NULL if value is None else value.translate(_ESCAPES)


def _array(codes: list[str]) -> str:
    return '{"' + '","'.join(codes) + '"}' if codes else "{}"
