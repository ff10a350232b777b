"""Background work: what is done again and again, each piece in transactions of its own."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from app.db import Database, sqlstate

_log = structlog.get_logger("jobs")
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Periodic:
    """A piece of work: `run` returns True when there is more to do at once.

    It must be safe to run in several workers at the same time, and to be killed at any moment:
    what is to be done is read from the database, and what was done commits with its effect.
    """

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[bool]]


async def keep_running(database: Database, jobs: list[Periodic], stop: asyncio.Event) -> None:
    """Run every job until `stop` is set; an error is logged and tried again, later and later."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_repeat(database, job, stop), name=job.name)


async def _repeat(database: Database, job: Periodic, stop: asyncio.Event) -> None:
    pause = job.every_seconds
    while not stop.is_set():
        try:
            more = await job.run(database)
            pause = 0.0 if more else job.every_seconds
        except Exception as error:  # noqa: BLE001 - a worker outlives a database restart
            _log.warning(
                "job_failed", job=job.name, error=type(error).__name__, sqlstate=sqlstate(error)
            )
            pause = min(max(pause, 0.5) * 2, _LONGEST_PAUSE_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
