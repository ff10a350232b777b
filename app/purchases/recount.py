"""Counting what is kept of purchases again: rows, sets, lists and sums, from orders and refunds.

Customers whose changes are listed and not folded yet are compared with nothing, but what is kept
of them is in the sums.
"""

import random
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.fields import zone
from app.purchases.contributions import Cell, Ledger, Sums
from app.purchases.histories import History
from app.purchases.keeping import row_of, undone_rows
from app.purchases.models import PurchaseRollup
from app.purchases.reading import folded_by_id, histories_from_rows
from app.purchases.spans import CHUNK
from app.purchases.stored_amounts import Listed, amounts_of, unpacked
from app.purchases.stored_sets import Name, as_int, sets_of
from app.purchases.turns import Spread, Turns
from app.recounts.findings import Difference, Recount

_BATCH = 2_000

_PENDING = text("""
SELECT DISTINCT unnest(customers) FROM purchase_changes
WHERE workspace_id = :workspace_id AND NOT folded
""")
_KEPT = text("""
SELECT number, customer_id FROM customer_purchases
WHERE workspace_id = :workspace_id AND number >= :first AND number < :last ORDER BY number
""")
_ROWS = text("""
SELECT * FROM customer_purchases
WHERE workspace_id = :workspace_id AND number = ANY(CAST(:numbers AS bigint[]))
""")
_UNDONE = text("""
SELECT * FROM undone_purchases
WHERE workspace_id = :workspace_id AND number = ANY(CAST(:numbers AS bigint[]))
ORDER BY number, position
""")
_MISSING = text("""
SELECT DISTINCT o.customer_id FROM orders o
WHERE o.workspace_id = :workspace_id AND NOT EXISTS (
    SELECT 1 FROM customer_purchases p
    WHERE p.workspace_id = o.workspace_id AND p.customer_id = o.customer_id)
""")
_SETS = text("""
SELECT kind, member, level, place, bits FROM customer_sets
WHERE workspace_id = :workspace_id AND chunk = :chunk
""")
_AMOUNTS = text("""
SELECT kind, place, bucket, member, customers, amounts FROM customer_amounts
WHERE workspace_id = :workspace_id AND chunk = :chunk
""")
_CELLS = text("""
SELECT measure, dimension, member, currency, place, other, n, amount, squares FROM purchase_cells
WHERE workspace_id = :workspace_id
""")

_TURNS = text("""
SELECT turn, measure, dimension, member, month, first_month, days, customers FROM purchase_turns
WHERE workspace_id = :workspace_id
""")


async def recount_purchases(
    session: AsyncSession, workspace_id: UUID, sample: int | None
) -> Recount:
    """Count so many random customers of one chunk again, or all customers and all sums."""
    state = await session.get(PurchaseRollup, workspace_id)
    if state is None or not state.complete or not state.customers:
        return Recount(0, [])  # figures are counted from the rows
    found = _Comparison(session, state)
    await found.begin()
    chunks = range((state.customers - 1) // CHUNK + 1)
    for chunk in chunks if sample is None else [random.choice(chunks)]:  # noqa: S311
        await found.compare_chunk(chunk, sample)
    if sample is None:
        await found.compare_sums()
    return Recount(found.blocks, found.differences)


class _Comparison:
    """What is kept of one workspace beside what its rows say."""

    def __init__(self, session: AsyncSession, state: PurchaseRollup) -> None:
        self.session, self.state = session, state
        self.named: dict[str, object] = {"workspace_id": state.workspace_id}
        self.pending: frozenset[UUID] = frozenset()
        self.ledger, self.turns = Ledger(), Turns()
        self.blocks = 0
        self.differences: list[Difference] = []

    async def begin(self) -> None:
        """Look up who is not folded yet, and who should be there and is not."""
        self.pending = frozenset((await self.session.execute(_PENDING, self.named)).scalars())
        missing = (await self.session.execute(_MISSING, self.named)).scalars()
        for customer in set(missing) - self.pending:
            self._differ(f"customer {customer}", None, "orders")

    async def compare_chunk(self, chunk: int, sample: int | None) -> None:
        """Compare the rows and the bits of all customers of a chunk, or of some."""
        span = {"first": chunk * CHUNK, "last": (chunk + 1) * CHUNK}
        rows = await self.session.execute(_KEPT, self.named | span)
        kept: list[tuple[int, UUID]] = [(number, customer) for number, customer in rows]
        if sample is not None:
            kept = random.sample(kept, min(sample, len(kept)))
        histories: dict[int, History] = {}
        for start in range(0, len(kept), _BATCH):
            histories |= await self._compare_rows(dict(kept[start : start + _BATCH]))
        self.blocks += len(kept)
        places = {number % CHUNK: history for number, history in histories.items()}
        await self._compare_bits(chunk, places, everybody=sample is None)
        await self._compare_amounts(chunk, places, everybody=sample is None)

    async def _compare_rows(self, numbers: Mapping[int, UUID]) -> dict[int, History]:
        """What the customers' rows should be, by number."""
        workspace_id, ids = self.state.workspace_id, numbers.values()
        local = zone(self.state.time_zone)
        stored = await folded_by_id(self.session, workspace_id, ids)
        fresh = await histories_from_rows(self.session, workspace_id, ids, local)
        named = self.named | {"numbers": list(numbers)}
        rows = {
            row["number"]: dict(row)
            for row in (await self.session.execute(_ROWS, named)).mappings()
        }
        undone: dict[int, list[dict[str, Any]]] = {}
        for row in (await self.session.execute(_UNDONE, named)).mappings():
            undone.setdefault(row["number"], []).append(dict(row))
        found = {}
        for number, id_ in numbers.items():
            history = stored[id_][1]
            if id_ not in self.pending:
                history = fresh.get(id_, History())
                if rows[number] != row_of(workspace_id, id_, number, history):
                    self._differ(f"customer {id_}", "row", "orders and refunds")
                if undone.get(number, []) != list(undone_rows(workspace_id, {number: history})):
                    self._differ(f"customer {id_}", "undone orders", "orders and refunds")
            self.ledger.add(history)
            self.turns.add(history)
            found[number] = history
        return found

    async def _compare_bits(
        self, chunk: int, places: Mapping[int, History], *, everybody: bool
    ) -> None:
        """Whether the sets of a chunk hold these customers where they should, and only there."""
        wanted = sets_of(places)
        mask = -1 if everybody else sum(1 << place for place in places)
        rows = await self.session.execute(_SETS, self.named | {"chunk": chunk})
        stored = {Name(*name): as_int(bits) & mask for *name, bits in rows}
        for name in sorted(wanted.keys() | stored.keys()):
            if (wrong := wanted.get(name, 0) ^ stored.get(name, 0)) != 0:
                where = f"set {name.kind} {name.member} {name.level} {name.place} of {chunk}"
                self._differ(where, f"{wrong.bit_count()} customers differ", None)

    async def _compare_amounts(
        self, chunk: int, places: Mapping[int, History], *, everybody: bool
    ) -> None:
        """Whether the lists of a chunk hold the amounts of these customers, and no others."""
        wanted = amounts_of(places)
        rows = await self.session.execute(_AMOUNTS, self.named | {"chunk": chunk})
        for *name, customers, amounts in rows:
            listed = zip(*unpacked(customers, amounts), strict=True)
            own = [each for each in listed if everybody or each[0] in places]
            if own != wanted.pop(Listed(*name), []):
                where = f"amounts {' '.join(map(str, name))} of {chunk}"
                self._differ(where, f"{len(own)} listed", None)
        for listed_nowhere in sorted(wanted):
            self._differ(f"amounts {' '.join(map(str, listed_nowhere))} of {chunk}", None, "orders")

    async def compare_sums(self) -> None:
        """Compare every sum with that of the customers."""
        rows = await self.session.execute(_CELLS, self.named)
        stored = {Cell(*row[:6]): Sums(*map(int, row[6:])) for row in rows}
        wanted = self.ledger.changes()
        for cell in sorted(wanted.keys() | stored.keys()):
            one, other = stored.get(cell, Sums()), wanted.get(cell, Sums())
            if one != other:
                self._differ(f"sum {' '.join(map(str, cell))}", tuple(one), tuple(other))

        await self._compare_turns()

    async def _compare_turns(self) -> None:
        rows = await self.session.execute(_TURNS, self.named)
        stored = {Spread(*row[:6]): (tuple(row[6]), tuple(row[7])) for row in rows}
        wanted = {
            spread: tuple(zip(*sorted(counts.items()), strict=True))
            for spread, counts in self.turns.changes().items()
        }
        for spread in sorted(wanted.keys() | stored.keys()):
            if (kept := stored.get(spread)) != (right := wanted.get(spread)):
                self._differ(f"turns {' '.join(map(str, spread))}", kept, right)

    def _differ(self, cell: str, stored: object, counted: object) -> None:
        self.differences.append(Difference(cell, str(stored), str(counted)))
