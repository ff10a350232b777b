"""Folding: brings what is kept of purchases up to what the orders and refunds say.

Exactness does not depend on it: a read takes the customers of `purchase_changes` from their own
rows. A step reads which customers have changed, then their rows, then writes and marks what
it has read of the list: what commits in between stays listed and is folded again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now, set_timeout
from app.fields import zone
from app.purchases.changed_days import PURCHASE_DAYS
from app.purchases.contributions import Cell, Ledger, Sums
from app.purchases.histories import History
from app.purchases.keeping import keep_cells, keep_histories, keep_turns
from app.purchases.models import (
    CustomerAmounts,
    CustomerPurchases,
    CustomerSet,
    PurchaseCell,
    PurchaseRollup,
    PurchaseTurn,
    UndonePurchase,
)
from app.purchases.reading import folded_by_id, histories_from_rows
from app.purchases.spans import CHUNK
from app.purchases.stored_amounts import replace_amounts
from app.purchases.stored_sets import replace_members
from app.purchases.turns import Counts, Spread, Turns
from app.workspaces.models import Workspace

#: Changed customers of one step: a fold is one transaction and should stay short.
STEP_CUSTOMERS = 8_000
#: Customers of one step of a rebuild. Sums and sets are written once in each, so that few large
#: steps take less time; a step should still be done in some ten seconds.
REBUILD_CUSTOMERS = 32_000
#: Above this many changed customers, and a quarter of all, it is cheaper to begin anew.
_MANY = 40_000
_STEP_TIMEOUT_MS = 120_000
_NOBODY = UUID(int=0)
_KEPT = (
    CustomerPurchases,
    UndonePurchase,
    CustomerSet,
    CustomerAmounts,
    PurchaseCell,
    PurchaseTurn,
)


@dataclass(frozen=True)
class _Batch:
    """Customers to fold, and the entries of the list that are done with them."""

    customers: Sequence[UUID]
    entries: Sequence[UUID]
    more: bool


_CHANGED = text("""
SELECT id, customers FROM (
    SELECT id, customers, sum(cardinality(customers)) OVER (ORDER BY id) AS so_far
    FROM purchase_changes WHERE workspace_id = :workspace_id AND NOT folded
) AS listed
WHERE so_far - cardinality(customers) < :most
ORDER BY id
""")
_HOW_MANY = text("""
SELECT coalesce(sum(cardinality(customers)), 0) FROM purchase_changes
WHERE workspace_id = :workspace_id AND NOT folded
""")
_NEXT = text("""
SELECT c.id FROM customers c
WHERE c.workspace_id = :workspace_id AND c.id > :after AND EXISTS (
    SELECT 1 FROM orders o WHERE o.workspace_id = c.workspace_id AND o.customer_id = c.id)
ORDER BY c.id LIMIT :most
""")


async def fold(session: AsyncSession, workspace_id: UUID) -> bool:
    """Fold one step of a workspace, in the transaction of the session; True if there is more.

    Another time zone, or changes of most customers, empty what is kept and begin anew.
    """
    await set_timeout(session, _STEP_TIMEOUT_MS)
    # Adding up takes its time too, on a machine that has other things to do.
    await session.execute(
        text(f"SET LOCAL idle_in_transaction_session_timeout = {_STEP_TIMEOUT_MS}")
    )
    workspace = await session.get_one(Workspace, workspace_id)
    state = await _locked_state(session, workspace)
    listed = {"workspace_id": workspace_id}
    changed: int = (await session.execute(_HOW_MANY, listed)).scalar_one()
    many = changed > max(_MANY, state.customers // 4)
    begins = state.rebuilt_to == _NOBODY and not state.complete
    if begins or state.time_zone != workspace.time_zone or (state.complete and many):
        await _begin_anew(session, state, workspace.time_zone)
    batch = await (_changed if state.complete else _next)(session, state)
    await _fold(session, state, batch.customers)
    # Leads are next, and remove what is marked here.
    await PURCHASE_DAYS.note(session, workspace_id, state.time_zone, batch.entries)
    state.folded_at = now()
    await session.flush()
    return batch.more


async def _locked_state(session: AsyncSession, workspace: Workspace) -> PurchaseRollup:
    fresh = insert(PurchaseRollup).values(
        workspace_id=workspace.id,
        time_zone=workspace.time_zone,
        complete=False,
        rebuilt_to=_NOBODY,
        customers=0,
        folded_at=now(),
    )
    await session.execute(fresh.on_conflict_do_nothing())
    mine = select(PurchaseRollup).where(PurchaseRollup.workspace_id == workspace.id)
    locked = mine.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(locked)).one()


async def _begin_anew(session: AsyncSession, state: PurchaseRollup, time_zone: str) -> None:
    """Empty what is kept. What is listed by now will be read with everything else."""
    for table in _KEPT:
        await session.execute(delete(table).where(table.workspace_id == state.workspace_id))
    await PURCHASE_DAYS.begin_anew(session, state.workspace_id, state.time_zone, time_zone)
    state.time_zone, state.complete = time_zone, False
    state.rebuilt_to, state.customers = _NOBODY, 0


async def _next(session: AsyncSession, state: PurchaseRollup) -> _Batch:
    """The next customers of a rebuild."""
    named = {
        "workspace_id": state.workspace_id,
        "after": state.rebuilt_to,
        "most": REBUILD_CUSTOMERS,
    }
    customers = list((await session.execute(_NEXT, named)).scalars())
    if customers:
        state.rebuilt_to = customers[-1]
    state.complete = len(customers) < REBUILD_CUSTOMERS
    return _Batch(customers, (), more=True)


async def _changed(session: AsyncSession, state: PurchaseRollup) -> _Batch:
    """The customers that were listed first."""
    named = {"workspace_id": state.workspace_id, "most": STEP_CUSTOMERS}
    rows = (await session.execute(_CHANGED, named)).all()
    customers = {customer for _, several in rows for customer in several}
    listed = sum(len(several) for _, several in rows)
    return _Batch(sorted(customers), [id_ for id_, _ in rows], more=listed >= STEP_CUSTOMERS)


async def _fold(session: AsyncSession, state: PurchaseRollup, customers: Sequence[UUID]) -> None:
    workspace_id = state.workspace_id
    stored = await folded_by_id(session, workspace_id, customers)
    fresh = await histories_from_rows(session, workspace_id, customers, zone(state.time_zone))
    before = dict(stored.values())
    after: dict[int, History] = {}
    ids: dict[int, UUID] = {}
    for id_, history in fresh.items():
        if id_ not in stored and history.latest_at is None:
            continue
        number = stored[id_][0] if id_ in stored else state.customers
        state.customers = max(state.customers, number + 1)
        after[number], ids[number] = history, id_
    cells, turns = await asyncio.to_thread(_changes, before, after)
    await keep_cells(session, workspace_id, cells)
    await keep_turns(session, workspace_id, turns)
    await keep_histories(session, workspace_id, after, ids)
    for chunk in sorted({number // CHUNK for number in after}):
        own = _within(before, chunk), _within(after, chunk)
        await replace_members(session, workspace_id, chunk, *own)
        await replace_amounts(session, workspace_id, chunk, *own)


def _changes(
    before: Mapping[int, History], after: Mapping[int, History]
) -> tuple[Mapping[Cell, Sums], Mapping[Spread, Counts]]:
    """What the sums and the counts of turns grow by."""
    ledger, turns = Ledger(), Turns()
    for times, histories in ((-1, before), (1, after)):
        for history in histories.values():
            ledger.add(history, times)
            turns.add(history, times)
    return ledger.changes(), turns.changes()


def _within(histories: Mapping[int, History], chunk: int) -> dict[int, History]:
    """The customers of a chunk, by their places in it."""
    return {
        number % CHUNK: history for number, history in histories.items() if number // CHUNK == chunk
    }
