"""Background work: what one event causes to be done, and what is done again and again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from app.db import Base, CreatedAt, Database, RecordId
from app.strict_json import Json

#: A job is tried this often, over some three hours; then it is dead until somebody revives it.
MAX_ATTEMPTS = 10


@dataclass(frozen=True)
class Periodic:
    """A piece of work: `run` returns True when there is more to do at once.

    It must be safe to run in several workers at the same time, and to be killed at any moment:
    what is to be done is read from the database, and what was done commits with its effect.
    """

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[bool]]


async def step_each(
    database: Database,
    workspaces: Iterable[UUID],
    step: Callable[[AsyncSession, UUID], Awaitable[bool]],
) -> bool:
    """One step for each workspace, in a transaction of its own; True when any has more to do."""
    more = False
    for workspace_id in workspaces:
        async with database.transaction() as session:
            more = await step(session, workspace_id) or more
    return more


class QueuedJob(Base):
    """A job that waits, is under way or has died; one that was done leaves no row.

    `run_at` is when it may be taken next: while it is under way, when its lease ends. Jobs are
    of the installation, not of a workspace: a payload names the workspace that it is about.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("name", "key"),
        Index("ix_jobs_run_at", "run_at", postgresql_where=text("failed_at IS NULL")),
    )

    id: Mapped[RecordId]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    run_at: Mapped[datetime]
    attempts: Mapped[int]
    created_at: Mapped[CreatedAt]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@dataclass(frozen=True)
class Job:
    """One attempt at a job."""

    id: UUID
    name: str
    payload: Mapping[str, Json]
    attempt: int
    """Counts from 1."""

    @property
    def last(self) -> bool:
        """If this attempt fails, the job is dead: the time to say so where people look."""
        return self.attempt >= MAX_ATTEMPTS


#: Does a job in transactions of its own. It may run twice for one job (a worker that dies after
#: its work and before it said so), even at the same time: let its effect be the same.
Handler = Callable[[Database, Job], Awaitable[None]]


async def enqueue(
    session: AsyncSession,
    name: str,
    payload: Mapping[str, Json],
    *,
    key: str | None = None,
    run_at: datetime | None = None,
) -> None:
    """Have the handler `name` run with this payload once the caller's transaction commits.

    At least once, never if the transaction rolls back. With a `key` (unique over all workspaces:
    begin it with an id) a job that still waits for its first attempt is replaced by this one, at
    the earlier of both times; one under way is not, for it may have read what is older. The row
    stays locked until the caller commits, so jobs of one key follow one another: enqueue last,
    and choose keys of which few are written at the same time. Put ids into the payload, nothing
    personal: it outlives its job when that dies.
    """
    new = insert(QueuedJob).values(
        name=name,
        payload=dict(payload),
        key=key,
        run_at=func.now() if run_at is None else run_at,
        attempts=0,
    )
    await session.execute(
        new.on_conflict_do_update(
            index_elements=["name", "key"],
            set_={
                "payload": new.excluded.payload,
                "run_at": func.least(QueuedJob.run_at, new.excluded.run_at),
            },
        )
    )


async def count_dead(database: Database) -> int:
    """How many jobs have used up their attempts and wait for somebody to look."""
    async with database.snapshot() as session:
        dead = select(func.count()).where(QueuedJob.failed_at.is_not(None))
        return int(await session.scalar(dead) or 0)


async def seconds_behind(database: Database) -> float:
    """For how long the oldest job that is due has waited; 0 when none is."""
    oldest = func.min(QueuedJob.run_at)
    waited = func.extract("epoch", func.now() - oldest)
    async with database.snapshot() as session:
        late = select(waited).where(QueuedJob.failed_at.is_(None), QueuedJob.run_at <= func.now())
        return float(await session.scalar(late) or 0.0)


async def revive(session: AsyncSession) -> int:
    """Give every dead job its attempts again; returns how many there were."""
    dead = update(QueuedJob).where(QueuedJob.failed_at.is_not(None))
    revived = await session.execute(
        dead.values(failed_at=None, attempts=0, run_at=func.now()).returning(QueuedJob.id)
    )
    return len(revived.all())
