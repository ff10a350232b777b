"""Complaints and the orders that they are set against, counted by period and group.

Every order placed counts, the refunded ones too: they are those that are complained of, and
leaving them out would raise the rate by the remedy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import SQLColumnExpression
from sqlalchemy.sql.selectable import LateralFromClause

from app.complaints.models import Complaint, counting, is_complaint
from app.customers.models import Customer, Order
from app.kpis.declaration import Scope
from app.kpis.purchases import Timeline
from app.responses.cells import JOINED

#: What both sides are split and filtered by.
OF_CUSTOMERS: Mapping[str, SQLColumnExpression[Any]] = {
    "segment": func.coalesce(Customer.segment, ""),
    "key_account_type": func.coalesce(Customer.key_account_type, ""),
}
#: What only the complaints are split and filtered by: each group is a part of the same orders.
OF_COMPLAINTS: Mapping[str, SQLColumnExpression[Any]] = {
    "channel": Complaint.channel,
    "category": func.coalesce(Complaint.category, ""),
    "severity": Complaint.severity,
}

OCCURRED_AT = func.coalesce(Complaint.occurred_at, Complaint.received_at)
COUNTED = "counted"
EXCLUSIONS = ("merged", "duplicate", "not_a_complaint")
WITHOUT_KNOWN_ORDER = "without_known_order"
"""A complaint about orders that names none: counted by its own date only."""


@dataclass
class Counts:
    """What was counted for one group in one period."""

    events: int = 0
    """Complaints, or customers who complained and ordered."""
    exposure: int = 0
    excluded: dict[str, int] = field(default_factory=dict)

    def tell_apart(self, complained: int, unknown: int, left_out: Sequence[int]) -> None:
        """Why complaints, and customers who complained, are not among the events."""
        self.excluded = {
            **dict(zip(EXCLUSIONS, left_out, strict=True)),
            "without_customer": unknown,
            "without_order": complained - self.events,
        }


def fate() -> SQLColumnExpression[str]:
    """Why a complaint does not count, or that it does."""
    return case(
        (counting(), COUNTED),
        (Complaint.state == "merged", "merged"),
        else_=Complaint.outcome,
    )


def _step(instant: SQLColumnExpression[datetime], timeline: Timeline) -> SQLColumnExpression[int]:
    """The number of the point of the timeline at or before an instant."""
    return func.width_bucket(instant, literal(timeline.points, ARRAY(DateTime(timezone=True))))


def concerns_customers(by: str) -> bool:
    """Whether a dimension, or all of several that are joined, split both sides."""
    return all(name in OF_CUSTOMERS for name in by.split(JOINED))


def _member(by: str | None) -> SQLColumnExpression[Any]:
    if by is None:
        return literal_column("''")
    columns = {**OF_CUSTOMERS, **OF_COMPLAINTS}
    joined = [columns[name] for name in by.split(JOINED)]
    return joined[0] if len(joined) == 1 else cast(func.jsonb_build_array(*joined), Text)


async def count_exposures(
    session: AsyncSession, scope: Scope, timeline: Timeline, by: str | None, *, per_order: bool
) -> dict[int, dict[str, Counts]]:
    """Orders placed, or customers who placed any, by place of the period and by group."""
    placed = listed_orders(scope, timeline, by)
    counted = func.count() if per_order else func.count(placed.c.customer_id.distinct())
    rows = await session.execute(
        select(placed.c.step, placed.c.member, counted).group_by(placed.c.step, placed.c.member)
    )
    found: dict[int, dict[str, Counts]] = {}
    for step, member, n in rows:
        place = timeline.periods.get(step)
        if place is not None:
            found.setdefault(place, {})[member] = Counts(exposure=n)
    return found


def listed_orders(scope: Scope, timeline: Timeline, by: str | None) -> Subquery:
    """Orders placed on the timeline, by the groups that concern customers."""
    by = by if by and concerns_customers(by) else None
    names = [name for name in scope.filters if name in OF_CUSTOMERS]
    query: Select[Any, Any, Any, Any] = select(
        _step(Order.ordered_at, timeline).label("step"),
        _member(by).label("member"),
        Order.customer_id,
        Order.ordered_at,
    ).where(
        Order.workspace_id == scope.workspace_id,
        Order.ordered_at >= timeline.points[0],
        Order.ordered_at < timeline.points[-1],
    )
    if by or names:
        query = query.join(
            Customer,
            and_(Customer.workspace_id == scope.workspace_id, Customer.id == Order.customer_id),
        )
    return query.where(*(OF_CUSTOMERS[name].in_(scope.filters[name]) for name in names)).subquery()


def complaints_made(scope: Scope, timeline: Timeline, by: str | None) -> Subquery:
    """Complaints that happened on the timeline, with their fate and their known customer."""
    first, last = timeline.points[0], timeline.points[-1]
    return (
        _told(OCCURRED_AT, scope, timeline, by)
        .select_from(Complaint)
        .outerjoin(
            Customer,
            and_(
                Customer.workspace_id == scope.workspace_id,
                Customer.external_id == Complaint.customer,
            ),
        )
        .where(
            # The same as a condition on OCCURRED_AT, in the form that the two indexes serve.
            or_(
                and_(Complaint.occurred_at >= first, Complaint.occurred_at < last),
                and_(
                    Complaint.occurred_at.is_(None),
                    Complaint.received_at >= first,
                    Complaint.received_at < last,
                ),
            ),
        )
        .subquery()
    )


def complaints_about_orders(scope: Scope, timeline: Timeline, by: str | None) -> Subquery:
    """Complaints about orders that were placed on the timeline, with the customer who ordered."""
    about = order_of_complaint(scope)
    return (
        _told(about.c.ordered_at, scope, timeline, by)
        .select_from(Complaint)
        .join(about, true())
        .join(
            Customer,
            and_(Customer.workspace_id == scope.workspace_id, Customer.id == about.c.customer_id),
        )
        .where(about.c.ordered_at >= timeline.points[0], about.c.ordered_at < timeline.points[-1])
        .subquery()
    )


def order_of_complaint(scope: Scope) -> LateralFromClause:
    """The order that a complaint names, if it is known."""
    # OFFSET 0 leaves the planner one look-up for each complaint: of orders there are far more.
    named = Order.workspace_id == scope.workspace_id, Order.external_id == Complaint.order
    return select(Order.ordered_at, Order.customer_id).where(*named).offset(0).lateral("about")


def _told(
    at: SQLColumnExpression[datetime], scope: Scope, timeline: Timeline, by: str | None
) -> Select[Any, Any, Any, Any, Any]:
    """What is asked of complaints, by the instant at which they count."""
    columns = {**OF_CUSTOMERS, **OF_COMPLAINTS}
    return select(
        _step(at, timeline).label("step"),
        _member(by).label("member"),
        fate().label("fate"),
        Customer.id.label("customer_id"),
        Complaint.order,
    ).where(
        Complaint.workspace_id == scope.workspace_id,
        is_complaint(),
        *(columns[name].in_(values) for name, values in scope.filters.items()),
    )


async def add_complaints(
    session: AsyncSession,
    told: Subquery,
    timeline: Timeline,
    found: list[dict[str, Counts]],
) -> None:
    """Add the complaints to what was found."""
    query = select(told.c.step, told.c.member, told.c.fate, func.count())
    for step, member, what, n in await session.execute(
        query.group_by(told.c.step, told.c.member, told.c.fate)
    ):
        place = timeline.periods.get(step)
        if place is not None:
            counts = found[place].setdefault(member, Counts())
            if what == COUNTED:
                counts.events = n
            else:
                counts.excluded[what] = n


async def add_complainants(
    session: AsyncSession,
    told: Subquery,
    scope: Scope,
    timeline: Timeline,
    found: list[dict[str, Counts]],
) -> None:
    """Add the customers who complained to what was found; each once, if they ordered too."""
    placed = listed_orders(scope, timeline, None)
    ordered = select(placed.c.step, placed.c.customer_id).distinct().subquery()
    counted = told.c.fate == COUNTED
    query = (
        select(
            told.c.step,
            told.c.member,
            func.count(ordered.c.customer_id.distinct()).filter(counted),
            func.count(told.c.customer_id.distinct()).filter(counted),
            func.count().filter(counted, told.c.customer_id.is_(None)),
            *(func.count().filter(told.c.fate == name) for name in EXCLUSIONS),
        )
        .select_from(told)
        .outerjoin(
            ordered,
            and_(ordered.c.step == told.c.step, ordered.c.customer_id == told.c.customer_id),
        )
        .group_by(told.c.step, told.c.member)
    )
    for step, member, both, complained, unknown, *left_out in await session.execute(query):
        place = timeline.periods.get(step)
        if place is not None:
            counts = found[place].setdefault(member, Counts())
            counts.events = both
            counts.tell_apart(complained, unknown, left_out)


async def add_unattributed(
    session: AsyncSession,
    scope: Scope,
    timeline: Timeline,
    by: str | None,
    found: list[dict[str, Counts]],
) -> None:
    """Add the complaints that happened on the timeline and name no order that is known."""
    told = complaints_made(scope, timeline, by)
    known = exists().where(
        Order.workspace_id == scope.workspace_id, Order.external_id == told.c.order
    )
    query = select(told.c.step, told.c.member, func.count()).where(told.c.fate == COUNTED, ~known)
    for step, member, n in await session.execute(query.group_by(told.c.step, told.c.member)):
        place = timeline.periods.get(step)
        if place is not None:
            found[place].setdefault(member, Counts()).excluded[WITHOUT_KNOWN_ORDER] = n
