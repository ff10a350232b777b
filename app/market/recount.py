"""Counting what is kept of leads again: verdicts and cells, from leads, orders and refunds.

Leads that a list names are compared with nothing, but what is kept of them is in the cells.
"""

import random
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.fields import zone
from app.market.changes import listed_changes
from app.market.judging import concerned, judge, kept_verdicts
from app.market.models import LeadRollup
from app.market.verdicts import Cell, Counts, Tally
from app.recounts.findings import Difference, Recount

_BATCH = 2_000
#: So many changes are looked up at most; where there are more, a rebuild is near.
_MOST_LISTED = 100_000

_LEADS = text("""
SELECT external_id FROM leads WHERE workspace_id = :workspace_id
UNION
SELECT external_id FROM lead_verdicts WHERE workspace_id = :workspace_id
""")
_CELLS = text("""
SELECT grain, dimension, place, within, member, leads, repeated, won, known FROM lead_cells
WHERE workspace_id = :workspace_id
""")


async def recount_leads(session: AsyncSession, workspace_id: UUID, sample: int | None) -> Recount:
    """Judge so many random leads again, or all of them and count all cells."""
    state = await session.get(LeadRollup, workspace_id)
    listed = await listed_changes(session, workspace_id, _MOST_LISTED)
    if state is None or not state.complete or listed is None:
        return Recount(0, [])  # figures are counted from the rows
    pending = await concerned(session, workspace_id, listed)
    named = {"workspace_id": workspace_id}
    leads = list((await session.execute(_LEADS, named)).scalars())
    chosen = leads if sample is None else random.sample(leads, min(sample, len(leads)))
    differences, tally = [], Tally()
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH]
        kept = await kept_verdicts(session, workspace_id, batch)
        judged = await judge(session, workspace_id, batch, zone(state.time_zone))
        for lead in batch:
            if lead not in pending and kept.get(lead) != judged.get(lead):
                found = str(kept.get(lead)), str(judged.get(lead))
                differences.append(Difference(f"lead {lead}", *found))
        for verdict in kept.values():
            tally.add(verdict)
    if sample is None:
        rows = (await session.execute(_CELLS, named)).all()
        stored = {Cell(*row[:5]): Counts(*row[5:]) for row in rows}
        wanted = tally.changes()
        for cell in sorted(stored.keys() | wanted.keys()):
            one, other = stored.get(cell, Counts()), wanted.get(cell, Counts())
            if one != other:
                where = f"leads {' '.join(map(str, cell))}"
                differences.append(Difference(where, str(tuple(one)), str(tuple(other))))
    return Recount(len(chosen), differences)
