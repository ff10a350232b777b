"""Fitting models in processes of their own, and fitting sound ones anew every week."""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from app.db import Database, now
from app.fields import zone
from app.jobs import Handler, Job, Periodic
from app.lifetime import service
from app.lifetime.schemas import Status
from app.workspaces.service import fetch_workspace

#: A fit may need memory and a processor for a minute: one worker does one at a time.
_ONE_FIT = asyncio.Lock()
#: A process that ended this often without an answer is not tried again.
_ATTEMPTS = 3
_REFIT_DAYS = 7
#: The matrices of a fit have four rows: threads that wait for them only take time from others.
_ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
_HOUR_SECONDS = 3_600.0


async def fit_model(database: Database, job: Job) -> None:
    """Fit the model of a run, in a process of its own."""
    workspace_id, run_id = UUID(str(job.payload["workspace_id"])), UUID(str(job.payload["run_id"]))
    async with _ONE_FIT:
        async with database.transaction() as session:
            if await service.begin(session, workspace_id, run_id) is None:
                return
        code = await _process(database, workspace_id, run_id)
    if code == 0:
        return
    if code != _NO_ANALYTICS and job.attempt < _ATTEMPTS:
        raise RuntimeError("the process of a fit ended without an answer")
    reason = "no_analytics" if code == _NO_ANALYTICS else "process_died"
    async with database.transaction() as session:
        run = await service.fetch_model_run(session, workspace_id, run_id)
        failed: Status = "failed"
        await service.finish_model_run(session, run, failed, {"reasons": [reason]})


#: The end of a process that cannot import what it needs.
_NO_ANALYTICS = 69
_PROCESS = f"""
import sys
try:
    import numpy, scipy
except ImportError:
    sys.exit({_NO_ANALYTICS})
import runpy
runpy.run_module("app.lifetime.process", run_name="__main__", alter_sys=True)
"""


async def _process(database: Database, workspace_id: UUID, run_id: UUID) -> int:
    """The exit code of the process; it does not outlive a worker that stops."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROCESS,
        str(workspace_id),
        str(run_id),
        env=os.environ | _ONE_THREAD | {"DATABASE_URL": database.settings.database_url},
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def refit_models(database: Database) -> bool:
    """Repeat each sound run that is a week old, with the days that have passed since."""
    async with database.snapshot() as session:
        stale = await service.stale_runs(session, now() - timedelta(days=_REFIT_DAYS))
    for run in stale:
        async with database.transaction() as session:
            workspace = await fetch_workspace(session, run.workspace_id)
            yesterday = now().astimezone(zone(workspace.time_zone)).date() - timedelta(days=1)
            await service.refit(session, run, yesterday)
    return False


HANDLERS: Mapping[str, Handler] = {service.FIT: fit_model}
JOBS = [Periodic("refit_models", every_seconds=_HOUR_SECONDS, run=refit_models)]
