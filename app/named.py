"""Things that a client names itself: put as a whole, exactly once, never over an unseen edit."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Revision, UpdatedAt, WorkspaceKey, now
from app.errors import NotFound, Problem
from app.fields import storable
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor
from app.http.preconditions import require_match


class Named(Base):
    """A row known by the name that its workspace gave it; `revision` is its ETag."""

    __abstract__ = True

    workspace_id: Mapped[WorkspaceKey]
    name: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[Revision]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


N = TypeVar("N", bound=Named)


async def find_named(
    session: AsyncSession, table: type[N], workspace_id: UUID, name: str, *, lock: bool = False
) -> N | None:
    """The row with that name, locked against other writers if asked."""
    try:
        storable(name)
    except ValueError:
        return None
    query = select(table).where(table.workspace_id == workspace_id, table.name == name)
    if lock:
        query = query.with_for_update()
    found: N | None = await session.scalar(query, execution_options={"populate_existing": True})
    return found


async def fetch_named(
    session: AsyncSession, table: type[N], workspace_id: UUID, name: str, *, lock: bool = False
) -> N:
    """As `find_named`; 404 where there is none."""
    found = await find_named(session, table, workspace_id, name, lock=lock)
    if found is None:
        raise NotFound
    return found


async def put_named(
    session: AsyncSession,
    table: type[N],
    workspace_id: UUID,
    name: str,
    values: Mapping[str, object],
    *,
    if_match: str | None = None,
) -> tuple[N, Status]:
    """Make the row, or bring it to `values`; the same values again change nothing.

    The row comes back locked. With `if_match` it must exist and be of that revision: 412
    `precondition-failed`.
    """
    if if_match is None:
        made = insert(table).values(
            workspace_id=workspace_id, name=name, revision=1, created_at=now(), updated_at=now(),
            **values,
        )  # fmt: skip
        key = [table.workspace_id, table.name]
        created = await session.scalar(
            made.on_conflict_do_nothing(index_elements=key).returning(table.name)
        )
        if created is not None:
            return await fetch_named(session, table, workspace_id, name, lock=True), "created"
    found = await find_named(session, table, workspace_id, name, lock=True)
    if found is None:  # or deleted a moment ago, which the sender has not seen
        raise Problem("precondition-failed")
    require_match(if_match, found.revision)
    if all(getattr(found, column) == value for column, value in values.items()):
        return found, "unchanged"
    for column, value in values.items():
        setattr(found, column, value)
    found.revision += 1
    await session.flush()
    return found, "updated"


async def delete_named(
    session: AsyncSession,
    table: type[N],
    workspace_id: UUID,
    name: str,
    *,
    if_match: str | None = None,
) -> N:
    """Delete the row; 404 where there is none, 412 if it is of another revision."""
    found = await fetch_named(session, table, workspace_id, name, lock=True)
    require_match(if_match, found.revision)
    await session.delete(found)
    await session.flush()
    return found


async def page_by_name(
    session: AsyncSession, table: type[N], query: Select[N], paging: PageRequest
) -> tuple[list[N], str | None]:
    """The rows of a query by their names, and the cursor of the next page."""
    if (position := paging.position(str)) is not None:
        query = query.where(table.name > position[0])
    query = query.order_by(table.name).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].name) if more else None
