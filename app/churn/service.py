"""Asking who may be leaving: one customer now, everybody as last judged, and who crossed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.churn.facts import Person, read_facts
from app.churn.judging import Judgement, judge
from app.churn.models import ChurnCount, ChurnCrossing, ChurnState
from app.churn.rules import Level
from app.customers.models import Customer
from app.customers.service import fetch_customer
from app.db import now
from app.fields import zone
from app.http.pagination import PageRequest, cut, encode_cursor
from app.workspaces.service import fetch_workspace

_WRITERS_DONE = text("xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")


@dataclass(frozen=True)
class Risk:
    """A customer judged now."""

    customer: Customer
    judgement: Judgement
    at: datetime
    since: datetime | None
    """When the worker saw the customer cross into this level; None if it has not yet."""


async def fetch_risk(session: AsyncSession, workspace_id: UUID, external_id: str) -> Risk:
    """Judge a customer from the rows as they are now; 404 where there is none.

    Reasons that the worker has seen are held as it would hold them.
    """
    customer = await fetch_customer(session, workspace_id, external_id)
    workspace = await fetch_workspace(session, workspace_id)
    state = await session.get(ChurnState, (workspace_id, customer.id))
    at, place = now(), zone(workspace.time_zone)
    person = Person(customer.id, customer.external_id)
    facts = await read_facts(session, workspace_id, [person], at=at, zone=place)
    held = {reason["code"] for reason in state.reasons} if state is not None else set()
    judgement = judge(facts[customer.id], at, place, held)
    same = state is not None and state.level == judgement.level
    return Risk(customer, judgement, at, state.changed_at if state is not None and same else None)


async def list_risks(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    level: Level | None,
    key_account_type: str | None,
    segment: str | None,
) -> tuple[list[tuple[ChurnState, Customer]], str | None]:
    """Customers as the worker judged them last: key accounts first, the worst level first."""
    wanted = ChurnState.level == level if level is not None else ChurnState.level != "none"
    query = (
        select(ChurnState, Customer)
        .join(Customer, _same_customer(ChurnState))
        .where(
            ChurnState.workspace_id == workspace_id,
            ChurnState.evaluated_at.is_not(None),
            wanted,
        )
    )
    if key_account_type is not None:
        query = query.where(Customer.key_account_type == key_account_type)
    if segment is not None:
        query = query.where(Customer.segment == segment)
    if (position := paging.position(int, UUID)) is not None:
        place = tuple_(ChurnState.priority, ChurnState.customer_id)
        query = query.where(place < tuple_(literal(int(position[0])), literal(UUID(position[1]))))
    query = query.order_by(ChurnState.priority.desc(), ChurnState.customer_id.desc())
    found = (await session.execute(query.limit(paging.limit + 1))).all()
    rows, more = cut([(state, customer) for state, customer in found], paging)
    last = rows[-1][0] if rows else None
    cursor = encode_cursor(last.priority, last.customer_id) if more and last is not None else None
    return rows, cursor


def _same_customer(table: type[ChurnState] | type[ChurnCrossing]) -> ColumnElement[bool]:
    return (Customer.workspace_id == table.workspace_id) & (Customer.id == table.customer_id)


async def count_by_account(
    session: AsyncSession, workspace_id: UUID
) -> Sequence[Row[str | None, str, int]]:
    """How many customers of each key-account type stand at each level; None: of no type."""
    query = select(
        func.nullif(ChurnCount.key_account_type, ""), ChurnCount.level, ChurnCount.n
    ).where(ChurnCount.workspace_id == workspace_id, ChurnCount.n > 0)
    return (await session.execute(query)).all()


async def list_crossings(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    level: Level | None,
    since: datetime | None,
) -> tuple[list[tuple[ChurnCrossing, Customer]], str | None]:
    """Crossings in the order in which they were committed, and the cursor to go on from.

    It stops below the oldest transaction that is still running, so that a crossing that commits
    late is never passed over. The cursor is given as long as anything was read: it stays good.
    """
    query = (
        select(ChurnCrossing, Customer)
        .join(Customer, _same_customer(ChurnCrossing))
        .where(ChurnCrossing.workspace_id == workspace_id, _WRITERS_DONE)
    )
    if level is not None:
        query = query.where(ChurnCrossing.level == level)
    if since is not None:
        query = query.where(ChurnCrossing.crossed_at >= since)
    if (position := paging.position(_bigint, UUID)) is not None:
        place = tuple_(ChurnCrossing.xid, ChurnCrossing.id)
        query = query.where(place > tuple_(literal(int(position[0])), literal(UUID(position[1]))))
    query = query.order_by(ChurnCrossing.xid, ChurnCrossing.id).limit(paging.limit)
    rows = [(crossing, customer) for crossing, customer in (await session.execute(query)).all()]
    if not rows:
        return rows, paging.cursor
    return rows, encode_cursor(rows[-1][0].xid, rows[-1][0].id)


def _bigint(part: str) -> int:
    number = int(part)
    if not 0 <= number < 2**63:
        raise ValueError(part)
    return number
