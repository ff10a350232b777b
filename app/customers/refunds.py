"""Refunds: what was paid back for an order never exceeds it, whoever books at the same time."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.customers.changes import note_changes
from app.customers.lookup import rows_of
from app.customers.models import Order, Refund
from app.customers.moments import moment
from app.customers.orders import fetch_order
from app.customers.schemas import RefundCreate, RefundLine
from app.customers.upsert import accepted
from app.db import now
from app.errors import FieldError, Invalid
from app.events.service import record
from app.fields import money_text, zone
from app.http.bulk import Item, Outcome, line_error
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor
from app.workspaces.service import fetch_workspace

_ORDER_COLUMNS = [
    Order.external_id, Order.customer_id, Order.ordered_at, Order.amount, Order.refunded,
    Order.currency,
]  # fmt: skip
_REFUND_COLUMNS = [
    Refund.order_external_id, Refund.external_id, Refund.amount, Refund.refunded_at,
]  # fmt: skip


class _Booking(NamedTuple):
    amount: Decimal
    refunded_at: datetime


class _Ledger:
    """The orders of a chunk, locked, and the refunds that they have."""

    def __init__(self, orders: dict[str, Row[*tuple[Any, ...]]], zone_: ZoneInfo) -> None:
        self.orders = orders
        self.refunded: dict[str, Decimal] = {name: row.refunded for name, row in orders.items()}
        self.bookings: dict[tuple[str, str], _Booking] = {}
        self.changed: dict[tuple[str, str], _Booking] = {}
        self.moments: set[datetime] = set()
        """When money counts as paid back that was booked or moved: before and after."""
        self._zone = zone_

    def book(self, refund: RefundLine) -> tuple[Status, tuple[FieldError, ...]]:
        """Enter one refund after the other; what would exceed its order is rejected."""
        if refund.order not in self.orders:
            return "rejected", (line_error("unknown-reference", "/order"),)
        try:
            at = moment(refund.refunded_at, refund.refunded_on, self._zone, of="refunded")
        except Invalid as refusal:
            return "rejected", refusal.errors
        name = (refund.order, refund.external_id)
        before, after = self.bookings.get(name), _Booking(refund.amount, at)
        if before == after:
            return "unchanged", ()
        total = self.refunded[refund.order] + after.amount - (before.amount if before else 0)
        if total > self.orders[refund.order].amount:
            return "rejected", (line_error("refund-exceeds-order", "/amount"),)
        self.refunded[refund.order] = total
        self.bookings[name] = self.changed[name] = after
        ordered_at = self.orders[refund.order].ordered_at
        booked = (each.refunded_at for each in (before, after) if each is not None)
        self.moments.update(max(each, ordered_at) for each in booked)
        return ("updated" if before else "created"), ()


async def load_refunds(
    session: AsyncSession, workspace_id: UUID, items: Sequence[Item[RefundLine]]
) -> list[Outcome]:
    """Book the refunds of a chunk, in the order sent; an event for each that changed something.

    The orders are locked in the order of their ids, so that bookings of one order take turns.
    """
    workspace = await fetch_workspace(session, workspace_id)
    ledger = await _open(
        session, workspace_id, {item.value.order for item in items}, zone(workspace.time_zone)
    )
    outcomes = []
    for line, refund in items:
        status, errors = ledger.book(refund)
        id_ = None if status == "rejected" else refund.external_id
        outcomes.append(Outcome(line, refund.external_id, status, id_, errors))
    if ledger.changed:
        await _write(session, workspace_id, ledger)
    return outcomes


async def _open(
    session: AsyncSession, workspace_id: UUID, orders: set[str], zone_: ZoneInfo
) -> _Ledger:
    names = sorted(orders)
    locked = await session.execute(
        rows_of(workspace_id, names, Order.external_id, _ORDER_COLUMNS, lock=True)
    )
    ledger = _Ledger({row.external_id: row for row in locked}, zone_)
    booked = await session.execute(
        rows_of(workspace_id, names, Refund.order_external_id, _REFUND_COLUMNS)
    )
    ledger.bookings = {(order, id_): _Booking(amount, at) for order, id_, amount, at in booked}
    return ledger


async def _write(session: AsyncSession, workspace_id: UUID, ledger: _Ledger) -> None:
    at = now()
    names = sorted(ledger.changed)
    bookings = [ledger.changed[name] for name in names]
    await session.execute(
        _BOOK,
        {
            "workspace_id": workspace_id,
            "orders": [order for order, _ in names],
            "external_ids": [external_id for _, external_id in names],
            "amounts": [money_text(booking.amount) for booking in bookings],
            "refunded_at": [booking.refunded_at for booking in bookings],
            "at": at,
        },
    )
    touched = [ledger.orders[order] for order in sorted({order for order, _ in names})]
    await session.execute(
        _TOTAL,
        {
            "workspace_id": workspace_id,
            "orders": [row.external_id for row in touched],
            "customers": [row.customer_id for row in touched],
            "ordered_at": [row.ordered_at for row in touched],
            "amounts": [money_text(row.amount) for row in touched],
            "currencies": [row.currency for row in touched],
            "totals": [money_text(ledger.refunded[row.external_id]) for row in touched],
            "at": at,
        },
    )
    customers = (row.customer_id for row in touched)
    await note_changes(session, workspace_id, customers, at=at, moments=ledger.moments)
    for (order, external_id), booking in zip(names, bookings, strict=True):
        amount = money_text(booking.amount)
        record(session, workspace_id, "order.refunded", order, refund=external_id, amount=amount)


async def create_refund(
    session: AsyncSession, workspace_id: UUID, order: str, wanted: RefundCreate
) -> tuple[Refund, Status]:
    """Book one refund; and whether it was new.

    Raises 404 for an unknown order, 409 `refund-exceeds-order` if the sum would be too much.
    """
    await fetch_order(session, workspace_id, order)
    said = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    line = RefundLine(order=order, **said)
    (outcome,) = await load_refunds(session, workspace_id, [Item(0, line)])
    status = accepted(outcome)
    refund = await session.scalars(
        _refunds_of(workspace_id, order).where(Refund.external_id == wanted.external_id),
        execution_options={"populate_existing": True},
    )
    return refund.one(), status


async def list_refunds(
    session: AsyncSession, workspace_id: UUID, order: str, paging: PageRequest
) -> tuple[list[Refund], str | None]:
    """The refunds of an order by their ids, and the cursor of the next page."""
    await fetch_order(session, workspace_id, order)
    query = _refunds_of(workspace_id, order).order_by(Refund.external_id)
    if (position := paging.position(str)) is not None:
        query = query.where(Refund.external_id > position[0])
    rows, more = cut((await session.scalars(query.limit(paging.limit + 1))).all(), paging)
    return rows, encode_cursor(rows[-1].external_id) if more else None


def _refunds_of(workspace_id: UUID, order: str) -> Select[Refund]:
    return (
        select(Refund)
        .where(Refund.workspace_id == workspace_id, Refund.order_external_id == order)
        .options(joinedload(Refund.purchase))
    )


_BOOK = text(
    """
    INSERT INTO refunds (
        workspace_id, order_external_id, external_id, amount, refunded_at, revision, created_at,
        updated_at
    )
    SELECT CAST(:workspace_id AS uuid), order_id, external_id, CAST(amount AS numeric),
        refunded_at, 1, CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM unnest(
        CAST(:orders AS text[]), CAST(:external_ids AS text[]), CAST(:amounts AS text[]),
        CAST(:refunded_at AS timestamptz[])
    ) AS line(order_id, external_id, amount, refunded_at)
    ORDER BY order_id, external_id
    ON CONFLICT (workspace_id, order_external_id, external_id) DO UPDATE SET
        amount = excluded.amount, refunded_at = excluded.refunded_at,
        revision = refunds.revision + 1, updated_at = excluded.updated_at
    """
)
#: The orders are locked and exist; as an insert they are found by the primary key (`rows_of`).
_TOTAL = text(
    """
    INSERT INTO orders (
        workspace_id, external_id, customer_id, ordered_at, amount, refunded, currency, revision,
        created_at, updated_at
    )
    SELECT CAST(:workspace_id AS uuid), external_id, customer_id, ordered_at,
        CAST(amount AS numeric), CAST(total AS numeric), currency, 1,
        CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM unnest(
        CAST(:orders AS text[]), CAST(:customers AS uuid[]), CAST(:ordered_at AS timestamptz[]),
        CAST(:amounts AS text[]), CAST(:currencies AS text[]), CAST(:totals AS text[])
    ) AS line(external_id, customer_id, ordered_at, amount, currency, total)
    ON CONFLICT (workspace_id, external_id) DO UPDATE SET
        refunded = excluded.refunded, revision = orders.revision + 1,
        updated_at = excluded.updated_at
    """
)
