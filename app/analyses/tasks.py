"""Works out the analyses that were queued, in steps: claim, read, compute, record."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.failing import Impossible
from app.analyses.models import AnalysisRun
from app.analyses.run_schemas import (
    DerivedMapRead,
    DerivedMapRequest,
    DriversRead,
    DriversRequest,
    FailureCode,
    RunRequest,
    WordsRead,
    WordsRequest,
)
from app.analyses.runs import JOB
from app.analyses.service import Asking, header, understand
from app.db import Database, now
from app.errors import Problem
from app.events.service import record
from app.jobs import Handler, Job

#: How long each statement of a run may take.
_TIMEOUT_MS = 120_000
_REQUESTS: Mapping[str, type[RunRequest]] = {
    "drivers": DriversRequest,
    "derived-importance-performance": DerivedMapRequest,
    "words": WordsRequest,
}
#: Problems that a run may meet, as its failure names them.
_FAILURES: Mapping[str, FailureCode] = {
    "analysis-too-large": "analysis-too-large",
    "report-too-slow": "report-too-slow",
}
RunOutput = DriversRead | DerivedMapRead | WordsRead
_Compute = Callable[[dict[str, Any]], RunOutput]
#: Reads what a run needs: of the session, what is chosen and asked, the request, and the seed.
_Prepare = Callable[..., Awaitable[_Compute]]


async def run_analysis(database: Database, job: Job) -> None:
    """Work out one run; what cannot be answered is recorded with its reason.

    Safe to repeat: the seed is the run's, and a run that has ended is left alone.
    """
    workspace_id, id_ = UUID(str(job.payload["workspace_id"])), UUID(str(job.payload["run"]))
    run = await _claim(database, workspace_id, id_)
    if run is None:
        return
    try:
        result = await _work(database, run)
    except Impossible as reason:
        await _end(database, run, failure={"code": reason.code, "items": reason.items})
    except Problem as problem:
        code = _FAILURES.get(problem.code, "internal-error")
        await _end(database, run, failure={"code": code, "items": []})
    except ImportError:
        await _end(database, run, failure={"code": "not_installed", "items": []})
    except Exception:
        if job.last:
            await _end(database, run, failure={"code": "internal-error", "items": []})
        raise
    else:
        await _end(database, run, result=result.model_dump(mode="json", by_alias=True))


async def _claim(database: Database, workspace_id: UUID, id_: UUID) -> AnalysisRun | None:
    """The run, marked as begun; None if it has ended or is gone."""
    async with database.transaction() as session:
        run = await _locked(session, workspace_id, id_)
        if run is not None:
            run.status, run.started_at = "running", now()
        return run


async def _locked(session: AsyncSession, workspace_id: UUID, id_: UUID) -> AnalysisRun | None:
    run: AnalysisRun | None = await session.scalar(
        select(AnalysisRun)
        .where(
            AnalysisRun.workspace_id == workspace_id,
            AnalysisRun.id == id_,
            AnalysisRun.status.in_(("queued", "running")),
        )
        .with_for_update()
    )
    return run


async def _work(database: Database, run: AnalysisRun) -> RunOutput:
    """Read in one snapshot, compute beside the event loop without a connection."""
    wanted = _REQUESTS[run.analysis].model_validate(run.request)
    prepare = await asyncio.to_thread(_preparation, run.analysis)
    asking = Asking(run.workspace_id, _TIMEOUT_MS)
    async with database.snapshot() as session:
        chosen, asked = await understand(session, asking, wanted)
        compute = await prepare(session, chosen, asked, wanted, run.seed)
        members = await header(session, run.analysis, chosen)
    members |= {"kind": "estimated", "model_run": run.id}
    return await asyncio.to_thread(compute, members)


def _preparation(analysis: str) -> _Prepare:
    """The numerics and the segmenter are loaded where they are needed: only in the worker."""
    if analysis == "words":
        from app.analyses.wording import prepare_words  # noqa: PLC0415 - heavy and optional

        return prepare_words
    from app.analyses import estimating  # noqa: PLC0415 - heavy and optional

    return estimating.prepare_drivers if analysis == "drivers" else estimating.prepare_map


async def _end(
    database: Database,
    run: AnalysisRun,
    *,
    result: dict[str, Any] | None = None,
    failure: dict[str, Any] | None = None,
) -> None:
    async with database.transaction() as session:
        ours = await _locked(session, run.workspace_id, run.id)
        if ours is None:
            return
        ours.status = "failed" if result is None else "succeeded"
        ours.result, ours.failure, ours.finished_at = result, failure, now()
        record(
            session,
            run.workspace_id,
            f"analysis_run.{ours.status}",
            str(run.id),
            analysis=run.analysis,
        )


HANDLERS: Mapping[str, Handler] = {JOB: run_analysis}
