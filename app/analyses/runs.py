"""Analyses in the background: asked for, queued, read."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.models import AnalysisRun
from app.analyses.run_schemas import (
    AnalysisRunRead,
    DerivedMapRequest,
    DriversRequest,
    RunKind,
    RunRequest,
    WordsRequest,
)
from app.analyses.service import Asking, understand
from app.analyses.variables import Asked, Variable, is_numeric, is_text, on_scale
from app.errors import FieldError, Invalid, NotFound
from app.jobs import enqueue

JOB = "run_analysis"
MOST_SHAPLEY = 15


async def start_run(
    session: AsyncSession, asking: Asking, kind: RunKind, wanted: RunRequest
) -> AnalysisRunRead:
    """Judge what is asked, write it down with its period and seed, and queue it."""
    chosen, asked = await understand(session, asking, wanted)
    check(asked, wanted)
    run = AnalysisRun(
        workspace_id=asking.workspace_id,
        analysis=kind,
        status="queued",
        request=_written_out(chosen, wanted),
        seed=secrets.randbelow(2**31) if wanted.seed is None else wanted.seed,
    )
    session.add(run)
    await session.flush()
    await session.refresh(run)
    workspace, id_ = str(run.workspace_id), str(run.id)
    await enqueue(session, JOB, {"workspace_id": workspace, "run": id_}, key=id_)
    return read(run)


def _written_out(chosen: Chosen, wanted: RunRequest) -> dict[str, Any]:
    """The request with the days that were meant: "today" moves on before a run begins."""
    days = {"start": chosen.period.start, "end": chosen.period.end, "tz": chosen.period.zone.key}
    written: dict[str, Any] = wanted.model_copy(update=days).model_dump(mode="json", by_alias=True)
    return written


async def fetch_run(session: AsyncSession, workspace_id: UUID, name: str) -> AnalysisRun:
    """A run of the workspace; 404 for any other id."""
    try:
        id_ = UUID(name)
    except ValueError:
        raise NotFound from None
    run: AnalysisRun | None = await session.scalar(
        select(AnalysisRun).where(AnalysisRun.workspace_id == workspace_id, AnalysisRun.id == id_)
    )
    if run is None:
        raise NotFound
    return run


def read(run: AnalysisRun) -> AnalysisRunRead:
    """The run as it is answered."""
    return AnalysisRunRead.model_validate(run)


def check(asked: Asked, wanted: RunRequest) -> None:
    """Refuse what the run could not use: 422 with pointers."""
    if isinstance(wanted, DriversRequest):
        driven(asked, "/drivers", wanted.drivers, wanted.outcome, scales=False)
        if wanted.measure == "shapley" and len(wanted.drivers) > MOST_SHAPLEY:
            raise Invalid(FieldError("/drivers", "too-many-items"))
    elif isinstance(wanted, DerivedMapRequest):
        driven(asked, "/items", wanted.items, wanted.outcome, scales=True)
    elif isinstance(wanted, WordsRequest):
        asked.one("/question", wanted.question, is_text)
        if wanted.score is not None:
            asked.one("/score", wanted.score, splits)


def driven(
    asked: Asked, pointer: str, items: list[str], outcome: str, *, scales: bool
) -> list[Variable]:
    """The items, and the outcome last; it cannot drive itself."""
    found = asked.several(pointer, items, on_scale if scales else is_numeric)
    last = asked.one("/outcome", outcome, is_numeric)
    if outcome in items:
        raise Invalid(FieldError("/outcome", "duplicate-item"))
    return [*found, last]


def splits(variable: Variable) -> bool:
    """Whether its points make groups: who is at the top, and who is not."""
    return variable.scale is not None and bool(variable.scale.top_box)
