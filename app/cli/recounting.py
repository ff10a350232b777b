"""`feedback check kpis`: figures' rollups, counted again from the rows."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select

from app.cli.diagnosis import Finding
from app.config import Settings
from app.db import Database
from app.problems import Text
from app.recounts.findings import Recount
from app.recounts.service import TIMEOUT_MS, recount
from app.worker import ROLLUPS
from app.workspaces.models import Workspace

#: Random stretches of cells of each workspace that are counted again.
SAMPLE = 100
_MOST_SHOWN = 20


async def findings(
    settings: Settings, *, workspace: UUID | None, everything: bool
) -> AsyncIterator[Finding]:
    """Count the rollups of one workspace, or of all, again: a sample, or everything."""
    patience = TIMEOUT_MS / 1_000
    database = Database(settings.model_copy(update={"command_timeout_seconds": patience}))
    try:
        async with database.snapshot() as session:
            query = select(Workspace.id).order_by(Workspace.id)
            if workspace is not None:
                query = query.where(Workspace.id == workspace)
            known = list(await session.scalars(query))
        if workspace is not None and not known:
            said = Text(f"There is no workspace {workspace}.", f"没有工作区 {workspace}。")
            yield Finding(good=False, said=said)
        for workspace_id in known:
            sample = None if everything else SAMPLE
            for name, found in (await recount(database, ROLLUPS, workspace_id, sample)).items():
                for finding in _said(workspace_id, name, found):
                    yield finding
    finally:
        await database.close()


def _said(workspace_id: UUID, rollup: str, found: Recount) -> list[Finding]:
    wrong = len(found.differences)
    if not wrong:
        said = Text(
            f"{workspace_id} {rollup}: {found.blocks} stretches agree with a recount.",
            f"{workspace_id} {rollup}：{found.blocks} 段与重新统计一致。",
        )
        return [Finding(good=True, said=said)]
    shown = [
        Finding(
            good=False,
            said=Text(
                f"{rollup}: {each.cell}: stored {each.stored}, counted {each.counted}",
                f"{rollup}：{each.cell}：存储值 {each.stored}，重新统计 {each.counted}",
            ),
        )
        for each in found.differences[:_MOST_SHOWN]
    ]
    said = Text(
        f"{workspace_id} {rollup}: {wrong} cells differ from a recount.",
        f"{workspace_id} {rollup}：{wrong} 个单元与重新统计不一致。",
    )
    return [*shown, Finding(good=False, said=said)]
