"""Which leads are not judged yet: told in the transaction of a change, read by whoever counts.

Rows are only ever added here, and removed by whoever has taken them into account, as those of
`purchase_changes`; whose purchases have changed stands there.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import new_id
from app.market.judging import Listed
from app.market.models import LeadChange

_LEADS = text("""
SELECT leads, customers FROM lead_changes WHERE workspace_id = :workspace_id LIMIT :most
""")
_CUSTOMERS = text("""
SELECT unnest(customers) FROM purchase_changes WHERE workspace_id = :workspace_id LIMIT :most
""")


async def note_leads(
    session: AsyncSession,
    workspace_id: UUID,
    leads: Iterable[str],
    customers: Iterable[str | None],
    *,
    at: datetime,
    moments: Iterable[datetime],
) -> None:
    """Say that these leads have changed, and with them others of their customers, old and new.

    `moments` are when they came about, as they said before and as they say now.
    """
    changed = sorted(set(leads))
    if changed:
        values = {
            "workspace_id": workspace_id,
            "id": new_id(),
            "leads": changed,
            "customers": sorted({name for name in customers if name is not None}),
            "moments": sorted(set(moments)),
            "changed_at": at,
        }
        await session.execute(insert(LeadChange).values(values))


async def listed_changes(session: AsyncSession, workspace_id: UUID, most: int) -> Listed | None:
    """All that is listed; None if it is more than `most`."""
    named = {"workspace_id": workspace_id, "most": most + 1}
    rows = (await session.execute(_LEADS, named)).all()
    customers = (await session.execute(_CUSTOMERS, named)).scalars().all()
    listed = Listed(
        frozenset(lead for leads, _ in rows for lead in leads),
        frozenset(name for _, names in rows for name in names),
        frozenset(customers),
    )
    return None if max(listed.size, len(rows), len(customers)) > most else listed
