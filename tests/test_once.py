"""What is read once in a session: on one snapshot, and never longer."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, once


async def _ask(session: AsyncSession, asked: str) -> list[int]:
    """A new list each time that it is read."""

    async def read() -> list[int]:
        return list((await session.execute(text("SELECT 1"))).scalars())

    return await once(session, asked, read)


async def test_a_snapshot_is_read_once_for_each_question(database: Database) -> None:
    """The same answer, not an equal one; another question and another snapshot are read anew."""
    async with database.snapshot() as session:
        first = await _ask(session, "a")
        assert await _ask(session, "a") is first
        assert await _ask(session, "b") is not first
    async with database.snapshot() as session:
        assert await _ask(session, "a") is not first


async def test_sessions_that_write_read_every_time(database: Database) -> None:
    """What a transaction sees may change from one statement to the next."""
    async with database.transaction() as session:
        assert await _ask(session, "a") is not await _ask(session, "a")
