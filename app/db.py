"""The database: the base of every table, the engine, and the unit of work of one request."""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self, TypeVar
from uuid import UUID

import asyncpg
import uuid_utils.compat
from sqlalchemy import BigInteger, DateTime, MetaData, Result, Text, TextClause, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.config import Settings

ReadT = TypeVar("ReadT")

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> UUID:
    """A UUIDv7: unique everywhere, and rows made together lie together on disk."""
    return uuid_utils.compat.uuid7()


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The base of every table: TEXT for text, timestamptz for time, JSONB for documents."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


#: The first column of every key: a row belongs to one workspace for ever.
WorkspaceKey = Annotated[UUID, mapped_column(primary_key=True)]
#: The identity of a row inside its workspace.
RecordId = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
CreatedAt = Annotated[datetime, mapped_column(default=now)]
UpdatedAt = Annotated[datetime, mapped_column(default=now, onupdate=now)]
#: Counts edits; it is the ETag and guards against lost updates.
Revision = Annotated[int, mapped_column(default=1)]

#: SQLSTATEs after which a pooled connection is of no use: read-only after a failover,
#: administrative shutdown, crash, not yet accepting, and every connection exception.
_DEAD_CONNECTION = ("25006", "57P01", "57P02", "57P03", "08")


def sqlstate(error: BaseException | None) -> str:
    """The five-letter code of a driver error anywhere in the chain, or ''."""
    while error is not None:
        code = getattr(error, "sqlstate", None)
        if isinstance(code, str):
            return code
        error = getattr(error, "orig", None) or error.__cause__
    return ""


class Database:
    """The engine of one process, with a pool for requests.

    A request holds one connection and never asks for a second (that deadlocks on the pool).
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = _engine(settings)
        self._writes = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One read-write transaction: committed at the end of the block, rolled back on error."""
        async with self._writes.begin() as session:
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """One read-only transaction on one snapshot: PostgreSQL itself refuses writes in it."""
        async with self._writes() as session:
            _ = await session.connection(
                execution_options={
                    "isolation_level": "REPEATABLE READ",
                    "postgresql_readonly": True,
                }
            )
            session.info[READ] = {}
            try:
                yield session
            finally:
                # What was read may know its session: a circle, with megabytes in it.
                session.info.clear()

    def session(self) -> AsyncSession:
        """A bare session, for the unit of work."""
        return self._writes()

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The database that the settings name."""
        return cls(settings)


@lru_cache(maxsize=500)
def prepared(sql: str) -> TextClause:
    """A statement from its text; to look for its parameters takes as long as a small read."""
    return text(sql)


async def run(
    session: AsyncSession, sql: str, parameters: Mapping[str, object]
) -> Result[*tuple[Any, ...]]:
    """Execute a statement that is made of parts, with those of the parameters that it names."""
    statement = prepared(sql)
    # No others may be bound.
    named = {name: parameters[name] for name in statement._bindparams}  # noqa: SLF001
    return await session.execute(statement, named)


#: What was read on the snapshot of a session, by what was asked; sessions that write have none.
READ = "read"


async def once(
    session: AsyncSession, asked: Hashable, read: Callable[[], Awaitable[ReadT]]
) -> ReadT:
    """What `read` finds: on one snapshot only for the first time, for it cannot change there."""
    known: dict[Hashable, ReadT] | None = session.info.get(READ)
    if known is None:
        return await read()
    if asked not in known:
        known[asked] = await read()
    return known[asked]


def found_before(session: AsyncSession, asked: Hashable) -> Any:  # noqa: ANN401 - as it was read
    """What was read on this snapshot already; None where nothing was."""
    return session.info.get(READ, {}).get(asked)


def server_settings(settings: Settings) -> Mapping[str, str]:
    """What each connection asks of PostgreSQL. The two `citus.` names are inert without Citus."""
    return {
        "application_name": "feedback",
        "jit": "off",
        "timezone": "UTC",
        "lock_timeout": str(settings.lock_timeout_ms),
        "statement_timeout": str(settings.statement_timeout_ms),
        "idle_in_transaction_session_timeout": "10000",
        "citus.override_table_visibility": "off",
        "citus.propagate_set_commands": "local",
    }


def _engine(settings: Settings) -> AsyncEngine:
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_seconds,
        pool_recycle=1_800,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "timeout": 3,
            "command_timeout": settings.command_timeout_seconds,
            "server_settings": dict(server_settings(settings)),
        },
    )
    event.listen(engine.sync_engine, "handle_error", _drop_dead_connections)
    return engine


def _drop_dead_connections(context: ExceptionContext) -> None:
    if sqlstate(context.original_exception).startswith(_DEAD_CONNECTION):
        context.is_disconnect = True


async def connect_raw(settings: Settings, **server: str) -> asyncpg.Connection:
    """A plain asyncpg connection with the same promises, for COPY and for the writer.

    Its statements look rows up by their keys and ask for the order of the key's index. In a
    table without statistics (a new workspace, its first minutes) the planner holds every index
    that begins with the workspace for equally good; with scans and sorts as the last resort, the
    one that yields the order is left.
    """
    return await asyncpg.connect(
        raw_dsn(settings.database_url),
        timeout=3,
        command_timeout=settings.command_timeout_seconds,
        server_settings={
            **server_settings(settings),
            "enable_seqscan": "off",
            "enable_sort": "off",
            **server,
        },
    )


def raw_dsn(database_url: str) -> str:
    """The same address in the form that asyncpg itself reads."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


async def copy_rows(
    session: AsyncSession, table: type["Base"], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write many rows by COPY, in the transaction of the session; all have the same columns."""
    if rows:
        columns = tuple(rows[0])
        records = [tuple(row[column] for column in columns) for row in rows]
        driver = await driver_of(session)
        await driver.copy_records_to_table(table.__tablename__, records=records, columns=columns)


async def driver_of(session: AsyncSession) -> asyncpg.Connection:
    """The connection of the driver, inside the transaction of the session."""
    raw = (await (await session.connection()).get_raw_connection()).driver_connection
    if raw is None or not raw.is_in_transaction():
        raise RuntimeError("COPY must be part of the transaction")
    connection: asyncpg.Connection = raw
    return connection


async def set_timeout(session: AsyncSession, milliseconds: int) -> None:
    """Allow this transaction's statements another time than the default."""
    await session.execute(text(f"SET LOCAL statement_timeout = {int(milliseconds)}"))


class Record(Base):
    """A row of a workspace with the four columns that all of them share."""

    __abstract__ = True

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
