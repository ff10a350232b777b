"""Background work on what every route shares: forgetting old idempotency keys."""

from datetime import timedelta

from sqlalchemy import delete

from app.db import Database, now
from app.http.idempotency import KEPT_DAYS, IdempotencyKey
from app.jobs import Periodic


async def forget_keys(database: Database) -> bool:
    """Drop idempotency keys that are older than they must be kept."""
    async with database.transaction() as session:
        oldest = now() - timedelta(days=KEPT_DAYS)
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < oldest))
    return False


JOBS = [Periodic("forget_idempotency_keys", every_seconds=3_600.0, run=forget_keys)]
