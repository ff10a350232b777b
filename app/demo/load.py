"""Puts the generated year into a database, once, and keeps the keys that open it."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints.models import Complaint
from app.config import Settings
from app.db import Database, connect_raw
from app.demo.data import DemoData, generate
from app.demo.filling import (
    AUTHOR,
    PUBLISHED_BEFORE,
    DemoDataError,
    fill_complaints,
    fill_customers,
    fill_goals,
    fill_market,
    fill_responses,
    publish_surveys,
)
from app.demo.keys import Credentials
from app.demo.year import YEAR_DAYS, ZONE, local_day
from app.http.auth import SCOPES
from app.responses import fold
from app.surveys.models import Survey
from app.workspaces import service as workspaces
from app.workspaces.keys import KeyRing
from app.workspaces.models import Workspace
from app.workspaces.schemas import ApiKeyCreate

#: By its name the demo knows its own workspace again.
WORKSPACE = "演示工作区 / Demo workspace"
#: The branch that served stands in the metadata of every response.
DIMENSIONS = ["branch"]
_STATEMENT_SECONDS = 300
_PAUSE_SECONDS = 0.2
#: Two demos on one database: the second waits, and finds the data there.
_ALONE = "SELECT pg_advisory_lock(hashtext('feedback demo'))"
_ANALYZE = text(
    "ANALYZE customers, orders, refunds, responses, survey_cells, complaints, complaint_events,"
    " leads"
)


async def load(
    settings: Settings,
    *,
    kept: Credentials | None = None,
    seed: int = 1,
    today: date | None = None,
    scale: float = 1.0,
) -> Credentials:
    """Make the demo's workspace with all its data, and keys for it.

    Where it is there already nothing is written: `kept` keys that still work are returned as
    they are; without them new ones are made. Customers, market and surveys come in one
    transaction, responses in several, complaints and goals in the last: whoever is interrupted
    goes on there next time.
    Raises DemoDataError when the product refuses what was generated.
    """
    slow = {
        "statement_timeout_ms": _STATEMENT_SECONDS * 1_000,
        "lock_timeout_ms": _STATEMENT_SECONDS * 1_000,
        "command_timeout_seconds": float(_STATEMENT_SECONDS),
    }
    patient = settings.model_copy(update=slow)
    database = Database(patient)
    pepper = settings.pepper.get_secret_value()
    alone = await connect_raw(patient)
    try:
        await alone.execute(_ALONE)
        if kept is not None and await _works(database, pepper, kept):
            return kept
        workspace_id, half_loaded_for = await _state(database)
        if workspace_id is None or half_loaded_for is not None:
            today = half_loaded_for or today or datetime.now(ZONE).date()
            data = generate(seed=seed, today=today, scale=scale)
            workspace_id = await _load_all(database, data, pepper)
        return await _new_keys(database, workspace_id, pepper)
    finally:
        await alone.close()
        await database.close()


async def _works(database: Database, pepper: str, kept: Credentials) -> bool:
    """Whether both keys open the workspace that they were made for."""
    ring = KeyRing(database, pepper)
    for key in (kept.secret_key, kept.publishable_key):
        credential = await ring.authenticate(key)
        if credential is None or credential.workspace_id != kept.workspace_id:
            return False
    return True


async def _new_keys(database: Database, workspace_id: UUID, pepper: str) -> Credentials:
    secret = ApiKeyCreate(kind="secret", name=AUTHOR, scopes=list(SCOPES))
    public = ApiKeyCreate(kind="publishable", name=AUTHOR)
    async with database.transaction() as session:
        _, secret_key = await workspaces.create_key(session, workspace_id, pepper, secret)
        _, public_key = await workspaces.create_key(session, workspace_id, pepper, public)
    return Credentials(secret_key, public_key, workspace_id)


async def _state(database: Database) -> tuple[UUID | None, date | None]:
    """The demo's workspace, and if it is half loaded the `today` that the first half was for."""
    async with database.snapshot() as session:
        workspace_id = await _workspace_id(session)
        if workspace_id is None or await _has_complaints(session, workspace_id):
            return workspace_id, None
        published_at = await session.scalar(
            select(Survey.published_at).where(Survey.workspace_id == workspace_id).limit(1)
        )
    if published_at is None:
        raise DemoDataError(WORKSPACE)
    return workspace_id, local_day(published_at) + PUBLISHED_BEFORE + timedelta(days=YEAR_DAYS)


async def _workspace_id(session: AsyncSession) -> UUID | None:
    query = select(Workspace.id).where(Workspace.name == WORKSPACE).order_by(Workspace.created_at)
    found: UUID | None = await session.scalar(query.limit(1))
    return found


async def _has_complaints(session: AsyncSession, workspace_id: UUID) -> bool:
    query = select(Complaint.id).where(Complaint.workspace_id == workspace_id).limit(1)
    return await session.scalar(query) is not None


async def _load_all(database: Database, data: DemoData, pepper: str) -> UUID:
    """Load what is missing; PostgreSQL counts the responses while we go on."""
    async with database.transaction() as session:
        workspace_id = await _workspace_id(session)
        if workspace_id is None:
            workspace = await workspaces.create_workspace(
                session, name=WORKSPACE, dimensions=DIMENSIONS
            )
            workspace_id = workspace.id
            await fill_customers(session, workspace_id, data)
            await fill_market(session, workspace_id, data)
            await publish_surveys(session, workspace_id, data)
    finished = asyncio.Event()
    async with asyncio.TaskGroup() as both:
        both.create_task(_fold(database, workspace_id, finished))
        both.create_task(_fill(database, workspace_id, data, pepper, finished))
    async with database.transaction() as session:
        await session.execute(_ANALYZE)
    return workspace_id


async def _fill(
    database: Database, workspace_id: UUID, data: DemoData, pepper: str, finished: asyncio.Event
) -> None:
    await fill_responses(database, workspace_id, data)
    async with database.transaction() as session:
        await fill_complaints(session, workspace_id, data, pepper)
        await fill_goals(session, workspace_id, data)
    finished.set()


async def _fold(database: Database, workspace_id: UUID, finished: asyncio.Event) -> None:
    """Fold until nothing comes any more and nothing is left."""
    behind = True
    while behind:
        behind = not finished.is_set()
        async with database.transaction() as session:
            more = await fold.fold(session, workspace_id)
        behind = behind or more
        if not more:
            await asyncio.sleep(_PAUSE_SECONDS)
