"""Runs background work: takes jobs, renews their leases, records how they ended."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import structlog
from sqlalchemy import delete, func, select, update

from app.db import Database, sqlstate
from app.jobs import MAX_ATTEMPTS, Handler, Job, Periodic, QueuedJob
from app.log import where
from app.strict_json import Json

_log = structlog.get_logger("jobs")
_LONGEST_PAUSE_SECONDS = 30.0

#: A job that its worker no longer renews is taken again by another after this time.
LEASE = timedelta(seconds=60)
_RENEW_SECONDS = 20.0
_FIRST_RETRY_SECONDS = 5.0
_LAST_RETRY_SECONDS = 3_600.0
#: How often an idle lane looks, and how many jobs one worker does at the same time.
_LOOK_SECONDS = 1.0
_LANES = 4
#: A stopping worker lets jobs end for this long; then they go back into the queue.
_GRACE_SECONDS = 5.0


class Lost(Exception):
    """Another worker holds the job: this one was silent for longer than its lease."""


async def take(
    database: Database, handlers: Mapping[str, Handler], like: Mapping[str, Json] | None = None
) -> Job | None:
    """Take the job that is due longest, for one lease; None when none is due.

    With `like`, only a job whose payload contains these members.
    """
    due = (
        select(QueuedJob.id)
        .where(
            QueuedJob.failed_at.is_(None),
            QueuedJob.run_at <= func.now(),
            QueuedJob.name.in_(list(handlers)),
            QueuedJob.payload.contains(dict(like or {})),
        )
        .order_by(QueuedJob.run_at, QueuedJob.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taking = (
        update(QueuedJob)
        .where(QueuedJob.id == due.scalar_subquery())
        .values(attempts=QueuedJob.attempts + 1, key=None, run_at=func.now() + LEASE)
        .returning(QueuedJob.id, QueuedJob.name, QueuedJob.payload, QueuedJob.attempts)
    )
    async with database.transaction() as session:
        row = (await session.execute(taking)).one_or_none()
    return None if row is None else Job(*row)


async def attempt(
    database: Database, handlers: Mapping[str, Handler], job: Job
) -> Exception | None:
    """Run the job's handler and record how it ended; returns the error of a failure.

    Cancelled, it puts the job back, as if it had not been taken.
    """
    error: Exception | None = None
    try:
        if job.attempt > MAX_ATTEMPTS:
            raise Lost("no worker lived to tell how the last attempt ended")
        await _run(database, handlers[job.name], job)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):  # without the database, the lease gives it back
            await _settle(database, job, attempts=job.attempt - 1, run_at=func.now())
        raise
    except Exception as failure:  # noqa: BLE001 - a worker outlives its jobs
        error = failure
        await _fail(database, job, failure)
    else:
        async with database.transaction() as session:
            done = delete(QueuedJob).where(
                QueuedJob.id == job.id, QueuedJob.attempts == job.attempt
            )
            await session.execute(done)
    return error


async def _run(database: Database, handler: Handler, job: Job) -> None:
    """Run the handler and renew the lease meanwhile; raises Lost when it was given to another."""
    work = asyncio.ensure_future(handler(database, job))
    try:
        while not (await asyncio.wait({work}, timeout=_RENEW_SECONDS))[0]:
            if not await _renew(database, job):
                raise Lost(job.name)
        work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _renew(database: Database, job: Job) -> bool:
    try:
        return await _settle(database, job, run_at=func.now() + LEASE)
    except Exception as error:  # noqa: BLE001 - the lease outlives a restart of the database
        _log.warning("job_not_renewed", job=job.name, exception=error, sqlstate=sqlstate(error))
        return True


async def _fail(database: Database, job: Job, error: Exception) -> None:
    """Put the job back for later, or to rest; only the error's class is kept, never its text."""
    dead = job.last
    tell = _log.error if dead else _log.warning
    tell(
        "job_dead" if dead else "job_failed",
        job=job.name,
        attempt=job.attempt,
        exception=error,
        sqlstate=sqlstate(error),
        where=where(error),
    )
    said = " ".join(filter(None, (type(error).__name__, sqlstate(error))))
    if dead:
        await _settle(database, job, failed_at=func.now(), error=said)
    else:
        await _settle(database, job, run_at=func.now() + _pause(job.attempt), error=said)


async def _settle(database: Database, job: Job, **values: object) -> bool:
    """Change the job's row, unless another worker has taken it since; says whether it did."""
    ours = update(QueuedJob).where(QueuedJob.id == job.id, QueuedJob.attempts == job.attempt)
    async with database.transaction() as session:
        changed = await session.execute(ours.values(**values).returning(QueuedJob.id))
        return changed.one_or_none() is not None


def _pause(attempt: int) -> timedelta:
    """5 s, 15 s, 45 s ... at most an hour, a little uneven so that failures do not march."""
    seconds = min(_FIRST_RETRY_SECONDS * 3.0 ** (attempt - 1), _LAST_RETRY_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311 - not a secret


async def keep_running(
    database: Database,
    jobs: list[Periodic],
    stop: asyncio.Event,
    handlers: Mapping[str, Handler] = MappingProxyType({}),
) -> None:
    """Run every periodic job and whatever is queued, until `stop` is set.

    An error is logged and tried again, later and later.
    """
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_repeat(database, job, stop), name=job.name)
        if not handlers:
            return
        lanes = [group.create_task(_serve(database, handlers, stop)) for _ in range(_LANES)]
        await stop.wait()
        await asyncio.wait(lanes, timeout=_GRACE_SECONDS)
        for lane in lanes:
            lane.cancel()


async def _serve(database: Database, handlers: Mapping[str, Handler], stop: asyncio.Event) -> None:
    """Take one job after the other; each lane holds a connection only between jobs."""
    lane = Periodic("queue", _LOOK_SECONDS, lambda database: _next(database, handlers))
    await _repeat(database, lane, stop)


async def _next(database: Database, handlers: Mapping[str, Handler]) -> bool:
    job = await take(database, handlers)
    if job is None:
        return False
    await attempt(database, handlers, job)
    return True


async def _repeat(database: Database, job: Periodic, stop: asyncio.Event) -> None:
    pause = job.every_seconds
    while not stop.is_set():
        try:
            more = await job.run(database)
            pause = 0.0 if more else job.every_seconds
        except Exception as error:  # noqa: BLE001 - a worker outlives a database restart
            _log.warning("job_failed", job=job.name, exception=error, sqlstate=sqlstate(error))
            pause = min(max(pause, 0.5) * 2, _LONGEST_PAUSE_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
