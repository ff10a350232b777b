"""The job queue: with the caller's transaction or not at all, at least once, dead in sight."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from app import jobs
from app.config import Settings
from app.db import Database, now
from app.jobs import Handler, Job, QueuedJob, running
from app.strict_json import Json
from tests.conftest import Tenant

ROOT = __file__.rsplit("/tests/", 1)[0]


class Place:
    """A queue that only this test sees: its jobs carry a name of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.name = f"test-{uuid4()}"
        self.seen: list[Job] = []
        self.fails: list[Exception] = []
        self.first = asyncio.Event()

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Remembers each attempt, and fails as often as it was told to."""
        return {self.name: self._handle}

    async def _handle(self, _: Database, job: Job) -> None:
        self.seen.append(job)
        self.first.set()
        if self.fails:
            raise self.fails.pop()

    async def put(self, payload: Mapping[str, Json] | None = None, **options: Any) -> None:
        """Enqueue in a transaction of its own."""
        async with self.database.transaction() as session:
            await jobs.enqueue(session, self.name, payload or {}, **options)

    async def step(self) -> Exception | bool | None:
        """Take one job and attempt it; False when none was due."""
        job = await running.take(self.database, self.handlers)
        return False if job is None else await running.attempt(self.database, self.handlers, job)

    async def rows(self) -> list[QueuedJob]:
        """What is in the queue, oldest first."""
        async with self.database.snapshot() as session:
            found = select(QueuedJob).where(QueuedJob.name == self.name).order_by(QueuedJob.id)
            return list(await session.scalars(found))

    async def due(self) -> None:
        """Let whatever waits, or is under way, be due now."""
        async with self.database.transaction() as session:
            past = func.now() - timedelta(seconds=1)
            mine = update(QueuedJob).where(QueuedJob.name == self.name)
            await session.execute(mine.values(run_at=past))


@pytest.fixture
def queue(database: Database) -> Place:
    """A queue of this test's own."""
    return Place(database)


async def test_a_job_commits_with_its_cause(queue: Place) -> None:
    """Committed it runs once and leaves no row; rolled back it never was."""
    await queue.put({"n": 1})
    async with queue.database.session() as session:
        await jobs.enqueue(session, queue.name, {"n": 2})
        await session.rollback()

    assert await queue.step() is None
    assert await queue.step() is False
    assert [(job.payload, job.attempt, job.last) for job in queue.seen] == [({"n": 1}, 1, False)]
    assert await queue.rows() == []


async def test_a_job_waits_for_its_time(queue: Place) -> None:
    """`run_at` in the future is not due."""
    await queue.put(run_at=now() + timedelta(hours=1))
    assert await queue.step() is False
    await queue.due()
    assert await queue.step() is None


async def test_a_key_joins_what_waits_and_not_what_runs(queue: Place) -> None:
    """Two causes make one job with the last payload, at the earliest time.

    One under way is not joined, because it may have read before this cause.
    """
    soon, later = now() - timedelta(seconds=5), now() + timedelta(hours=1)
    await queue.put({"n": 1}, key="k", run_at=soon)
    await queue.put({"n": 2}, key="k", run_at=later)
    (row,) = await queue.rows()
    assert (row.payload, row.run_at) == ({"n": 2}, soon)

    taken = await running.take(queue.database, queue.handlers)
    assert taken is not None
    await queue.put({"n": 3}, key="k")
    assert await queue.step() is None
    assert await running.attempt(queue.database, queue.handlers, taken) is None
    assert sorted(str(job.payload["n"]) for job in queue.seen) == ["2", "3"]


async def test_a_job_being_joined_is_not_taken_before_its_cause_commits(queue: Place) -> None:
    """Else it would run without seeing the cause, and the cause would be lost."""
    await queue.put({"n": 1}, key="k")
    async with queue.database.transaction() as session:
        await jobs.enqueue(session, queue.name, {"n": 2}, key="k")
        assert await queue.step() is False
    assert await queue.step() is None
    assert [job.payload for job in queue.seen] == [{"n": 2}]


async def test_a_failure_is_tried_again_later_and_later(queue: Place) -> None:
    """The pause grows threefold; only the error's class is kept, for its text may be personal."""
    await queue.put()
    for expected in (5, 15, 45):
        queue.fails = [ValueError("of a person")]
        assert isinstance(await queue.step(), ValueError)
        (row,) = await queue.rows()
        wait = (row.run_at - now()).total_seconds()
        assert 0.85 * expected < wait < 1.15 * expected
        assert row.error == "ValueError"
        assert await queue.step() is False
        await queue.due()
    assert await queue.step() is None
    assert [job.attempt for job in queue.seen] == [1, 2, 3, 4]


async def test_the_dead_are_counted_and_revived(queue: Place, tenant: Tenant) -> None:
    """After its last attempt a job rests where the metrics and `retry-jobs` find it."""
    before = await jobs.count_dead(queue.database)
    await queue.put()
    for _ in range(jobs.MAX_ATTEMPTS):
        queue.fails = [ValueError()]
        assert isinstance(await queue.step(), ValueError)
        await queue.due()
    assert queue.seen[-1].last
    assert await queue.step() is False
    assert await jobs.count_dead(queue.database) == before + 1
    scraped = (await tenant.client.get("/metrics")).text
    assert f"feedback_jobs_dead {float(before + 1)}" in scraped

    async with queue.database.transaction() as session:
        assert await jobs.revive(session) == before + 1
    assert await queue.step() is None
    assert queue.seen[-1].attempt == 1


async def test_a_job_that_kills_its_worker_dies_too(queue: Place) -> None:
    """Attempts count when they begin: what ends its worker each time is not tried for ever."""
    await queue.put()
    for _ in range(jobs.MAX_ATTEMPTS):
        assert await running.take(queue.database, queue.handlers) is not None
        await queue.due()
    assert isinstance(await queue.step(), running.Lost)
    assert queue.seen == []
    (row,) = await queue.rows()
    assert row.failed_at is not None


async def test_two_workers_never_take_the_same_job(queue: Place) -> None:
    """Twenty jobs, taken by eight at once: each once."""
    for n in range(20):
        await queue.put({"n": n})

    async def lane() -> None:
        while await queue.step() is not False:
            pass

    await asyncio.gather(*(lane() for _ in range(8)))
    assert sorted(int(str(job.payload["n"])) for job in queue.seen) == list(range(20))


async def test_who_lost_its_lease_changes_nothing(
    queue: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was silent finds its job with another, ends its work and leaves the row."""
    monkeypatch.setattr(running, "_RENEW_SECONDS", 0.05)
    ended = asyncio.Event()

    async def endless(_: Database, __: Job) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await queue.put()
    first = await running.take(queue.database, queue.handlers)
    assert first is not None
    await queue.due()
    second = await running.take(queue.database, queue.handlers)
    assert second is not None
    error = await running.attempt(queue.database, {queue.name: endless}, first)
    assert isinstance(error, running.Lost)
    assert ended.is_set()
    (row,) = await queue.rows()
    assert (row.attempts, row.error) == (2, None)


async def test_a_long_job_keeps_its_lease(queue: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its worker lives the lease is renewed, so that nobody else takes the job."""
    monkeypatch.setattr(running, "_RENEW_SECONDS", 0.05)
    await queue.put()
    job = await running.take(queue.database, queue.handlers)
    assert job is not None
    leases = []

    async def long(_: Database, __: Job) -> None:
        for _i in range(2):
            await asyncio.sleep(0.2)
            leases.append((await queue.rows())[0].run_at)

    assert await running.attempt(queue.database, {queue.name: long}, job) is None
    assert leases[0] < leases[1]


async def test_a_stopping_worker_puts_its_job_back(
    queue: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grace the job is due again at once, as if it had not been taken."""
    monkeypatch.setattr(running, "_GRACE_SECONDS", 0.1)
    begun, stop = asyncio.Event(), asyncio.Event()

    async def endless(_: Database, __: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    await queue.put()
    worker = asyncio.create_task(
        running.keep_running(queue.database, [], stop, {queue.name: endless})
    )
    await asyncio.wait_for(begun.wait(), 10)
    stop.set()
    await asyncio.wait_for(worker, 10)
    assert await queue.step() is None
    assert queue.seen[0].attempt == 1


_KILLED = """
import asyncio, sys
from app.config import Settings
from app.db import Database
from app.jobs import running

async def hang(database, job):
    print("begun", flush=True)
    await asyncio.Event().wait()

async def main():
    database = Database(Settings(database_url=sys.argv[1]))
    await running.keep_running(database, [], asyncio.Event(), {sys.argv[2]: hang})

asyncio.run(main())
"""


async def test_kill_nine_gives_the_job_to_the_next(queue: Place, settings: Settings) -> None:
    """A real process is killed in the middle of a job; when its lease ends another takes it."""
    await queue.put({"n": 1})
    command = [sys.executable, "-c", _KILLED, settings.database_url, queue.name]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    process.kill()
    await process.wait()
    assert await queue.step() is False
    (row,) = await queue.rows()
    assert 0 < (row.run_at - now()).total_seconds() <= running.LEASE.total_seconds()
    await queue.due()
    assert await queue.step() is None
    assert queue.seen[0].attempt == 2


async def test_a_worker_outlives_the_end_of_its_connections(
    queue: Place, settings: Settings
) -> None:
    """Every connection is cut by the server; the next job runs all the same."""
    stop = asyncio.Event()
    database = Database(settings)
    async with database.engine.connect() as connection:
        pid = await connection.scalar(text("SELECT pg_backend_pid()"))
    worker = asyncio.create_task(running.keep_running(database, [], stop, queue.handlers))
    await asyncio.sleep(0.1)
    async with queue.database.transaction() as session:
        await session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid"),
            {"pid": pid},
        )
    await queue.put({"n": 1})
    await asyncio.wait_for(queue.first.wait(), 20)
    stop.set()
    await worker
    await database.close()
    assert [job.payload for job in queue.seen] == [{"n": 1}]
