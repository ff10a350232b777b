"""`feedback keys`: makes, lists and ends API keys from the machine that holds the pepper."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.db import Database
from app.errors import Problem
from app.problems import Text
from app.workspaces import service
from app.workspaces.models import ApiKey, Workspace
from app.workspaces.schemas import ApiKeyCreate


class KeyCommandError(Exception):
    """A command that cannot be carried out; says why in both languages."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


async def create(
    settings: Settings,
    *,
    kind: str,
    name: str,
    scopes: list[str],
    workspace: UUID | None,
    new_workspace: str | None,
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """Make a key in a workspace, or in a new one; returns its row and the text shown once."""
    pepper = settings.pepper.get_secret_value()
    if not pepper:
        raise KeyCommandError(
            Text(
                "Set FEEDBACK_PEPPER first: feedback check.",
                "请先设置 FEEDBACK_PEPPER：feedback check。",
            )
        )
    wanted = _wanted(kind, name, scopes, expires_at)
    database = Database(settings)
    try:
        async with database.transaction() as session:
            if new_workspace is not None:
                home = (await service.create_workspace(session, name=new_workspace)).id
            else:
                home = await _workspace(session, workspace)
            return await service.create_key(session, home, pepper, wanted)
    except Problem as problem:
        raise KeyCommandError(_explained(problem)) from problem
    finally:
        await database.close()


async def listed(settings: Settings) -> list[tuple[Workspace, ApiKey]]:
    """Every key of the installation with its workspace, oldest first."""
    database = Database(settings)
    query = (
        select(Workspace, ApiKey)
        .join(ApiKey, ApiKey.workspace_id == Workspace.id)
        .order_by(Workspace.created_at, Workspace.id, ApiKey.created_at, ApiKey.key_id)
    )
    try:
        async with database.snapshot() as session:
            return [(workspace, key) for workspace, key in await session.execute(query)]
    finally:
        await database.close()


async def revoke(settings: Settings, key_id: str) -> ApiKey:
    """End a key; every process of the service refuses it within a second."""
    database = Database(settings)
    try:
        async with database.transaction() as session:
            key = await session.get(ApiKey, key_id)
            if key is None:
                raise KeyCommandError(Text("There is no such key.", "没有该密钥。"))
            return await service.revoke_key(session, key)
    finally:
        await database.close()


def state(key: ApiKey) -> Text:
    """Whether a key works, in a word."""
    if key.revoked_at is not None:
        return Text("revoked", "已吊销")
    if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        return Text("expired", "已过期")
    return Text("live", "有效")


def _wanted(kind: str, name: str, scopes: list[str], expires_at: datetime | None) -> ApiKeyCreate:
    data = {"kind": kind, "name": name, "scopes": scopes}
    if expires_at is not None:
        data["expires_at"] = expires_at.astimezone(UTC).isoformat()
    try:
        return ApiKeyCreate.model_validate(data)
    except ValidationError as error:
        fields = ", ".join(sorted({"/".join(map(str, each["loc"])) for each in error.errors()}))
        raise KeyCommandError(Text(f"Not valid: {fields}.", f"无效：{fields}。")) from error


async def _workspace(session: AsyncSession, wanted: UUID | None) -> UUID:
    """The workspace that was named, or the only one."""
    known = (await session.scalars(select(Workspace.id).order_by(Workspace.created_at))).all()
    if wanted is not None and wanted in known:
        return wanted
    if wanted is None and len(known) == 1:
        return known[0]
    if not known:
        said = Text(
            "There is no workspace yet: make one with --new-workspace NAME.",
            "尚无工作区：请用 --new-workspace 名称 创建。",
        )
    else:
        choice = ", ".join(map(str, known))
        said = Text(f"Name one with --workspace: {choice}.", f"请用 --workspace 指定：{choice}。")
    raise KeyCommandError(said)


def _explained(problem: Problem) -> Text:
    fields = ", ".join(f"{each.pointer} {each.code}" for each in problem.errors)
    title = problem.title
    return Text(f"{title.en}. {fields}".strip(), f"{title.zh}。{fields}".strip())
