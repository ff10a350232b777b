"""Stores many responses at once: what is new by COPY, each exactly once, a chunk a transaction."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from app.responses.submission import (
    DOCUMENTS,
    TEXTS,
    OutdatedQuestionnaire,
    Prepared,
    Questionnaire,
)

#: First what all rows of a load share, last what is looked up when they are stored.
_COLUMNS = (
    "workspace_id", "survey_id", *TEXTS, "content_hash", "customer", *DOCUMENTS, "segment"
)  # fmt: skip
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_BACKSLASH = ord("\\")
#: How often a chunk is tried when somebody stores the same submissions at the same moment.
_TRIES = 4
_LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError)

_REVISION = "SELECT revision FROM surveys WHERE workspace_id = $1 AND id = $2"
#: One look-up of the unique index for each key (see `writer._FIND`); of an array the driver would
#: look at every element.
_KNOWN = """
SELECT k.key AS submission_key, r.id::text, r.content_hash
FROM unnest(string_to_array($3, E'\\x1e')) AS k (key)
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
INSERT INTO events (workspace_id, id, type, subject, data, occurred_at, xid)
SELECT workspace_id, id, 'response.received', id::text, $3::jsonb, received_at, xid
FROM responses r
WHERE workspace_id = $1 AND survey_id = $2
    AND r.xid BETWEEN (pg_current_xact_id()::text)::int8 AND (pg_current_xact_id()::text)::int8
ORDER BY r.workspace_id, r.xid, r.id
"""


class Row(NamedTuple):
    """A response as COPY takes it, and what decides whether it is stored."""

    key: str
    id: str
    content_hash: bytes
    customer: str | None
    content: bytes
    """Its own columns in PostgreSQL's text format."""


@dataclass(frozen=True)
class Loaded:
    """What became of the rows of a chunk, in their order."""

    ids: list[str]
    created: list[bool]
    conflicts: list[bool]
    """Rows whose submission id stands for other content."""


async def load(
    connection: asyncpg.Connection,
    questionnaire: Questionnaire,
    rows: Sequence[Row],
    *,
    dry_run: bool = False,
) -> Loaded:
    """Store responses to a survey in one transaction of their own; committed on return.

    A row that is there already with the same content is left as it is. Raises
    `OutdatedQuestionnaire` when the survey changed after the rows were judged by it.
    """
    if not rows:
        return Loaded([], [], [])
    for attempt in range(1, _TRIES + 1):
        transaction = connection.transaction()
        await transaction.start()
        try:
            loaded = await _load(connection, questionnaire, rows)
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


async def _load(
    connection: asyncpg.Connection, questionnaire: Questionnaire, rows: Sequence[Row]
) -> Loaded:
    where = (questionnaire.workspace_id, questionnaire.survey_id)
    if await connection.fetchval(_REVISION, *where) != questionnaire.revision:
        raise OutdatedQuestionnaire
    known = {
        each["submission_key"]: (each["id"], each["content_hash"])
        for each in await connection.fetch(_KNOWN, *where, "\x1e".join([row.key for row in rows]))
    }
    ids, created, conflicts, new = [], [], [], []
    for row in rows:
        there = known.setdefault(row.key, (row.id, row.content_hash))
        is_new = there[0] is row.id
        ids.append(there[0])
        created.append(is_new)
        conflicts.append(not is_new and there[1] != row.content_hash)
        if is_new:
            new.append(row)
    if new:
        await _copy(connection, questionnaire, new)
    return Loaded(ids, created, conflicts)


async def _copy(
    connection: asyncpg.Connection, questionnaire: Questionnaire, rows: Sequence[Row]
) -> None:
    """Store rows that are new, and tell of each."""
    where = (questionnaire.workspace_id, questionnaire.survey_id)
    segments = await _segments(connection, questionnaire.workspace_id, rows)
    shared = b"".join([b"%b\t" % each.hex.encode() for each in where])
    lines = [shared + row.content + segments.get(row.customer, b"\t\n") for row in rows]
    # Not as a file: those the driver reads in threads, and each read waits for the interpreter.
    content = memoryview(b"".join(lines))
    await connection.copy_to_table(
        "responses", source=content, columns=_COLUMNS, format="text", null=""
    )
    data = orjson.dumps({"survey": questionnaire.survey_id}).decode()
    await connection.execute(_EVENTS, *where, data)


async def _segments(
    connection: asyncpg.Connection, workspace_id: UUID, rows: Sequence[Row]
) -> dict[str | None, bytes]:
    """How the rows of customers end who have a segment."""
    customers = list({row.customer for row in rows if row.customer is not None})
    if not customers:
        return {}
    found = await connection.fetch(_SEGMENTS, workspace_id, customers)
    return {each["external_id"]: f"\t{_escaped(each['segment'])}\n".encode() for each in found}


def row_of(response: Prepared) -> Row:
    """The row in PostgreSQL's text format, which is made in half the time of the binary one."""
    texts = "\t".join(response.texts)
    customer = "" if response.customer is None else _escaped(response.customer)
    documents = b"\t".join(response.documents)
    if _BACKSLASH in documents:
        documents = documents.replace(b"\\", rb"\\")
    return Row(
        response.submission_key,
        response.id,
        response.content_hash,
        response.customer,
        f"{texts}\t\\\\x{response.content_hash.hex()}\t{customer}\t".encode() + documents,
    )


def _escaped(text: str) -> str:
    return text if text.isalnum() else text.translate(_ESCAPES)
