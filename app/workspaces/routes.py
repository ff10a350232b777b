"""Administration: the workspace of the key, and its keys."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.errors import NotFound
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.route import ReadSession, Route, Session
from app.workspaces import service
from app.workspaces.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPatch,
    ApiKeyRead,
    WorkspacePatch,
    WorkspaceRead,
)

router = APIRouter(prefix="/v1", tags=["administration"], route_class=Route)
Admin = Annotated[Credential, needs("admin")]


@router.get("/workspaces", operation_id="list_workspaces")
async def list_workspaces(
    session: ReadSession, caller: Admin, _paging: Paging
) -> Page[WorkspaceRead]:
    """The workspaces that the key opens: always one."""
    workspace = await service.fetch_workspace(session, caller.workspace_id)
    return Page(data=[WorkspaceRead.model_validate(workspace)], next_cursor=None)


@router.get("/workspaces/{workspace}", operation_id="get_workspace")
async def get_workspace(
    workspace: str, session: ReadSession, caller: Admin, response: Response
) -> WorkspaceRead:
    """The workspace, by its id or as `current`."""
    found = await service.fetch_workspace(session, _own(caller, workspace))
    response.headers["ETag"] = etag(found.revision)
    return WorkspaceRead.model_validate(found)


@router.patch("/workspaces/{workspace}", operation_id="update_workspace")
async def update_workspace(
    workspace: str,
    patch: WorkspacePatch,
    session: Session,
    caller: Admin,
    response: Response,
    if_match: IfMatch = None,
) -> WorkspaceRead:
    """Change the name, time zone, first day of the week, language, currency and the rest."""
    found = await service.fetch_workspace(session, _own(caller, workspace))
    require_match(if_match, found.revision)
    changed = await service.change_workspace(session, found, patch)
    response.headers["ETag"] = etag(changed.revision)
    return WorkspaceRead.model_validate(changed)


def _own(caller: Credential, workspace: str) -> UUID:
    if workspace not in {"current", str(caller.workspace_id)}:
        raise NotFound
    return caller.workspace_id


@router.post("/api-keys", status_code=201, operation_id="create_api_key")
async def create_api_key(
    wanted: ApiKeyCreate, request: Request, session: Session, caller: Admin, response: Response
) -> ApiKeyCreated:
    """Make a key. Its text is in this answer and can never be read again.

    To rotate a key, make a second one, move your systems to it, then revoke the first: both
    work meanwhile.
    """
    pepper = request.app.state.settings.pepper.get_secret_value()
    key, text = await service.create_key(session, caller.workspace_id, pepper, wanted)
    shown = ApiKeyRead.model_validate(key)
    response.headers["Location"] = f"/v1/api-keys/{shown.key_id}"
    return ApiKeyCreated(**shown.model_dump(), key=text)


@router.get("/api-keys", operation_id="list_api_keys")
async def list_api_keys(session: ReadSession, caller: Admin, paging: Paging) -> Page[ApiKeyRead]:
    """The keys of the workspace, oldest first, revoked ones too."""
    keys, cursor = await service.list_keys(session, caller.workspace_id, paging)
    return Page(data=[ApiKeyRead.model_validate(key) for key in keys], next_cursor=cursor)


@router.get("/api-keys/{key}", operation_id="get_api_key")
async def get_api_key(key: str, session: ReadSession, caller: Admin) -> ApiKeyRead:
    """One key, by its key id."""
    return ApiKeyRead.model_validate(await service.fetch_key(session, caller.workspace_id, key))


@router.patch("/api-keys/{key}", operation_id="update_api_key")
async def update_api_key(
    key: str, patch: ApiKeyPatch, request: Request, session: Session, caller: Admin
) -> ApiKeyRead:
    """Rename a key, or set when it expires."""
    found = await service.fetch_key(session, caller.workspace_id, key)
    changed = await service.change_key(session, found, patch)
    request.app.state.keys.forget(found.key_id)
    return ApiKeyRead.model_validate(changed)


@router.post("/api-keys/{key}/revoke", operation_id="revoke_api_key")
async def revoke_api_key(key: str, request: Request, session: Session, caller: Admin) -> ApiKeyRead:
    """End a key. Every process refuses it within a second."""
    found = await service.fetch_key(session, caller.workspace_id, key)
    revoked = await service.revoke_key(session, found)
    request.app.state.keys.forget(found.key_id)
    return ApiKeyRead.model_validate(revoked)
