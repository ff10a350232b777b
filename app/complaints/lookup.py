"""Finding a case, and holding it while it changes."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import references
from app.complaints.models import Complaint
from app.errors import NotFound, field_error


def _named(workspace_id: UUID, case: str) -> Select[Complaint]:
    """The case of an id or of a reference, as somebody typed it; 404 for anything else."""
    query = select(Complaint).where(Complaint.workspace_id == workspace_id)
    if (reference := references.parse_reference(case)) is not None:
        return query.where(Complaint.reference == reference)
    try:
        return query.where(Complaint.id == UUID(case))
    except ValueError:
        raise NotFound from None


async def fetch(session: AsyncSession, workspace_id: UUID, case: str) -> Complaint:
    """One case, by id or reference."""
    complaint = await session.scalar(_named(workspace_id, case))
    if complaint is None:
        raise NotFound
    return complaint


async def lock(session: AsyncSession, workspace_id: UUID, case: str) -> Complaint:
    """One case, for this transaction alone: the next to change it waits and then sees all."""
    query = _named(workspace_id, case).with_for_update().execution_options(populate_existing=True)
    complaint = await session.scalar(query)
    if complaint is None:
        raise NotFound
    return complaint


async def lock_pair(session: AsyncSession, workspace_id: UUID, case: str, other: str) -> Complaint:
    """As `lock`, with the case that it is to be merged into: in the order of their ids.

    Two merges in opposite directions would otherwise wait for each other.
    """
    complaint = await fetch(session, workspace_id, case)
    try:
        target = await fetch(session, workspace_id, other)
    except NotFound:
        raise field_error("/into", "unknown-reference") from None
    for each in sorted({complaint.id, target.id}):
        await lock(session, workspace_id, str(each))
    return complaint


async def follow(session: AsyncSession, complaint: Complaint) -> Complaint:
    """The case that goes on for a merged one, locked; any other is itself."""
    while complaint.merged_into is not None:
        complaint = await lock(session, complaint.workspace_id, str(complaint.merged_into))
    return complaint
