"""Leads as rows to be upserted: a whole chunk in one statement each way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.lookup import rows_of
from app.customers.moments import moment
from app.customers.upsert import Folded
from app.errors import Invalid
from app.market.changes import note_leads
from app.market.models import Lead
from app.market.schemas import LeadLine


class LeadState(NamedTuple):
    """What a lead says; two equal ones say the same."""

    created_at: datetime
    channel: str
    campaign: str | None
    customer: str | None


_COLUMNS = [Lead.external_id, *(getattr(Lead, name) for name in LeadState._fields)]


class LeadRows:
    """The leads of a workspace; `upsert` brings them to what a chunk says."""

    def __init__(
        self, session: AsyncSession, workspace_id: UUID, *, at: datetime, zone: ZoneInfo
    ) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._at = at
        self._zone = zone

    def key(self, value: LeadLine) -> str:
        """The lead's external id."""
        return value.external_id

    def id_of(self, key: str, state: LeadState) -> str:  # noqa: ARG002 - customers need it
        """The same: a lead has no other id."""
        return key

    def fold(self, state: LeadState | None, value: LeadLine) -> Folded[LeadState]:
        """Replace the whole lead."""
        try:
            created_at = moment(value.created_at, value.created_on, self._zone, of="created")
        except Invalid as refusal:
            return Folded(state, "rejected", refusal.errors)
        wanted = LeadState(created_at, value.channel, value.campaign, value.customer)
        if state is None:
            return Folded(wanted, "created")
        return Folded(wanted, "unchanged" if wanted == state else "updated")

    async def read(self, keys: list[str], *, lock: bool) -> dict[str, LeadState]:
        """The state of those leads that exist."""
        query = rows_of(self._workspace_id, keys, Lead.external_id, _COLUMNS, lock=lock)
        rows = (await self._session.execute(query)).all()
        return {key: LeadState(*state) for key, *state in rows}

    async def insert(self, states: Mapping[str, LeadState]) -> set[str]:
        """Insert leads; those that somebody else inserted meanwhile are left out."""
        made = set(await self._session.scalars(_INSERT, self._parameters(states)))
        await self._note(made, [states[key] for key in made])
        return made

    async def update(self, states: Mapping[str, LeadState]) -> None:
        """Write changed leads, a revision each.

        A lead may move from one customer to another: what is earliest changes for both.
        """
        before = await self.read(sorted(states), lock=False)
        await self._note(states, [*before.values(), *states.values()])
        await self._session.execute(_UPDATE, self._parameters(states))

    async def _note(self, leads: Iterable[str], states: Sequence[LeadState]) -> None:
        await note_leads(
            self._session,
            self._workspace_id,
            leads,
            (state.customer for state in states),
            at=self._at,
            moments=(state.created_at for state in states),
        )

    def _parameters(self, states: Mapping[str, LeadState]) -> dict[str, Any]:
        keys = sorted(states)
        columns: dict[str, Any] = {
            name: [getattr(states[key], name) for key in keys] for name in LeadState._fields
        }
        return columns | {
            "external_id": keys,
            "workspace_id": self._workspace_id,
            "at": self._at,
        }


#: Written by the primary key in both cases: like `rows_of`, nothing for the planner to choose.
_LINES = """
    INSERT INTO leads (
        workspace_id, external_id, created_at, channel, campaign, customer, revision,
        recorded_at, updated_at
    )
    SELECT CAST(:workspace_id AS uuid), external_id, created_at, channel, campaign, customer, 1,
        CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM unnest(
        CAST(:external_id AS text[]), CAST(:created_at AS timestamptz[]),
        CAST(:channel AS text[]), CAST(:campaign AS text[]), CAST(:customer AS text[])
    ) AS line(external_id, created_at, channel, campaign, customer)
    ORDER BY external_id
    ON CONFLICT (workspace_id, external_id)
"""
_INSERT = text(_LINES + "DO NOTHING RETURNING external_id")
_UPDATE = text(
    _LINES
    + """
    DO UPDATE SET
        created_at = excluded.created_at, channel = excluded.channel,
        campaign = excluded.campaign, customer = excluded.customer,
        revision = leads.revision + 1, updated_at = excluded.updated_at
    """
)
