"""Reading what is known of many customers at once, by index, whatever the planner believes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Text, and_, bindparam, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.churn.alive import alive_by_customer
from app.churn.rules import COMPLAINT_DAYS
from app.churn.signals import Complained, Facts, Scored
from app.complaints.kinds import KINDS
from app.complaints.models import Complaint, ComplaintEvent, counting
from app.complaints.states import OPEN
from app.kpis.declaration import Scope
from app.kpis.questions import Item, items_in_scope
from app.purchases.reading import histories_from_rows
from app.responses.models import Response

#: Responses of one customer that are looked at, newest first.
MOST_RESPONSES = 50
_RESTRICTED_KINDS = [kind for kind, profile in KINDS.items() if profile.restricted]
#: Kinds of questions that measure something of their own, whatever construct they name.
_SCORES = ("nps", "csat", "ces")


@dataclass(frozen=True)
class Person:
    """A customer by both ids."""

    id: UUID
    external_id: str


async def read_facts(
    session: AsyncSession,
    workspace_id: UUID,
    people: Sequence[Person],
    *,
    at: datetime,
    zone: ZoneInfo,
) -> dict[UUID, Facts]:
    """What is known of each customer at an instant.

    Complaints in confidence and reports of misconduct are left out: who is behind them is not
    to be guessed from a warning.
    """
    ids = [person.id for person in people]
    histories = await histories_from_rows(session, workspace_id, ids, zone, at)
    alive = await alive_by_customer(session, workspace_id, ids)
    names = sorted(person.external_id for person in people)
    complaints = await _complaints(session, workspace_id, names, at)
    scores = await _scores(session, workspace_id, names, zone)
    return {
        person.id: Facts(
            purchase_days=[date.fromordinal(day) for day in histories[person.id].days],
            complaints=complaints.get(person.external_id, ()),
            scores=scores.get(person.external_id, ()),
            alive=alive.get(person.id),
        )
        for person in people
        if person.id in histories
    }


async def _complaints(
    session: AsyncSession, workspace_id: UUID, names: Sequence[str], at: datetime
) -> dict[str, list[Complained]]:
    """The complaints of each customer that are open or of the last days."""
    since = at - timedelta(days=COMPLAINT_DAYS)
    reopened = (
        select(func.array_agg(ComplaintEvent.occurred_at))
        .where(
            ComplaintEvent.workspace_id == workspace_id,
            ComplaintEvent.complaint_id == Complaint.id,
            ComplaintEvent.event == "reopen",
            ComplaintEvent.occurred_at > since,
        )
        .scalar_subquery()
    )
    query = select(Complaint.customer, Complaint.received_at, Complaint.state, reopened).where(
        Complaint.workspace_id == workspace_id,
        Complaint.customer == func.any(_texts(names)),
        counting(),
        Complaint.identity_mode != "confidential",
        Complaint.kind.not_in(_RESTRICTED_KINDS),
        or_(
            Complaint.state.in_(OPEN),
            Complaint.received_at > since,
            and_(Complaint.reopen_count > 0, reopened.is_not(None)),
        ),
    )
    found: dict[str, list[Complained]] = {}
    for customer, received_at, state, moments in await session.execute(query):
        told = Complained(received_at, state in OPEN, tuple(sorted(moments or ())))
        found.setdefault(str(customer), []).append(told)
    return found


async def _scores(
    session: AsyncSession, workspace_id: UUID, names: Sequence[str], zone: ZoneInfo
) -> dict[str, list[Scored]]:
    """The answers of each customer on scales, newest first."""
    scope = Scope(workspace_id=workspace_id, time_zone=zone.key)
    items = {(item.survey_id, item.name): item for item in await _items(session, scope)}
    if not items:
        return {}
    wanted = func.unnest(_texts(names)).table_valued("name").render_derived(name="wanted")
    newest = (
        select(Response.customer, Response.survey_id, Response.occurred_at, Response.tallies)
        .where(
            Response.workspace_id == workspace_id,
            Response.customer == wanted.c.name,
            Response.quality.in_(("ok", "flagged")),
        )
        .order_by(Response.occurred_at.desc(), Response.id.desc())
        .limit(MOST_RESPONSES)
        .lateral("newest")
    )
    rows = await session.execute(select(*newest.c).select_from(wanted).join(newest, true()))
    found: dict[str, list[Scored]] = {}
    for customer, survey_id, at, tallies in rows:
        found.setdefault(str(customer), []).extend(_scored(items, survey_id, at, tallies))
    for told in found.values():
        told.sort(key=lambda each: each.at, reverse=True)
    return found


async def _items(session: AsyncSession, scope: Scope) -> list[Item]:
    """The items that measure something: of a construct, or of a kind that is one."""

    def measures(item: Item) -> bool:
        return item.construct is not None or item.type in _SCORES

    return await items_in_scope(session, scope, measures)


def _scored(
    items: Mapping[tuple[UUID, str], Item], survey_id: UUID, at: datetime, tallies: Sequence[str]
) -> list[Scored]:
    found = []
    for tally in tallies:
        name, _, code = tally.partition("=")
        item = items.get((survey_id, name))
        if item is not None and not code.startswith("~"):
            satisfaction = item.type == "csat" or item.construct == "satisfaction"
            found.append(Scored(survey_id, name, item.scale, satisfaction, int(code), at))
    return found


def _texts(names: Sequence[str]) -> Any:  # noqa: ANN401 - a bound array
    return bindparam(None, list(names), ARRAY(Text))
