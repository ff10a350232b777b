"""Whether this process can do its work now, asked of the database itself."""

import asyncio
import time
from dataclasses import dataclass
from typing import Literal

import asyncpg

from app import schema
from app.db import Database, connect_raw

Component = Literal["ok", "down", "behind", "ahead", "relaxed", "read_only", "unknown"]

_REMEMBERED_SECONDS = 1.0
_CHECK_SECONDS = 3.0
_QUESTION = """
    SELECT current_setting('fsync') = 'on'
           AND current_setting('full_page_writes') = 'on'
           AND current_setting('synchronous_commit') <> 'off',
           pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
           to_regclass('alembic_version') IS NOT NULL
"""


@dataclass(frozen=True)
class Readiness:
    """The state of what this process needs; nothing that would help a stranger.

    `durability` is `relaxed` where PostgreSQL may lose acknowledged commits in a crash; that is
    the operator's choice and does not make the service unready. A schema that is `ahead`
    belongs to a newer release, which this one must get along with while it is rolled out.
    """

    database: Component
    migrations: Component
    durability: Component
    writable: Component

    @property
    def ready(self) -> bool:
        """Whether requests may be sent here."""
        return (
            self.database == "ok"
            and self.migrations in {"ok", "ahead"}
            and self.durability in {"ok", "relaxed"}
            and self.writable == "ok"
        )


_AWAY = Readiness(database="down", migrations="unknown", durability="unknown", writable="unknown")


class Probe:
    """Asks on a connection of its own, so that a busy pool is not taken for a dead database.

    An answer is good for a second, and callers at the same moment share one: strangers who ask
    often cost nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answer = _AWAY
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._versions: dict[frozenset[str], Component] = {}

    async def readiness(self) -> Readiness:
        """The state now, or as it was a second ago; never raises."""
        async with self._asking:
            if time.monotonic() - self._asked_at > _REMEMBERED_SECONDS:
                try:
                    async with asyncio.timeout(_CHECK_SECONDS):
                        self._answer = await self._ask()
                except Exception:  # noqa: BLE001 - whatever it is, the database is not there
                    self._answer = _AWAY
                self._asked_at = time.monotonic()
            return self._answer

    async def _ask(self) -> Readiness:
        connection = await connect_raw(self._database.settings)
        try:
            durable, read_only, migrated = await connection.fetchrow(_QUESTION)
            answer = Readiness(
                database="ok",
                migrations=await self._migrations(connection) if migrated else "behind",
                durability="ok" if durable else "relaxed",
                writable="read_only" if read_only else "ok",
            )
            await connection.close()
        except BaseException:
            connection.terminate()
            raise
        return answer

    async def _migrations(self, connection: asyncpg.Connection) -> Component:
        """Compare with our migrations; they are read only when the database's version is new."""
        rows = await connection.fetch("SELECT version_num FROM alembic_version")
        version = frozenset(row[0] for row in rows)
        if version not in self._versions:
            self._versions[version] = await self._compare()
        return self._versions[version]

    async def _compare(self) -> Component:
        async with self._database.engine.connect() as connection:
            try:
                return "behind" if await schema.pending(connection) else "ok"
            except LookupError:
                return "ahead"
