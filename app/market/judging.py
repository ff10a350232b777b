"""Judging leads by their rows: which one a change concerns, and what became of each."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.market.verdicts import Step, Verdict, steps_of
from app.purchases.histories import History
from app.purchases.local_days import day_of
from app.purchases.reading import histories_from_rows


class Listed(NamedTuple):
    """What has changed: leads and customers by external id, and customers by our own."""

    leads: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    customers: frozenset[UUID] = frozenset()

    @property
    def size(self) -> int:
        """How many are listed."""
        return sum(map(len, self))


# OFFSET 0 leaves the planner nothing but look-ups (as customers.lookup).
_CONCERNED = text("""
WITH named AS (
    SELECT unnest(CAST(:names AS text[])) AS customer
    UNION
    SELECT c.external_id FROM unnest(CAST(:customers AS uuid[])) AS wanted (id)
    JOIN LATERAL (
        SELECT external_id FROM customers c
        WHERE c.workspace_id = :workspace_id AND c.id = wanted.id OFFSET 0
    ) AS c ON true
)
SELECT l.external_id FROM named
JOIN LATERAL (
    SELECT external_id FROM leads l
    WHERE l.workspace_id = :workspace_id AND l.customer = named.customer OFFSET 0
) AS l ON true
""")
_LEADS = text("""
SELECT l.external_id, l.created_at, l.channel, coalesce(l.campaign, ''), c.id, EXISTS (
    SELECT FROM leads e
    WHERE e.workspace_id = :workspace_id AND e.customer = l.customer
        AND (e.created_at, e.external_id) < (l.created_at, l.external_id)
)
FROM unnest(CAST(:leads AS text[])) AS wanted (external_id)
JOIN LATERAL (
    SELECT * FROM leads l
    WHERE l.workspace_id = :workspace_id AND l.external_id = wanted.external_id OFFSET 0
) AS l ON true
LEFT JOIN LATERAL (
    SELECT id FROM customers c
    WHERE c.workspace_id = :workspace_id AND c.external_id = l.customer OFFSET 0
) AS c ON true
""")
_KEPT = text("""
SELECT v.external_id, v.day, v.channel, v.campaign, v.repeated, v.steps
FROM unnest(CAST(:leads AS text[])) AS wanted (external_id)
JOIN LATERAL (
    SELECT * FROM lead_verdicts v
    WHERE v.workspace_id = :workspace_id AND v.external_id = wanted.external_id OFFSET 0
) AS v ON true
""")


async def concerned(session: AsyncSession, workspace_id: UUID, listed: Listed) -> set[str]:
    """The leads that are listed, and all of the customers that are."""
    if not (listed.names or listed.customers):
        return set(listed.leads)
    named = {
        "workspace_id": workspace_id,
        "names": sorted(listed.names),
        "customers": sorted(listed.customers),
    }
    return {*listed.leads, *(await session.execute(_CONCERNED, named)).scalars()}


async def judge(
    session: AsyncSession, workspace_id: UUID, leads: Collection[str], zone: ZoneInfo
) -> dict[str, Verdict]:
    """The verdicts on leads as they, their orders and refunds are now."""
    named = {"workspace_id": workspace_id, "leads": sorted(leads)}
    rows = (await session.execute(_LEADS, named)).all()
    buyers = {customer for *_, customer, repeated in rows if customer and not repeated}
    histories = await histories_from_rows(session, workspace_id, buyers, zone)
    found = {}
    for lead, created_at, channel, campaign, customer, repeated in rows:
        day = day_of(created_at, zone)
        history = histories.get(customer, History())
        steps = () if repeated else steps_of(day, history)
        found[lead] = Verdict(day, channel, campaign, repeated, steps)
    return found


async def kept_verdicts(
    session: AsyncSession, workspace_id: UUID, leads: Collection[str]
) -> Mapping[str, Verdict]:
    """The verdicts that are kept."""
    named = {"workspace_id": workspace_id, "leads": sorted(leads)}
    rows = await session.execute(_KEPT, named)
    found = {}
    for lead, *own, steps in rows:
        each = tuple(map(Step, steps[::3], steps[1::3], steps[2::3]))
        found[lead] = Verdict._make((*own, each))
    return found
