"""Runs migrations over the service's own driver, with short locks, one transaction a revision."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.config import Settings
from app.tables import METADATA

#: Any constant: two migrations at once take turns on it.
_ADVISORY_LOCK = 72_160_221
#: A migration that cannot have its lock quickly must not queue in front of everybody else.
_LOCK_TIMEOUT = "2s"


def _database_url() -> str:
    given = context.config.get_main_option("sqlalchemy.url")
    return Settings(database_url=given).database_url if given else Settings().database_url


def _run(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
    connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    engine = create_async_engine(_database_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


def _offline() -> None:
    context.configure(dialect_name="postgresql", target_metadata=METADATA, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _offline()
elif (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    asyncio.run(_online())
