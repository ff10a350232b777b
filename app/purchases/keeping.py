"""Writing what is kept of purchases: sums, and a row for each customer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, any_, delete, literal, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import copy_rows
from app.purchases.contributions import Cell, Sums
from app.purchases.histories import PARTS, History
from app.purchases.models import CustomerPurchases, PurchaseTurn, UndonePurchase
from app.purchases.turns import Counts, Spread

_CELLS = text("""
INSERT INTO purchase_cells (workspace_id, measure, dimension, member, currency, place, other, n,
    amount, squares)
SELECT CAST(:workspace_id AS uuid), measure, dimension, member, currency, place, other, n,
    CAST(amount AS numeric), CAST(squares AS numeric)
FROM unnest(CAST(:measure AS text[]), CAST(:dimension AS text[]), CAST(:member AS text[]),
    CAST(:currency AS text[]), CAST(:place AS bigint[]), CAST(:other AS bigint[]),
    CAST(:n AS bigint[]), CAST(:amount AS text[]), CAST(:squares AS text[]))
    AS line (measure, dimension, member, currency, place, other, n, amount, squares)
ORDER BY measure, dimension, member, currency, place, other
ON CONFLICT (workspace_id, measure, dimension, member, currency, place, other)
DO UPDATE SET n = purchase_cells.n + excluded.n,
    amount = purchase_cells.amount + excluded.amount,
    squares = purchase_cells.squares + excluded.squares
""")


async def keep_cells(
    session: AsyncSession, workspace_id: UUID, changes: Mapping[Cell, Sums]
) -> None:
    """Add to the cells what has changed."""
    if not changes:
        return
    columns: dict[str, Any] = {
        name: [cell[place] for cell in changes]
        for place, name in enumerate(("measure", "dimension", "member", "currency"))
    }
    columns |= {
        "workspace_id": workspace_id,
        "place": [cell.place for cell in changes],
        "other": [cell.other for cell in changes],
        "n": [sums.n for sums in changes.values()],
        "amount": [str(sums.amount) for sums in changes.values()],
        "squares": [str(sums.squares) for sums in changes.values()],
    }
    await session.execute(_CELLS, columns)


_TAKE_TURNS = text("""
DELETE FROM purchase_turns t
USING unnest(CAST(:turn AS text[]), CAST(:measure AS text[]), CAST(:dimension AS text[]),
    CAST(:member AS text[]), CAST(:month AS bigint[]), CAST(:first_month AS bigint[]))
    AS line (turn, measure, dimension, member, month, first_month)
WHERE t.workspace_id = :workspace_id AND t.turn = line.turn AND t.measure = line.measure
    AND t.dimension = line.dimension AND t.member = line.member AND t.month = line.month
    AND t.first_month = line.first_month
RETURNING t.turn, t.measure, t.dimension, t.member, t.month, t.first_month, t.days, t.customers
""")


async def keep_turns(
    session: AsyncSession, workspace_id: UUID, changes: Mapping[Spread, Counts]
) -> None:
    """Add to the counts of turns what has changed."""
    if not changes:
        return
    names = Spread._fields
    named = {name: [spread[place] for spread in changes] for place, name in enumerate(names)}
    found = {spread: dict(counts) for spread, counts in changes.items()}
    taken = await session.execute(_TAKE_TURNS, {"workspace_id": workspace_id} | named)
    for *names_of, days, customers in taken:
        counts = found[Spread(*names_of)]
        for day, n in zip(days, customers, strict=True):
            counts[day] = counts.get(day, 0) + n
    rows: list[dict[str, Any]] = []
    for spread, counts in found.items():
        if left := sorted((day, n) for day, n in counts.items() if n):
            days, customers = map(list, zip(*left, strict=True))
            own = {"days": days, "customers": customers}
            rows.append({"workspace_id": workspace_id, **spread._asdict(), **own})
    await copy_rows(session, PurchaseTurn, rows)


async def keep_histories(
    session: AsyncSession,
    workspace_id: UUID,
    histories: Mapping[int, History],
    ids: Mapping[int, UUID],
) -> None:
    """Write the rows of customers, by number, in place of those that they have."""
    if not histories:
        return
    numbers = list(histories)
    for table in (CustomerPurchases, UndonePurchase):
        gone = delete(table).where(
            table.workspace_id == workspace_id,
            table.number == any_(literal(numbers, ARRAY(BigInteger))),
        )
        await session.execute(gone)
    rows = [row_of(workspace_id, ids[n], n, history) for n, history in histories.items()]
    await copy_rows(session, CustomerPurchases, rows)
    await copy_rows(session, UndonePurchase, list(undone_rows(workspace_id, histories)))


def row_of(workspace_id: UUID, customer_id: UUID, number: int, history: History) -> dict[str, Any]:
    """What `CustomerPurchases` keeps of a customer."""
    days, moves = history.days, history.moves
    return {
        "workspace_id": workspace_id,
        "customer_id": customer_id,
        "number": number,
        **history.traits._asdict(),
        "first_day": _date(days[:1]),
        "second_day": _date(days[1:2]),
        "last_day": _date(days[-1:]),
        "silent_day": None if history.silent_day is None else date.fromordinal(history.silent_day),
        "purchase_days": len(days),
        "orders": sum(history.orders),
        "currency": history.currencies[0] if len(history.currencies) == 1 else None,
        "net": _money(history.net()),
        "repeat_amount": _money(history.repeat_amount),
        "last_move_day": _date([move.day for move in moves][-1:]),
        "latest_at": history.latest_at,
        "days": list(days),
        "day_orders": list(history.orders),
        "amounts": list(history.amounts),
        "undone": [day for both in history.undone for day in both],
        "undone_units": list(history.undone_units),
        "undone_asked": list(history.undone_asked),
        "undone_amounts": list(history.undone_amounts),
        "sold": [each for day in history.sold for each in day],
        "asked": [each for day in history.asked for each in day],
        "move_days": [move.day for move in moves],
        "move_currencies": [move.currency for move in moves],
        "move_amounts": [move.amount for move in moves],
        "move_totals": list(accumulate(move.amount for move in moves)),
    }


def undone_rows(workspace_id: UUID, histories: Mapping[int, History]) -> Iterator[dict[str, Any]]:
    """What `UndonePurchase` keeps of customers, by their numbers, in the order of its key."""
    for number, history in histories.items():
        days: list[int | None] = [*history.days[:2], None, None]
        for position, (placed, undone) in enumerate(history.undone):
            yield {
                "workspace_id": workspace_id,
                "number": number,
                "position": position,
                "placed_day": placed,
                "undone_day": undone,
                "stretch": (undone - placed).bit_length(),
                "opening": not history.days or placed < history.days[0],
                "first_day": days[0],
                "second_day": days[1],
                "silent_day": history.silent_day,
                "quantity": history.undone_units[position],
                "asked": history.undone_asked[position],
                "amount": history.undone_amounts[position],
                **history.traits._asdict(),
            }


def _date(days: Sequence[int]) -> date | None:
    return date.fromordinal(days[0]) if days else None


def _money(amount: int) -> Decimal:
    return Decimal(amount) / PARTS
