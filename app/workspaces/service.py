"""Making workspaces and keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import NotFound, field_error
from app.events.service import record
from app.http.pagination import PageRequest, cut, encode_cursor
from app.workspaces.keys import hashed, new_publishable_key, new_secret_key
from app.workspaces.models import ApiKey, Workspace
from app.workspaces.schemas import ApiKeyCreate, ApiKeyPatch, WorkspacePatch


async def create_workspace(
    session: AsyncSession,
    *,
    name: str,
    time_zone: str = "Asia/Shanghai",
    language: str = "zh-CN",
    currency: str = "CNY",
    dimensions: list[str] | None = None,
    minimum_cell_size: int = 5,
) -> Workspace:
    """Make a workspace; it has no key yet."""
    workspace = Workspace(
        name=name,
        time_zone=time_zone,
        language=language,
        currency=currency,
        dimensions=dimensions or [],
        minimum_cell_size=minimum_cell_size,
    )
    session.add(workspace)
    await session.flush()
    return workspace


async def fetch_workspace(session: AsyncSession, workspace_id: UUID) -> Workspace:
    """The workspace of the caller."""
    workspace = await session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotFound
    return workspace


async def change_workspace(
    session: AsyncSession, workspace: Workspace, patch: WorkspacePatch
) -> Workspace:
    """Apply the fields that are present; a new revision if anything changed."""
    changes = patch.model_dump(exclude_none=True)
    if any(getattr(workspace, name) != value for name, value in changes.items()):
        for name, value in changes.items():
            setattr(workspace, name, value)
        workspace.revision += 1
        workspace.updated_at = now()
        record(session, workspace.id, "workspace.changed", str(workspace.id))
        await session.flush()
    return workspace


async def create_key(
    session: AsyncSession, workspace_id: UUID, pepper: str, wanted: ApiKeyCreate
) -> tuple[ApiKey, str]:
    """Make a key: the row, and the whole text that is shown this one time."""
    if wanted.kind == "secret" and not wanted.scopes:
        raise field_error("/scopes", "too-few-items")
    if wanted.kind == "publishable" and wanted.scopes:
        raise field_error("/scopes", "too-many-items")
    secret_hash: bytes | None = None
    if wanted.kind == "secret":
        text, key_id, secret = new_secret_key()
        secret_hash = hashed(pepper, secret)
    else:
        text, key_id = new_publishable_key()
    key = ApiKey(
        key_id=key_id,
        workspace_id=workspace_id,
        kind=wanted.kind,
        name=wanted.name,
        secret_hash=secret_hash,
        scopes=sorted(set(wanted.scopes)),
        origins=wanted.origins,
        survey_ids=wanted.survey_ids,
        expires_at=wanted.expires_at,
    )
    session.add(key)
    record(session, workspace_id, "api_key.created", key_id)
    await session.flush()
    return key, text


async def list_keys(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[list[ApiKey], str | None]:
    """The keys of a workspace, oldest first."""
    query = select(ApiKey).where(ApiKey.workspace_id == workspace_id)
    position = paging.position(datetime.fromisoformat, str)
    if position is not None:
        made_at, key_id = datetime.fromisoformat(position[0]), position[1]
        query = query.where(
            (ApiKey.created_at > made_at)
            | ((ApiKey.created_at == made_at) & (ApiKey.key_id > key_id))
        )
    query = query.order_by(ApiKey.created_at, ApiKey.key_id).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].created_at, rows[-1].key_id) if more else None


async def fetch_key(session: AsyncSession, workspace_id: UUID, key_id: str) -> ApiKey:
    """One key of the workspace."""
    key = await session.scalar(
        select(ApiKey).where(ApiKey.workspace_id == workspace_id, ApiKey.key_id == key_id)
    )
    if key is None:
        raise NotFound
    return key


async def change_key(session: AsyncSession, key: ApiKey, patch: ApiKeyPatch) -> ApiKey:
    """Rename a key or set when it ends."""
    for name in patch.model_fields_set:
        setattr(key, name, getattr(patch, name) or getattr(key, name))
    await session.flush()
    return key


async def revoke_key(session: AsyncSession, key: ApiKey) -> ApiKey:
    """End a key now and for ever; revoking twice is once."""
    if key.revoked_at is None:
        key.revoked_at = now()
        record(session, key.workspace_id, "api_key.revoked", key.key_id)
        await session.flush()
    return key
