"""The hot path's last step: gathers concurrent responses into one statement and one commit.

Under load the commit is the cost, and one fsync serves dozens as well as one. A caller hears
of its response only when the statement that holds it has committed; nothing waits in memory
that has been acknowledged.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.config import Settings
from app.db import connect_raw
from app.errors import Problem
from app.responses.insertion import INSERT, columns
from app.responses.submission import OutdatedQuestionnaire, Prepared

#: A statement costs as much as twenty rows, and its commit a disk's answer, however few it writes;
#: with more rows than this nothing is left to share.
MAX_BATCH = 64
#: Turns of the loop: one reads a request that has arrived, the next one judges it.
_QUIET_TURNS = 2
#: How often a statement is tried when the connection or the server went away under it.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it stands: new, or found there from before."""

    id: str
    version: int
    received_at: datetime
    content_hash: bytes


#: One look-up of the unique index for each submission. Where a table has no statistics yet, all
#: indexes that begin with the workspace look equally good; the order asked for decides the tie.
_FIND = """
SELECT k.submission_key, k.survey_id, r.id::text, r.version, r.received_at,
    r.content_hash
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (workspace_id, survey_id, submission_key)
CROSS JOIN LATERAL (
    SELECT id, version, received_at, content_hash FROM responses
    WHERE workspace_id = k.workspace_id AND survey_id = k.survey_id
        AND submission_key BETWEEN k.submission_key AND k.submission_key
    ORDER BY submission_key LIMIT 1
) AS r
"""

#: A submission: its survey's id as a number, which compares many times faster, and its key.
_Key = tuple[int, str]

#: Errors that one row of a batch may bring upon all: the rows are then written one by one.
_FAILS_ALONE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.LockNotAvailableError,
    asyncpg.ProgramLimitExceededError,
)
#: Errors after which the same statement is right on a new connection.
_GONE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,
)
#: Those of them by which the server says that it did nothing.
_CERTAINLY_NOT_DONE = (asyncpg.ReadOnlySQLTransactionError, asyncpg.InvalidCachedStatementError)
_TURNED_AWAY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class Writer:
    """Writes what has gathered, with as many statements at once as it has connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: list[tuple[Prepared, asyncio.Future[Stored]]] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def start(self) -> None:
        """Begin to write; call it inside the running loop."""
        self._tasks = [
            asyncio.create_task(self._work(), name=f"response-writer-{number}")
            for number in range(self._settings.writer_connections)
        ]

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def backlog(self) -> int:
        """How many responses wait for their commit."""
        return len(self._waiting)

    async def write(self, response: Prepared) -> Stored:
        """Store a response and its event durably; the stored row, or the one from before.

        Raises 503 `overloaded` when too many wait, `OutdatedQuestionnaire` when the survey was
        changed meanwhile, and what the database raises for this row alone.
        """
        if self._closing or len(self._waiting) >= self._settings.max_in_flight:
            raise Problem("overloaded", headers={"Retry-After": "1"})
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((response, future))
        self._wake.set()
        # A caller that goes away takes only its future with it: the row is written all the same.
        return await future

    async def _work(self) -> None:
        connection = _Connection(self._settings)
        while True:
            if not self._waiting:
                if self._closing:
                    break
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._gather()
            batch = self._waiting[:MAX_BATCH]
            del self._waiting[:MAX_BATCH]
            if batch:
                await self._write_batch(connection, batch)
        await connection.close()

    async def _gather(self) -> None:
        """Let requests in as long as more of them are here already: that keeps nobody waiting."""
        seen = quiet = 0
        while quiet < _QUIET_TURNS and len(self._waiting) < MAX_BATCH:
            quiet = 0 if len(self._waiting) > seen else quiet + 1
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _write_batch(
        self,
        connection: "_Connection",
        batch: Sequence[tuple[Prepared, asyncio.Future[Stored]]],
    ) -> None:
        """Resolve every future of the batch; a poisoned row fails alone."""
        rows = [row for row, _ in batch]
        try:
            found = await connection.store(rows)
        except Exception as error:  # noqa: BLE001 - every caller must hear, whatever it was
            if len(batch) > 1 and isinstance(error, _FAILS_ALONE):
                for one in batch:
                    await self._write_batch(connection, [one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for row, future in batch:
            if future.done():
                continue
            stored = found.get(_key(row))
            if stored is None:
                future.set_exception(OutdatedQuestionnaire())
            else:
                future.set_result(stored)


class _Connection:
    """One raw connection that is replaced when it breaks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: asyncpg.Connection | None = None

    async def store(self, rows: Sequence[Prepared]) -> dict[_Key, Stored]:
        """Insert what is new and find what was there, by submission.

        A lost connection leaves the outcome unknown; the unique key turns that into "there" or
        "not there", so the same statement is simply run again. 503 `outcome-unknown` where that
        did not help: whoever sends the same submission again finds out.
        """
        unknown = False
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._store(rows)
            except _GONE as error:
                asked = self._connection is not None and not isinstance(error, _CERTAINLY_NOT_DONE)
                unknown = unknown or asked
                self._discard()
                if attempt == _TRIES and unknown:
                    raise Problem("outcome-unknown", headers={"Retry-After": "1"}) from error
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.1 * (attempt - 1))
            except _TURNED_AWAY:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.02 * attempt)
        raise AssertionError

    async def _store(self, rows: Sequence[Prepared]) -> dict[_Key, Stored]:
        if self._connection is None or self._connection.is_closed():
            self._connection = None
            # One plan fits every batch; making one for each would cost as much as inserting.
            self._connection = await connect_raw(
                self._settings, plan_cache_mode="force_generic_plan"
            )
        # The first of two with one key wins, and all writers take keys in the same order.
        distinct = dict(sorted({_key(row): row for row in reversed(rows)}.items()))
        inserted = await self._connection.fetch(INSERT, *columns(list(distinct.values())))
        new = {record["id"]: record["received_at"] for record in inserted}
        found = {}
        missing = []
        for key, row in distinct.items():
            received_at = new.get(row.id)
            if received_at is None:
                missing.append(row)
            else:
                found[key] = Stored(row.id, row.version, received_at, row.content_hash)
        if missing:
            found.update(await self._find(missing))
        return found

    async def _find(self, rows: Sequence[Prepared]) -> dict[_Key, Stored]:
        assert self._connection is not None  # noqa: S101 - _store opened it
        keys = (
            (row.questionnaire.workspace_id, row.questionnaire.survey_id, row.submission_key)
            for row in rows
        )
        records = await self._connection.fetch(_FIND, *map(list, zip(*keys, strict=True)))
        return {
            (each["survey_id"].int, each["submission_key"]): Stored(
                each["id"], each["version"], each["received_at"], each["content_hash"]
            )
            for each in records
        }  # fmt: skip

    def _discard(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await self._connection.close(timeout=2)


def _key(row: Prepared) -> _Key:
    return (row.questionnaire.survey_id.int, row.submission_key)
