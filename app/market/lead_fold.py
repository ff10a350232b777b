"""Folding leads: brings the verdicts that are kept up to what leads, orders and refunds say.

Exactness does not depend on it, as with purchases: a read judges all that is listed by the rows.
Purchases are folded first and mark what they are done with; it is removed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, delete, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.models import PurchaseChange
from app.db import copy_rows, now, set_timeout
from app.fields import zone
from app.market.changed_days import LEAD_DAYS
from app.market.judging import Listed, concerned, judge, kept_verdicts
from app.market.models import LeadCell, LeadRollup, LeadVerdict
from app.market.verdicts import Cell, Counts, Tally, Verdict
from app.workspaces.models import Workspace

#: What one step takes from the lists, and leads of one step of a rebuild.
STEP = 8_000
#: Above this many changes it is cheaper to begin anew.
_MANY = 40_000
_STEP_TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class _Batch:
    """What to judge, and the entries of the lists that are done with it."""

    listed: Listed
    entries: Sequence[UUID] = ()
    purchases: Sequence[UUID] = ()
    more: bool = True


_HOW_MANY = text("""
SELECT
    (SELECT coalesce(sum(cardinality(leads)), 0) FROM lead_changes
    WHERE workspace_id = :workspace_id)
    + (SELECT coalesce(sum(cardinality(customers)), 0) FROM purchase_changes
    WHERE workspace_id = :workspace_id AND folded)
""")
_LEADS = text("""
SELECT id, leads, customers FROM (
    SELECT *, sum(cardinality(leads)) OVER (ORDER BY id) - cardinality(leads) AS before
    FROM lead_changes WHERE workspace_id = :workspace_id
) AS listed
WHERE before < :most
""")
_CUSTOMERS = text("""
SELECT id, customers FROM (
    SELECT *, sum(cardinality(customers)) OVER (ORDER BY id) - cardinality(customers) AS before
    FROM purchase_changes WHERE workspace_id = :workspace_id AND folded
) AS listed
WHERE before < :most
""")
_NEXT = text("""
SELECT external_id FROM leads
WHERE workspace_id = :workspace_id AND external_id > :after ORDER BY external_id LIMIT :most
""")
_CELLS = text("""
INSERT INTO lead_cells (workspace_id, grain, dimension, place, within, member, leads, repeated,
    won, known)
SELECT CAST(:workspace_id AS uuid), line.* FROM unnest(CAST(:grain AS text[]),
    CAST(:dimension AS text[]), CAST(:place AS bigint[]), CAST(:within AS bigint[]),
    CAST(:member AS text[]), CAST(:leads AS bigint[]), CAST(:repeated AS bigint[]),
    CAST(:won AS bigint[]), CAST(:known AS bigint[])) AS line
ORDER BY 2, 3, 4, 5, 6
ON CONFLICT (workspace_id, grain, dimension, place, within, member)
DO UPDATE SET leads = lead_cells.leads + excluded.leads,
    repeated = lead_cells.repeated + excluded.repeated, won = lead_cells.won + excluded.won,
    known = lead_cells.known + excluded.known
""")


async def fold_leads(session: AsyncSession, workspace_id: UUID) -> bool:
    """Fold one step of a workspace, in the transaction of the session; True if there is more."""
    await set_timeout(session, _STEP_TIMEOUT_MS)
    workspace = await session.get_one(Workspace, workspace_id)
    state = await _locked_state(session, workspace)
    named = {"workspace_id": workspace_id}
    many = (await session.execute(_HOW_MANY, named)).scalar_one() > _MANY
    if state.time_zone != workspace.time_zone or (state.complete and many):
        await _begin_anew(session, state, workspace.time_zone)
    batch = await (_changed if state.complete else _next)(session, state)
    leads = await concerned(session, workspace_id, batch.listed)
    before = await kept_verdicts(session, workspace_id, leads)
    after = await judge(session, workspace_id, leads, zone(state.time_zone))
    await _keep(session, workspace_id, before, after)
    await LEAD_DAYS.note(session, workspace_id, state.time_zone, batch.entries)
    if batch.purchases:
        mine = PurchaseChange.workspace_id == workspace_id
        listed = PurchaseChange.id.in_(batch.purchases)
        await session.execute(delete(PurchaseChange).where(mine, listed))
    state.folded_at = now()
    await session.flush()
    return batch.more


async def _locked_state(session: AsyncSession, workspace: Workspace) -> LeadRollup:
    fresh = insert(LeadRollup).values(
        workspace_id=workspace.id,
        time_zone=workspace.time_zone,
        complete=False,
        rebuilt_to="",
        folded_at=now(),
    )
    await session.execute(fresh.on_conflict_do_nothing())
    mine = select(LeadRollup).where(LeadRollup.workspace_id == workspace.id)
    locked = mine.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(locked)).one()


async def _begin_anew(session: AsyncSession, state: LeadRollup, time_zone: str) -> None:
    """Empty what is kept. What is listed by now will be read with everything else."""
    for table in (LeadVerdict, LeadCell):
        await session.execute(delete(table).where(table.workspace_id == state.workspace_id))
    await LEAD_DAYS.begin_anew(session, state.workspace_id, state.time_zone, time_zone)
    done = PurchaseChange.workspace_id == state.workspace_id, PurchaseChange.folded
    await session.execute(delete(PurchaseChange).where(*done))
    state.time_zone, state.complete, state.rebuilt_to = time_zone, False, ""


async def _next(session: AsyncSession, state: LeadRollup) -> _Batch:
    """The next leads of a rebuild."""
    named = {"workspace_id": state.workspace_id, "after": state.rebuilt_to, "most": STEP}
    leads = list((await session.execute(_NEXT, named)).scalars())
    if leads:
        state.rebuilt_to = leads[-1]
    state.complete = len(leads) < STEP
    return _Batch(Listed(leads=frozenset(leads)))


async def _changed(session: AsyncSession, state: LeadRollup) -> _Batch:
    """What was listed first."""
    named = {"workspace_id": state.workspace_id, "most": STEP}
    leads = (await session.execute(_LEADS, named)).all()
    customers = (await session.execute(_CUSTOMERS, named)).all()
    listed = Listed(
        frozenset(lead for _, several, _ in leads for lead in several),
        frozenset(name for _, _, names in leads for name in names),
        frozenset(customer for _, several in customers for customer in several),
    )
    more = sum(len(each[1]) for each in leads), sum(len(each[1]) for each in customers)
    return _Batch(
        listed, [each[0] for each in leads], [each[0] for each in customers], max(more) >= STEP
    )


async def _keep(
    session: AsyncSession,
    workspace_id: UUID,
    before: Mapping[str, Verdict],
    after: Mapping[str, Verdict],
) -> None:
    """Write verdicts in place of those that were kept, and add to the cells what has changed."""
    tally = Tally()
    changed = {lead for lead in {*before, *after} if before.get(lead) != after.get(lead)}
    for lead in changed:
        if lead in before:
            tally.add(before[lead], -1)
        if lead in after:
            tally.add(after[lead])
    if gone := sorted(changed & before.keys()):
        mine = LeadVerdict.workspace_id == workspace_id
        listed = LeadVerdict.external_id == any_(literal(gone, ARRAY(Text)))
        await session.execute(delete(LeadVerdict).where(mine, listed))
    rows = [
        {
            "workspace_id": workspace_id,
            "external_id": lead,
            **after[lead]._asdict(),
            "steps": [each for step in after[lead].steps for each in step],
        }
        for lead in sorted(changed & after.keys())
    ]
    await copy_rows(session, LeadVerdict, rows)
    if cells := tally.changes():
        await session.execute(_CELLS, {"workspace_id": workspace_id} | _columns(cells))


def _columns(cells: Mapping[Cell, Counts]) -> dict[str, list[object]]:
    places: dict[str, list[object]] = {
        name: [cell[at] for cell in cells] for at, name in enumerate(Cell._fields)
    }
    return places | {
        name: [counts[at] for counts in cells.values()] for at, name in enumerate(Counts._fields)
    }
