"""Which customers' purchases have changed: told in the transaction of the change.

Rows are only ever added here, one for all customers of a chunk, then marked by whoever takes them
into account and removed by who comes last; so no writer waits for another, and a change that
commits late is never passed over.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.models import PurchaseChange
from app.db import new_id


async def note_changes(
    session: AsyncSession,
    workspace_id: UUID,
    customers: Iterable[UUID],
    *,
    at: datetime,
    moments: Iterable[datetime] = (),
) -> None:
    """Say that the orders, refunds or traits of these customers are no longer what they were.

    `moments` are those at which what has changed counts, or did before; `at` is when it changed.
    """
    changed = sorted(set(customers))
    if changed:
        values = {
            "workspace_id": workspace_id,
            "id": new_id(),
            "customers": changed,
            "moments": sorted(set(moments)),
            "changed_at": at,
        }
        await session.execute(insert(PurchaseChange).values(values))
