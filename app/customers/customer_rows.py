"""Customers as rows to be upserted: a whole chunk in one statement each way."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.changes import note_changes
from app.customers.facts import NOTHING, Facts, merged, same
from app.customers.lookup import rows_of
from app.customers.models import Customer
from app.customers.schemas import CustomerLine
from app.customers.upsert import Folded
from app.db import new_id
from app.errors import Invalid

_COLUMNS = [Customer.external_id, Customer.id, *(getattr(Customer, name) for name in NOTHING)]


class CustomerRows:
    """The customers of a workspace; `upsert` brings them to what a chunk says."""

    def __init__(
        self, session: AsyncSession, workspace_id: UUID, *, at: datetime, region: str
    ) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._at = at
        self._region = region

    def key(self, value: CustomerLine) -> str:
        """The customer's external id."""
        return value.external_id

    def id_of(self, key: str, state: Facts) -> str:  # noqa: ARG002 - other rows are named by key
        """The id that we gave it."""
        return str(state["id"])

    def fold(self, state: Facts | None, value: CustomerLine) -> Folded[Facts]:
        """Merge the line into what is known; a customer who is not known is made."""
        known = state or {**NOTHING, "id": new_id()}
        try:
            facts = merged(known, value, at=self._at, region=self._region)
        except Invalid as refusal:
            return Folded(state, "rejected", refusal.errors)
        if state is None:
            return Folded(facts, "created")
        if same(known, facts):
            return Folded(state, "unchanged")
        return Folded(facts, "updated")

    async def read(self, keys: list[str], *, lock: bool) -> dict[str, Facts]:
        """The facts of those customers that exist."""
        query = rows_of(self._workspace_id, keys, Customer.external_id, _COLUMNS, lock=lock)
        found = (await self._session.execute(query)).mappings()
        return {row["external_id"]: {n: row[n] for n in ("id", *NOTHING)} for row in found}

    async def insert(self, states: Mapping[str, Facts]) -> set[str]:
        """Insert customers; those that somebody else inserted meanwhile are left out."""
        made = await self._session.scalars(_INSERT, self._parameters(states))
        return set(made)

    async def update(self, states: Mapping[str, Facts]) -> None:
        """Write changed customers, a revision each."""
        await self._session.execute(_UPDATE, self._parameters(states))
        changed = (state["id"] for state in states.values())
        await note_changes(self._session, self._workspace_id, changed, at=self._at)

    def _parameters(self, states: Mapping[str, Facts]) -> dict[str, Any]:
        keys = sorted(states)
        columns: dict[str, Any] = {
            name: [states[key][name] for key in keys] for name in ("id", *NOTHING)
        }
        columns["attributes"] = [json.dumps(each) for each in columns["attributes"]]
        return columns | {
            "external_id": keys,
            "workspace_id": self._workspace_id,
            "at": self._at,
        }


async def customer_ids(
    session: AsyncSession, workspace_id: UUID, names: Iterable[str], *, at: datetime
) -> dict[str, UUID]:
    """The ids of customers by their external ids; who is not known yet is created, bare."""
    rows = CustomerRows(session, workspace_id, at=at, region="")
    wanted = sorted(set(names))
    found = await _ids(session, workspace_id, wanted)
    missing = [name for name in wanted if name not in found]
    if not missing:
        return found
    new = {name: {**NOTHING, "id": new_id()} for name in missing}
    made = await rows.insert(new)
    found |= {name: new[name]["id"] for name in made}
    if raced := [name for name in missing if name not in made]:
        found |= await _ids(session, workspace_id, raced)
    return found


async def _ids(session: AsyncSession, workspace_id: UUID, names: list[str]) -> dict[str, UUID]:
    columns = [Customer.external_id, Customer.id]
    query = rows_of(workspace_id, names, Customer.external_id, columns)
    return {name: id_ for name, id_ in await session.execute(query)}  # noqa: C416 - rows, not pairs


#: Written by the unique index in both cases: like `rows_of`, nothing for the planner to choose.
_LINES = """
    INSERT INTO customers (
        workspace_id, id, external_id, name, email, phone, phone_e164, segment,
        key_account_type, acquisition_channel, first_seen_at, survey_consent,
        survey_consent_at, marketing_consent, marketing_consent_at, attributes,
        revision, created_at, updated_at
    )
    SELECT CAST(:workspace_id AS uuid), id, external_id, name, email, phone, phone_e164, segment,
        key_account_type, acquisition_channel, first_seen_at, survey_consent,
        survey_consent_at, marketing_consent, marketing_consent_at, CAST(attributes AS jsonb),
        1, CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:external_id AS text[]), CAST(:name AS text[]),
        CAST(:email AS text[]), CAST(:phone AS text[]), CAST(:phone_e164 AS text[]),
        CAST(:segment AS text[]), CAST(:key_account_type AS text[]),
        CAST(:acquisition_channel AS text[]), CAST(:first_seen_at AS timestamptz[]),
        CAST(:survey_consent AS boolean[]), CAST(:survey_consent_at AS timestamptz[]),
        CAST(:marketing_consent AS boolean[]), CAST(:marketing_consent_at AS timestamptz[]),
        CAST(:attributes AS text[])
    ) AS line(
        id, external_id, name, email, phone, phone_e164, segment, key_account_type,
        acquisition_channel, first_seen_at, survey_consent, survey_consent_at,
        marketing_consent, marketing_consent_at, attributes
    )
    ORDER BY external_id
    ON CONFLICT (workspace_id, external_id)
"""
_INSERT = text(_LINES + "DO NOTHING RETURNING external_id")
_UPDATE = text(
    _LINES
    + """
    DO UPDATE SET
        name = excluded.name, email = excluded.email, phone = excluded.phone,
        phone_e164 = excluded.phone_e164, segment = excluded.segment,
        key_account_type = excluded.key_account_type,
        acquisition_channel = excluded.acquisition_channel,
        first_seen_at = excluded.first_seen_at, survey_consent = excluded.survey_consent,
        survey_consent_at = excluded.survey_consent_at,
        marketing_consent = excluded.marketing_consent,
        marketing_consent_at = excluded.marketing_consent_at, attributes = excluded.attributes,
        revision = customers.revision + 1, updated_at = excluded.updated_at
    """
)
