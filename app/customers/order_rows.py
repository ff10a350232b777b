"""Orders as rows to be upserted: a whole chunk in one statement each way."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.changes import note_changes
from app.customers.lookup import rows_of
from app.customers.models import Order, Refund
from app.customers.moments import moment
from app.customers.schemas import OrderLine
from app.customers.upsert import Folded
from app.errors import FieldError, Invalid
from app.http.bulk import line_error


class OrderState(NamedTuple):
    """What an order says; two equal ones say the same."""

    customer_id: UUID
    ordered_at: datetime
    amount: Decimal
    currency: str
    channel: str | None
    quantity: int | None
    asked_for_brand: bool | None
    source_updated_at: datetime | None
    refunded: Decimal


_COLUMNS = [Order.external_id, *(getattr(Order, name) for name in OrderState._fields)]
_WRITTEN = OrderState._fields[:-1]


class OrderRows:
    """The orders of a workspace; `upsert` brings them to what a chunk says."""

    def __init__(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        *,
        at: datetime,
        zone: ZoneInfo,
        customers: Mapping[str, UUID],
    ) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._at = at
        self._zone = zone
        self._customers = customers

    def key(self, value: OrderLine) -> str:
        """The order's external id, by which it is known everywhere."""
        return value.external_id

    def id_of(self, key: str, state: OrderState) -> str:  # noqa: ARG002 - customers need it
        """The same: an order has no other id."""
        return key

    def fold(self, state: OrderState | None, value: OrderLine) -> Folded[OrderState]:
        """Replace the whole order, unless the source has said something newer.

        What was already paid back stays within the amount, in the same currency.
        """
        try:
            ordered_at = moment(value.ordered_at, value.ordered_on, self._zone, of="ordered")
        except Invalid as refusal:
            return Folded(state, "rejected", refusal.errors)
        customer_id = self._customers[value.customer]
        wanted = OrderState(
            customer_id, ordered_at, value.amount, value.currency, value.channel,
            value.quantity, value.asked_for_brand, value.source_updated_at, Decimal(0),
        )  # fmt: skip
        if state is None:
            return Folded(wanted, "created")
        said, says = state.source_updated_at, wanted.source_updated_at
        if said is not None and says is not None and says < said:
            return Folded(state, "stale")
        wanted = wanted._replace(source_updated_at=says or said, refunded=state.refunded)
        if wanted == state:
            return Folded(state, "unchanged")
        conflicts = _conflicts(state, wanted)
        return Folded(state, "rejected", conflicts) if conflicts else Folded(wanted, "updated")

    async def read(self, keys: list[str], *, lock: bool) -> dict[str, OrderState]:
        """The state of those orders that exist."""
        query = rows_of(self._workspace_id, keys, Order.external_id, _COLUMNS, lock=lock)
        rows = (await self._session.execute(query)).all()
        return {key: OrderState(*state) for key, *state in rows}

    async def insert(self, states: Mapping[str, OrderState]) -> set[str]:
        """Insert orders; those that somebody else inserted meanwhile are left out."""
        made = set(await self._session.scalars(_INSERT, self._parameters(states)))
        await self._note(states[key] for key in made)
        return made

    async def update(self, states: Mapping[str, OrderState]) -> None:
        """Write changed orders, a revision each; refunds alone change `refunded`.

        An order may move from one customer to another: both have changed.
        """
        before = await self.read(sorted(states), lock=False)
        moved = {
            key: (before[key].ordered_at, state.ordered_at)
            for key, state in states.items()
            if before[key].refunded and before[key].ordered_at != state.ordered_at
        }
        await self._note([*before.values(), *states.values()], await self._rebooked(moved))
        await self._session.execute(_UPDATE, self._parameters(states))

    async def _rebooked(self, moved: Mapping[str, tuple[datetime, datetime]]) -> list[datetime]:
        """When refunds of orders that move counted and count: never before their order."""
        if not moved:
            return []
        columns = [Refund.order_external_id, Refund.refunded_at]
        query = rows_of(self._workspace_id, sorted(moved), Refund.order_external_id, columns)
        rows = await self._session.execute(query)
        return [max(refunded_at, each) for key, refunded_at in rows for each in moved[key]]

    async def _note(self, states: Iterable[OrderState], booked: Iterable[datetime] = ()) -> None:
        several = list(states)
        await note_changes(
            self._session,
            self._workspace_id,
            (state.customer_id for state in several),
            at=self._at,
            moments=[*(state.ordered_at for state in several), *booked],
        )

    def _parameters(self, states: Mapping[str, OrderState]) -> dict[str, Any]:
        keys = sorted(states)
        rows = [states[key] for key in keys]
        columns: dict[str, Any] = {name: [getattr(r, name) for r in rows] for name in _WRITTEN}
        # As text: the server reads it faster than the driver packs a Decimal.
        columns["amount"] = [f"{amount:f}" for amount in columns["amount"]]
        return columns | {
            "external_id": keys,
            "workspace_id": self._workspace_id,
            "at": self._at,
        }


def _conflicts(state: OrderState, wanted: OrderState) -> tuple[FieldError, ...]:
    """What the refunds of an order forbid it to become."""
    if wanted.amount < state.refunded:
        return (line_error("refund-exceeds-order", "/amount"),)
    if state.refunded and wanted.currency != state.currency:
        return (line_error("currency-mismatch", "/currency"),)
    return ()


#: Written by the primary key in both cases: like `rows_of`, nothing for the planner to choose.
_LINES = """
    INSERT INTO orders (
        workspace_id, external_id, customer_id, ordered_at, amount, refunded, currency, channel,
        quantity, asked_for_brand, source_updated_at, revision, created_at, updated_at
    )
    SELECT CAST(:workspace_id AS uuid), external_id, customer_id, ordered_at,
        CAST(amount AS numeric), 0, currency, channel, quantity, asked_for_brand,
        source_updated_at, 1, CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM unnest(
        CAST(:external_id AS text[]), CAST(:customer_id AS uuid[]),
        CAST(:ordered_at AS timestamptz[]), CAST(:amount AS text[]), CAST(:currency AS text[]),
        CAST(:channel AS text[]), CAST(:quantity AS bigint[]), CAST(:asked_for_brand AS boolean[]),
        CAST(:source_updated_at AS timestamptz[])
    ) AS line(
        external_id, customer_id, ordered_at, amount, currency, channel, quantity,
        asked_for_brand, source_updated_at
    )
    ORDER BY external_id
    ON CONFLICT (workspace_id, external_id)
"""
_INSERT = text(_LINES + "DO NOTHING RETURNING external_id")
_UPDATE = text(
    _LINES
    + """
    DO UPDATE SET
        customer_id = excluded.customer_id, ordered_at = excluded.ordered_at,
        amount = excluded.amount, currency = excluded.currency, channel = excluded.channel,
        quantity = excluded.quantity, asked_for_brand = excluded.asked_for_brand,
        source_updated_at = excluded.source_updated_at,
        revision = orders.revision + 1, updated_at = excluded.updated_at
    """
)
