"""`python -m app.lifetime.process WORKSPACE RUN`: fits one model, in a process of its own.

The worker starts it, so that neither the API nor the worker ever loads a numerical library, and
so that the memory of a fit is given back. It reads in one snapshot, computes without holding a
connection, and writes everything in one transaction.
"""

import asyncio
import resource
import sys
from uuid import UUID

from app import log
from app.config import Settings
from app.db import Database, sqlstate
from app.lifetime import contract_runs, purchase_runs, service
from app.lifetime.models import ModelRun
from app.lifetime.outcome import Clock, Outcome

_PATIENCE_SECONDS = 300.0
#: ru_maxrss is in KiB, on macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1_024


async def fit(database: Database, workspace_id: UUID, run_id: UUID) -> None:
    """Fit the model of a run and store what came of it; nothing if it is not wanted any more."""
    async with database.snapshot() as session:
        run = await service.fetch_model_run(session, workspace_id, run_id)
    if run.status != "running":
        return
    clock = Clock()
    outcome = await _outcome(database, run, clock)
    with clock.step("pack"):
        packed = None if outcome.customers is None else outcome.customers()
    async with database.transaction() as session:
        if await service.lock_unfinished(session, run):
            with clock.step("write"):
                await service.write_predictions(session, run, outcome, packed)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
            told = {"seconds": clock.seconds, "peak_memory_bytes": peak}
            await service.finish_model_run(session, run, outcome.status, outcome.result | told)


async def _outcome(database: Database, run: ModelRun, clock: Clock) -> Outcome:
    if run.kind == "sbg":
        return contract_runs.outcome(run)
    return await purchase_runs.outcome(database, run, clock)


async def _main(workspace_id: UUID, run_id: UUID) -> int:
    """The exit code; what went wrong is logged as everywhere, without texts of errors."""
    patient = {"command_timeout_seconds": _PATIENCE_SECONDS, "pool_size": 2}
    database = Database(Settings().model_copy(update=patient))
    try:
        await fit(database, workspace_id, run_id)
    except Exception as error:  # noqa: BLE001 - the worker only sees that it ended
        places = log.where(error)
        log.log.error("fit_failed", exception=error, sqlstate=sqlstate(error), where=places)
        return 1
    finally:
        await database.close()
    return 0


if __name__ == "__main__":
    log.configure()
    sys.exit(asyncio.run(_main(UUID(sys.argv[1]), UUID(sys.argv[2]))))
